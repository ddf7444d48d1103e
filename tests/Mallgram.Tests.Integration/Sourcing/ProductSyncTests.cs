using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Mallgram.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Sourcing;

/// <summary>The nightly sync against the supplier's protocol, on a catalogue file of 230 rows, some of them unusable.</summary>
public sealed class ProductSyncTests : IAsyncLifetime
{
    private const int Rows = 230;
    private const int WithoutPrice = 20;
    private const int PriceRanges = 5;
    private const int Sellable = Rows - WithoutPrice - PriceRanges;

    private readonly AppWithFile _app = new();

    public Task InitializeAsync() => _app.InitializeAsync();

    public Task DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Every_usable_row_is_imported_and_a_second_run_writes_nothing()
    {
        var first = await SyncAsync();
        Assert.Equal((Rows, Sellable, 0, 0, WithoutPrice + PriceRanges, 0), Counts(first));
        Assert.Equal(WithoutPrice, first.GetProperty("reasons").GetProperty("no_price").GetInt32());
        Assert.Equal(PriceRanges, first.GetProperty("reasons").GetProperty("price_range").GetInt32());
        Assert.Equal(Sellable, await CountAsync("catalog.products"));
        Assert.Equal(0, await CountAsync("catalog.prices where amount <= 0"));

        var before = await RowVersionsAsync();
        var second = await SyncAsync();
        Assert.Equal((Rows, 0, 0, Sellable, WithoutPrice + PriceRanges, 0), Counts(second));
        Assert.Equal(before, await RowVersionsAsync());
    }

    [Fact]
    public async Task Prices_are_the_cost_converted_and_marked_up_in_the_store_s_currency()
    {
        await SyncAsync();
        Assert.Equal(0, await CountAsync("catalog.prices where currency <> 'ZAR'"));
        Assert.Equal(0, await CountAsync(
            """
            catalog.prices p join catalog.costs c on c.variant_id = p.variant_id and c.min_quantity = p.min_quantity
            join catalog.exchange_rates r on r.base = c.currency and r.quote = p.currency
            where p.amount < c.cost * r.rate * 100 or p.amount < p.landed_cost
            """));
    }

    [Fact]
    public async Task Changed_prices_are_updated_and_the_rest_is_left_alone()
    {
        await SyncAsync();
        await _app.ControlAsync("aliexpress", new { action = "price_change", percent = 30, factor = 1.5 });
        var run = await SyncAsync();
        var (seen, created, updated, unchanged, skipped, failed) = Counts(run);
        Assert.Equal((Rows, 0, WithoutPrice + PriceRanges, 0), (seen, created, skipped, failed));
        Assert.InRange(updated, 1, Sellable - 1);
        Assert.Equal(Sellable, updated + unchanged);
    }

    [Fact]
    public async Task What_the_plan_has_no_room_for_is_left_out_and_comes_in_when_it_has()
    {
        await LimitAsync("100");
        var first = await SyncAsync();
        Assert.Equal((Rows, 100, 0, 0, Rows - 100, 0), Counts(first));
        Assert.Equal(Sellable - 100, first.GetProperty("reasons").GetProperty("plan_limit_reached").GetInt32());
        Assert.Equal((Rows, 0, 0, 100, Rows - 100, 0), Counts(await SyncAsync()));
        await LimitAsync("130");
        Assert.Equal((Rows, 30, 0, 100, Rows - 130, 0), Counts(await SyncAsync()));
        await LimitAsync("null");
        Assert.Equal((Rows, Sellable - 130, 0, 130, WithoutPrice + PriceRanges, 0), Counts(await SyncAsync()));

        async Task LimitAsync(string products)
        {
            await _app.Database.ExecuteAsync($"update stores.stores set max_products = {products} where slug = 'mallgram'");
            _app.Worker.Services.GetRequiredService<StoreLookup>().Forget();
        }
    }

    [Fact]
    public async Task What_the_supplier_delists_is_hidden_not_deleted()
    {
        await SyncAsync();
        await _app.ControlAsync("aliexpress", new { action = "delist", percent = 10 });
        await SyncAsync();
        var hidden = await CountAsync("catalog.products where status = 'hidden'");
        Assert.InRange(hidden, 1, Sellable - 1);
        Assert.Equal(Sellable, await CountAsync("catalog.products"));
        var shown = await _app.Http.GetFromJsonAsync<JsonElement>("/api/v1/products?limit=1&include=total");
        Assert.Equal(Sellable - hidden, shown.GetProperty("total").GetInt32());
        await _app.ControlAsync("aliexpress", new { action = "relist" });
        await SyncAsync();
        Assert.Equal(0, await CountAsync("catalog.products where status = 'hidden'"));
    }

    [Fact]
    public async Task A_feed_that_ends_early_hides_nothing()
    {
        await SyncAsync();
        await _app.ControlAsync("aliexpress", new { action = "feed_ends_after", page = 1 });
        await SyncAsync();
        Assert.Equal(0, await CountAsync("catalog.products where status = 'hidden'"));
        Assert.Equal(1, await CountAsync("sourcing.sync_runs where state in ('incomplete', 'failed')"));
    }

    [Theory]
    [InlineData("""{"action":"rate_limit","ms":1500}"""), InlineData("""{"action":"fail_next","count":3,"status":503}""")]
    [InlineData("""{"action":"expire_tokens"}"""), InlineData("""{"action":"mangle_next","count":2,"mode":"truncate"}""")]
    public async Task Passing_faults_of_the_supplier_lose_nothing(string control)
    {
        if (control.Contains("expire", StringComparison.Ordinal))
        {
            await SyncAsync();
            await _app.Database.ExecuteAsync("delete from sourcing.feed_items");
        }

        using var fault = await _app.SandboxHttp.PostAsync("/control/aliexpress", new StringContent(control, Encoding.UTF8, "application/json"));
        fault.EnsureSuccessStatusCode();
        await SyncAsync();
        Assert.Equal(Sellable, await CountAsync("catalog.products"));
    }

    [Fact]
    public async Task A_daily_quota_pauses_the_run_and_the_next_goes_on_where_it_stopped()
    {
        await _app.ControlAsync("aliexpress", new { action = "quota", per_day = 120 });
        await _app.RunJobAsync("product-sync");
        Assert.Equal(1, await CountAsync("sourcing.sync_runs where state = 'paused_by_quota'"));
        var partly = await CountAsync("catalog.products");
        Assert.InRange(partly, 1, Sellable - 1);
        await _app.ControlAsync("aliexpress", new { action = "quota", per_day = 0 });
        await SyncAsync();
        Assert.Equal(Sellable, await CountAsync("catalog.products"));
    }

    [Fact]
    public async Task Nobody_sees_supplier_tokens_in_the_database()
    {
        await SyncAsync();
        var sealedToken = await _app.Database.ScalarAsync<string>("select sealed_access_token from sourcing.supplier_tokens");
        Assert.DoesNotContain("50000", sealedToken[..5], StringComparison.Ordinal);
        Assert.StartsWith("CfDJ8", sealedToken, StringComparison.Ordinal); // the header of ASP.NET Data Protection
    }

    private async Task<JsonElement> SyncAsync()
    {
        var run = await _app.RunJobAsync("product-sync");
        Assert.True(run.State == "succeeded", run.Error);
        using var staff = await _app.SignInStaffAsync();
        var runs = await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/sync-runs?limit=1");
        return runs.GetProperty("data")[0];
    }

    private static (int Seen, int Created, int Updated, int Unchanged, int Skipped, int Failed) Counts(JsonElement run)
    {
        return (Number("seen"), Number("created"), Number("updated"), Number("unchanged"), Number("skipped"), Number("failed"));

        int Number(string name) => run.GetProperty(name).GetInt32();
    }

    private async Task<int> CountAsync(string from) => (int)await _app.Database.ScalarAsync<long>("select count(*) from " + from);

    /// <summary>Place and writing transaction of every row of the catalogue: any insert, update or delete changes it.</summary>
    private async Task<string> RowVersionsAsync()
    {
        var tables = await _app.Database.ScalarAsync<string[]>(
            "select array_agg(format('%I.%I', schemaname, tablename) order by tablename) from pg_tables where schemaname = 'catalog'");
        Assert.True(tables.Length >= 6, string.Join(", ", tables));
        var versions = new StringBuilder();
        foreach (var table in tables)
        {
            versions.AppendLine(CultureInfo.InvariantCulture, $"{table} {await _app.Database.ScalarAsync<string>(
                $"select coalesce(md5(string_agg(ctid::text || xmin::text || xmax::text, ',' order by ctid)), '') from {table}")}");
        }

        return versions.ToString();
    }

    private sealed class AppWithFile : MallgramApp
    {
        private readonly string _file = Path.Combine(Path.GetTempPath(), $"catalogue-{Guid.NewGuid():N}.csv");

        protected override bool Synchronised => false;

        protected override IEnumerable<string> SandboxSettings => ["--Sandbox:Catalogue=" + _file, "--Sandbox:AliExpress:ImageBaseUrl=http://pictures.example"];

        public override async Task InitializeAsync()
        {
            var csv = new StringBuilder("id,name,category_path,brand,price_gbp,stock,review_count,answered_questions,rating\n");
            for (var row = 1; row <= Rows; row++)
            {
                var price = row <= WithoutPrice ? "" : row <= WithoutPrice + PriceRanges ? "3.50 - 9.99" : row.ToString(CultureInfo.InvariantCulture) + ".49";
                csv.Append(CultureInfo.InvariantCulture, $"row{row:D4},Toy number {row},Toys > Shelf {row % 7},Brand {row % 5},{price},{row % 40}\u00a0new,{row % 9},1,4.{row % 10}\n");
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
