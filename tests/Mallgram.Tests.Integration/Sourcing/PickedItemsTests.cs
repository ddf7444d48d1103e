using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Mallgram.Tests.Integration.Catalog;

namespace Mallgram.Tests.Integration.Sourcing;

/// <summary>Items that a person picks at the supplier: the feed shows the toys, never the books.</summary>
public sealed class PickedItemsTests : IAsyncLifetime
{
    private const int Toys = 6;
    private const string Import = "/api/v1/admin/suppliers/aliexpress/products";

    private readonly AppWithTwoShelves _app = new();
    private HttpClient _staff = null!;

    public async Task InitializeAsync()
    {
        await _app.InitializeAsync();
        _staff = await _app.SignInStaffAsync();
    }

    public Task DisposeAsync()
    {
        _staff.Dispose();
        return _app.DisposeAsync();
    }

    [Fact]
    public async Task Each_item_is_answered_with_what_became_of_it_and_the_run_is_in_the_history()
    {
        var (book, priceless) = (await FindAsync("Book number 1"), await FindAsync("Book number 3"));
        Assert.Contains("/api/v1/images/", book.GetProperty("image_url").GetString(), StringComparison.Ordinal);
        var first = await PickAsync(Id(book), Id(priceless), "999000999");
        var (created, skipped, unknown) = (first.GetProperty("data")[0], first.GetProperty("data")[1], first.GetProperty("data")[2]);
        Assert.Equal(("created", "active"), (Text(created, "outcome"), Text(created, "product_status")));
        Assert.Equal(("skipped", "no_price", null), (Text(skipped, "outcome"), Text(skipped, "reason"), Text(skipped, "product_id")));
        Assert.Equal(("skipped", "unknown", null), (Text(unknown, "outcome"), Text(unknown, "reason"), Text(unknown, "product_id")));
        var product = await _app.Http.GetFromJsonAsync<JsonElement>("/api/v1/products/" + Text(created, "product_id"));
        Assert.Equal("Book number 1", Text(product, "name"));
        Assert.True(product.GetProperty("price").GetProperty("amount").GetInt64() > 0);

        var run = await _staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/sync-runs/" + Text(first, "run_id"));
        Assert.Equal(("succeeded", null), (Text(run, "state"), Text(run, "job_run_id")));
        Assert.StartsWith("usr_", Text(run, "started_by"), StringComparison.Ordinal);
        Assert.Equal((3, 1, 2), (Number(run, "seen"), Number(run, "created"), Number(run, "skipped")));
        Assert.Equal((1, 1), (Number(run.GetProperty("reasons"), "no_price"), Number(run.GetProperty("reasons"), "unknown")));

        Assert.Equal("unchanged", Text((await PickAsync(Id(book))).GetProperty("data")[0], "outcome"));
        await _app.ControlAsync("aliexpress", new { action = "price_change", percent = 100, factor = 1.5 });
        var again = (await PickAsync(Id(book))).GetProperty("data")[0];
        Assert.Equal(("updated", Text(created, "product_id")), (Text(again, "outcome"), Text(again, "product_id")));
    }

    [Fact]
    public async Task The_store_s_quality_filter_applies()
    {
        (await _staff.PutAsJsonAsync("/api/v1/admin/quality-filters/*", new { banned_words = new[] { "book" } })).EnsureSuccessStatusCode();
        var item = (await PickAsync(Id(await FindAsync("Book number 1")))).GetProperty("data")[0];
        Assert.Equal(("skipped", "filtered_banned_word"), (Text(item, "outcome"), Text(item, "reason")));
        Assert.Equal((0, 0), (await CountAsync("catalog.products"), await CountAsync("sourcing.picked_items")));
    }

    [Fact]
    public async Task Later_syncs_keep_it_refresh_it_and_hide_it_when_the_supplier_does()
    {
        await SyncAsync();
        var book = Id(await FindAsync("Book number 1"));
        await PickAsync(book);
        // As if a feed of former days had shown it: what is missing from the feed is hidden, unless a person picked it.
        await _app.Database.ExecuteAsync(
            $"""
            insert into sourcing.feed_items (store_id, supplier, external_id, feed_hash, read_at)
            values ('{ImportedProducts.DefaultStore}', 'aliexpress', '{book}', '\x00', now())
            """);
        var kept = await SyncAsync();
        Assert.Equal(
            ("succeeded", Toys + 1, Toys + 1, 0),
            (Text(kept, "state"), Number(kept, "seen"), Number(kept, "unchanged"), Number(kept, "hidden")));
        Assert.Equal("active", await StatusAsync(book));

        var before = await PriceAsync(book);
        await _app.ControlAsync("aliexpress", new { action = "price_change", percent = 100, factor = 2 });
        Assert.Equal(Toys + 1, Number(await SyncAsync(), "updated"));
        Assert.True(await PriceAsync(book) > before);

        await _app.ControlAsync("aliexpress", new { action = "delist", product_id = book });
        var gone = await SyncAsync();
        Assert.Equal((1, 1), (Number(gone, "hidden"), Number(gone.GetProperty("reasons"), "offline")));
        Assert.Equal("hidden", await StatusAsync(book));
        await _app.ControlAsync("aliexpress", new { action = "relist" });
        await SyncAsync();
        Assert.Equal("active", await StatusAsync(book));
    }

    [Fact]
    public async Task A_fault_of_the_supplier_writes_nothing_although_some_items_were_read()
    {
        var ids = new[] { Id(await FindAsync("Book number 1")), Id(await FindAsync("Book number 2")) };
        await PickAsync(ids[0]);
        var (runs, products) = (await CountAsync("sourcing.sync_runs"), await CountAsync("catalog.products"));
        await _app.ControlAsync("aliexpress", new { action = "quota", per_day = 1 });
        await AssertProblemAsync(new { external_ids = ids }, 503, "supplier_unavailable");
        Assert.Equal((runs, products, 1), (
            await CountAsync("sourcing.sync_runs"), await CountAsync("catalog.products"), await CountAsync("sourcing.picked_items")));
    }

    [Theory]
    [InlineData("""{"external_ids":[]}""", 422), InlineData("""{}""", 422), InlineData("""{"external_ids":null}""", 422)]
    [InlineData("""{"external_ids":["1","1"]}""", 422), InlineData("""{"external_ids":[""]}""", 422)]
    [InlineData("""{"external_ids":[null]}""", 422), InlineData("""{"external_ids":["1\u0000"]}""", 422)]
    [InlineData("""{"external_ids":[1]}""", 400), InlineData("""["1"]""", 400), InlineData("{", 400)]
    public async Task Rubbish_is_refused(string body, int status)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await _staff.PostAsync(Import, content);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(0, await CountAsync("sourcing.sync_runs"));
    }

    [Fact]
    public async Task Too_many_too_long_and_strangers_are_refused()
    {
        await AssertProblemAsync(new { external_ids = Enumerable.Range(1, 21).Select(i => $"{i}") }, 422, "validation_failed");
        await AssertProblemAsync(new { external_ids = new[] { new string('1', 65) } }, 422, "validation_failed");
        await AssertProblemAsync(new { external_ids = new[] { "1" } }, 404, "supplier_not_found", "/api/v1/admin/suppliers/nobody/products");
        using var guest = await _app.Http.PostAsJsonAsync(Import, new { external_ids = new[] { "1" } });
        Assert.Equal(HttpStatusCode.Unauthorized, guest.StatusCode);
    }

    [Fact]
    public async Task A_rolled_back_import_hides_and_forgets_what_was_picked()
    {
        var book = Id(await FindAsync("Book number 1"));
        var run = Text(await PickAsync(book), "run_id");
        // While a run is being rolled back nothing else of its supplier begins.
        await _app.Database.ExecuteAsync("update sourcing.sync_runs set rollback_started_at = now()");
        await AssertProblemAsync(new { external_ids = new[] { Id(await FindAsync("Book number 2")) } }, 409, "sync_run_rolling_back");
        Assert.Equal(1, await CountAsync("catalog.products"));
        await _app.Database.ExecuteAsync("update sourcing.sync_runs set rollback_started_at = null");

        using var answer = await _staff.PostAsync($"/api/v1/admin/sync-runs/{run}/rollback", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(("hidden", 0), (await StatusAsync(book), await CountAsync("sourcing.picked_items")));
        Assert.Equal(Toys, Number(await SyncAsync(), "seen"));
        Assert.Equal("hidden", await StatusAsync(book));
    }

    [Fact]
    public async Task A_run_of_the_job_that_waits_for_quota_goes_on_after_an_import()
    {
        await SyncAsync();
        await _app.Database.ExecuteAsync("update sourcing.sync_runs set state = 'paused_by_quota'");
        await PickAsync(Id(await FindAsync("Book number 1")));
        await _app.RunJobAsync("product-sync");
        Assert.Equal((1, 1), (
            await CountAsync("sourcing.sync_runs where started_by is null"),
            await CountAsync("sourcing.sync_runs where started_by is null and state = 'succeeded'")));
    }

    [Fact]
    public async Task A_run_shows_what_it_changed_before_and_after()
    {
        var first = await SyncAsync();
        var created = await ChangesAsync(first, "?kind=created");
        Assert.Equal(Toys, created.Length);
        Assert.All(created, c => Assert.Equal(("created", 0), (Text(c, "kind"), c.GetProperty("prices").GetArrayLength())));

        await _app.Database.ExecuteAsync("update catalog.stock set on_hand = 3; update catalog.products set name = 'Former name'");
        var before = await PricesAsync();
        await _app.ControlAsync("aliexpress", new { action = "price_change", percent = 100, factor = 1.5 });
        var second = await SyncAsync();
        var after = await PricesAsync();
        var changes = await ChangesAsync(second, "?limit=2");
        Assert.Equal(Toys, changes.Select(c => Text(c, "product_id")).Distinct(StringComparer.Ordinal).Count());
        Assert.All(changes, change =>
        {
            Assert.Equal("updated", Text(change, "kind"));
            Assert.StartsWith("Toy number", Text(change, "name"), StringComparison.Ordinal);
            Assert.Equal(["costs", "name"], change.GetProperty("fields").EnumerateArray().Select(f => f.GetString()));
            var price = Assert.Single(change.GetProperty("prices").EnumerateArray());
            Assert.Equal((1, "ZAR"), (Number(price, "min_quantity"), Text(price, "currency")));
            Assert.Equal(before[Text(price, "sku")!], price.GetProperty("before").GetProperty("amount").GetInt64());
            Assert.Equal(after[Text(price, "sku")!], price.GetProperty("after").GetProperty("amount").GetInt64());
            Assert.StartsWith("R ", Text(price.GetProperty("after"), "formatted"), StringComparison.Ordinal);
            var stock = Assert.Single(change.GetProperty("stock").EnumerateArray());
            Assert.Equal((3, 8), (Number(stock, "before"), Number(stock, "after")));
            Assert.Equal((1, 1), (Number(change, "price_count"), Number(change, "stock_count")));
            Assert.Equal(JsonValueKind.Null, change.GetProperty("undone_at").ValueKind);
        });
        Assert.Empty(await ChangesAsync(second, "?kind=hidden"));

        (await _staff.PostAsync($"/api/v1/admin/sync-runs/{Text(second, "id")}/rollback", null)).EnsureSuccessStatusCode();
        Assert.All(await ChangesAsync(second, ""), c =>
        {
            Assert.Equal(JsonValueKind.String, c.GetProperty("undone_at").ValueKind);
            // The rollback's own rows of the history are no changes of the run.
            Assert.Equal(1, Number(c, "price_count"));
        });
        foreach (var (path, status, code) in new[]
            {
                ($"{Text(second, "id")}/changes?kind=odd", 422, "validation_failed"),
                ($"{Text(second, "id")}/changes?limit=0", 422, "validation_failed"),
                ($"{Text(second, "id")}/changes?cursor=odd", 400, "cursor_invalid"), ("odd/changes", 404, "sync_run_not_found"),
                ("syn_01h455vb4pex5vsknk084sn02q/changes", 404, "sync_run_not_found"),
            })
        {
            using var refused = await _staff.GetAsync("/api/v1/admin/sync-runs/" + path);
            Assert.Equal((status, code), ((int)refused.StatusCode, Text(await refused.Content.ReadFromJsonAsync<JsonElement>(), "code")));
        }
    }

    private async Task<JsonElement> FindAsync(string name)
    {
        var found = await _staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/suppliers/aliexpress/search?q=" + Uri.EscapeDataString(name));
        return found.GetProperty("data").EnumerateArray().Single(o => Text(o, "name") == name);
    }

    private async Task<JsonElement> PickAsync(params string[] ids)
    {
        using var answer = await _staff.PostAsJsonAsync(Import, new { external_ids = ids });
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task AssertProblemAsync(object body, int status, string code, string path = Import)
    {
        using var answer = await _staff.PostAsJsonAsync(path, body);
        Assert.Equal((status, code), ((int)answer.StatusCode, Text(await answer.Content.ReadFromJsonAsync<JsonElement>(), "code")));
    }

    private async Task<JsonElement> SyncAsync()
    {
        var run = await _app.RunJobAsync("product-sync");
        Assert.True(run.State == "succeeded", run.Error);
        return (await _staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/sync-runs?limit=1")).GetProperty("data")[0];
    }

    /// <summary>All pages.</summary>
    private async Task<JsonElement[]> ChangesAsync(JsonElement run, string query)
    {
        var changes = new List<JsonElement>();
        var pages = 0;
        string? cursor = null;
        do
        {
            var more = cursor is null ? "" : (query.Length == 0 ? "?" : "&") + "cursor=" + Uri.EscapeDataString(cursor);
            var page = await _staff.GetFromJsonAsync<JsonElement>($"/api/v1/admin/sync-runs/{Text(run, "id")}/changes{query}{more}");
            pages++;
            changes.AddRange(page.GetProperty("data").EnumerateArray());
            cursor = Text(page, "next_cursor");
        }
        while (cursor is not null);

        Assert.Equal(query.Contains("limit=2", StringComparison.Ordinal) ? Toys / 2 : 1, pages);
        return [.. changes];
    }

    /// <summary>By SKU.</summary>
    private async Task<Dictionary<string, long>> PricesAsync() =>
        JsonSerializer.Deserialize<Dictionary<string, long>>(await _app.Database.ScalarAsync<string>(
            "select jsonb_object_agg(v.sku, r.amount)::text from catalog.prices r join catalog.variants v on v.id = r.variant_id"))!;

    private Task<long> PriceAsync(string externalId) => _app.Database.ScalarAsync<long>(
        $"""
        select min(r.amount) from catalog.prices r join catalog.variants v on v.id = r.variant_id
        join catalog.products p on p.id = v.product_id where p.external_id = '{externalId}'
        """);

    private Task<string> StatusAsync(string externalId) =>
        _app.Database.ScalarAsync<string>($"select status from catalog.products where external_id = '{externalId}'");

    private async Task<int> CountAsync(string from) => (int)await _app.Database.ScalarAsync<long>("select count(*) from " + from);

    private static string Id(JsonElement offer) => Text(offer, "external_id")!;

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private sealed class AppWithTwoShelves : MallgramApp
    {
        private readonly string _file = Path.Combine(Path.GetTempPath(), $"catalogue-{Guid.NewGuid():N}.csv");

        protected override bool Synchronised => false;

        protected override IEnumerable<string> SandboxSettings =>
            ["--Sandbox:Catalogue=" + _file, "--Sandbox:AliExpress:ImageBaseUrl=http://pictures.example"];

        protected override IEnumerable<string> ServiceSettings => ["--Sourcing:AliExpress:FeedName=AEB_Toys"];

        public override async Task InitializeAsync()
        {
            var csv = new StringBuilder("id,name,category_path,brand,price_gbp,stock,review_count,answered_questions,rating\n");
            for (var row = 1; row <= Toys; row++)
            {
                csv.Append(CultureInfo.InvariantCulture, $"toy{row:D4},Toy number {row},Toys > Shelf,Brand,{row}.49,8 new,3,1,4.5\n");
            }

            for (var row = 1; row <= 3; row++)
            {
                var price = row == 3 ? "" : "7.49";
                csv.Append(CultureInfo.InvariantCulture, $"book{row:D4},Book number {row},Books > Shelf,Brand,{price},8 new,3,1,4.5\n");
            }

            await File.WriteAllTextAsync(_file, csv.ToString());
            await base.InitializeAsync();
        }

        public override async Task DisposeAsync()
        {
            await base.DisposeAsync();
            File.Delete(_file);
        }
    }
}

/// <summary>Items that the feed shows too, with names in two languages.</summary>
public sealed class PickedFeedItemsTests(MallgramApp app) : IClassFixture<MallgramApp>
{
    [Fact]
    public async Task An_item_of_the_feed_stays_as_it_is_with_its_french_name()
    {
        using var staff = await app.SignInStaffAsync();
        var item = await app.Database.ScalarAsync<string>("select min(external_id) from catalog.products where name_fr is not null");
        using var answer = await staff.PostAsJsonAsync(
            "/api/v1/admin/suppliers/aliexpress/products", new { external_ids = new[] { item } });
        var picked = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("unchanged", picked.GetProperty("data")[0].GetProperty("outcome").GetString());
        Assert.NotNull(await app.Database.ScalarAsync<string>($"select name_fr from catalog.products where external_id = '{item}'"));
    }
}
