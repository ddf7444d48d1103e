using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Sourcing.Suppliers;
using Mallgram.Tests.Integration.Catalog;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Sourcing;

/// <summary>What becomes of a run when single items fail, when a feed shrinks, and when a person wants it undone.</summary>
public sealed class SyncRepairTests : IAsyncLifetime
{
    private readonly AppWithSupplier _app = new();

    public Task InitializeAsync() => _app.InitializeAsync();

    public Task DisposeAsync() => _app.DisposeAsync();

    private Shelf Supplier => _app.Shelf;

    [Fact]
    public async Task A_failed_item_is_read_again_at_the_end_of_the_run_and_when_a_person_asks()
    {
        Supplier.Stock(20);
        Supplier.FailTimes["i05"] = 1;
        Supplier.FailTimes["i07"] = 2;
        using var staff = await _app.SignInStaffAsync();
        var run = await SyncAsync(staff);
        Assert.Equal((20, 19, 1), (Number(run, "seen"), Number(run, "created"), Number(run, "failed")));
        var issues = await staff.GetFromJsonAsync<JsonElement>($"/api/v1/admin/sync-runs/{Id(run)}/issues");
        Assert.Equal("i07", Assert.Single(issues.GetProperty("data").EnumerateArray()).GetProperty("external_id").GetString());

        using (var retry = await staff.PostAsync($"/api/v1/admin/sync-runs/{Id(run)}/retry", null))
        {
            Assert.Equal(HttpStatusCode.Accepted, retry.StatusCode);
        }

        await Eventually.HoldsAsync("item read again", async () => Number(await GetAsync(), "failed") == 0);
        run = await GetAsync();
        Assert.Equal((20, 20, "{}"), (Number(run, "seen"), Number(run, "created"), run.GetProperty("reasons").GetRawText()));
        Assert.Equal(20, Number(await SyncAsync(staff), "unchanged"));

        Task<JsonElement> GetAsync() => staff.GetFromJsonAsync<JsonElement>($"/api/v1/admin/sync-runs/{Id(run)}");
    }

    [Fact]
    public async Task A_feed_that_lost_most_of_its_items_is_believed_only_the_third_time()
    {
        using var staff = await _app.SignInStaffAsync();
        Supplier.Stock(20);
        await SyncAsync(staff);
        Supplier.Stock(10);
        for (var time = 1; time <= 2; time++)
        {
            var run = await SyncAsync(staff);
            Assert.Equal(("incomplete", 1), (run.GetProperty("state").GetString(), Number(run.GetProperty("reasons"), "feed_shrunk")));
            Assert.Equal(0, await HiddenAsync());
        }

        Assert.Equal("succeeded", (await SyncAsync(staff)).GetProperty("state").GetString());
        Assert.Equal(10, await HiddenAsync());
    }

    [Fact]
    public async Task A_run_is_rolled_back_newest_first_and_only_once()
    {
        using var staff = await _app.SignInStaffAsync();
        Supplier.Stock(20);
        var first = await SyncAsync(staff);
        Supplier.Stock(21, cost: 99m);
        var second = await SyncAsync(staff);
        Assert.Equal((1, 20), (Number(second, "created"), Number(second, "updated")));
        Assert.Equal("sync_run_not_newest", await ProblemAsync(first));
        for (var time = 1; time <= 2; time++)
        {
            using var answer = await staff.PostAsync($"/api/v1/admin/sync-runs/{Id(second)}/rollback", null);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var view = await answer.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal((21, JsonValueKind.String), (Number(view, "rolled_back"), view.GetProperty("rolled_back_at").ValueKind));
            Assert.StartsWith("usr_", view.GetProperty("rolled_back_by").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(20, await _app.Database.ScalarAsync<long>("select count(*) from catalog.price_history where cause = 'rollback'"));
        Assert.Equal(1, await HiddenAsync());
        // The data that was rolled back is not applied again, and the run before may now be undone as well.
        Assert.Equal(21, Number(await SyncAsync(staff), "unchanged"));
        using var older = await staff.PostAsync($"/api/v1/admin/sync-runs/{Id(first)}/rollback", null);
        Assert.Equal(HttpStatusCode.OK, older.StatusCode);
        Assert.Equal(21, await HiddenAsync());
        using var unknown = await staff.PostAsync("/api/v1/admin/sync-runs/syn_01h455vb4pex5vsknk084sn02q/rollback", null);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);

        async Task<string?> ProblemAsync(JsonElement run)
        {
            using var answer = await staff.PostAsync($"/api/v1/admin/sync-runs/{Id(run)}/rollback", null);
            Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
            return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString();
        }
    }

    [Fact]
    public async Task What_a_filter_left_out_is_read_again_once_the_filter_is_gone()
    {
        using var staff = await _app.SignInStaffAsync();
        using (var put = await staff.PutAsJsonAsync("/api/v1/admin/quality-filters/*", new { min_rating = 4 }))
        {
            put.EnsureSuccessStatusCode();
        }

        Supplier.Stock(3);
        var run = await SyncAsync(staff);
        Assert.Equal((3, 3), (Number(run, "skipped"), Number(run.GetProperty("reasons"), "filtered_rating")));
        Assert.Equal(3, Number(await SyncAsync(staff), "skipped"));
        (await staff.DeleteAsync("/api/v1/admin/quality-filters/*")).EnsureSuccessStatusCode();
        await Eventually.GetAsync("items forgotten", async () =>
            await _app.Database.ScalarAsync<long>("select count(*) from sourcing.feed_items") == 0 ? "yes" : null);
        Assert.Equal(3, Number(await SyncAsync(staff), "created"));
    }

    private async Task<JsonElement> SyncAsync(HttpClient staff)
    {
        var run = await _app.RunJobAsync("product-sync");
        Assert.True(run.State == "succeeded", run.Error);
        var runs = await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/sync-runs?limit=1");
        return runs.GetProperty("data")[0];
    }

    private Task<long> HiddenAsync() => _app.Database.ScalarAsync<long>("select count(*) from catalog.products where status = 'hidden'");

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static string Id(JsonElement run) => run.GetProperty("id").GetString()!;

    private sealed class AppWithSupplier : MallgramApp
    {
        public Shelf Shelf { get; } = new();

        protected override bool Synchronised => false;

        protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<ISupplier>(Shelf);

        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            await Database.ExecuteAsync(
                $"""
                delete from sourcing.supplier_tokens;
                delete from sourcing.supplier_accounts;
                insert into sourcing.supplier_accounts (store_id, supplier, enabled) values ('{ImportedProducts.DefaultStore}', 'shelf', true);
                """);
        }
    }

    /// <summary>A supplier in this process: one page, items that fail as often as they are told to.</summary>
    private sealed class Shelf : ISupplier
    {
        private int _count;
        private decimal _cost = 10m;

        public ConcurrentDictionary<string, int> FailTimes { get; } = new(StringComparer.Ordinal);

        public string Code => "shelf";

        public int DetailConcurrency => 2;

        public TimeSpan RefreshAfter => TimeSpan.FromDays(7);

        public void Stock(int count, decimal cost = 10m) => (_count, _cost) = (count, cost);

        public Task<IReadOnlyList<SupplierCategory>> ReadCategoriesAsync(CancellationToken ct) => Task.FromResult<IReadOnlyList<SupplierCategory>>([]);

        public Task<FeedPage> ReadFeedAsync(int page, CancellationToken ct) => Task.FromResult(new FeedPage(
            [.. Enumerable.Range(1, _count).Select(i => new FeedItem($"i{i:D2}", Encoding.UTF8.GetBytes($"i{i:D2} {_cost}")))], 0, _count, IsLast: true));

        public Task<IReadOnlyDictionary<string, string>> ReadFrenchNamesAsync(int page, CancellationToken ct) =>
            Task.FromResult<IReadOnlyDictionary<string, string>>(new Dictionary<string, string>());

        public Task<SupplierSearchPage> SearchAsync(string words, int page, CancellationToken ct) =>
            throw new SupplierException(SupplierFault.NotOffered, "no_search", "There is no search.");

        public Task<SupplierProduct?> ReadProductAsync(string externalId, CancellationToken ct)
        {
            if (FailTimes.TryGetValue(externalId, out var left) && left > 0)
            {
                FailTimes[externalId] = left - 1;
                throw new SupplierException(SupplierFault.Unreadable, "not_json", "The answer is not JSON.");
            }

            return Task.FromResult<SupplierProduct?>(ImportedProducts.Product(externalId, "Item " + externalId, _cost) with { Rating = 3m });
        }
    }
}
