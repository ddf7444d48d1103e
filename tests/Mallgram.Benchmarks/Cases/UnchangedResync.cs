using System.Diagnostics;
using System.Globalization;
using Mallgram.Benchmarks.Data;
using Mallgram.Catalog.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Benchmarks.Cases;

/// <summary>
/// Products of the large store once more against finding out that nothing changed in the cheapest way: ids and hashes sent by <c>COPY</c>, one
/// anti-join. The join alone, with the hashes on the server already, is a second line. Neither may leave anything behind.
/// </summary>
internal static class UnchangedResync
{
    private const int Batch = 10_000;

    public static async Task RunAsync(Bench bench)
    {
        var database = await bench.ShopAsync();
        var count = bench.Options.Products / 5;
        var batches = Enumerable.Range(0, count).Select(n => Goods.Product(n)).Chunk(Batch).ToList();
        await using var importer = Importer.Open(database);
        await using var raw = await database.OpenAsync();
        // Until the compiler has made its best of hashing.
        for (var pass = 0; pass < 3; pass++)
        {
            await OursAsync(importer, batches);
            await CeilingAsync(raw, batches);
        }

        var dead = await DeadAsync(database);
        var wal = 0L;
        var (ours, withCopy, joinOnly) = (new List<double>(), new List<double>(), new List<double>());
        for (var pair = 0; pair < bench.Options.Pairs; pair++)
        {
            var before = await WalAsync(database);
            ours.Add(await OursAsync(importer, batches));
            wal = Math.Max(wal, await WalAsync(database) - before);
            var (all, join) = await CeilingAsync(raw, batches);
            withCopy.Add(all);
            joinOnly.Add(join);
        }

        Add("resync-unchanged, COPY and anti-join", withCopy);
        Add("resync-unchanged, anti-join alone", joinOnly);
        var left = await DeadAsync(database) - dead;
        bench.Report.Add(new Line(
            "resync-unchanged, left behind",
            string.Create(CultureInfo.InvariantCulture, $"{left} dead tuples, {wal / 1024.0:0} KiB WAL"), "", Ratio: null, "0 and < 1024 KiB",
            left == 0 && wal < 1024 * 1024));

        void Add(string name, List<double> ceiling)
        {
            var ratio = Spread.Of([.. ours.Select((time, i) => ceiling[i] / time)]);
            bench.Report.Add(new Line(
                name, Rate(ours), Rate(ceiling), ratio, ">= 0.50", ratio.Median >= 0.50));
        }

        string Rate(List<double> times) => string.Create(CultureInfo.InvariantCulture, $"{count / Spread.Of(times).Median:0} items/s");
    }

    private static async Task<double> OursAsync(Importer importer, List<SupplierProduct[]> batches)
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var batch in batches)
        {
            var result = await importer.ImportAsync(batch);
            if (result.Unchanged != batch.Length)
            {
                throw new InvalidOperationException($"Something changed: {result}");
            }
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<(double All, double Join)> CeilingAsync(NpgsqlConnection connection, List<SupplierProduct[]> batches)
    {
        var hashed = batches.ConvertAll(b => Array.ConvertAll(b, p => (p.ExternalId, Hash: p.ContentHash())));
        var (all, join) = (0.0, 0.0);
        foreach (var batch in hashed)
        {
            await ExecuteAsync(connection, "create temporary table if not exists staged (external_id text, content_hash bytea); truncate staged");
            var started = Stopwatch.GetTimestamp();
            await using (var copy = await connection.BeginBinaryImportAsync("copy staged (external_id, content_hash) from stdin (format binary)"))
            {
                foreach (var (id, hash) in batch)
                {
                    await copy.StartRowAsync();
                    await copy.WriteAsync(id, NpgsqlDbType.Text);
                    await copy.WriteAsync(hash, NpgsqlDbType.Bytea);
                }

                await copy.CompleteAsync();
            }

            var copied = Stopwatch.GetTimestamp();
            await ExecuteAsync(
                connection,
                $"""
                select s.external_id from staged s left join catalog.products p
                    on p.store_id = '{BenchDatabase.Store}' and p.supplier = '{Goods.Supplier}' and p.external_id = s.external_id
                    and p.content_hash = s.content_hash
                where p.id is null
                """);
            join += Stopwatch.GetElapsedTime(copied).TotalSeconds;
            all += Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        return (all, join);
    }

    private static Task<long> DeadAsync(BenchDatabase database) => database.ScalarAsync<long>(
        "select coalesce(sum(n_tup_upd + n_tup_del), 0)::bigint from pg_stat_user_tables where schemaname not in ('kernel', 'quartz')");

    private static Task<long> WalAsync(BenchDatabase database) =>
        database.ScalarAsync<long>("select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint");

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
