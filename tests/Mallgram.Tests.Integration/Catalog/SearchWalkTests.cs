using System.Net.Http.Json;
using System.Text.Json;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>Words in so many titles that a page is found by walking the order of the sort, each way there is.</summary>
public sealed class SearchWalkTests(SearchWalkTests.Shop app) : IClassFixture<SearchWalkTests.Shop>
{
    // Of 12 000: the best rated and cheapest 400, then so many that a page is met at once, then 1 500 that are compared by id.
    [Theory]
    [InlineData("zenith", "relevance"), InlineData("gondola", "relevance"), InlineData("barrel", "relevance")]
    [InlineData("zenith", "price"), InlineData("gondola", "price"), InlineData("barrel", "price")]
    public async Task Pages_follow_each_other(string word, string sort)
    {
        var order = sort == "price" ? "l.price, l.product_id" : "l.rating_hundredths desc, l.review_count desc, l.product_id desc";
        var expected = await app.Database.ScalarAsync<string>(
            $"""
            select string_agg(name, ',') from (select p.name from catalog.products p join catalog.listings l on l.product_id = p.id
            where p.name like '{word} %' order by {order} limit 90) n
            """);
        var names = new List<string>();
        string? cursor = null;
        for (var page = 0; page < 3; page++)
        {
            var found = await ListAsync($"q={word}&sort={sort}&limit=30{(cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor))}");
            names.AddRange(found.GetProperty("data").EnumerateArray().Select(p => p.GetProperty("name").GetString()!));
            cursor = found.GetProperty("next_cursor").GetString();
        }

        Assert.Equal(expected.Split(','), names);
    }

    [Theory]
    [InlineData("gondola"), InlineData("barrel")]
    public async Task What_a_walk_does_not_meet_often_enough_is_found(string word)
    {
        var found = await ListAsync($"q={word}&in_stock=true&include=total");
        Assert.Equal([word + " 1"], found.GetProperty("data").EnumerateArray().Select(p => p.GetProperty("name").GetString()!));
        Assert.Equal(1, found.GetProperty("total").GetInt64());
        Assert.Equal(word == "barrel" ? 10_100 : 1_500, (await ListAsync($"q={word}&include=total")).GetProperty("total").GetInt64());
    }

    [Fact]
    public async Task Names_as_long_as_can_be_fit_the_index_and_are_met()
    {
        var words = Enumerable.Range(0, 26 * 26).Select(n => $"{(char)('a' + (n / 26))}{(char)('a' + (n % 26))}").ToList();
        // Up to 500 bytes the index holds the words of a name, each hyphenated part and the whole; beyond that the product is asked.
        await new ImportedProducts(app).ImportAsync([.. new[] { 188, 188, 280, 280, 280 }.Select((french, i) =>
            ImportedProducts.Product($"long-{i}", Cut("zephyr " + string.Join('-', words), 300)) with
            {
                NameFr = Cut("zéphyr " + string.Join('-', words.Skip(150)), french),
                Brand = "Longfellow",
            })]);
        var page = await ListAsync("q=zephyr&limit=2");
        Assert.Equal(2, page.GetProperty("data").GetArrayLength());
        var next = await ListAsync("q=zephyr&limit=4&cursor=" + Uri.EscapeDataString(page.GetProperty("next_cursor").GetString()!));
        Assert.Equal(3, next.GetProperty("data").GetArrayLength());
        Assert.Equal(
            "2,3",
            await app.Database.ScalarAsync<string>(
                "select string_agg(n::text, ',' order by n) from (select count(*) as n from catalog.products where brand = 'Longfellow' group by words is null) c"));

        static string Cut(string text, int length) => text[..length];
    }

    private Task<JsonElement> ListAsync(string query) => app.Http.GetFromJsonAsync<JsonElement>("/api/v1/products?" + query);

    public sealed class Shop : MallgramApp
    {
        protected override bool Synchronised => false;

        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            await new ImportedProducts(this).ImportAsync(ImportedProducts.Product("one", "Teapot", 8m));
            await Database.ExecuteAsync(
                $"""
                create temporary table made as
                select gen_random_uuid() as id, case when n <= 400 then 'zenith ' || n when n <= 10500 then 'barrel ' || n - 400 else 'gondola ' || n - 10500 end as name,
                    case when n <= 400 then 500 when n <= 10500 then 400 else 300 end as rating, n from generate_series(1, 12000) n;
                insert into catalog.products (store_id, id, slug, name, status, search_key, name_key, name_key_fr, rating, review_count)
                select '{ImportedProducts.DefaultStore}', id, replace(name, ' ', '-'), name, 'active', name, name, name, rating / 100.0, n % 7 from made;
                insert into catalog.listings (store_id, product_id, currency, channel, is_primary, min_order_quantity, price, in_stock,
                    rating_hundredths, review_count, featured, best_seller, new_until, sort_order, name_key, name_key_fr, created_at)
                select l.store_id, m.id, l.currency, l.channel, true, 1, 1000 + m.n, m.name like '% 1', m.rating, m.n % 7, false, false, now(), 0,
                    m.name, m.name, now()
                from made m cross join catalog.listings l join catalog.products p on p.id = l.product_id and p.name = 'Teapot' and l.is_primary;
                """);
        }
    }
}
