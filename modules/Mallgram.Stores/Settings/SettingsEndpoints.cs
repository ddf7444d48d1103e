using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Stores.Contracts;
using Mallgram.Stores.Themes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Stores.Settings;

/// <summary>A store as its visitors know it.</summary>
/// <param name="Currency">The store's own.</param>
/// <param name="Currencies">All it sells in, with the destination each is for; the store's own first.</param>
internal sealed record StoreView(
    string Id,
    string Slug,
    string Name,
    string Country,
    string Currency,
    IReadOnlyList<StoreMarket> Currencies,
    string Language,
    IReadOnlyList<string> Languages,
    string TaxDisplay,
    IReadOnlyList<string> PaymentMethods,
    IReadOnlyList<string> ShippingMethods,
    string TimeZone,
    IReadOnlyList<OpeningHours> OpeningHours,
    StoreContact Contact,
    IReadOnlyDictionary<string, PolicyText> Policies,
    string? FrontEnd,
    ThemeView Theme);

/// <param name="Countries">Destinations of the markets.</param>
/// <param name="Status">active or suspended.</param>
internal sealed record AdminStoreView(
    StoreView Store, IReadOnlyList<string> Countries, string Status, StoreLimits Limits, string EmailFrom);

internal static class SettingsEndpoints
{
    public static void MapSettings(this IEndpointRouteBuilder admin)
    {
        var stores = admin.MapGroup("/stores/{id}").WithTags("Admin: store");
        stores.MapGet("", GetAsync).WithName("AdminGetStore").WithSummary("The store with its settings, theme and limits")
            .RequirePermission(Permissions.StoreRead).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);
        stores.MapPatch("", ChangeAsync).WithName("AdminChangeStore").WithSummary("Change settings of the store; what is left out stays")
            .RequirePermission(Permissions.StoreWrite)
            .ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(422);
    }

    public static void MapPublicStore(this IEndpointRouteBuilder api) =>
        api.MapGet("/store", ShowAsync).WithTags("Store").WithName("GetStore")
            .WithSummary("The store of the request: name, languages, currencies, theme, policies").ProducesProblem(404);

    private static Task<StoreView> ShowAsync(StoreViews views, CancellationToken ct) => views.ReadAsync(ct);

    private static async Task<AdminStoreView> GetAsync(string id, CurrentStore current, StoreViews views, CancellationToken ct)
    {
        var store = current.Named(id);
        var view = await views.ReadAsync(ct);
        return new AdminStoreView(
            view, [.. view.Currencies.Select(m => m.Country).Distinct(StringComparer.Ordinal)],
            store.Status == StoreStatus.Active ? "active" : "suspended", store.Limits, store.EmailFrom);
    }

    private static async Task<NoContent> ChangeAsync(
        string id, JsonBody<SettingsChange> body, CurrentStore current, StoreDatabase database, StoreLookup lookup, CancellationToken ct)
    {
        await body.Value.ApplyAsync(database, current.Named(id), ct);
        lookup.Forget();
        return TypedResults.NoContent();
    }
}

/// <summary>Reads what stands in several tables about the current store.</summary>
internal sealed class StoreViews(CurrentStore current, StoreDatabase database, IStoreMarkets markets, IStorePictures pictures)
{
    public async Task<StoreView> ReadAsync(CancellationToken ct)
    {
        var store = current.Store;
        StoreSettings settings;
        Theme theme;
        string name, language;
        await using (var answer = await database.QueryAsync(
            ct,
            // Afresh and not as the lookup remembers it: who has just changed it wants to see it.
            Sql.Command("select name, language from stores.stores where id = $1", Sql.Uuid(store.Id)),
            Sql.Command(StoreSettings.Select, Sql.Uuid(store.Id)),
            Sql.Command(Theme.Select, Sql.Uuid(store.Id))))
        {
            await answer.Rows.ReadAsync(ct);
            (name, language) = (answer.Rows.GetString(0), answer.Rows.GetString(1));
            await answer.Rows.NextResultAsync(ct);
            settings = await answer.Rows.ReadAsync(ct) ? StoreSettings.Read(answer.Rows) : StoreSettings.Of(store);
            await answer.Rows.NextResultAsync(ct);
            theme = await answer.Rows.ReadAsync(ct) ? Theme.Read(answer.Rows) : Theme.Default;
        }

        return new StoreView(
            PublicId.Format(PublicId.Store, store.Id), store.Slug, name, store.Country, store.Currency.Code, await markets.ListAsync(ct),
            language, settings.Languages, settings.TaxDisplay, settings.PaymentMethods, settings.ShippingMethods, settings.TimeZone,
            settings.OpeningHours, settings.Contact, settings.Policies, settings.FrontEnd, ThemeView.Of(theme, pictures));
    }
}
