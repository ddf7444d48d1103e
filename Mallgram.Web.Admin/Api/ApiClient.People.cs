using System.Text.Json.Nodes;

namespace Mallgram.Web.Admin.Api;

/// <summary>Sign-in, one's own account, staff, keys, customers, the audit log.</summary>
internal sealed partial class ApiClient
{
    private const string Auth = V1 + "auth/";
    private const string Own = V1 + "me/";

    /// <param name="challenge">Of the first step.</param>
    /// <param name="method">totp, sms, email or recovery.</param>
    public Task<SessionView> AnswerSecondFactorAsync(string store, string challenge, string method, string code, CancellationToken ct) =>
        SendAsync<SessionView>(
            Post(Auth + "second-factor", new JsonObject { ["challenge"] = challenge, ["method"] = method, ["code"] = code }, store), ct);

    public Task SendSecondFactorAsync(string store, string challenge, string method, CancellationToken ct) =>
        DoAsync(Post(Auth + "second-factor/send", new JsonObject { ["challenge"] = challenge, ["method"] = method }, store), ct);

    public Task ForgotPasswordAsync(string store, string email, CancellationToken ct) =>
        DoAsync(Post(Auth + "forgot-password", new JsonObject { ["email"] = email }, store), ct);

    public Task ResetPasswordAsync(string store, string email, string code, string password, CancellationToken ct) =>
        DoAsync(Post(Auth + "reset-password", new JsonObject { ["email"] = email, ["code"] = code, ["password"] = password }, store), ct);

    public Task<LogInAnswer> AcceptInvitationAsync(string store, string token, string fullName, string password, CancellationToken ct) =>
        SendAsync<LogInAnswer>(
            Post(Auth + "accept-invitation", new JsonObject { ["token"] = token, ["full_name"] = fullName, ["password"] = password }, store), ct);

    public Task<PersonView> MeAsync(CancellationToken ct) => GetAsync<PersonView>(Auth + "me", ct);

    /// <param name="change">full_name, language, email, phone, password with current_password.</param>
    public Task ChangeMeAsync(JsonObject change, CancellationToken ct) => PatchAsync(Auth + "me", change, ct);

    /// <summary>Makes an address that was wanted one's own, by the code that was sent there.</summary>
    /// <param name="channel">email or phone.</param>
    public Task ConfirmAddressAsync(string channel, string address, string code, CancellationToken ct) =>
        PostAsync(Auth + "me/confirm", new JsonObject { [channel] = address, ["code"] = code }, ct);

    /// <param name="channel">email or phone: where the code goes.</param>
    public Task SendAddressCodeAsync(string channel, CancellationToken ct) => PostAsync(Auth + $"verify-{channel}/send", body: null, ct);

    /// <summary>Proves an address; the code is the proof, no session is needed.</summary>
    /// <param name="channel">email or phone.</param>
    public Task VerifyAddressAsync(string store, string channel, string address, string code, CancellationToken ct) =>
        DoAsync(Post(Auth + "verify-" + channel, new JsonObject { [channel] = address, ["code"] = code }, store), ct);

    public Task<SecondFactorsView> SecondFactorsAsync(CancellationToken ct) => GetAsync<SecondFactorsView>(Own + "second-factors", ct);

    public Task<SecondFactorSetUp> AddSecondFactorAsync(string kind, CancellationToken ct) =>
        PostAsync<SecondFactorSetUp>(Own + "second-factors", new JsonObject { ["kind"] = kind }, ct);

    public Task<NewRecoveryCodes> ConfirmSecondFactorAsync(string kind, string code, CancellationToken ct) =>
        PostAsync<NewRecoveryCodes>(Own + $"second-factors/{Part(kind)}/confirm", new JsonObject { ["code"] = code }, ct);

    /// <param name="proof">password or code.</param>
    public Task RemoveSecondFactorAsync(string kind, JsonObject proof, CancellationToken ct) =>
        DoAsync(With(HttpMethod.Delete, Own + "second-factors/" + Part(kind), proof), ct);

    /// <param name="proof">password or code.</param>
    public Task<NewRecoveryCodes> NewRecoveryCodesAsync(JsonObject proof, CancellationToken ct) =>
        PostAsync<NewRecoveryCodes>(Own + "recovery-codes", proof, ct);

    public Task<ListOf<SignedInSession>> SessionsAsync(CancellationToken ct) =>
        GetAsync<ListOf<SignedInSession>>(Auth + "sessions" + Query(("limit", "100")), ct);

    public Task EndSessionAsync(string id, CancellationToken ct) => DeleteAsync(Auth + "sessions/" + Part(id), ct);

    public Task EndOtherSessionsAsync(CancellationToken ct) => DeleteAsync(Auth + "sessions", ct);

    public Task<ListOf<SignIn>> SignInsAsync(string? cursor, CancellationToken ct) =>
        GetAsync<ListOf<SignIn>>(Auth + "sign-ins" + Query(("cursor", cursor)), ct);

    public Task<ListOf<StaffRole>> RolesAsync(CancellationToken ct) => GetAsync<ListOf<StaffRole>>(Admin + "roles", ct);

    public Task<ListOf<StaffMember>> StaffAsync(string? cursor, CancellationToken ct) =>
        GetAsync<ListOf<StaffMember>>(Admin + "staff" + Query(("cursor", cursor)), ct);

    /// <param name="change">role, status.</param>
    public Task ChangeStaffAsync(string id, JsonObject change, CancellationToken ct) => PatchAsync(Admin + "staff/" + Part(id), change, ct);

    public Task RemoveStaffAsync(string id, CancellationToken ct) => DeleteAsync(Admin + "staff/" + Part(id), ct);

    public Task<ListOf<Invitation>> InvitationsAsync(CancellationToken ct) => GetAsync<ListOf<Invitation>>(Admin + "invitations", ct);

    public Task InviteAsync(string? email, string? role, CancellationToken ct) =>
        PostAsync(Admin + "invitations", new JsonObject { ["email"] = email, ["role"] = role }, ct);

    public Task ResendInvitationAsync(string id, CancellationToken ct) => PostAsync(Admin + $"invitations/{Part(id)}/resend", body: null, ct);

    public Task WithdrawInvitationAsync(string id, CancellationToken ct) => DeleteAsync(Admin + "invitations/" + Part(id), ct);

    public Task<ListOf<ApiKey>> ApiKeysAsync(CancellationToken ct) => GetAsync<ListOf<ApiKey>>(Admin + "api-keys", ct);

    /// <param name="key">name, scopes, expires_in_days.</param>
    public Task<ApiKey> CreateApiKeyAsync(JsonObject key, CancellationToken ct) => PostAsync<ApiKey>(Admin + "api-keys", key, ct);

    public Task<ApiKey> RotateApiKeyAsync(string id, int? keepOldHours, CancellationToken ct) =>
        PostAsync<ApiKey>(Admin + $"api-keys/{Part(id)}/rotate", new JsonObject { ["keep_old_hours"] = keepOldHours }, ct);

    public Task RevokeApiKeyAsync(string id, CancellationToken ct) => DeleteAsync(Admin + "api-keys/" + Part(id), ct);

    public Task<ListOf<CustomerRow>> CustomersAsync(string? q, string? cursor, CancellationToken ct) =>
        GetAsync<ListOf<CustomerRow>>(Admin + "customers" + Query(("q", q), ("cursor", cursor)), ct);

    public Task<CustomerDetail> CustomerAsync(string id, CancellationToken ct) => GetAsync<CustomerDetail>(Admin + "customers/" + Part(id), ct);

    /// <param name="act">disable, enable or erase.</param>
    public Task ActOnCustomerAsync(string id, string act, CancellationToken ct) => PostAsync(Admin + $"customers/{Part(id)}/{act}", body: null, ct);

    /// <summary>Everything that is kept about a customer, as JSON; the caller disposes of it.</summary>
    public Task<HttpResponseMessage> OpenCustomerExportAsync(string id, CancellationToken ct) => ExchangeAsync(
        new HttpRequestMessage(HttpMethod.Post, Admin + $"customers/{Part(id)}/export"), HttpCompletionOption.ResponseHeadersRead, ct);

    /// <summary>Everything that is kept about oneself, as JSON; the caller disposes of it.</summary>
    public Task<HttpResponseMessage> OpenOwnExportAsync(CancellationToken ct) =>
        ExchangeAsync(new HttpRequestMessage(HttpMethod.Post, Own + "export"), HttpCompletionOption.ResponseHeadersRead, ct);

    public Task<ListOf<AuditEntry>> AuditLogAsync(AuditFilter filter, string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<AuditEntry>>(Admin + "audit-log" + filter.Query(cursor, limit), ct);

    public Task<ListOf<ImpersonationRow>> ImpersonationsOfStoreAsync(CancellationToken ct) =>
        GetAsync<ListOf<ImpersonationRow>>(Admin + "impersonations", ct);
}

/// <summary>What of the audit log is asked for; null: all.</summary>
/// <param name="From">From this moment on.</param>
/// <param name="To">Before this moment.</param>
/// <param name="Store">For the platform only: sto_….</param>
public sealed record AuditFilter(
    string? Actor, string? Object, string? ObjectId, string? Action, DateTimeOffset? From, DateTimeOffset? To, string? Store = null)
{
    public string Query(string? cursor, int limit)
    {
        var query = QueryString.Empty;
        foreach (var (name, value) in new[]
        {
            ("actor", Actor), ("object", Object), ("object_id", ObjectId), ("action", Action), ("from", Text(From)), ("to", Text(To)),
            ("store", Store), ("cursor", cursor), ("limit", limit.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        })
        {
            query = value is null ? query : query.Add(name, value);
        }

        return query.ToUriComponent();
    }

    private static string? Text(DateTimeOffset? at) => at?.UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
}
