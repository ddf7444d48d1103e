namespace Mallgram.Web.Admin.Api;

internal sealed record PlatformAdministrator(string Id, string Email, string FullName);

/// <param name="ExpiresIn">Life of the access token, seconds; then one signs in again.</param>
internal sealed record PlatformSessionView(PlatformAdministrator Administrator, string AccessToken, int ExpiresIn);

/// <summary>A session, or what is still asked for.</summary>
internal sealed record PlatformLogInAnswer(
    PlatformAdministrator? Administrator, string? AccessToken, int ExpiresIn, SecondFactorAsked? SecondFactor)
{
    /// <exception cref="ApiUnavailableException">Neither is there.</exception>
    public PlatformSessionView Session => Administrator is not null && AccessToken is not null
        ? new PlatformSessionView(Administrator, AccessToken, ExpiresIn)
        : throw new ApiUnavailableException("The API answered a sign-in with no session.");
}

/// <param name="Status">invited, active or disabled.</param>
internal sealed record AdministratorRow(
    string Id, string Email, string FullName, string Status, bool SecondFactor, DateTimeOffset? LastSignInAt, DateTimeOffset CreatedAt,
    DateTimeOffset? InvitationExpiresAt);

/// <param name="Status">active, suspended or closing.</param>
internal sealed record PlatformStoreRow(
    string Id, string Slug, string Name, string Status, string? StatusReason, string Plan, string Country, string Currency, DateTimeOffset CreatedAt);

/// <summary>Null: none, or as the plan has it.</summary>
internal sealed record StoreLimits(int? Products, int? Staff, long? StorageBytes, int? RequestsPerMinute, int? RequestsPerHour);

/// <param name="Limits">What holds.</param>
/// <param name="Overrides">Of this store instead of its plan's.</param>
internal sealed record PlatformStore(
    PlatformStoreRow Store, string Language, string Preset, string EmailFrom, StoreLimits Limits, StoreLimits Overrides);

internal sealed record Plan(
    string Code, string Name, string NameFr, int? Products, int? Staff, long? StorageBytes, int RequestsPerMinute, int RequestsPerHour);

internal sealed record CreatedStore(string Id, string Slug, string Name, bool Invited);

/// <param name="Store">Slug.</param>
/// <param name="Open">Not ended and not run out.</param>
internal sealed record ImpersonationRow(
    string Id, string Store, string AdministratorId, string UserId, string UserName, string Reason, DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt, DateTimeOffset? EndedAt, bool Open);

/// <param name="ExpiresIn">Of the token, seconds; the impersonation may last longer.</param>
internal sealed record ImpersonationToken(ImpersonationRow Impersonation, string AccessToken, int ExpiresIn);
