using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>Reading the catalogue over HTTP, on 60 generated products.</summary>
public sealed class ProductListTests(ProductListTests.Shop app) : IClassFixture<ProductListTests.Shop>
{
    private const int Products = 60;

    [Theory]
    [InlineData("sort=price"), InlineData("sort=-price"), InlineData("sort=newest"), InlineData("sort=rating"), InlineData("sort=name")]
    [InlineData("q=durable+OR+portable+OR+premium+OR+modern+OR+family+OR+travel+OR+foldable"), InlineData("in_stock=true&sort=rating")]
    public async Task Pages_show_every_product_once_in_order(string query)
    {
        var all = (await ListAsync(query + "&limit=100&include=total")).GetProperty("data").EnumerateArray().Select(Id).ToList();
        Assert.InRange(all.Count, 10, Products);
        var paged = new List<string>();
        string? cursor = null;
        do
        {
            var page = await ListAsync($"{query}&limit=7" + (cursor is null ? "" : "&cursor=" + cursor));
            paged.AddRange(page.GetProperty("data").EnumerateArray().Select(Id));
            cursor = page.GetProperty("next_cursor").GetString();
            Assert.True(paged.Count <= Products, "pages do not end");
        }
        while (cursor is not null);
        Assert.Equal(all, paged);
    }

    [Fact]
    public async Task Prices_are_sorted_by_amount()
    {
        var prices = (await ListAsync("sort=price&limit=100")).GetProperty("data").EnumerateArray()
            .Select(p => p.GetProperty("price").GetProperty("amount").GetInt64()).ToList();
        Assert.Equal(Products, prices.Count);
        Assert.Equal(prices.Order(), prices);
    }

    [Fact]
    public async Task A_cursor_serves_its_own_filters_and_store_only()
    {
        var cursor = (await ListAsync("sort=price&limit=5")).GetProperty("next_cursor").GetString();
        foreach (var query in new[] { "sort=-price", "sort=price&channel=b2c", "sort=name" })
        {
            Assert.Equal((HttpStatusCode.BadRequest, "cursor_invalid"), await ProblemAsync($"{query}&cursor={cursor}"));
        }

        foreach (var rubbish in new[] { "x", "%00", "AAAA", new string('A', 3000), cursor + "x", cursor![..^4] })
        {
            Assert.Equal((HttpStatusCode.BadRequest, "cursor_invalid"), await ProblemAsync("sort=price&cursor=" + rubbish));
        }
    }

    [Theory]
    [InlineData("limit=0", "limit"), InlineData("limit=101", "limit"), InlineData("limit=1&limit=2", "limit"), InlineData("min_price=1.5", "min_price")]
    [InlineData("min_price=5&max_price=4", "max_price"), InlineData("min_rating=5.1", "min_rating"), InlineData("min_rating=NaN", "min_rating")]
    [InlineData("channel=B2C", "channel"), InlineData("in_stock=1", "in_stock"), InlineData("sort=cheap", "sort"), InlineData("fields=password", "fields")]
    [InlineData("include=everything", "include"), InlineData("max_price=99999999999999999999", "max_price")]
    public async Task Bad_parameters_are_named(string query, string field)
    {
        using var answer = await app.Http.GetAsync("/api/v1/products?" + query);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("validation_failed", problem.GetProperty("code").GetString());
        Assert.Equal([field], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Theory]
    [InlineData("q=%00%27%22%3B--+%25_%5C"), InlineData("q=%F0%9F%98%80"), InlineData("q=%22%22"), InlineData("q=-%21%26%7C%28%29%3A%2A"), InlineData("q=the")]
    [InlineData("category=no-such-category"), InlineData("category=cat_00000000000000000000000000")]
    public async Task Strange_words_are_looked_for_like_any_other(string query) => await ListAsync(query);

    [Fact]
    public async Task A_known_answer_is_304_and_a_new_price_ends_that()
    {
        var product = (await ListAsync("limit=1&sort=name")).GetProperty("data")[0];
        foreach (var path in new[] { "/api/v1/products/" + product.GetProperty("slug").GetString(), "/api/v1/products?limit=1&sort=name" })
        {
            using var first = await app.Http.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotModified, await StatusAsync(path, first.Headers.ETag!.ToString()));
            Assert.Equal(HttpStatusCode.NotModified, await StatusAsync(path, "\"other\", " + first.Headers.ETag));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(path, "\"other\""));
            await app.Database.ExecuteAsync("update catalog.listings set price = price + 100");
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(path, first.Headers.ETag.ToString()));
        }
    }

    [Fact]
    public async Task Words_are_found_in_both_languages_without_accents_and_with_typing_errors()
    {
        foreach (var (words, part) in new[] { ("ecouteurs", "Earphones"), ("Écouteurs", "Earphones"), ("earphone", "Earphones"), ("eraphones", "Earphones") })
        {
            var found = (await ListAsync("limit=50&q=" + Uri.EscapeDataString(words))).GetProperty("data").EnumerateArray().ToList();
            Assert.True(found.Exists(p => p.GetProperty("name").GetString()!.Contains(part, StringComparison.Ordinal)), words);
        }

        Assert.Empty((await ListAsync("q=zzqxjvkw")).GetProperty("data").EnumerateArray());
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), await ProblemAsync("limit=1", "/search"));
    }

    [Fact]
    public async Task Fields_trim_and_lists_are_lean()
    {
        var trimmed = (await ListAsync("limit=1&fields=name,price")).GetProperty("data")[0];
        Assert.Equal(["id", "name", "price"], trimmed.EnumerateObject().Select(m => m.Name));
        var full = (await ListAsync("limit=1")).GetProperty("data")[0];
        Assert.False(full.TryGetProperty("description", out _) || full.TryGetProperty("variants", out _));
        Assert.All(
            (await ListAsync("limit=100")).GetProperty("data").EnumerateArray(),
            item => Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(item.GetRawText()), 1, 1023));
    }

    [Fact]
    public async Task Another_store_has_none_of_them()
    {
        var product = (await ListAsync("limit=1")).GetProperty("data")[0];
        foreach (var key in new[] { "id", "slug" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/products/" + product.GetProperty(key).GetString())
            {
                Headers = { { "X-Store", "dakarcafe" } },
            };
            using var answer = await app.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        foreach (var list in new[] { "/api/v1/products", "/api/v1/products/search?q=lamp", "/api/v1/categories" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, list) { Headers = { { "X-Store", "dakarcafe" } } };
            using var answer = await app.Http.SendAsync(request);
            Assert.Equal(0, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("data").GetArrayLength());
        }
    }

    [Fact]
    public async Task Categories_come_whole_or_in_pages()
    {
        var all = (await app.Http.GetFromJsonAsync<JsonElement>("/api/v1/categories")).GetProperty("data").EnumerateArray().Select(Id).ToList();
        var paged = new List<string>();
        string? cursor = "";
        while (cursor is not null)
        {
            var page = await app.Http.GetFromJsonAsync<JsonElement>("/api/v1/categories?limit=4&cursor=" + cursor);
            paged.AddRange(page.GetProperty("data").EnumerateArray().Select(Id));
            cursor = page.GetProperty("next_cursor").GetString();
        }

        Assert.Equal(all, paged);
        Assert.True(all.Count > 10);
    }

    private static string Id(JsonElement item) => item.GetProperty("id").GetString()!;

    private Task<JsonElement> ListAsync(string query) => app.Http.GetFromJsonAsync<JsonElement>("/api/v1/products?" + query);

    private async Task<HttpStatusCode> StatusAsync(string path, string ifNoneMatch)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        using var answer = await app.Http.SendAsync(request);
        return answer.StatusCode;
    }

    private async Task<(HttpStatusCode Status, string? Code)> ProblemAsync(string query, string path = "")
    {
        using var answer = await app.Http.GetAsync($"/api/v1/products{path}?{query}");
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }

    public sealed class Shop : MallgramApp
    {
        protected override int CatalogueSize => Products;
    }
}
