using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>What a supplier sends, good and bad, and what becomes of it.</summary>
public sealed class ImportTests(StockHoldTests.EmptyShop app) : IClassFixture<StockHoldTests.EmptyShop>
{
    private readonly ImportedProducts _products = new(app);

    [Fact]
    public async Task Bad_items_are_left_out_each_with_its_reason_and_the_rest_goes_in()
    {
        var result = await _products.ImportAsync(
            ImportedProducts.Product("bad-ok", "<script>x()</script>Fine <b>lamp</b>\u0000 \ud800"),
            ImportedProducts.Product("bad-ok", "Another of the same id"),
            ImportedProducts.Product("bad-free", cost: null),
            ImportedProducts.Product("bad-range", variants: ImportedProducts.Variant("1", cost: null) with { PriceProblem = SkipReasons.PriceRange }),
            ImportedProducts.Product("bad-absurd", cost: 9_999_999_999m),
            ImportedProducts.Product("bad-zero", cost: 0m),
            ImportedProducts.Product("bad-title", "<p> </p>"),
            ImportedProducts.Product("bad-currency", variants: ImportedProducts.Variant("1") with { CostCurrency = "XXX" }),
            ImportedProducts.Product("bad-offline") with { IsOnSale = false },
            new SupplierProduct { ExternalId = "bad-empty", Name = "No variant", Variants = [] });
        Assert.Equal((1, 0, 0), (result.Created, result.Updated, result.Unchanged));
        Assert.Equal(
            [
                "duplicate", "no_price", "no_rate", "no_title", "no_variant", "offline", "price_absurd", "price_absurd", "price_range",
            ],
            result.Skipped.Select(s => s.Reason).Order(StringComparer.Ordinal));
        Assert.Equal("Fine lamp \uFFFD", await app.Database.ScalarAsync<string>("select name from catalog.products where external_id = 'bad-ok'"));
    }

    [Fact]
    public async Task What_cannot_be_sold_any_more_is_hidden_and_comes_back_unless_staff_hid_it()
    {
        await _products.ImportAsync(ImportedProducts.Product("comes"), ImportedProducts.Product("stays"));
        await app.Database.ExecuteAsync("update catalog.products set status = 'hidden', hidden_by = 'staff' where external_id = 'stays'");
        await app.Database.ExecuteAsync(
            "delete from catalog.listings l using catalog.products p where p.id = l.product_id and p.external_id = 'stays'");
        Assert.Equal(1, (await _products.ImportAsync(ImportedProducts.Product("comes", cost: null), ImportedProducts.Product("stays", cost: null))).Hidden);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("comes"));
        Assert.Equal((1, 1), Written(await _products.ImportAsync(ImportedProducts.Product("comes"), ImportedProducts.Product("stays"))));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("comes"));
        await _products.ImportAsync(ImportedProducts.Product("stays", "New name"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("stays"));

        static (int Updated, int Unchanged) Written(ImportResult result) => (result.Updated, result.Unchanged);
    }

    [Fact]
    public async Task A_variant_that_the_supplier_drops_can_no_longer_be_bought_but_stays_for_old_orders()
    {
        await _products.ImportAsync(ImportedProducts.Product("drops", variants: [ImportedProducts.Variant("a", 5m), ImportedProducts.Variant("b", 9m)]));
        var dropped = await _products.VariantIdAsync("drops", "a");
        var before = await PriceAsync("drops");
        await _products.ImportAsync(ImportedProducts.Product("drops", variants: [ImportedProducts.Variant("b", 9m)]));
        Assert.True(await PriceAsync("drops") > before);
        var quotes = await QuoteAsync(new QuoteLine(dropped, null), new QuoteLine(Guid.CreateVersion7(), null), new QuoteLine(null, null));
        Assert.False(quotes[0]!.IsActive);
        Assert.Equal([null, null], quotes.Skip(1));
    }

    [Fact]
    public async Task A_product_alone_means_its_cheapest_variant_and_a_pair_must_belong_together()
    {
        await _products.ImportAsync(
            ImportedProducts.Product("cheap", variants: [ImportedProducts.Variant("dear", 9m), ImportedProducts.Variant("cheap", 5m, stock: 0)]),
            ImportedProducts.Product("other"));
        var product = await app.Database.ScalarAsync<Guid>("select id from catalog.products where external_id = 'cheap'");
        var (dear, other) = (await _products.VariantIdAsync("cheap", "dear"), await _products.VariantIdAsync("other"));
        var quotes = await QuoteAsync(new QuoteLine(null, product), new QuoteLine(dear, product), new QuoteLine(other, product));
        Assert.Equal((await PriceAsync("cheap"), 0), (quotes[0]!.UnitPrice.Amount, quotes[0]!.Available));
        Assert.Equal((dear, 5), (quotes[1]!.VariantId, quotes[1]!.Available));
        Assert.Null(quotes[2]);
    }

    [Fact]
    public async Task Categories_keep_their_slugs_and_a_subtree_is_a_filter()
    {
        Task<ImportResult> Import(params SupplierCategory[] tree) => _products.InStoreAsync(services => services.GetRequiredService<ICatalogImport>()
            .ImportCategoriesAsync(ImportedProducts.Supplier, tree, _ => [], CancellationToken.None));
        await Import(new("c3", "c2", "Reading lamps", "Lampes de lecture"), new("c2", "c1", "Lamps", "Lampes"), new("c1", null, "Home", "Maison"));
        await _products.ImportAsync(ImportedProducts.Product("lit", "A reading lamp") with { CategoryExternalId = "c3", NameFr = "Une lampe" });
        var renamed = await Import(new("c1", null, "House", "Maison"), new("c2", "c1", "Lamps", "Lampes"), new("c3", "c2", "Reading lamps", "Lampes de lecture"));
        Assert.Equal((0, 1, 2), (renamed.Created, renamed.Updated, renamed.Unchanged));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/products?category=home") { Headers = { { "Accept-Language", "fr" } } };
        using var answer = await app.Http.SendAsync(request);
        var item = Assert.Single((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("data").EnumerateArray());
        Assert.Equal("Une lampe", item.GetProperty("name").GetString());
        Assert.Equal("Maison > Lampes > Lampes de lecture", item.GetProperty("category").GetProperty("path").GetString());
    }

    private async Task<HttpStatusCode> StatusAsync(string id)
    {
        var slug = await app.Database.ScalarAsync<string>($"select slug from catalog.products where external_id = '{id}'");
        using var answer = await app.Http.GetAsync("/api/v1/products/" + slug);
        return answer.StatusCode;
    }

    private Task<long> PriceAsync(string id) => app.Database.ScalarAsync<long>(
        $"select l.price from catalog.listings l join catalog.products p on p.id = l.product_id where p.external_id = '{id}'");

    private Task<IReadOnlyList<CatalogQuote?>> QuoteAsync(params QuoteLine[] lines) => _products.InStoreAsync(async services =>
    {
        var catalog = services.GetRequiredService<IOrderCatalog>();
        await using var reader = await services.GetRequiredService<Mallgram.Kernel.Persistence.StoreDatabase>()
            .QueryAsync(CancellationToken.None, catalog.Quote(lines));
        return await catalog.ReadQuotesAsync(reader.Rows, lines.Length, CancellationToken.None);
    });
}
