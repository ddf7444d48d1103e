using System.Globalization;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Tenancy;
using Mallgram.Sourcing.OpenPlatform;
using Mallgram.Sourcing.Suppliers;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Sourcing.AliExpress;

/// <summary>AliExpress for dropshippers: a recommended feed, product details, the category tree.</summary>
internal sealed class AliExpressSupplier(
    [FromKeyedServices(AliExpressSupplier.SupplierCode)] OpenPlatformAccount account,
    IStores stores,
    StoreScope scope,
    IOptions<AliExpressOptions> options) : ISupplier
{
    public const string SupplierCode = "aliexpress";

    public string Code => SupplierCode;

    public int DetailConcurrency => options.Value.DetailConcurrency;

    public TimeSpan RefreshAfter => options.Value.RefreshAfter;

    public async Task<IReadOnlyList<SupplierCategory>> ReadCategoriesAsync(CancellationToken ct)
    {
        var english = await account.CallAsync("aliexpress.ds.category.get", AliExpressWire.Categories, ct, ("language", "en"));
        var french = await account.CallAsync("aliexpress.ds.category.get", AliExpressWire.Categories, ct, ("language", "fr"));
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var category in french)
        {
            names[category.ExternalId] = category.Name;
        }

        return english.ConvertAll(c => c with { NameFr = names.GetValueOrDefault(c.ExternalId) });
    }

    public Task<FeedPage> ReadFeedAsync(int page, CancellationToken ct) =>
        FeedAsync(page, "EN", root => AliExpressWire.Feed(root, page, options.Value.PageSize), ct);

    public async Task<IReadOnlyDictionary<string, string>> ReadFrenchNamesAsync(int page, CancellationToken ct) =>
        await FeedAsync(page, "FR", AliExpressWire.FeedNames, ct);

    public Task<SupplierProduct?> ReadProductAsync(string externalId, CancellationToken ct) =>
        ProductAsync(externalId, "EN", root => AliExpressWire.Product(root, externalId, options.Value.Currency), ct);

    public Task<string?> ReadFrenchNameAsync(string externalId, CancellationToken ct) =>
        ProductAsync(externalId, "FR", AliExpressWire.ProductName, ct);

    public async Task<SupplierSearchPage> SearchAsync(string words, int page, CancellationToken ct) => await account.CallAsync(
        "aliexpress.ds.text.search",
        AliExpressWire.Search,
        ct,
        ("keyWord", words),
        ("local", "en_US"),
        ("countryCode", await CountryAsync(ct)),
        ("currency", options.Value.Currency),
        ("pageIndex", page.ToString(CultureInfo.InvariantCulture)),
        ("pageSize", "20"));

    private async Task<T> ProductAsync<T>(string externalId, string language, Func<JsonElement, T> read, CancellationToken ct) =>
        await account.CallAsync(
            "aliexpress.ds.product.get",
            read,
            ct,
            ("product_id", externalId),
            ("ship_to_country", await CountryAsync(ct)),
            ("target_currency", options.Value.Currency),
            ("target_language", language));

    private async Task<T> FeedAsync<T>(int page, string language, Func<JsonElement, T> read, CancellationToken ct) => await account.CallAsync(
        "aliexpress.ds.recommend.feed.get",
        read,
        ct,
        ("feed_name", options.Value.FeedName),
        ("country", await CountryAsync(ct)),
        ("target_currency", options.Value.Currency),
        ("target_language", language),
        ("page_no", page.ToString(CultureInfo.InvariantCulture)),
        ("page_size", options.Value.PageSize.ToString(CultureInfo.InvariantCulture)));

    private async ValueTask<string> CountryAsync(CancellationToken ct) => (await stores.GetAsync(scope.StoreId, ct)).Country;
}
