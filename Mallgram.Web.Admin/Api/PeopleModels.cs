using System.Text.Json;

namespace Mallgram.Web.Admin.Api;

internal sealed record LogInBody(string Email, string Password);

internal sealed record RefreshBody(string RefreshToken);

/// <summary>Somebody of a store, as they see themselves. What follows the verified addresses is not in the answer to a sign-in.</summary>
/// <param name="Phone">E.164.</param>
/// <param name="PendingEmail">Wanted; takes the place of <paramref name="Email"/> with the code that was sent there.</param>
/// <param name="Permissions">Of the role.</param>
internal sealed record PersonView(
    string Id, string? Email, string? Phone, string FullName, string Role, string Language, bool EmailVerified, bool PhoneVerified,
    string? PendingEmail = null, string? PendingPhone = null, bool HasPassword = true, IReadOnlyList<string>? Permissions = null);

/// <param name="ExpiresIn">Life of the access token, seconds.</param>
internal sealed record SessionView(PersonView User, string AccessToken, string RefreshToken, int ExpiresIn);

/// <param name="Challenge">Sealed by the API; good once, for a few minutes.</param>
/// <param name="Methods">totp, sms, email, recovery.</param>
internal sealed record SecondFactorAsked(string Challenge, IReadOnlyList<string> Methods);

/// <summary>A session, or what is still asked for.</summary>
internal sealed record LogInAnswer(PersonView? User, string? AccessToken, string? RefreshToken, int ExpiresIn, SecondFactorAsked? SecondFactor)
{
    /// <exception cref="ApiUnavailableException">Neither is there.</exception>
    public SessionView Session => User is not null && AccessToken is not null && RefreshToken is not null
        ? new SessionView(User, AccessToken, RefreshToken, ExpiresIn)
        : throw new ApiUnavailableException("The API answered a sign-in with no session.");
}

/// <summary>A code is on its way.</summary>
internal sealed record CodeSent(DateTimeOffset ExpiresAt, int ResendAfterSeconds);

/// <param name="Kind">totp, sms or email.</param>
/// <param name="Destination">Of sms and email, mostly hidden.</param>
internal sealed record SecondFactor(string Kind, string? Destination, DateTimeOffset ConfirmedAt);

internal sealed record SecondFactorsView(IReadOnlyList<SecondFactor> Data, int RecoveryCodesLeft);

/// <summary>Waits for its first code. An app is told the secret once; of a channel: where the code went.</summary>
internal sealed record SecondFactorSetUp(string Kind, string? Secret, string? OtpauthUri, string? Destination);

/// <param name="Codes">Each good once, shown once; null when there are some already.</param>
internal sealed record NewRecoveryCodes([property: System.Text.Json.Serialization.JsonPropertyName("recovery_codes")] IReadOnlyList<string>? Codes);

/// <param name="Current">The session that asks.</param>
internal sealed record SignedInSession(
    string Id, string Method, bool SecondFactor, string? Address, string? UserAgent, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, bool Current);

/// <param name="Outcome">succeeded, wrong_password, wrong_code, locked or disabled.</param>
internal sealed record SignIn(DateTimeOffset At, string Method, string Outcome, string? Address, string? UserAgent);

/// <param name="Status">active or disabled.</param>
internal sealed record StaffMember(
    string Id, string FullName, string? Email, string Role, string Status, bool SecondFactor, DateTimeOffset? LastSignInAt);

/// <param name="Permissions">Scopes.</param>
internal sealed record StaffRole(string Role, IReadOnlyList<string> Permissions);

/// <param name="Status">open, accepted, expired or revoked.</param>
internal sealed record Invitation(string Id, string Email, string Role, string Status, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <param name="Prefix">What people recognise it by.</param>
/// <param name="Status">active, rotated (good until it expires), expired or revoked.</param>
/// <param name="Key">The whole of it; only in the answer that made it.</param>
internal sealed record ApiKey(
    string Id, string Name, string Prefix, string Status, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt,
    DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string? Key);

/// <param name="Role">customer or affiliate.</param>
/// <param name="Status">active or disabled.</param>
internal sealed record CustomerRow(
    string Id, string FullName, string? Email, bool EmailVerified, string? Phone, bool PhoneVerified, string Role, string Status, string Language,
    DateTimeOffset? LastSignInAt, DateTimeOffset CreatedAt);

/// <param name="Records">How many records each part of the shop keeps about the person.</param>
internal sealed record CustomerDetail(CustomerRow Customer, long OrdersCount, IReadOnlyDictionary<string, long> Records);

/// <summary>A change of something, or a sign-in, as the store keeps it for good.</summary>
/// <param name="Actor">usr_…, key_…, adm_… or the name of a process.</param>
/// <param name="OnBehalfOf">usr_… whom a platform administrator acted as.</param>
/// <param name="Before">Null: it was made.</param>
/// <param name="After">Null: it is gone.</param>
public sealed record AuditEntry(
    string Id, DateTimeOffset At, string? Store, string Actor, string? OnBehalfOf, string Action, string Object, string? ObjectId,
    JsonElement? Before, JsonElement? After, string? Reason, string? Address, string? RequestId);
