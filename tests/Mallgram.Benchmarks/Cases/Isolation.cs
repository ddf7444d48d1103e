using System.Diagnostics;
using System.Globalization;
using Mallgram.Benchmarks.Data;
using Mallgram.Benchmarks.Load;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Benchmarks.Cases;

/// <summary>
/// What row-level security costs: the same endpoints for the role it binds and for one that it lets see everything, and a single statement
/// with the store sent along against the bare statement.
/// </summary>
internal static class Isolation
{
    private const string Role = "bench_sees_all";
    private const double Least = 0.90;

    private const string Statement =
        "select id, slug, name, description, image_url, images, review_count, updated_at from catalog.products where store_id = $1 and id = $2";

    public static async Task RunAsync(Bench bench)
    {
        var shop = await bench.ShopAsync();
        var id = await ProductDetail.ProductAsync(bench, shop);
        var open = await OpenAsync(shop);
        await using (var walled = await ProductDetail.ApiAsync(shop, cache: false))
        await using (var free = await ChildProcess.ServeAsync(
            "serve-api", "/api/v1/products?limit=1", [.. shop.ServiceArgs, "--Catalog:Cache:Enabled=false", $"--ConnectionStrings:mallgram={open}"]))
        {
            bench.Report.Add(await Http.CompareAsync(
                bench, "isolation, product page", ProductDetail.On(walled, id), ProductDetail.On(free, id), Least, bench.PostgresId));
            const string list = "/api/v1/products?limit=24&sort=newest";
            bench.Report.Add(await Http.CompareAsync(
                bench, "isolation, product list", new Target(walled, list), new Target(free, list), Least, bench.PostgresId));
        }

        await StatementAsync(bench, shop, open, id);
    }

    /// <summary>A login that the policies let see every store: it is a member of both groups, and a row needs only one policy.</summary>
    private static async Task<string> OpenAsync(BenchDatabase shop)
    {
        var password = Guid.NewGuid().ToString("N");
        await shop.ExecuteAsync(
            $"""
            do $$ begin
                if not exists (select from pg_roles where rolname = '{Role}') then
                    create role {Role} login in role mallgram_app, mallgram_platform;
                end if;
            end $$;
            alter role {Role} password '{password}'
            """);
        return new NpgsqlConnectionStringBuilder(shop.Administrator) { Username = Role, Password = password }.ConnectionString;
    }

    private static async Task StatementAsync(Bench bench, BenchDatabase shop, string open, Guid id)
    {
        await using var app = new AppDataSource(Pools.Create(shop.App, "bench-walled", maxPoolSize: 8));
        await using var bare = Pools.Create(open, "bench-free", maxPoolSize: 8);
        var scope = new StoreScope();
        scope.Set(BenchDatabase.Store);
        var database = new StoreDatabase(app, scope, new LocalOutboxSignal());
        async Task Walled()
        {
            await using var answer = await database.QueryAsync(
                CancellationToken.None, Sql.Command(Statement, Sql.Uuid(BenchDatabase.Store), Sql.Uuid(id)));
            await answer.Rows.ReadAsync();
        }

        async Task Free()
        {
            await using var command = bare.CreateCommand(Statement);
            command.Parameters.Add(Sql.Uuid(BenchDatabase.Store));
            command.Parameters.Add(Sql.Uuid(id));
            await using var rows = await command.ExecuteReaderAsync();
            await rows.ReadAsync();
        }

        await RateAsync(bench, Walled);
        await RateAsync(bench, Free);
        var (ours, ceiling, ratios) = (new List<double>(), new List<double>(), new List<double>());
        for (var pair = 0; pair < bench.Options.Pairs; pair++)
        {
            ours.Add(await RateAsync(bench, Walled));
            ceiling.Add(await RateAsync(bench, Free));
            ratios.Add(ours[^1] / ceiling[^1]);
        }

        var ratio = Spread.Of(ratios);
        bench.Report.Add(new Line(
            "isolation, one row by id",
            string.Create(CultureInfo.InvariantCulture, $"{Spread.Of(ours).Median:0} statements/s"),
            string.Create(CultureInfo.InvariantCulture, $"{Spread.Of(ceiling).Median:0} statements/s"), ratio, ">= 0.90", ratio.Median >= Least,
            "the store travels in the same round trip; without it, the bare statement as a role that sees all"));
    }

    private static async Task<double> RateAsync(Bench bench, Func<Task> statement)
    {
        var done = 0;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(started) < bench.Options.Slice)
            {
                await statement();
                Interlocked.Increment(ref done);
            }
        }));
        return done / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
