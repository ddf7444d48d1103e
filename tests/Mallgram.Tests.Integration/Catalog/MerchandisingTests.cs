using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>What staff do with products, attributes, brands, tags and collections, over HTTP.</summary>
public sealed class MerchandisingTests(MerchandisingTests.EmptyShop app) : IClassFixture<MerchandisingTests.EmptyShop>, IAsyncLifetime
{
    private readonly ImportedProducts _products = new(app);
    private HttpClient _staff = null!;

    public async Task InitializeAsync() => _staff = await app.SignInStaffAsync();

    public Task DisposeAsync()
    {
        _staff.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_product_is_made_listed_found_edited_hidden_and_shown()
    {
        var made = await SendAsync(HttpMethod.Post, "products", Own("Calabash Zwrk", "CAL-1", 12_000, 7), HttpStatusCode.Created);
        var (id, slug) = (Text(made, "id"), Text(made, "slug"));
        Assert.Equal(("calabash-zwrk", 7, 12_000L), (slug, Variant(made).GetProperty("on_hand").GetInt32(), Amount(made, 1)));
        Assert.Equal(id, Text(await GetAsync("/api/v1/products/" + slug), "id"));
        Assert.Contains(id, await IdsAsync("/api/v1/products?limit=100"));
        Assert.Contains(id, await IdsAsync("/api/v1/products?q=zwrk"));
        Assert.Contains(id, await IdsAsync("/api/v1/admin/products?q=CAL-"));
        Assert.Contains(id, await IdsAsync("/api/v1/admin/products?supplier=none&status=active&channel=b2c&no_category=true"));

        var edited = await SendAsync(
            HttpMethod.Patch, "products/" + id,
            new { name = "Gourd <b>Qvtx</b>", name_fr = "Calebasse", slug = "gourd", tags = new[] { "Craft", "craft" }, brand = "Kora Works", featured = true },
            HttpStatusCode.OK);
        Assert.Equal("Gourd Qvtx", Text(edited, "name"));
        Assert.Equal("[\"craft\"]", edited.GetProperty("tags").GetRawText());
        Assert.Equal("[\"calabash-zwrk\"]", edited.GetProperty("former_slugs").GetRawText());
        Assert.Empty(edited.GetProperty("locked_fields").EnumerateArray());
        Assert.Contains(id, await IdsAsync("/api/v1/products?q=qvtx"));
        Assert.DoesNotContain(id, await IdsAsync("/api/v1/admin/products?q=zwrk"));
        Assert.Contains(id, await IdsAsync("/api/v1/admin/products?brand=kora-works&tag=craft"));

        await SendAsync(HttpMethod.Patch, "products/" + id, new { status = "hidden" }, HttpStatusCode.OK);
        Assert.DoesNotContain(id, await IdsAsync("/api/v1/products?limit=100"));
        await SendAsync(HttpMethod.Patch, "products/" + id, new { status = "active" }, HttpStatusCode.OK);
        Assert.Contains(id, await IdsAsync("/api/v1/products?limit=100"));
    }

    [Fact]
    public async Task Of_two_edits_of_one_version_the_second_is_told()
    {
        var made = await SendAsync(HttpMethod.Post, "products", Own("Versioned", "VER-1", 500, 1), HttpStatusCode.Created);
        var path = "/api/v1/admin/products/" + Text(made, "id");
        using var read = await _staff.GetAsync(path);
        var version = read.Headers.ETag!.Tag;
        using (var first = await PatchAsync(path, new { sort_order = 3 }, version))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        }

        using var second = await PatchAsync(path, new { sort_order = 4 }, version);
        await second.ProblemAsync(409, "product_changed");
        using var third = await PatchAsync(path, new { sort_order = 4, updated_at = made.GetProperty("updated_at").GetDateTimeOffset() }, version: null);
        await third.ProblemAsync(409, "product_changed");
    }

    [Fact]
    public async Task What_a_person_set_survives_imports_until_it_is_unlocked()
    {
        await _products.ImportAsync(ImportedProducts.Product("locked", "Supplier name"));
        var id = Text((await GetAsync("/api/v1/admin/products?q=locked", _staff)).GetProperty("data")[0], "id");
        var edited = await SendAsync(HttpMethod.Patch, "products/" + id, new { name = "Our name" }, HttpStatusCode.OK);
        Assert.Equal("[\"name\"]", edited.GetProperty("locked_fields").GetRawText());
        Assert.Contains(id, await IdsAsync("/api/v1/admin/products?locked=true"));
        await _products.ImportAsync(ImportedProducts.Product("locked", "Another supplier name", stock: 9));
        var kept = await GetAsync("/api/v1/admin/products/" + id, _staff);
        Assert.Equal(("Our name", 9), (Text(kept, "name"), Variant(kept).GetProperty("on_hand").GetInt32()));
        await SendAsync(HttpMethod.Patch, "products/" + id, new { unlock = new[] { "name" } }, HttpStatusCode.OK);
        await _products.ImportAsync(ImportedProducts.Product("locked", "Another supplier name", stock: 9));
        Assert.Equal("Another supplier name", Text(await GetAsync("/api/v1/admin/products/" + id, _staff), "name"));
    }

    [Fact]
    public async Task Wholesale_follows_retail_and_discount_and_the_last_offer_stays()
    {
        var made = await SendAsync(HttpMethod.Post, "products", Own("Bulky", "BULK-1", 10_000, 500), HttpStatusCode.Created);
        var path = "products/" + Text(made, "id");
        var offered = await SendAsync(HttpMethod.Put, path + "/offers/b2b", new { min_order_quantity = 20, bulk_discount_percent = 15.5 }, HttpStatusCode.OK);
        Assert.Equal(8_500, Amount(offered, 20));
        Assert.Contains(Text(made, "id"), await IdsAsync("/api/v1/products/retailer?limit=100"));
        var dearer = await SendAsync(
            HttpMethod.Patch, $"{path}/variants/{Text(Variant(made), "id")}", new { prices = new[] { new { amount = 20_000, compare_at = 30_000 } } }, HttpStatusCode.OK);
        Assert.Equal((20_000L, 16_900L), (Amount(dearer, 1), Amount(dearer, 20)));
        Assert.Contains(dearer.GetProperty("changes").EnumerateArray(), c => Text(c, "kind") == "price" && Text(c, "cause") == "person" && c.GetProperty("before").GetInt64() == 10_000);
        await ExpectAsync(HttpMethod.Delete, path + "/offers/b2b", body: null, 204);
        await ExpectAsync(HttpMethod.Delete, path + "/offers/b2c", body: null, 409, "last_offer");
    }

    [Fact]
    public async Task A_supplier_s_product_is_offered_in_bulk_never_below_what_it_costs()
    {
        await _products.ImportAsync(ImportedProducts.Product("bulk", "Wholesaled", cost: 10m));
        var id = Text((await GetAsync("/api/v1/admin/products?q=bulk", _staff)).GetProperty("data").EnumerateArray().First(p => Text(p, "external_id") == "bulk"), "id");
        var offered = await SendAsync(HttpMethod.Put, $"products/{id}/offers/b2b", new { min_order_quantity = 10, bulk_discount_percent = 90 }, HttpStatusCode.OK);
        var price = Variant(offered).GetProperty("prices").EnumerateArray().Single(p => p.GetProperty("min_quantity").GetInt32() == 10);
        Assert.True(price.GetProperty("amount").GetProperty("amount").GetInt64() >= price.GetProperty("landed_cost").GetProperty("amount").GetInt64());
        await _products.ImportAsync(ImportedProducts.Product("bulk", "Wholesaled again", cost: 10m));
        var after = await GetAsync("/api/v1/admin/products/" + id, _staff);
        Assert.Contains(after.GetProperty("offers").EnumerateArray(), o => Text(o, "channel") == "b2b" && Text(o, "set_by") == "person");
        await ExpectAsync(HttpMethod.Post, $"products/{id}/variants", """{"prices":[{"amount":1}]}""", 409, "supplier_goods");
    }

    [Fact]
    public async Task One_call_changes_many_and_hiding_is_undone()
    {
        string[] ids = await Task.WhenAll(Enumerable.Range(0, 3).Select(async i =>
            Text(await SendAsync(HttpMethod.Post, "products", Own($"Many {i}", $"MANY-{i}", 100, 1), HttpStatusCode.Created), "id")));
        var foreign = await ForeignProductAsync();
        var hidden = await SendAsync(
            HttpMethod.Post, "products/bulk", new { ids = ids.Append(foreign), set = new { status = "hidden", tags = new { add = new[] { "sale" } }, featured = true } }, HttpStatusCode.OK);
        Assert.Equal((3, 3), (hidden.GetProperty("matched").GetInt32(), hidden.GetProperty("changed").GetInt32()));
        var shown = await SendAsync(HttpMethod.Post, "products/bulk", new { filter = new { tag = "sale" }, set = new { status = "active" } }, HttpStatusCode.OK);
        Assert.Equal(3, shown.GetProperty("changed").GetInt32());
        Assert.Superset(ids.ToHashSet(StringComparer.Ordinal), (await IdsAsync("/api/v1/products?limit=100")).ToHashSet(StringComparer.Ordinal));
        await SendAsync(HttpMethod.Post, "tags/rename", new { from = "sale", to = "offer" }, HttpStatusCode.NoContent);
        Assert.Equal(3, (await IdsAsync("/api/v1/admin/products?tag=offer")).Count);
    }

    [Fact]
    public async Task Attributes_are_typed_and_a_wrong_type_names_the_code()
    {
        await SendAsync(HttpMethod.Post, "attributes", new { code = "weight_kg", name = "Weight", kind = "number", unit = "kg" }, HttpStatusCode.Created);
        await SendAsync(HttpMethod.Post, "attributes", new { code = "material", name = "Material", kind = "choice", choices = new[] { "wood", "clay" } }, HttpStatusCode.Created);
        var made = await SendAsync(HttpMethod.Post, "products", Own("Typed", "TYP-1", 100, 1), HttpStatusCode.Created);
        var path = "products/" + Text(made, "id");
        var typed = await SendAsync(HttpMethod.Patch, path, """{"attributes":{"weight_kg":1.5,"material":"clay"}}""", HttpStatusCode.OK);
        Assert.Equal("clay", typed.GetProperty("attributes").GetProperty("material").GetString());
        using var wrong = await SendAsync(HttpMethod.Patch, path, """{"attributes":{"weight_kg":"heavy","material":"iron","colour":"red"}}""");
        var errors = (await wrong.ProblemAsync(422, "validation_failed")).GetProperty("errors");
        Assert.All(["attributes.weight_kg", "attributes.material", "attributes.colour"], field => Assert.True(errors.TryGetProperty(field, out _), field));
        await SendAsync(HttpMethod.Delete, "attributes/material", body: null, HttpStatusCode.NoContent);
        Assert.Equal("""{"weight_kg":1.5}""", (await GetAsync("/api/v1/admin/" + path, _staff)).GetProperty("attributes").GetRawText());
    }

    [Fact]
    public async Task A_collection_is_put_together_by_hand_or_by_rules()
    {
        var cheap = Text(await SendAsync(HttpMethod.Post, "products", Own("Cheap thing", "COL-1", 150, 1, "gift"), HttpStatusCode.Created), "id");
        var dear = Text(await SendAsync(HttpMethod.Post, "products", Own("Dear thing", "COL-2", 900_000, 1, "gift"), HttpStatusCode.Created), "id");
        var manual = Text(await SendAsync(HttpMethod.Post, "collections", new { name = "By hand" }, HttpStatusCode.Created), "id");
        await SendAsync(HttpMethod.Put, $"collections/{manual}/products", new { ids = new[] { dear, cheap } }, HttpStatusCode.NoContent);
        Assert.Equal([dear, cheap], await IdsAsync($"/api/v1/admin/collections/{manual}/products"));
        var ruled = await SendAsync(HttpMethod.Post, "collections", new { name = "Small gifts", rules = new { tag = "gift", max_price = 1000 } }, HttpStatusCode.Created);
        Assert.Equal([cheap], await IdsAsync($"/api/v1/admin/collections/{Text(ruled, "id")}/products"));
        await ExpectAsync(HttpMethod.Put, $"collections/{Text(ruled, "id")}/products", """{"ids":[]}""", 409, "collection_has_rules");
        await SendAsync(HttpMethod.Patch, "products/" + dear, new { tags = Array.Empty<string>() }, HttpStatusCode.OK);
        await SendAsync(HttpMethod.Patch, "collections/" + Text(ruled, "id"), new { rules = new { tag = "gift" } }, HttpStatusCode.OK);
        Assert.Equal([cheap], await IdsAsync($"/api/v1/admin/collections/{Text(ruled, "id")}/products"));
        await ExpectAsync(HttpMethod.Post, "collections", """{"name":"Small gifts"}""", 409, "slug_taken");
    }

    [Fact]
    public async Task A_brand_is_renamed_with_its_products_and_deleted_once_they_moved()
    {
        var body = Own("Branded", "BRA-1", 100, 1);
        body["brand"] = "Old Brand";
        var id = Text(await SendAsync(HttpMethod.Post, "products", body, HttpStatusCode.Created), "id");
        await SendAsync(HttpMethod.Patch, "brands/old-brand", new { name = "New Brand" }, HttpStatusCode.NoContent);
        Assert.Equal("New Brand", Text(await GetAsync("/api/v1/admin/products/" + id, _staff), "brand"));
        await ExpectAsync(HttpMethod.Delete, "brands/old-brand", body: null, 409, "brand_in_use");
        await SendAsync(HttpMethod.Post, "brands", new { name = "Target" }, HttpStatusCode.Created);
        await SendAsync(HttpMethod.Delete, "brands/old-brand?move_to=target", body: null, HttpStatusCode.NoContent);
        Assert.Equal("target", Text(await GetAsync("/api/v1/admin/products/" + id, _staff), "brand_slug"));
    }

    [Fact]
    public async Task Another_store_s_products_do_not_exist()
    {
        var foreign = await ForeignProductAsync();
        await ExpectAsync(HttpMethod.Get, "products/" + foreign, body: null, 404, "product_not_found");
        await ExpectAsync(HttpMethod.Patch, "products/" + foreign, """{"name":"Mine"}""", 404, "product_not_found");
        await ExpectAsync(HttpMethod.Put, $"products/{foreign}/offers/b2b", """{"min_order_quantity":5}""", 404, "product_not_found");
        await ExpectAsync(HttpMethod.Post, $"products/{foreign}/variants", """{"prices":[{"amount":1}]}""", 404, "product_not_found");
        var made = await SendAsync(HttpMethod.Post, "products", Own("Ours", "OURS-1", 100, 1), HttpStatusCode.Created);
        await ExpectAsync(HttpMethod.Patch, $"products/{Text(made, "id")}/variants/var_01h455vb4pex5vsknk084sn02q", """{"active":false}""", 404, "variant_not_found");
    }

    public static TheoryData<string, string, string, string> BadBodies => new()
    {
        { "POST", "products", """{"variants":[{"prices":[{"amount":100}]}]}""", "name" },
        { "POST", "products", """{"name":"<script>x</script>","variants":[{"prices":[{"amount":100}]}]}""", "name" },
        { "POST", "products", """{"name":"x"}""", "variants" },
        { "POST", "products", """{"name":"x","variants":[{}]}""", "variants[0].prices" },
        { "POST", "products", """{"name":"x","variants":[{"prices":[{"amount":0}]}]}""", "variants[0].prices[0].amount" },
        { "POST", "products", """{"name":"x","variants":[{"prices":[{"amount":100,"compare_at":50}]}]}""", "variants[0].prices[0].compare_at" },
        { "POST", "products", """{"name":"x","variants":[{"prices":[{"amount":100,"currency":"XXX"}]}]}""", "variants[0].prices[0].currency" },
        { "POST", "products", """{"name":"x","variants":[{"sku":"a b","prices":[{"amount":100}]}]}""", "variants[0].sku" },
        { "POST", "products", """{"name":"x","variants":[{"options":[["Size"]],"prices":[{"amount":100}]}]}""", "variants[0].options[0]" },
        { "POST", "products", """{"name":"x","images":["http://a.example/1.png"],"variants":[{"prices":[{"amount":100}]}]}""", "images[0]" },
        { "POST", "products", """{"name":"x","images":["file:fil_01h455vb4pex5vsknk084sn02q"],"variants":[{"prices":[{"amount":100}]}]}""", "images[0]" },
        { "POST", "products", """{"name":"x","category_id":"cat_01h455vb4pex5vsknk084sn02q","variants":[{"prices":[{"amount":100}]}]}""", "category_id" },
        { "POST", "products", """{"name":"x","slug":"Not A Slug","variants":[{"prices":[{"amount":100}]}]}""", "slug" },
        { "POST", "products", """{"name":"x","offers":[{"channel":"b2b","min_order_quantity":1}],"variants":[{"prices":[{"amount":100}]}]}""", "offers[0].min_order_quantity" },
        { "POST", "products", """{"nmae":"x","variants":[{"prices":[{"amount":100}]}]}""", "nmae" },
        { "POST", "products/bulk", """{"set":{"featured":true}}""", "ids" },
        { "POST", "products/bulk", """{"ids":["prd_x"]}""", "set" },
        { "POST", "products/bulk", """{"ids":["prd_x"],"set":{"category_id":"cat_01h455vb4pex5vsknk084sn02q"}}""", "set.category_id" },
        { "POST", "products/bulk", """{"filter":{"status":"gone"},"set":{"featured":true}}""", "filter.status" },
        { "POST", "attributes", """{"code":"Bad Code","name":"x","kind":"text"}""", "code" },
        { "POST", "attributes", """{"code":"ok","name":"x","kind":"colour"}""", "kind" },
        { "POST", "attributes", """{"code":"ok","name":"x","kind":"choice"}""", "choices" },
        { "POST", "collections", """{"name":"x","rules":{}}""", "rules" },
        { "POST", "collections", """{"name":"x","rules":{"flag":"cheap"}}""", "rules.flag" },
        { "POST", "collections", """{"name":"x","rules":{"category_id":"cat_01h455vb4pex5vsknk084sn02q"}}""", "rules.category_id" },
        { "GET", "products?status=gone", "", "status" },
        { "GET", "products?limit=0", "", "limit" },
        { "GET", "inventory?limit=1000", "", "limit" },
        { "PATCH", "merchandising/settings", """{"best_seller_count":0}""", "best_seller_count" },
    };

    [Theory, MemberData(nameof(BadBodies))]
    public async Task What_is_not_valid_is_named(string method, string path, string body, string field)
    {
        using var answer = await SendAsync(new HttpMethod(method), path, body.Length == 0 ? null : body);
        var errors = (await answer.ProblemAsync(422, "validation_failed")).GetProperty("errors");
        Assert.True(errors.TryGetProperty(field, out _), $"no error for {field}: {errors}");
    }

    [Fact]
    public async Task Staff_only()
    {
        using var guest = await app.Http.GetAsync("/api/v1/admin/products");
        await guest.ProblemAsync(401, "unauthenticated");
        using var cursor = await _staff.GetAsync("/api/v1/admin/products?cursor=rubbish");
        await cursor.ProblemAsync(400, "cursor_invalid");
        using var cut = await SendAsync(HttpMethod.Post, "products", "{\"name\":");
        await cut.ProblemAsync(400, "malformed_json");
    }

    [Fact]
    public async Task Pages_of_the_list_hold_every_product_once()
    {
        for (var i = 0; i < 5; i++)
        {
            await SendAsync(HttpMethod.Post, "products", Own($"Paged {i}", $"PAGE-{i}", 100, 1, "paged"), HttpStatusCode.Created);
        }

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await GetAsync("/api/v1/admin/products?tag=paged&limit=2" + (cursor is null ? "" : "&cursor=" + cursor), _staff);
            seen.AddRange(page.GetProperty("data").EnumerateArray().Select(p => Text(p, "name")));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(["Paged 4", "Paged 3", "Paged 2", "Paged 1", "Paged 0"], seen);
    }

    [Fact]
    public async Task Best_sellers_are_what_was_paid_most()
    {
        await _products.ImportAsync(ImportedProducts.Product("sold", "Sold often", stock: 50), ImportedProducts.Product("unsold", "Only held", stock: 50));
        var (paid, held) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _products.HoldAsync(paid, new Mallgram.Catalog.Contracts.StockLine(await _products.VariantIdAsync("sold"), 8));
        await _products.CommitAsync(paid);
        await _products.HoldAsync(held, new Mallgram.Catalog.Contracts.StockLine(await _products.VariantIdAsync("unsold"), 20));
        await app.RunJobAsync("best-sellers");
        Assert.Equal(8L, await app.Database.ScalarAsync<long>(
            "select b.units from catalog.best_sellers b join catalog.products p on p.id = b.product_id where p.external_id = 'sold'"));
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            "select count(*) from catalog.listings l join catalog.products p on p.id = l.product_id where l.best_seller and p.external_id = 'unsold'"));
        Assert.True(await app.Database.ScalarAsync<bool>(
            "select bool_and(l.best_seller) from catalog.listings l join catalog.products p on p.id = l.product_id where p.external_id = 'sold'"));
    }

    private static Dictionary<string, object?> Own(string name, string sku, long amount, int stock, params string[] tags) => new(StringComparer.Ordinal)
    {
        ["name"] = name,
        ["tags"] = tags,
        ["variants"] = new[] { new { sku, stock, prices = new[] { new { amount } } } },
    };

    private static JsonElement Variant(JsonElement product) => product.GetProperty("variants")[0];

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static long Amount(JsonElement product, int quantity) => Variant(product).GetProperty("prices").EnumerateArray()
        .Single(p => p.GetProperty("min_quantity").GetInt32() == quantity && p.GetProperty("amount").GetProperty("currency").GetString() == "ZAR")
        .GetProperty("amount").GetProperty("amount").GetInt64();

    private async Task<string> ForeignProductAsync()
    {
        var store = Guid.Parse("01930000-0000-7000-8000-000000000002");
        await _products.InStoreAsync(
            services => ((Mallgram.Catalog.Contracts.ICatalogImport)services.GetService(typeof(Mallgram.Catalog.Contracts.ICatalogImport))!).ImportAsync(
                ImportedProducts.Supplier, null, [ImportedProducts.Product("foreign")], _ => [], CancellationToken.None),
            store);
        var id = await app.Database.ScalarAsync<Guid>($"select id from catalog.products where store_id = '{store}' and external_id = 'foreign'");
        return Mallgram.Kernel.Ids.PublicId.Format(Mallgram.Kernel.Ids.PublicId.Product, id);
    }

    private async Task<JsonElement> GetAsync(string path, HttpClient? client = null)
    {
        using var answer = await (client ?? app.Http).GetAsync(path);
        return await answer.JsonAsync(HttpStatusCode.OK);
    }

    private async Task<IReadOnlyList<string>> IdsAsync(string path) =>
        [.. (await GetAsync(path, _staff)).GetProperty("data").EnumerateArray().Select(p => Text(p, "id"))];

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, "/api/v1/admin/" + path);
        request.Content = body switch
        {
            null => null,
            string json => new StringContent(json, Encoding.UTF8, "application/json"),
            _ => JsonContent.Create(body),
        };
        return await _staff.SendAsync(request);
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body, HttpStatusCode expected)
    {
        using var answer = await SendAsync(method, path, body);
        if (expected != HttpStatusCode.NoContent)
        {
            return await answer.JsonAsync(expected);
        }

        Assert.True(answer.StatusCode == expected, await answer.Content.ReadAsStringAsync());
        return default;
    }

    private async Task ExpectAsync(HttpMethod method, string path, string? body, int status, string? code = null)
    {
        using var answer = await SendAsync(method, path, body);
        if (code is not null)
        {
            await answer.ProblemAsync(status, code);
            return;
        }

        Assert.True((int)answer.StatusCode == status, await answer.Content.ReadAsStringAsync());
    }

    private async Task<HttpResponseMessage> PatchAsync(string path, object body, string? version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = JsonContent.Create(body) };
        if (version is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", version);
        }

        return await _staff.SendAsync(request);
    }

    public sealed class EmptyShop : MallgramApp
    {
        protected override bool Synchronised => false;

        protected override IEnumerable<string> ServiceSettings =>
        [
            "--Jobs:Schedules:release-expired-holds=off", "--Jobs:Schedules:low-stock=off",
        ];
    }
}

/// <summary>A person's edits and the supplier's real sync.</summary>
public sealed class MerchandisingSyncTests(MallgramApp app) : IClassFixture<MallgramApp>
{
    [Fact]
    public async Task Locked_fields_survive_a_sync_that_writes_the_product_again()
    {
        using var staff = await app.SignInStaffAsync();
        var list = await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/products?limit=1");
        var id = list.GetProperty("data")[0].GetProperty("id").GetString()!;
        using (var edited = await staff.PatchAsJsonAsync("/api/v1/admin/products/" + id, new { name = "Ours for good", description = "Written by us." }))
        {
            await edited.JsonAsync(HttpStatusCode.OK);
        }

        var guid = Mallgram.Kernel.Ids.PublicId.TryParse("prd", id, out var found) ? found : default;
        var before = await app.Database.ScalarAsync<byte[]>($"select content_hash from catalog.products where id = '{guid}'");
        await app.ControlAsync("aliexpress", new { action = "price_change", percent = 100, factor = 2 });
        Assert.Equal("succeeded", (await app.RunJobAsync("product-sync")).State);
        Assert.NotEqual(before, await app.Database.ScalarAsync<byte[]>($"select content_hash from catalog.products where id = '{guid}'"));
        var after = await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/products/" + id);
        Assert.Equal(("Ours for good", "Written by us."), (after.GetProperty("name").GetString(), after.GetProperty("description").GetString()));
    }
}
