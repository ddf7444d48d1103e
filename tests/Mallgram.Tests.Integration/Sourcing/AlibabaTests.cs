using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Sourcing.Alibaba;
using Mallgram.Sourcing.OpenPlatform;
using Mallgram.Sourcing.Suppliers;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Sourcing;

/// <summary>Alibaba through its protocol: what the supplier yields, and the nightly sync of it.</summary>
public sealed class AlibabaTests : IAsyncLifetime
{
    private const int Items = 90;

    private static readonly Guid Store = Guid.Parse("01930000-0000-7000-8000-000000000001");

    private readonly AppWithAlibaba _app = new();

    public Task InitializeAsync() => _app.InitializeAsync();

    public Task DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task The_supplier_yields_wholesale_products_with_everything_that_is_known()
    {
        await using var scope = Scope();
        var supplier = Supplier(scope);
        var first = await supplier.ReadFeedAsync(1, CancellationToken.None);
        var last = await supplier.ReadFeedAsync(2, CancellationToken.None);
        Assert.Equal((50, Items, false), (first.Items.Count, first.Total!.Value, first.IsLast));
        Assert.Equal((Items - 50, true), (last.Items.Count, last.IsLast));
        Assert.Empty(await supplier.ReadFrenchNamesAsync(1, CancellationToken.None));

        var products = new List<SupplierProduct>();
        foreach (var item in first.Items.Take(24))
        {
            products.Add((await supplier.ReadProductAsync(item.ExternalId, CancellationToken.None))!);
        }

        Assert.All(products, p =>
        {
            Assert.True(p is { IsOnSale: true, MinOrderQuantity: >= 2, ShipsWithinDays: > 0, ReviewCount: 0, NameFr: null, SellerRating: null });
            Assert.NotEmpty(p.SellerId!);
            Assert.NotEmpty(p.ImageUrls);
            Assert.NotEmpty(p.Variants);
            Assert.All(p.Variants, v =>
            {
                Assert.Equal((null, "USD"), (v.PriceProblem, v.CostCurrency));
                Assert.True(v.Cost > 0);
                Assert.All(v.Tiers, t => Assert.True(t.MinQuantity > p.MinOrderQuantity && t.Cost < v.Cost));
            });
        });
        Assert.Contains(products, p => p.Variants.Any(v => v.Tiers.Count >= 2));
        Assert.Contains(products, p => p.Variants.Any(v => v.Stock > 0));
        Assert.Null(await supplier.ReadProductAsync("7", CancellationToken.None));
    }

    [Fact]
    public async Task Products_name_the_categories_of_the_next_run()
    {
        await using (var scope = Scope())
        {
            Assert.Empty(await Supplier(scope).ReadCategoriesAsync(CancellationToken.None));
            await Supplier(scope).ReadProductAsync("1601000000001", CancellationToken.None);
        }

        await using var next = Scope();
        Assert.Equal(
            [new SupplierCategory("100003291", null, "Vacuum Flasks & Thermoses", null)],
            await Supplier(next).ReadCategoriesAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_nightly_sync_takes_both_suppliers_and_a_second_run_asks_for_nothing_again()
    {
        var first = await SyncAsync();
        Assert.Equal(("succeeded", Items, 0), (State(first), Number(first, "seen"), Number(first, "failed")));
        Assert.Equal(Items, Number(first, "created") + Number(first, "skipped"));
        Assert.True(Number(first, "created") > Items / 2, first.GetRawText());
        var calls = await CallsAsync("/eco/buyer/product/description");
        Assert.Equal(Items, calls);
        var second = await SyncAsync();
        Assert.Equal((Items, 0, 0), (Number(second, "seen"), Number(second, "created"), Number(second, "failed")));
        Assert.Equal(calls, await CallsAsync("/eco/buyer/product/description"));
    }

    [Fact]
    public async Task A_list_that_ends_early_and_rubbish_in_figures_lose_no_item()
    {
        await _app.ControlAsync("alibaba", new { action = "rubbish", kind = "absurd_figures", percent = 100 });
        await _app.ControlAsync("alibaba", new { action = "feed_repeats" });
        var run = await SyncAsync();
        Assert.Equal((Items + 2, 0), (Number(run, "seen"), Number(run, "failed")));
        Assert.Equal(2, run.GetProperty("reasons").GetProperty("duplicate").GetInt32());
        await _app.ControlAsync("alibaba", new { action = "reset" });
        await _app.ControlAsync("alibaba", new { action = "feed_ends_after", page = 1 });
        Assert.Equal("incomplete", State(await SyncAsync()));
    }

    [Fact]
    public async Task Truncated_answers_and_ended_tokens_are_got_over()
    {
        await using var scope = Scope();
        var supplier = Supplier(scope);
        await supplier.ReadFeedAsync(1, CancellationToken.None);
        await _app.ControlAsync("alibaba", new { action = "expire_tokens" });
        await _app.ControlAsync("alibaba", new { action = "mangle_next", count = 1, mode = "garbage" });
        Assert.NotNull(await supplier.ReadProductAsync("1601000000001", CancellationToken.None));
        await _app.ControlAsync("alibaba", new { action = "clock_skew" });
        var refused = await Assert.ThrowsAsync<SupplierException>(() => supplier.ReadProductAsync("1601000000001", CancellationToken.None));
        Assert.Equal((SupplierFault.Refused, "IllegalTimestamp"), (refused.Fault, refused.Code));
    }

    [Theory]
    [InlineData(1), InlineData(7), InlineData(130)]
    public async Task A_day_s_quota_is_never_exceeded_by_two_processes_together(int callsPerDay)
    {
        var clock = new SetClock(new DateTimeOffset(2026, 3, 1, 10, 0, 0, TimeSpan.Zero));
        var options = new AlibabaOptions { AppKey = $"quota-{callsPerDay}", CallsPerDay = callsPerDay };
        var platform = _app.Worker.Services.GetRequiredService<PlatformDataSource>();
        using var one = new DailyQuota("alibaba", options, platform, clock);
        using var other = new DailyQuota("alibaba", options, platform, clock);
        Assert.Equal(callsPerDay, await SpendAllAsync(one, other));

        // A restart starts with nothing in hand.
        using var restarted = new DailyQuota("alibaba", options, platform, clock);
        Assert.Equal(0, await SpendAllAsync(restarted, one));
        clock.Now = new DateTimeOffset(2026, 3, 1, 15, 59, 59, TimeSpan.Zero);
        Assert.Equal(0, await SpendAllAsync(restarted, other));
        clock.Now = new DateTimeOffset(2026, 3, 1, 16, 0, 0, TimeSpan.Zero);
        Assert.Equal(callsPerDay, await SpendAllAsync(restarted, other));
    }

    [Fact]
    public async Task The_sync_pauses_at_our_own_quota_and_calls_no_more()
    {
        await using var app = new AppWithQuota();
        await app.InitializeAsync();
        await app.RunJobAsync("product-sync");
        Assert.Equal(1L, await app.Database.ScalarAsync<long>(
            "select count(*) from sourcing.sync_runs where supplier = 'alibaba' and state = 'paused_by_quota'"));
        var counters = (await app.SandboxHttp.GetFromJsonAsync<JsonElement>("/control/state")).GetProperty("data").GetProperty("counters");
        var calls = counters.EnumerateObject().Where(c => c.Name.StartsWith("alibaba.call.", StringComparison.Ordinal)).Sum(c => c.Value.GetInt32());
        // Calls that were under way when the quota ended are given up, at most as many as run side by side.
        Assert.InRange(calls, 60 - 8, 60);
    }

    [Fact]
    public async Task Staff_search_the_supplier_that_offers_it()
    {
        using var staff = await _app.SignInStaffAsync();
        var found = await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/suppliers/aliexpress/search?q=pan");
        Assert.Equal(1, found.GetProperty("page").GetInt32());
        Assert.All(found.GetProperty("data").EnumerateArray(), o =>
        {
            Assert.Contains("pan", o.GetProperty("name").GetString(), StringComparison.OrdinalIgnoreCase);
            Assert.True(o.GetProperty("cost").GetDecimal() > 0);
        });
        Assert.NotEmpty(found.GetProperty("data").EnumerateArray());
        foreach (var (path, status, code) in new[]
            {
                ("alibaba/search?q=pan", 422, "supplier_search_not_offered"), ("nobody/search?q=pan", 404, "supplier_not_found"),
                ("aliexpress/search", 422, "validation_failed"), ("aliexpress/search?q=pan&page=0", 422, "validation_failed"),
            })
        {
            using var refused = await staff.GetAsync("/api/v1/admin/suppliers/" + path);
            var problem = await refused.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal((status, code), ((int)refused.StatusCode, problem.GetProperty("code").GetString()));
        }

        await _app.ControlAsync("aliexpress", new { action = "quota", per_day = 1 });
        await staff.GetAsync("/api/v1/admin/suppliers/aliexpress/search?q=pan");
        using var spent = await staff.GetAsync("/api/v1/admin/suppliers/aliexpress/search?q=pan");
        Assert.Equal(503, (int)spent.StatusCode);
    }

    private static async Task<int> SpendAllAsync(params DailyQuota[] quotas)
    {
        var spent = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            while (true)
            {
                try
                {
                    await quotas[worker % quotas.Length].SpendAsync(CancellationToken.None);
                    Interlocked.Increment(ref spent);
                }
                catch (SupplierException e) when (e.Fault == SupplierFault.QuotaUsedUp)
                {
                    return;
                }
            }
        }));
        return spent;
    }

    private async Task<JsonElement> SyncAsync()
    {
        var run = await _app.RunJobAsync("product-sync");
        Assert.True(run.State == "succeeded", run.Error);
        using var staff = await _app.SignInStaffAsync();
        var runs = await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/sync-runs?limit=2");
        return runs.GetProperty("data").EnumerateArray().First(r => r.GetProperty("supplier").GetString() == "alibaba");
    }

    private async Task<long> CallsAsync(string api)
    {
        var state = await _app.SandboxHttp.GetFromJsonAsync<JsonElement>("/control/state");
        return state.GetProperty("data").GetProperty("counters").GetProperty("alibaba.call." + api).GetInt64();
    }

    private AsyncServiceScope Scope()
    {
        var scope = _app.Worker.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<StoreScope>().Set(Store);
        return scope;
    }

    private static ISupplier Supplier(AsyncServiceScope scope) =>
        scope.ServiceProvider.GetServices<ISupplier>().Single(s => s.Code == AlibabaSupplier.SupplierCode);

    private static string? State(JsonElement run) => run.GetProperty("state").GetString();

    private static int Number(JsonElement run, string name) => run.GetProperty(name).GetInt32();

    private class AppWithAlibaba : MallgramApp
    {
        protected override int CatalogueSize => 10;

        protected override bool Synchronised => false;

        protected override bool SellsInBulk => true;

        protected override IEnumerable<string> SandboxSettings =>
            [$"--Sandbox:WholesaleSize={Items}", "--Sandbox:Alibaba:ImageBaseUrl=http://pictures.example"];
    }

    private sealed class AppWithQuota : AppWithAlibaba, IAsyncDisposable
    {
        protected override IEnumerable<string> ServiceSettings => ["--Sourcing:Alibaba:CallsPerDay=60"];

        async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();
    }

    private sealed class SetClock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
