using System.Net;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Tests.Integration.Support;
using static Mallgram.Tests.Integration.Catalog.ImportedProducts;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>
/// Rules, markets and prices set by hand, from the request to the stored price. The store of these tests sells in whole rand: 10 USD make
/// 10 × 17.35 × 1.4 = R 242,90, so R 243, and land at R 209,81 (buffer 2 %, VAT 15 %, gateway 3 %).
/// </summary>
public sealed class PricingTests(PricingApp app) : IClassFixture<PricingApp>
{
    private readonly ImportedProducts _products = new(app);

    [Fact]
    public async Task What_a_preview_shows_is_what_is_stored_and_pages_notice()
    {
        await _products.ImportAsync(Product("previewed", cost: 10m), Product("other", cost: 40m));
        var (variant, id) = (await _products.VariantIdAsync("previewed"), await app.ProductIdAsync("previewed"));
        Assert.Equal(24_300, await app.AmountAsync(variant));
        var before = await app.Database.ScalarAsync<DateTime>($"select max(updated_at) from catalog.listings where product_id = {Raw(id)}");
        var staff = await app.SignInStaffAsync();
        var rule = new { name = "Ten dollars", priority = 7, cost_from_minor = 17_350, cost_to_minor = 17_351, markup_percent = 100.5, amount_added_minor = 123 };

        var preview = await app.SendAsync(staff, HttpMethod.Post, "/price-rules/preview", new { rule, supplier = Supplier });
        Assert.True(preview.GetProperty("complete").GetBoolean());
        var shown = preview.GetProperty("data").EnumerateArray().Single(p => p.GetProperty("product_id").GetString() == id);
        Assert.Equal((24_300, 20_981), (Minor(shown, "price_now"), Minor(shown.GetProperty("landed_cost"), "total")));
        Assert.Equal(35_000, Minor(shown, "price_then")); // 173.50 × 2.005 + 1.23 = 349.0975
        Assert.Equal(24_300, await app.AmountAsync(variant));

        var saved = await app.SendAsync(staff, HttpMethod.Post, "/price-rules", rule, HttpStatusCode.Created);
        var ruleId = saved.GetProperty("id").GetString();
        await app.UntilRepricedAsync();
        Assert.Equal(35_000, await app.AmountAsync(variant));
        Assert.Equal(35_000, await app.Database.ScalarAsync<long>($"select price from catalog.listings where product_id = {Raw(id)}"));
        Assert.True(await app.Database.ScalarAsync<DateTime>($"select max(updated_at) from catalog.listings where product_id = {Raw(id)}") > before);
        var change = (await app.SendAsync(staff, HttpMethod.Get, $"/products/{id}/price-history", null)).GetProperty("data")[0];
        Assert.Equal(("rule", 24_300, 35_000), (change.GetProperty("cause").GetString(), Minor(change, "before"), Minor(change, "after")));
        Assert.Equal(ruleId, change.GetProperty("rule").GetProperty("id").GetString());
        Assert.Equal(10m, change.GetProperty("after_cost").GetDecimal());

        await app.SendAsync(staff, HttpMethod.Delete, "/price-rules/" + ruleId, null, HttpStatusCode.NoContent);
        await app.UntilRepricedAsync();
        Assert.Equal(24_300, await app.AmountAsync(variant));
    }

    [Fact]
    public async Task A_price_set_by_hand_outlives_rules_and_suppliers_until_it_is_unlocked()
    {
        await _products.ImportAsync(Product("by-hand", cost: 10m));
        var (variant, id) = (await _products.VariantIdAsync("by-hand"), await app.ProductIdAsync("by-hand"));
        var staff = await app.SignInStaffAsync();
        object Price(long amount, bool loss) => new { variant_id = PublicId.Format("var", variant), currency = "ZAR", amount_minor = amount, accept_loss = loss };
        var path = $"/products/{id}/prices";
        var problem = await app.ProblemAsync(staff, HttpMethod.Put, path, Price(20_980, false), 422, "price_below_landed_cost");
        Assert.Equal(20_981, Minor(problem, "landed_cost"));

        var prices = await app.SendAsync(staff, HttpMethod.Put, path, Price(20_981, false));
        var price = prices.GetProperty("variants")[0].GetProperty("prices")[0];
        Assert.True(price.GetProperty("locked").GetBoolean());
        Assert.Equal(20_981, Minor(price.GetProperty("landed_cost_now"), "total"));

        await _products.ImportAsync(Product("by-hand", cost: 11m));
        Assert.Equal(20_981, await app.AmountAsync(variant));
        var run = await app.RunJobAsync("reprice");
        Assert.Equal("succeeded", run.State);
        Assert.Equal(20_981, await app.AmountAsync(variant));
        price = (await app.SendAsync(staff, HttpMethod.Get, path, null)).GetProperty("variants")[0].GetProperty("prices")[0];
        Assert.True(price.GetProperty("below_landed_cost").GetBoolean()); // 11 USD land at R 230,80

        prices = await app.SendAsync(staff, HttpMethod.Delete, $"{path}?variant_id={PublicId.Format("var", variant)}&currency=ZAR", null);
        Assert.Equal(26_800, Minor(prices.GetProperty("variants")[0].GetProperty("prices")[0], "amount")); // 11 × 17.35 × 1.4 = 267.19
        var causes = (await app.SendAsync(staff, HttpMethod.Get, $"/products/{id}/price-history?limit=1", null));
        Assert.Equal("person", causes.GetProperty("data")[0].GetProperty("cause").GetString());
        var older = await app.SendAsync(
            staff, HttpMethod.Get, $"/products/{id}/price-history?cursor={causes.GetProperty("next_cursor").GetString()}", null);
        Assert.Equal(20_981, Minor(older.GetProperty("data")[0], "after"));
        await app.ProblemAsync(staff, HttpMethod.Delete, $"{path}?variant_id={PublicId.Format("var", variant)}&currency=ZAR", null, 404, "price_not_found");
    }

    [Fact]
    public async Task An_order_of_a_greater_quantity_takes_its_price()
    {
        await _products.ImportAsync(Product("tiers", variants: Variant("1", 10m, 100) with { Tiers = [new SupplierTier(10, 8m)] }));
        var variant = PublicId.Format("var", await _products.VariantIdAsync("tiers"));
        var shopper = new Shopper(app.Http);
        foreach (var (quantity, unit) in new[] { (9, 24_300), (10, 19_500), (11, 19_500) }) // 8 × 17.35 × 1.4 = 194.32
        {
            using var answer = await shopper.PlaceAsync(shopper.OrderBody(variant, quantity));
            var order = await answer.JsonAsync(HttpStatusCode.Created);
            Assert.Equal(unit, Minor(order.GetProperty("items")[0], "unit_price"));
            Assert.Equal(unit * quantity, Minor(order, "total"));
        }
    }

    [Fact]
    public async Task Another_currency_is_sold_from_when_its_market_is_added_until_it_is_deleted()
    {
        await _products.ImportAsync(Product("francs", cost: 10m));
        var variant = await _products.VariantIdAsync("francs");
        var (shopper, staff) = (new Shopper(app.Http), await app.SignInStaffAsync());
        var body = shopper.OrderBody(PublicId.Format("var", variant));
        body["currency"] = "XAF";
        using (var refused = await shopper.PlaceAsync(body))
        {
            var problem = await refused.ProblemAsync(422, "currency_not_supported");
            Assert.Equal("This store sells in ZAR only.", problem.GetProperty("detail").GetString());
        }

        var market = new { currency = "XAF", country = "CM", rounding_step_minor = 50, freight_per_item_minor = 1000 };
        var added = await app.SendAsync(staff, HttpMethod.Post, "/markets", market, HttpStatusCode.Created);
        Assert.Equal(19.25m, added.GetProperty("effective_tax_percent").GetDecimal());
        await app.ProblemAsync(staff, HttpMethod.Post, "/markets", market, 409, "market_exists");
        await app.UntilRepricedAsync();
        // 10 × 565.48 = 5 654.8; × 1.02 = 5 767.896; + 1 000 = 6 767.896; × 1.1925 = 8 070.71598; / 0.97 = 8 320.33: above 5 654.8 × 1.4.
        Assert.Equal(8_350, await app.AmountAsync(variant, "XAF"));
        using (var answer = await shopper.PlaceAsync(body))
        {
            var order = await answer.JsonAsync(HttpStatusCode.Created);
            Assert.Equal(("XAF", 8_350), (order.GetProperty("total").GetProperty("currency").GetString(), Minor(order, "total")));
        }

        await app.SendAsync(staff, HttpMethod.Delete, "/markets/XAF", null, HttpStatusCode.NoContent);
        await app.UntilRepricedAsync();
        Assert.Null(await app.AmountAsync(variant, "XAF"));
        Assert.Equal(24_300, await app.AmountAsync(variant));
        await app.ProblemAsync(staff, HttpMethod.Delete, "/markets/ZAR", null, 409, "default_market");
    }

    [Fact]
    public async Task The_default_rule_stays_and_fits_everything()
    {
        var staff = await app.SignInStaffAsync();
        var rules = (await app.SendAsync(staff, HttpMethod.Get, "/price-rules", null)).GetProperty("data").EnumerateArray().ToList();
        var id = rules[^1].GetProperty("id").GetString();
        Assert.True(rules[^1].GetProperty("is_default").GetBoolean());
        await app.ProblemAsync(staff, HttpMethod.Delete, "/price-rules/" + id, null, 409, "default_price_rule");
        var problem = await app.ProblemAsync(
            staff, HttpMethod.Put, "/price-rules/" + id, new { name = "x", markup_percent = 1, channel = "b2b", active = false }, 422, "validation_failed");
        Assert.Equal(["channel", "active"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    public static TheoryData<string, string, string> BadBodies => new()
    {
        { "/price-rules", """{"markup_percent":40}""", "name" },
        { "/price-rules", """{"name":"a"}""", "markup_percent" },
        { "/price-rules", """{"name":"a","markup_percent":-1}""", "markup_percent" },
        { "/price-rules", """{"name":"a","markup_percent":1,"category_id":"cat_01h455vb4pex5vsknk084sn02q"}""", "category_id" },
        { "/price-rules", """{"name":"a","markup_percent":1,"category_id":"' or 1=1"}""", "category_id" },
        { "/price-rules", """{"name":"a","markup_percent":1,"channel":"both"}""", "channel" },
        { "/price-rules", """{"name":"a","markup_percent":1,"supplier":"a\u0000b"}""", "supplier" },
        { "/price-rules", """{"name":"a\u0000","markup_percent":1}""", "name" },
        { "/price-rules", """{"name":"a","markup_percent":1,"cost_from_minor":5,"cost_to_minor":5}""", "cost_to_minor" },
        { "/price-rules", """{"name":"a","markup_percent":1,"min_margin_percent":95}""", "min_margin_percent" },
        { "/price-rules", """{"name":"a","markup_percent":1,"rounding_step_minor":100}""", "ending_minor" },
        { "/price-rules", """{"name":"a","markup_percent":1,"rounding_step_minor":100,"ending_minor":100}""", "ending_minor" },
        { "/price-rules", """{"name":"a","markup_percent":1,"amount_added_minor":9223372036854775807}""", "amount_added_minor" },
        { "/price-rules/preview", """{"rule":null}""", "rule" },
        { "/price-rules/preview", """{"rule":{"name":"a","markup_percent":-1}}""", "rule.markup_percent" },
        { "/price-rules/preview", """{"rule":{"name":"a","markup_percent":1},"currency":"USD"}""", "currency" },
        { "/markets", """{"currency":"FCFA","country":"CM","rounding_step_minor":50}""", "currency" },
        { "/markets", """{"currency":"XOF","country":"XX","rounding_step_minor":50}""", "country" },
        { "/markets", """{"currency":"XOF","country":"SN"}""", "rounding_step_minor" },
        { "/markets", """{"currency":"XOF","country":"SN","rounding_step_minor":0}""", "rounding_step_minor" },
        { "/markets", """{"currency":"XOF","country":"SN","rounding_step_minor":50,"gateway_fee_percent":50}""", "gateway_fee_percent" },
        { "/markets", """{"currency":"XOF","country":"SN","rounding_step_minor":50,"freight_per_kg_minor":-1}""", "freight_per_kg_minor" },
    };

    [Theory, MemberData(nameof(BadBodies))]
    public async Task A_bad_body_is_told_field_by_field_and_nothing_is_repriced(string path, string json, string field)
    {
        var staff = await app.SignInStaffAsync();
        const string wanted = "select coalesce(sum(wanted), 0)::bigint from catalog.repricings";
        var before = await app.Database.ScalarAsync<long>(wanted);
        var problem = await app.ProblemAsync(staff, HttpMethod.Post, path, JsonElement.Parse(json), 422, "validation_failed");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
        Assert.Equal(before, await app.Database.ScalarAsync<long>(wanted));
    }

    [Theory]
    [InlineData("/price-rules"), InlineData("/markets"), InlineData("/tax-rates"), InlineData("/exchange-rates")]
    public async Task Guests_see_nothing(string path)
    {
        using var answer = await app.Http.GetAsync("/api/v1/admin" + path);
        await answer.ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task Taxes_of_Ghana_are_three_rows_that_apply_today()
    {
        var rates = await app.SendAsync(await app.SignInStaffAsync(), HttpMethod.Get, "/tax-rates", null);
        var ghana = rates.GetProperty("data").EnumerateArray().Where(r => r.GetProperty("country").GetString() == "GH").ToList();
        Assert.Equal((3, 20m), (ghana.Count, ghana.Where(r => r.GetProperty("current").GetBoolean()).Sum(r => r.GetProperty("percent").GetDecimal())));
    }

    private static string Raw(string productId) =>
        PublicId.TryParse(PublicId.Product, productId, out var id) ? $"'{id}'" : throw new InvalidOperationException(productId);

    private static long Minor(JsonElement parent, string name) => parent.GetProperty(name).GetProperty("amount").GetInt64();
}
