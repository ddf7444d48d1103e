using System.Text.Json.Nodes;

namespace Mallgram.Web.Admin.Api;

/// <summary>The store itself. Where an id is asked for, it is the store one is signed in to: the API knows no other then.</summary>
internal sealed partial class ApiClient
{
    private const string Supabase = Admin + "sign-in/supabase";

    /// <summary>The store as its visitors know it; asked as one of them.</summary>
    public Task<StoreView> StoreAsync(string slug, CancellationToken ct) =>
        SendAsync<StoreView>(new HttpRequestMessage(HttpMethod.Get, V1 + "store") { Headers = { { ApiSessionHeaders.Store, slug } } }, ct);

    /// <summary>Stores of the person who is signed in.</summary>
    public Task<ListOf<OwnStore>> OwnStoresAsync(CancellationToken ct) => GetAsync<ListOf<OwnStore>>(Admin + "stores", ct);

    /// <returns>A session at the other store.</returns>
    public Task<LogInAnswer> SwitchStoreAsync(string slug, CancellationToken ct) =>
        PostAsync<LogInAnswer>(Auth + "switch", new JsonObject { ["store"] = slug }, ct);

    public Task<AdminStoreView> StoreSettingsAsync(string id, CancellationToken ct) => GetAsync<AdminStoreView>(Store(id), ct);

    public Task ChangeStoreAsync(string id, JsonObject change, CancellationToken ct) => PatchAsync(Store(id), change, ct);

    public Task<ThemeView> ThemeAsync(string id, CancellationToken ct) => GetAsync<ThemeView>(Store(id) + "/theme", ct);

    public Task SaveThemeAsync(string id, JsonObject theme, CancellationToken ct) => PutAsync(Store(id) + "/theme", theme, ct);

    public Task<ListOf<StoreDomain>> DomainsAsync(string id, CancellationToken ct) => GetAsync<ListOf<StoreDomain>>(Store(id) + "/domains", ct);

    public Task AddDomainAsync(string id, string? host, CancellationToken ct) =>
        PostAsync(Store(id) + "/domains", new JsonObject { ["host"] = host }, ct);

    public Task VerifyDomainAsync(string id, string host, CancellationToken ct) =>
        PostAsync(Store(id) + $"/domains/{Part(host)}/verify", body: null, ct);

    public Task RemoveDomainAsync(string id, string host, CancellationToken ct) => DeleteAsync(Store(id) + "/domains/" + Part(host), ct);

    public Task<Onboarding> OnboardingAsync(string id, CancellationToken ct) => GetAsync<Onboarding>(Store(id) + "/onboarding", ct);

    public Task<Usage> UsageAsync(string id, CancellationToken ct) => GetAsync<Usage>(Store(id) + "/usage", ct);

    /// <returns>Null when the store names none.</returns>
    public async Task<SupabaseProject?> SupabaseProjectAsync(CancellationToken ct)
    {
        try
        {
            return await GetAsync<SupabaseProject>(Supabase, ct);
        }
        catch (ApiProblemException e) when (e.Code == "supabase_project_not_found")
        {
            return null;
        }
    }

    public Task SaveSupabaseProjectAsync(JsonObject project, CancellationToken ct) => PutAsync(Supabase, project, ct);

    public Task RemoveSupabaseProjectAsync(CancellationToken ct) => DeleteAsync(Supabase, ct);

    private static string Store(string id) => Admin + "stores/" + Part(id);
}
