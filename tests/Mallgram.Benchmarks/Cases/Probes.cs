using System.Diagnostics;
using System.Globalization;
using Mallgram.Benchmarks.Load;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Benchmarks.Cases;

/// <summary>
/// Statements of many stores mixed on four connections, straight to PostgreSQL and through PgBouncer in transaction mode, among them
/// failing ones, transactions given up halfway and statements that name no store: none may see a row of another store.
/// </summary>
internal static class Probes
{
    private const int Stores = 50;
    private const int Connections = 4;
    private const int RowsOfAStore = 3;

    public static async Task RunAsync(Bench bench)
    {
        var probes = bench.Options.Quick ? 20_000 : 1_000_000;
        var database = await bench.CloneAsync();
        await database.ExecuteAsync(
            $"""
            insert into stores.stores (id, slug, name, currency, country, language, email_from, preset)
            select md5('probe ' || n)::uuid, 'probe-' || n, 'Probe', 'ZAR', 'ZA', 'en', 'Probe <no-reply@probe.test>', 'mallgram' from generate_series(0, {Stores - 1}) n;
            insert into kernel.idempotency_keys (store_id, caller, endpoint, key, request_hash, status, body)
            select md5('probe ' || n)::uuid, 'probe', 'probe', k::text, '', 200, 'probe-' || n
            from generate_series(0, {Stores - 1}) n, generate_series(1, {RowsOfAStore}) k
            """);
        var stores = await database.ScalarAsync<Guid[]>($"select array_agg(md5('probe ' || n)::uuid order by n) from generate_series(0, {Stores - 1}) n");
        await ProbeAsync(bench, "probes, straight", database.App, Connections, stores, probes);
        if (PgBouncer.IsHere)
        {
            await using var bouncer = await PgBouncer.StartAsync(bench.Folder, database.App, Connections);
            await ProbeAsync(bench, "probes, PgBouncer in transaction mode", bouncer.ConnectionString, 4 * Connections, stores, probes);
        }
        else
        {
            bench.Report.Add(new Line(
                "probes, PgBouncer in transaction mode", "not run: pgbouncer is not installed", "", Ratio: null, "0 leaks", Ok: null,
                "Debian and Ubuntu: apt-get install pgbouncer"));
        }

        await database.DropAsync();
    }

    private static async Task ProbeAsync(Bench bench, string name, string connectionString, int clients, Guid[] stores, int probes)
    {
        await using var source = new AppDataSource(Pools.Create(connectionString, "probes", maxPoolSize: clients));
        var (leaks, failures) = (0, 0);
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, probes), new ParallelOptions { MaxDegreeOfParallelism = 4 * Connections }, async (i, ct) =>
        {
            // Neighbours in time are of different stores: the step has no factor in common with their number.
            var number = (int)(i * 17L % Stores);
            try
            {
                if (!await IsOwnAsync(source, i % 20, stores[number], $"probe-{number}", ct))
                {
                    Interlocked.Increment(ref leaks);
                }
            }
            catch (NpgsqlException)
            {
                Interlocked.Increment(ref failures);
            }
        });
        var rate = probes / Stopwatch.GetElapsedTime(started).TotalSeconds;
        bench.Report.Add(new Line(
            name, string.Create(CultureInfo.InvariantCulture, $"{leaks} leaks in {probes}"), "", Ratio: null, "0 leaks", leaks == 0 && failures == 0,
            string.Create(CultureInfo.InvariantCulture, $"{rate:0} probes/s of {Stores} stores on {Connections} connections; {failures} failed")));
    }

    /// <summary>One probe: false when it saw another store's row, or not all of its own.</summary>
    private static async Task<bool> IsOwnAsync(AppDataSource source, int kind, Guid store, string slug, CancellationToken ct)
    {
        const string select = "select body from kernel.idempotency_keys where caller = 'probe'";
        var scope = new StoreScope();
        scope.Set(store);
        var database = new StoreDatabase(source, scope, new LocalOutboxSignal());
        switch (kind)
        {
            case 17:
                await using (var transaction = await database.BeginAsync(ct))
                {
                    // Given up: what it had set must not stay behind.
                    await using var rows = await transaction.QueryAsync(ct, Sql.Command(select));
                    return await AllOwnAsync(rows, slug, ct);
                }

            case 18:
                try
                {
                    await database.ExecuteAsync(ct, Sql.Command("select 1 / 0"));
                    return false;
                }
                catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DivisionByZero)
                {
                    return true;
                }

            case 19:
                await using (var command = source.Source.CreateCommand(select))
                await using (var rows = await command.ExecuteReaderAsync(ct))
                {
                    return !await rows.ReadAsync(ct);
                }

            default:
                await using (var answer = await database.QueryAsync(ct, Sql.Command(select)))
                {
                    return await AllOwnAsync(answer.Rows, slug, ct);
                }
        }
    }

    private static async Task<bool> AllOwnAsync(NpgsqlDataReader rows, string slug, CancellationToken ct)
    {
        var (count, own) = (0, true);
        while (await rows.ReadAsync(ct))
        {
            count++;
            own &= rows.GetString(0) == slug;
        }

        return own && count == RowsOfAStore;
    }
}
