using System.Globalization;
using Mallgram.Benchmarks.Data;
using Mallgram.Benchmarks.Load;

namespace Mallgram.Benchmarks.Cases;

/// <summary>The same store alone on an installation and among ten thousand others: reading its list and signing in cost the same.</summary>
internal static class ManyStores
{
    private const double Most = 1.10;
    // The store that is measured is of a usual size: against a table of one page nothing else would hold.
    private const int Measured = 5_000;
    private const int Categories = 200;
    private const int Others = 30;
    private const string Password = "correct horse battery staple 9";

    public static async Task RunAsync(Bench bench)
    {
        var stores = bench.Options.Quick ? 200 : 10_000;
        var alone = await bench.CloneAsync();
        var among = await bench.CloneAsync();
        await FillAsync(alone, 1);
        await FillAsync(among, stores);
        await using (var one = await ServeAsync(alone))
        await using (var many = await ServeAsync(among))
        {
            const string list = "/api/v1/products?limit=24&sort=newest";
            var login = Login("crowd-1");
            await CompareAsync(bench, $"many-stores, list among {stores}", one, many, _ => List(one, 1), _ => List(many, 1), Most);
            await CompareAsync(
                bench, $"many-stores, sign-in among {stores}", one, many, _ => Post(one, 1), _ => Post(many, 1), Most, connections: 2);
            await CompareAsync(
                bench, $"many-stores, list, each request another of {stores}", one, many, _ => List(one, 1), n => List(many, 1 + (n * 7919 % stores)), most: null);

            byte[] List(ChildProcess api, int store) => RawLoad.Get(api.Address, list, $"X-Store: crowd-{store}");
            byte[] Post(ChildProcess api, int store) => RawLoad.Post(api.Address, "/api/v1/auth/login", login, $"X-Store: crowd-{store}");
        }

        await alone.DropAsync();
        await among.DropAsync();
    }

    public static string Login(string store) => $$"""{"email":"buyer@{{store}}.test","password":"{{Password}}"}""";

    public static Task<ChildProcess> ServeAsync(BenchDatabase database) => ChildProcess.ServeAsync(
        "serve-api", "/alive",
        [.. database.ServiceArgs, "--Catalog:Cache:Enabled=false", "--Identity:Attempts:PerAccount=1000", "--Identity:Attempts:PerAddress=10000"]);

    /// <summary>Stores <c>crowd-1</c>… with the same goods and one buyer each, past the import and the API.</summary>
    public static async Task FillAsync(BenchDatabase database, int stores)
    {
        var hash = new Microsoft.AspNetCore.Identity.PasswordHasher<object>().HashPassword(new object(), Password);
        await using var connection = await database.OpenAsync();
        foreach (var statement in (string[])
        [
            "alter table catalog.products disable trigger user",
            $"""
            insert into stores.stores (id, slug, name, currency, country, language, email_from, preset)
            select md5('crowd ' || n)::uuid, 'crowd-' || n, 'Crowd', 'ZAR', 'ZA', 'en', 'Crowd <no-reply@crowd.test>', 'mallgram' from generate_series(1, {stores}) n
            """,
            """
            create temporary table crowd as select id as store_id, slug from stores.stores where slug like 'crowd-%'
            """,
            "insert into stores.settings (store_id, languages, time_zone) select store_id, '{en,fr}', 'Africa/Johannesburg' from crowd on conflict do nothing",
            "insert into catalog.markets (store_id, currency, country, is_default, rounding_step) select store_id, 'ZAR', 'ZA', true, 100 from crowd on conflict do nothing",
            $"""
            insert into identity.users (store_id, id, email, full_name, password_hash, language, role)
            select store_id, md5(slug || ' buyer')::uuid, 'buyer@' || slug || '.test', 'Buyer', '{hash}', 'en', 'customer' from crowd
            """,
            "insert into catalog.brands (store_id, slug, name) select store_id, 'azania', 'Azania' from crowd",
            $"""
            insert into catalog.categories (store_id, id, slug, name, path)
            select store_id, md5(slug || ' category ' || n)::uuid, 'lamps-' || n, 'Lamps', 'Lamps'
            from crowd, generate_series(0, {Categories - 1}) n where n = 0 or slug = 'crowd-1'
            """,
            """
            insert into catalog.category_closure (store_id, ancestor_id, descendant_id, depth)
            select c.store_id, c.id, c.id, 0 from catalog.categories c join crowd using (store_id) on conflict do nothing
            """,
            $"""
            insert into catalog.products (store_id, id, slug, name, category_id, brand, brand_slug, status, search_key, name_key, name_key_fr, created_at)
            select store_id, md5(slug || ' product ' || n)::uuid, 'lamp-' || n, 'Lamp ' || n,
                   md5(slug || ' category ' || case when slug = 'crowd-1' then n % {Categories} else 0 end)::uuid, 'Azania', 'azania', 'active',
                   'lamp ' || n, 'lamp ' || n, 'lamp ' || n, timestamptz '2026-01-01' + n * interval '1 minute'
            from crowd, generate_series(1, {Measured}) n where n <= {Others} or slug = 'crowd-1'
            """,
            """
            insert into catalog.variants (store_id, id, product_id, sku, position)
            select p.store_id, md5(p.id || ' variant')::uuid, p.id, p.slug, 0 from catalog.products p join crowd using (store_id)
            """,
            """
            insert into catalog.offers (store_id, product_id, channel, min_order_quantity, set_by)
            select p.store_id, p.id, 'b2c', 1, 'person' from catalog.products p join crowd using (store_id)
            """,
            """
            insert into catalog.prices (store_id, variant_id, currency, amount, min_quantity)
            select v.store_id, v.id, 'ZAR', 10000, 1 from catalog.variants v join crowd using (store_id)
            """,
            "insert into catalog.stock (store_id, variant_id, on_hand) select v.store_id, v.id, 50 from catalog.variants v join crowd using (store_id)",
            "analyze",
            // Plans made for an empty table would be kept for all stores: the first few are enough for statistics.
            Refresh("order by slug limit 20"),
            "analyze catalog.listings",
            Refresh("order by slug offset 20"),
            "alter table catalog.products enable trigger user",
            "vacuum analyze",
            "checkpoint",
        ])
        {
            await using var command = new Npgsql.NpgsqlCommand(statement, connection) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync();
        }
    }

    private static string Refresh(string which) =>
        $"""
        do $$ declare s record; begin
            for s in select store_id from crowd {which} loop
                perform set_config('app.store_id', s.store_id::text, true);
                perform catalog.refresh_listings(array(select id from catalog.products where store_id = s.store_id));
            end loop;
        end $$
        """;

    private static async Task CompareAsync(
        Bench bench, string name, ChildProcess one, ChildProcess many, Func<int, byte[]> ofOne, Func<int, byte[]> ofMany, double? most,
        int connections = 8)
    {
        await MeasureAsync(bench, one, ofOne, connections);
        await MeasureAsync(bench, many, ofMany, connections);
        var (costs, alone) = (new List<Cost>(), new List<Cost>());
        // A few percent are looked for: many short pairs tell them from noise better than a few long ones.
        for (var pair = 0; pair < bench.Options.Pairs * 4; pair++)
        {
            costs.Add(await MeasureAsync(bench, many, ofMany, connections));
            alone.Add(await MeasureAsync(bench, one, ofOne, connections));
        }

        // What a request costs is CPU: of the time it takes, neighbours have a part.
        var ratio = Spread.Of([.. costs.Zip(alone, (c, a) => (c.Cpu ?? c.Wall) / (a.Cpu ?? a.Wall))]);
        bench.Report.Add(new Line(
            name, Text(costs), "alone: " + Text(alone), ratio, most is { } limit ? string.Create(CultureInfo.InvariantCulture, $"<= {limit:0.00}") : "",
            most is null ? null : ratio.Median <= most,
            string.Create(CultureInfo.InvariantCulture, $"by time {Spread.Of([.. costs.Zip(alone, (c, a) => c.Wall / a.Wall)]).Median:0.00}")));

        static string Text(List<Cost> costs) => costs[0].Cpu is null
            ? string.Create(CultureInfo.InvariantCulture, $"{Spread.Of([.. costs.Select(c => c.Wall)]).Median:0.000} ms a request")
            : string.Create(CultureInfo.InvariantCulture, $"{Spread.Of([.. costs.Select(c => c.Cpu!.Value)]).Median:0} µs CPU a request");
    }

    private static async Task<Cost> MeasureAsync(Bench bench, ChildProcess api, Func<int, byte[]> next, int connections)
    {
        var before = Cpu();
        var result = await RawLoad.RunAsync(api.Address, connections, bench.Options.Slice / 2, next);
        var used = Cpu() - before;
        return result.Statuses.Keys.All(s => s == 200)
            ? new Cost(1000 / result.PerSecond, used * 1e6 / result.Statuses.Values.Sum())
            : throw new InvalidOperationException($"{api.Address}: {string.Join(", ", result.Statuses)}");

        double? Cpu() => Machine.CpuSeconds(api, bench.PostgresId);
    }

    /// <param name="Wall">Milliseconds of the machine that a request takes, all connections together.</param>
    /// <param name="Cpu">Microseconds of CPU in server and PostgreSQL; null where they are not known.</param>
    private sealed record Cost(double Wall, double? Cpu);
}
