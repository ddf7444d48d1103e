using System.Text.Json.Nodes;

namespace Mallgram.Web.Admin.Api;

/// <summary>What administrators of the platform do. The calls carry their token, see <see cref="ApiSessionHeaders"/>.</summary>
internal sealed partial class ApiClient
{
    private const string Platform = V1 + "platform/";
    private const string OwnFactor = Platform + "me/second-factor";

    public Task<PlatformLogInAnswer> LogInToPlatformAsync(string email, string password, CancellationToken ct) =>
        PostAsync<PlatformLogInAnswer>(Platform + "auth/login", new LogInBody(email, password), ct);

    /// <param name="challenge">Of the first step.</param>
    /// <param name="method">totp or recovery.</param>
    public Task<PlatformSessionView> AnswerPlatformSecondFactorAsync(string challenge, string method, string code, CancellationToken ct) =>
        PostAsync<PlatformSessionView>(
            Platform + "auth/login/second-factor", new JsonObject { ["challenge"] = challenge, ["method"] = method, ["code"] = code }, ct);

    public Task<PlatformSessionView> AcceptPlatformInvitationAsync(string token, string password, CancellationToken ct) =>
        PostAsync<PlatformSessionView>(Platform + "auth/invitation", new JsonObject { ["token"] = token, ["password"] = password }, ct);

    public Task<SecondFactorsView> PlatformSecondFactorAsync(CancellationToken ct) => GetAsync<SecondFactorsView>(OwnFactor, ct);

    public Task<SecondFactorSetUp> AddPlatformSecondFactorAsync(string password, CancellationToken ct) =>
        PostAsync<SecondFactorSetUp>(OwnFactor, new JsonObject { ["password"] = password }, ct);

    public Task<NewRecoveryCodes> ConfirmPlatformSecondFactorAsync(string code, CancellationToken ct) =>
        PostAsync<NewRecoveryCodes>(OwnFactor + "/confirm", new JsonObject { ["code"] = code }, ct);

    public Task RemovePlatformSecondFactorAsync(string password, string code, CancellationToken ct) =>
        DoAsync(With(HttpMethod.Delete, OwnFactor, new JsonObject { ["password"] = password, ["code"] = code }), ct);

    public Task<ListOf<AdministratorRow>> AdministratorsAsync(CancellationToken ct) =>
        GetAsync<ListOf<AdministratorRow>>(Platform + "administrators", ct);

    public Task InviteAdministratorAsync(string? email, string? fullName, CancellationToken ct) =>
        PostAsync(Platform + "administrators", new JsonObject { ["email"] = email, ["full_name"] = fullName }, ct);

    /// <param name="act">disable or enable.</param>
    public Task ActOnAdministratorAsync(string id, string act, CancellationToken ct) =>
        PostAsync(Platform + $"administrators/{Part(id)}/{act}", body: null, ct);

    public Task RemoveFactorOfAdministratorAsync(string id, CancellationToken ct) =>
        DeleteAsync(Platform + $"administrators/{Part(id)}/second-factor", ct);

    public Task<ListOf<PlatformStoreRow>> PlatformStoresAsync(string? q, string? status, string? cursor, CancellationToken ct) =>
        GetAsync<ListOf<PlatformStoreRow>>(Platform + "stores" + Query(("q", q), ("status", status), ("cursor", cursor)), ct);

    public Task<CreatedStore> CreateStoreAsync(JsonObject store, CancellationToken ct) => PostAsync<CreatedStore>(Platform + "stores", store, ct);

    public Task<PlatformStore> PlatformStoreAsync(string id, CancellationToken ct) => GetAsync<PlatformStore>(OnPlatform(id), ct);

    public Task ChangePlatformStoreAsync(string id, JsonObject change, CancellationToken ct) => PatchAsync(OnPlatform(id), change, ct);

    public Task<ListOf<Plan>> PlansAsync(CancellationToken ct) => GetAsync<ListOf<Plan>>(Platform + "plans", ct);

    public Task<Usage> PlatformUsageAsync(string id, CancellationToken ct) => GetAsync<Usage>(OnPlatform(id) + "/usage", ct);

    public Task SuspendStoreAsync(string id, string? reason, CancellationToken ct) =>
        PostAsync(OnPlatform(id) + "/suspend", new JsonObject { ["reason"] = reason }, ct);

    public Task ResumeStoreAsync(string id, CancellationToken ct) => PostAsync(OnPlatform(id) + "/resume", body: null, ct);

    /// <param name="slug">The store's, as a confirmation.</param>
    public Task DeleteStoreAsync(string id, string? slug, CancellationToken ct) =>
        DoAsync(With(HttpMethod.Delete, OnPlatform(id), new JsonObject { ["slug"] = slug }), ct);

    /// <summary>The zip as it comes; the caller disposes of it.</summary>
    public Task<HttpResponseMessage> OpenStoreExportAsync(string id, CancellationToken ct) =>
        ExchangeAsync(new HttpRequestMessage(HttpMethod.Post, OnPlatform(id) + "/export"), HttpCompletionOption.ResponseHeadersRead, ct);

    public Task<ListOf<StaffMember>> PlatformStaffAsync(string id, CancellationToken ct) => GetAsync<ListOf<StaffMember>>(OnPlatform(id) + "/staff", ct);

    public Task<ListOf<ImpersonationRow>> ImpersonationsAsync(bool? open, string? cursor, CancellationToken ct) =>
        GetAsync<ListOf<ImpersonationRow>>(Platform + "impersonations" + Query(("open", Truth(open)), ("cursor", cursor)), ct);

    public Task<ImpersonationToken> ImpersonateAsync(string storeId, string? userId, string? reason, int? minutes, CancellationToken ct) =>
        PostAsync<ImpersonationToken>(
            OnPlatform(storeId) + "/impersonations", new JsonObject { ["user_id"] = userId, ["reason"] = reason, ["minutes"] = minutes }, ct);

    public Task<ImpersonationToken> RenewImpersonationAsync(string storeId, string id, CancellationToken ct) =>
        PostAsync<ImpersonationToken>(OnPlatform(storeId) + $"/impersonations/{Part(id)}/token", body: null, ct);

    public Task EndImpersonationAsync(string storeId, string id, CancellationToken ct) =>
        DeleteAsync(OnPlatform(storeId) + "/impersonations/" + Part(id), ct);

    public Task<ListOf<AuditEntry>> PlatformAuditLogAsync(AuditFilter filter, string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<AuditEntry>>(Platform + "audit-log" + filter.Query(cursor, limit), ct);

    private static string OnPlatform(string storeId) => Platform + "stores/" + Part(storeId);
}
