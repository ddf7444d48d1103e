using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Tests.Integration.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>What is not good enough stays out, by country, each with its reason; what a filter or a mapping changes reaches stored products.</summary>
public sealed class QualityFilterTests : IAsyncLifetime
{
    private readonly StockHoldTests.EmptyShop _app = new();
    private readonly ImportedProducts _products;

    public QualityFilterTests() => _products = new ImportedProducts(_app);

    public async Task InitializeAsync()
    {
        await _app.InitializeAsync();
        await _app.Database.ExecuteAsync(
            $"""
            insert into catalog.markets (store_id, currency, country, is_default, rounding_step, tax_percent)
            values ('{ImportedProducts.DefaultStore}', 'XAF', 'CM', false, 50, 0)
            """);
    }

    public Task DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Each_reason_is_named_and_what_passes_goes_in()
    {
        await FilterAsync("*", "min_seller_rating = 4, min_rating = 4, min_review_count = 10, min_stock = 3, require_image = true, max_price = 100000000, banned_words = '{Réplica,\"hand gun\"}'");
        var good = ImportedProducts.Product("good") with
        {
            SellerRating = 4.5m,
            Rating = 4.5m,
            ReviewCount = 10,
            ImageUrls = ["https://pictures.example/1.jpg"],
        };
        var result = await _products.ImportAsync(
            good,
            good with { ExternalId = "seller", SellerRating = 3.9m },
            good with { ExternalId = "seller-unknown", SellerRating = null },
            good with { ExternalId = "rating", Rating = null },
            good with { ExternalId = "reviews", ReviewCount = 9 },
            good with { ExternalId = "stock", Variants = [ImportedProducts.Variant("1", stock: 1), ImportedProducts.Variant("2", stock: 1)] },
            good with { ExternalId = "image", ImageUrls = [] },
            good with { ExternalId = "price", Variants = [ImportedProducts.Variant("1", cost: 900_000m)] },
            good with { ExternalId = "word", Name = "REPLICA of a lamp" },
            good with { ExternalId = "phrase", Name = "Holder for a hand gun" },
            good with { ExternalId = "no-word", Name = "Replicant with handguns" });
        Assert.Equal(2, result.Created);
        Assert.Equal(
            [
                "filtered_banned_word", "filtered_banned_word", "filtered_no_image", "filtered_price", "filtered_rating", "filtered_reviews",
                "filtered_seller_rating", "filtered_seller_rating", "filtered_stock",
            ],
            result.Skipped.Select(s => s.Reason).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_country_s_own_filter_keeps_a_product_out_of_that_market_only()
    {
        await FilterAsync("CM", "min_rating = 4");
        var result = await _products.ImportAsync(
            ImportedProducts.Product("poor") with { Rating = 3m }, ImportedProducts.Product("fine") with { Rating = 5m });
        Assert.Equal(2, result.Created);
        Assert.Equal("filtered_rating@CM", Assert.Single(result.LeftOutOfMarkets).Reason);
        Assert.Equal("ZAR", await CurrenciesAsync("poor"));
        Assert.Equal("XAF,ZAR", await CurrenciesAsync("fine"));
        await _products.ImportAsync(ImportedProducts.Product("poor") with { Rating = 4.5m }, ImportedProducts.Product("fine") with { Rating = 1m });
        Assert.Equal("XAF,ZAR", await CurrenciesAsync("poor"));
        Assert.Equal("ZAR", await CurrenciesAsync("fine"));
    }

    [Fact]
    public async Task A_filter_that_is_set_or_removed_reaches_stored_products_and_a_preview_says_so_before()
    {
        await _products.ImportAsync(
            ImportedProducts.Product("low") with { Rating = 2m }, ImportedProducts.Product("middle") with { Rating = 4m },
            ImportedProducts.Product("high") with { Rating = 5m });
        using var staff = await _app.SignInStaffAsync();
        var preview = await PostAsync(staff, "/api/v1/admin/quality-filters/preview", new { country = "*", min_rating = 3 });
        Assert.Equal((3, 1, 1), (
            preview.GetProperty("checked").GetInt32(), preview.GetProperty("leaving").GetInt32(),
            preview.GetProperty("reasons").GetProperty("filtered_rating").GetInt32()));
        Assert.Equal("Lamp", preview.GetProperty("examples")[0].GetProperty("name").GetString());

        await PutAsync(staff, "*", new { min_rating = 3 });
        await PutAsync(staff, "CM", new { min_rating = 4.5m });
        await Eventually.GetAsync("products judged", async () => await ListedAsync() == "high:XAF,ZAR middle:ZAR" ? "yes" : null);
        Assert.Equal("filter", await _app.Database.ScalarAsync<string>("select hidden_by from catalog.products where external_id = 'low'"));

        // A preview of a milder filter and the same content from the supplier change nothing of it.
        Assert.Equal(1, (await _products.ImportAsync(ImportedProducts.Product("low") with { Rating = 2m })).Unchanged);
        Assert.Equal(HttpStatusCode.NoContent, (await staff.DeleteAsync("/api/v1/admin/quality-filters/CM")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await staff.DeleteAsync("/api/v1/admin/quality-filters/*")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await staff.DeleteAsync("/api/v1/admin/quality-filters/*")).StatusCode);
        await Eventually.GetAsync(
            "products judged again", async () => await ListedAsync() == "high:XAF,ZAR low:XAF,ZAR middle:XAF,ZAR" ? "yes" : null);
    }

    [Fact]
    public async Task A_mapped_or_excluded_supplier_category_takes_its_products_along()
    {
        await _products.InStoreAsync(services => services.GetRequiredService<ICatalogImport>().ImportCategoriesAsync(
            ImportedProducts.Supplier, [new("a/1", null, "Lamps", null), new("b", null, "Better lamps", null)], _ => [], CancellationToken.None));
        await _products.ImportAsync(ImportedProducts.Product("lamp") with { CategoryExternalId = "a/1" });
        using var staff = await _app.SignInStaffAsync();
        var list = await staff.GetFromJsonAsync<JsonElement>($"/api/v1/admin/supplier-categories?supplier={ImportedProducts.Supplier}&q=LAMPS&limit=1");
        Assert.Equal(1, list.GetProperty("data")[0].GetProperty("products").GetInt32());
        var second = await staff.GetFromJsonAsync<JsonElement>(
            $"/api/v1/admin/supplier-categories?supplier={ImportedProducts.Supplier}&q=LAMPS&limit=1&cursor={list.GetProperty("next_cursor").GetString()}");
        var target = second.GetProperty("data")[0].GetProperty("category_id").GetString();

        var address = $"/api/v1/admin/supplier-categories/{ImportedProducts.Supplier}/a%2F1";
        using (var mapped = await staff.PatchAsJsonAsync(address, new { category_id = target }))
        {
            Assert.Equal("person", (await mapped.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("mapped_by").GetString());
        }

        await Eventually.GetAsync("products follow", async () => await _app.Database.ScalarAsync<long>(
            "select count(*) from catalog.listings l join catalog.categories c on c.id = l.category_id where c.slug = 'better-lamps'") == 2 ? "yes" : null);
        (await staff.PatchAsJsonAsync(address, new { excluded = true })).Dispose();
        await Eventually.GetAsync("products hidden", async () => await ListedAsync() == "" ? "yes" : null);
        Assert.Equal("excluded_category", Assert.Single((await _products.ImportAsync(
            ImportedProducts.Product("lamp two") with { CategoryExternalId = "a/1" })).Skipped).Reason);
        (await staff.PatchAsJsonAsync(address, new { excluded = false })).Dispose();
        await Eventually.GetAsync("products shown", async () => await ListedAsync() == "lamp:XAF,ZAR" ? "yes" : null);
        using var unknown = await staff.PatchAsJsonAsync(address, new { category_id = "cat_nonsense" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, unknown.StatusCode);
        using var missing = await staff.PatchAsJsonAsync(address + "x", new { excluded = true });
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Theory]
    [InlineData("zz1", """{"min_rating":3}""")]
    [InlineData("CM", """{"min_rating":6}""")]
    [InlineData("CM", """{"min_price":10,"max_price":5}""")]
    [InlineData("CM", """{"banned_words":["<b></b>"]}""")]
    [InlineData("CM", """{"banned_categories":["cat_01h455vb4pex5vsknk084sn02q"]}""")]
    public async Task Nonsense_is_refused(string country, string body)
    {
        using var staff = await _app.SignInStaffAsync();
        using var answer = await staff.PutAsync(
            "/api/v1/admin/quality-filters/" + country, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
    }

    private Task FilterAsync(string country, string values) => _app.Database.ExecuteAsync(
        $"""
        insert into catalog.quality_filters (store_id, country) values ('{ImportedProducts.DefaultStore}', '{country}');
        update catalog.quality_filters set {values} where country = '{country}';
        """);

    private Task<string> CurrenciesAsync(string id) => _app.Database.ScalarAsync<string>(
        $"select string_agg(l.currency, ',' order by l.currency) from catalog.listings l join catalog.products p on p.id = l.product_id where p.external_id = '{id}'");

    private Task<string> ListedAsync() => _app.Database.ScalarAsync<string>(
        """
        select coalesce(string_agg(external_id || ':' || currencies, ' ' order by external_id), '') from (
            select p.external_id, string_agg(l.currency, ',' order by l.currency) as currencies
            from catalog.listings l join catalog.products p on p.id = l.product_id group by 1) listed
        """);

    private static async Task PutAsync(HttpClient staff, string country, object body)
    {
        using var answer = await staff.PutAsJsonAsync("/api/v1/admin/quality-filters/" + country, body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<JsonElement> PostAsync(HttpClient staff, string address, object body)
    {
        using var answer = await staff.PostAsJsonAsync(address, body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
