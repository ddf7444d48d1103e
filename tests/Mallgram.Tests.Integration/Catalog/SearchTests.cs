using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Search;
using Mallgram.Tests.Integration.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>Words, facets, suggestions, synonyms and the log of searches, on a few products made for it.</summary>
public sealed class SearchTests(SearchTests.Shop app) : IClassFixture<SearchTests.Shop>
{
    [Theory]
    [InlineData("copper lantern", "lantern-1,lantern-2"), InlineData("cuivre", "lantern-1"), InlineData("COPPER Lanterns", "lantern-1,lantern-2")]
    [InlineData("coper lantren", "lantern-1,lantern-2"), InlineData("lanetrn", "lantern-1,lantern-2,lantern-3"), InlineData("hurricane", "lantern-3,boots")]
    [InlineData("lantern -copper", "lantern-3"), InlineData("\"copper lantern\"", "lantern-1,lantern-2"), InlineData("nosuchthing", "")]
    [InlineData("théière", "teapot"), InlineData("theiere", "teapot")]
    public async Task Words_find(string words, string expected)
    {
        var found = await IdsAsync("q=" + Uri.EscapeDataString(words));
        Assert.Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries), found);
    }

    [Fact]
    public async Task A_mended_error_is_told()
    {
        var page = await ListAsync("q=lanetrn");
        Assert.Equal("lantern", page.GetProperty("corrected_query").GetString());
        Assert.False((await ListAsync("q=lantern")).TryGetProperty("corrected_query", out _));
    }

    [Fact]
    public async Task Filters_narrow_and_facets_ignore_their_own()
    {
        Assert.Equal(["lantern-2"], await IdsAsync("q=lantern&brand=lumo"));
        Assert.Equal(["lantern-1", "lantern-3"], await IdsAsync("q=lantern&brand=glow-co"));
        Assert.Equal(["lantern-1"], await IdsAsync("q=lantern&ships_within=5"));
        Assert.Equal(["lantern-1", "lantern-2"], await IdsAsync("attr.material=copper&sort=rating"));
        Assert.Equal(["lantern-3"], await IdsAsync("attr.height=25..40&sort=rating"));

        var facets = (await ListAsync("q=lantern&brand=lumo&include=facets,total"));
        Assert.Equal(1, facets.GetProperty("total").GetInt64());
        var brands = facets.GetProperty("facets").GetProperty("brand").EnumerateArray()
            .ToDictionary(b => b.GetProperty("slug").GetString()!, b => b.GetProperty("count").GetInt64());
        Assert.Equal(2, brands["glow-co"]);
        Assert.Equal(1, brands["lumo"]);
        Assert.Equal(1, facets.GetProperty("facets").GetProperty("in_stock").EnumerateArray().Sum(s => s.GetProperty("count").GetInt64()));

        var ofAttribute = (await ListAsync("q=lantern&attr.material=copper&include=facets")).GetProperty("facets");
        var materials = ofAttribute.GetProperty("attributes").EnumerateArray().First(a => a.GetProperty("code").GetString() == "material")
            .GetProperty("values").EnumerateArray().ToDictionary(v => v.GetProperty("value").GetString()!, v => v.GetProperty("count").GetInt64());
        Assert.Equal(2, materials["copper"]);
        Assert.Equal(1, materials["tin"]);
        Assert.Equal(2, ofAttribute.GetProperty("brand").EnumerateArray().Sum(b => b.GetProperty("count").GetInt64()));
    }

    [Fact]
    public async Task Each_facet_counts_what_choosing_it_finds()
    {
        var facets = (await ListAsync("include=facets")).GetProperty("facets");
        Assert.False(facets.GetProperty("capped").GetBoolean());
        foreach (var band in facets.GetProperty("price").EnumerateArray())
        {
            var bounds = string.Concat(
                band.GetProperty("min_price") is { ValueKind: JsonValueKind.Number } least ? "&min_price=" + least : "",
                band.GetProperty("max_price") is { ValueKind: JsonValueKind.Number } most ? "&max_price=" + most : "");
            Assert.Equal(band.GetProperty("count").GetInt64(), (await ListAsync("include=total" + bounds)).GetProperty("total").GetInt64());
        }

        foreach (var (facet, key, parameter) in new[] { ("brand", "slug", "brand"), ("rating", "min_rating", "min_rating"), ("ships_within", "ships_within", "ships_within") })
        {
            foreach (var value in facets.GetProperty(facet).EnumerateArray())
            {
                var total = (await ListAsync($"include=total&{parameter}={value.GetProperty(key)}")).GetProperty("total").GetInt64();
                Assert.Equal(value.GetProperty("count").GetInt64(), total);
            }
        }
    }

    [Theory]
    [InlineData("attr.nothing=1", "attr.nothing"), InlineData("attr.height=tall", "attr.height"), InlineData("attr.height=..", "attr.height")]
    [InlineData("currency=USD", "currency"), InlineData("currency=FCFA", "currency"), InlineData("ships_within=soon", "ships_within")]
    [InlineData("featured=yes", "featured"), InlineData("sort=collection", "sort"), InlineData("include=total,facet", "include")]
    public async Task Bad_filters_are_named(string query, string field)
    {
        using var answer = await app.Http.GetAsync("/api/v1/products?" + query);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal([field], (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Suggestions_complete_what_is_being_typed()
    {
        var log = app.Api.Services.GetRequiredService<SearchLog>();
        await IdsAsync("q=copper+lantern");
        await IdsAsync("q=copperfield");
        await IdsAsync("q=coppers+someone%40example.com");
        await log.FlushAsync(CancellationToken.None);

        var suggested = await app.Http.GetFromJsonAsync<JsonElement>("/api/v1/products/suggest?q=Copp");
        Assert.Contains("Copper lantern, large", suggested.GetProperty("products").EnumerateArray().Select(p => p.GetProperty("name").GetString()));
        var queries = suggested.GetProperty("queries").EnumerateArray().Select(q => q.GetString()!).ToList();
        Assert.Contains("copper lantern", queries);
        // Found nothing, or may say who searched.
        Assert.DoesNotContain(queries, q => q == "copperfield" || q.Contains('@', StringComparison.Ordinal));
        var brand = await app.Http.GetFromJsonAsync<JsonElement>("/api/v1/products/suggest?q=glow");
        Assert.Equal("glow-co", brand.GetProperty("brands")[0].GetProperty("slug").GetString());
        foreach (var rubbish in new[] { "%25", "_", "%00", "'", "%F0%9F%98%80", "a%26b", "%5C" })
        {
            using var answer = await app.Http.GetAsync("/api/v1/products/suggest?q=" + rubbish);
            Assert.True(answer.StatusCode is HttpStatusCode.OK, rubbish);
        }
    }

    [Fact]
    public async Task Staff_see_what_was_not_found_and_teach_synonyms()
    {
        var staff = await app.SignInStaffAsync();
        Assert.Empty(await IdsAsync("q=fanous"));
        await IdsAsync("q=fanous%40example.com");
        await IdsAsync("q=0123456789");
        await app.Api.Services.GetRequiredService<SearchLog>().FlushAsync(CancellationToken.None);
        var empty = (await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/search/zero-results")).GetProperty("data").EnumerateArray()
            .Select(e => e.GetProperty("query").GetString()).ToList();
        Assert.Contains("fanous", empty);
        Assert.DoesNotContain(empty, q => q!.Contains('@', StringComparison.Ordinal) || q.Contains("012", StringComparison.Ordinal));

        using var created = await staff.PostAsJsonAsync("/api/v1/admin/search/synonyms", new { terms = new[] { "Fanous", "lantern", "storm lamp" } });
        var group = await created.JsonAsync(HttpStatusCode.Created);
        Assert.Equal(["lantern-1", "lantern-2", "lantern-3"], await IdsAsync("q=fanous"));
        Assert.Equal(["lantern-1", "lantern-2", "lantern-3"], await IdsAsync("q=storm+lamp"));
        Assert.Equal(["lantern-1", "lantern-2"], await IdsAsync("q=copper+fanous"));

        using var removed = await staff.DeleteAsync("/api/v1/admin/search/synonyms/" + group.GetProperty("id").GetString());
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Empty(await IdsAsync("q=fanous"));
        foreach (var terms in new[] { new[] { "one" }, ["same", "Same"], [new string('x', 61), "y"] })
        {
            using var refused = await staff.PostAsJsonAsync("/api/v1/admin/search/synonyms", new { terms });
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        }
    }

    [Fact]
    public async Task The_views_of_the_original_design_have_its_columns_and_its_walls()
    {
        foreach (var (view, columns) in new[]
        {
            ("products", "id,external_id,name,category_id,price_mallgram,is_retailer,seller_rating,review_count,created_at,updated_at"),
            ("products_retailer", "id,external_id,name,category_id,price_mallgram,is_retailer,seller_rating,review_count,created_at,updated_at,min_order_quantity,bulk_discount_percent"),
        })
        {
            Assert.Equal(columns, await app.Database.ScalarAsync<string>(
                $"select string_agg(column_name, ',' order by ordinal_position) from information_schema.columns where table_schema = 'public' and table_name = '{view}'"));
        }

        async Task<long> CountAsync(string view, Guid? store)
        {
            await using var source = Npgsql.NpgsqlDataSource.Create(app.Database.App);
            await using var batch = source.CreateBatch();
            batch.BatchCommands.Add(new Npgsql.NpgsqlBatchCommand($"select set_config('app.store_id', '{store}', true)"));
            batch.BatchCommands.Add(new Npgsql.NpgsqlBatchCommand($"select count(*) from public.{view}"));
            await using var rows = await batch.ExecuteReaderAsync();
            await rows.NextResultAsync();
            await rows.ReadAsync();
            return rows.GetInt64(0);
        }

        Assert.True(await CountAsync("products", ImportedProducts.DefaultStore) > 0);
        foreach (var view in new[] { "products", "products_retailer", "categories" })
        {
            Assert.Equal(0, await CountAsync(view, null));
            Assert.Equal(0, await CountAsync(view, Guid.Parse("01930000-0000-7000-8000-000000000002")));
        }
    }

    private async Task<List<string>> IdsAsync(string query)
    {
        var names = (await ListAsync(query)).GetProperty("data").EnumerateArray().Select(p => p.GetProperty("name").GetString()!).ToList();
        return [.. names.Select(n => Shop.Names[n])];
    }

    private Task<JsonElement> ListAsync(string query) => app.Http.GetFromJsonAsync<JsonElement>("/api/v1/products?" + query);

    public sealed class Shop : MallgramApp
    {
        internal static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
        {
            ["Copper lantern, large"] = "lantern-1",
            ["Copper lantern, small"] = "lantern-2",
            ["Tin lantern"] = "lantern-3",
            ["Rubber boots"] = "boots",
            ["Teapot"] = "teapot",
        };

        protected override bool Synchronised => false;

        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            await new ImportedProducts(this).ImportAsync(
                Item("Copper lantern, large", 30m, 4.9m, "Glow & Co", 3) with { NameFr = "Lanterne en cuivre" },
                Item("Copper lantern, small", 20m, 4.5m, "Lumo", 9),
                Item("Tin lantern", 10m, 3.5m, "Glow & Co", 12) with { Description = "For any hurricane." },
                Item("Rubber boots", 15m, 3m, null, 20) with { Description = "Walk through a hurricane." },
                Item("Teapot", 8m, 2m, null, 20) with { NameFr = "Théière" });
            await Database.ExecuteAsync(
                $$"""
                insert into catalog.attributes (store_id, code, name, kind, filterable) values
                    ('{{ImportedProducts.DefaultStore}}', 'material', 'Material', 'text', true), ('{{ImportedProducts.DefaultStore}}', 'height', 'Height', 'number', true);
                update catalog.products set attributes = case name when 'Tin lantern' then '{"material": "tin", "height": 30}'::jsonb
                    else '{"material": "copper", "height": 50}' end where name like '%lantern%'
                """);
        }

        private static SupplierProduct Item(string name, decimal cost, decimal rating, string? brand, int ships) =>
            ImportedProducts.Product(Names[name], name, cost) with { Rating = rating, ReviewCount = 10, Brand = brand, ShipsWithinDays = ships };
    }
}
