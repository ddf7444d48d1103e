using System.Globalization;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Tenancy;
using Mallgram.Sourcing.Suppliers;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Options;

namespace Mallgram.Sourcing.AliExpress;

/// <summary>AliExpress for dropshippers: a recommended feed, product details, the category tree.</summary>
internal sealed class AliExpressSupplier(
    AliExpressClient client, AliExpressTokens tokens, IStores stores, StoreScope scope, IOptions<AliExpressOptions> options) : ISupplier
{
    public const string SupplierCode = "aliexpress";

    public string Code => SupplierCode;

    public int DetailConcurrency => options.Value.DetailConcurrency;

    public TimeSpan RefreshAfter => options.Value.RefreshAfter;

    public async Task<IReadOnlyList<SupplierCategory>> ReadCategoriesAsync(CancellationToken ct)
    {
        var english = await CallAsync("aliexpress.ds.category.get", AliExpressWire.Categories, ct, ("language", "en"));
        var french = await CallAsync("aliexpress.ds.category.get", AliExpressWire.Categories, ct, ("language", "fr"));
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

    public async Task<SupplierProduct?> ReadProductAsync(string externalId, CancellationToken ct) => await CallAsync(
        "aliexpress.ds.product.get",
        root => AliExpressWire.Product(root, externalId, options.Value.Currency),
        ct,
        ("product_id", externalId),
        ("ship_to_country", await CountryAsync(ct)),
        ("target_currency", options.Value.Currency),
        ("target_language", "EN"));

    private async Task<T> FeedAsync<T>(int page, string language, Func<JsonElement, T> read, CancellationToken ct) => await CallAsync(
        "aliexpress.ds.recommend.feed.get",
        read,
        ct,
        ("feed_name", options.Value.FeedName),
        ("country", await CountryAsync(ct)),
        ("target_currency", options.Value.Currency),
        ("target_language", language),
        ("page_no", page.ToString(CultureInfo.InvariantCulture)),
        ("page_size", options.Value.PageSize.ToString(CultureInfo.InvariantCulture)));

    private async Task<T> CallAsync<T>(string method, Func<JsonElement, T> read, CancellationToken ct, params (string, string)[] parameters)
    {
        var token = await tokens.GetAsync(refused: null, ct);
        JsonDocument answer;
        try
        {
            answer = await client.CallAsync(method, token, ct, parameters);
        }
        catch (SupplierException e) when (e.Fault == SupplierFault.TokenRefused)
        {
            // Ended before its time, for instance by the account's owner. Once: a fresh token that is refused too is no matter of age.
            answer = await client.CallAsync(method, await tokens.GetAsync(token, ct), ct, parameters);
        }

        using (answer)
        {
            try
            {
                return read(answer.RootElement);
            }
            catch (JsonException e)
            {
                throw new SupplierException(SupplierFault.Unreadable, "unexpected_shape", $"{method}: {e.Message}", e);
            }
        }
    }

    private async ValueTask<string> CountryAsync(CancellationToken ct) => (await stores.GetAsync(scope.StoreId, ct)).Country;
}
