using System.Diagnostics;
using System.Globalization;
using Mallgram.Benchmarks.Data;
using Npgsql;

namespace Mallgram.Benchmarks.Cases;

/// <summary>
/// New products through the import, from a supplier in this process, against binary <c>COPY</c> of the very rows that it wrote into the same
/// tables of another database, with the same indexes, keys and triggers.
/// </summary>
internal static class FirstSync
{
    // As bulk imports at their largest.
    private const int Batch = 2_000;

    public static async Task RunAsync(Bench bench)
    {
        var ratios = new List<double>();
        var (ours, ceiling) = (new List<double>(), new List<double>());
        var rows = 0L;
        // The first pair warms up: compiled code, plans.
        for (var pair = 0; pair <= bench.Options.Pairs; pair++)
        {
            var imported = await bench.CloneAsync();
            var copied = await bench.CloneAsync();
            try
            {
                var seconds = await ImportAsync(imported, bench.Options.Imported);
                var tables = await DumpAsync(imported, copied);
                rows = await imported.ScalarAsync<long>("select " + string.Join(" + ", tables.Select(t => $"(select count(*) from {t.Name})")));
                var raw = await CopyAsync(copied, tables);
                if (pair > 0)
                {
                    ours.Add(seconds);
                    ceiling.Add(raw);
                    ratios.Add(raw / seconds);
                }
            }
            finally
            {
                await imported.DropAsync();
                await copied.DropAsync();
            }
        }

        var ratio = Spread.Of(ratios);
        bench.Report.Add(new Line(
            "first-sync", Rate(ours), Rate(ceiling), ratio, ">= 0.70", ratio.Median >= 0.70,
            string.Create(CultureInfo.InvariantCulture, $"{bench.Options.Imported} new products, {rows} rows; ours {rows / Spread.Of(ours).Median:0} rows/s, COPY {rows / Spread.Of(ceiling).Median:0} rows/s")));

        string Rate(List<double> times) => string.Create(CultureInfo.InvariantCulture, $"{bench.Options.Imported / Spread.Of(times).Median:0} products/s");
    }

    /// <returns>Seconds.</returns>
    public static async Task<double> ImportAsync(BenchDatabase database, int count)
    {
        await using var importer = Importer.Open(database);
        // Connections and code of the import are there already in a Worker at two in the morning.
        await importer.ImportAsync([]);
        var batches = Enumerable.Range(0, count).Select(n => Goods.Product(n)).Chunk(Batch).ToList();
        var started = Stopwatch.GetTimestamp();
        foreach (var batch in batches)
        {
            var result = await importer.ImportAsync(batch);
            if (result.Created + result.Unchanged != batch.Length)
            {
                throw new InvalidOperationException($"Not imported: {result}");
            }
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>The rows of all tables that the import filled, each table after those it refers to.</summary>
    private static async Task<List<(string Name, string Columns, byte[] Rows)>> DumpAsync(BenchDatabase from, BenchDatabase empty)
    {
        const string columns =
            """
            select c.oid::regclass::text, string_agg(quote_ident(a.attname), ', ' order by a.attnum)
            from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            where c.relnamespace = 'catalog'::regnamespace and c.relkind = 'r' group by c.oid
            """;
        // Whoever is referred to comes first; a table's depth is the longest way down. Few tables, so a bound ends circles.
        const string depths =
            """
            with recursive down as (
                select oid, 0 as depth from pg_class where relnamespace = 'catalog'::regnamespace and relkind = 'r'
                union select k.conrelid, d.depth + 1 from down d join pg_constraint k on k.confrelid = d.oid and k.contype = 'f' and k.conrelid <> k.confrelid
                where d.depth < 20)
            select oid::regclass::text, max(depth) from down group by oid order by 2
            """;
        await using var connection = await from.OpenAsync();
        var lists = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var row in ReadAsync(connection, columns))
        {
            lists.Add(row.GetString(0), row.GetString(1));
        }

        var order = new List<string>();
        await foreach (var row in ReadAsync(connection, depths))
        {
            order.Add(row.GetString(0));
        }

        var tables = new List<(string, string, byte[])>();
        foreach (var table in order)
        {
            // What migrations put there is in both databases; what triggers of another table fill, they fill there too.
            if (table == "catalog.search_words" || await empty.ScalarAsync<bool>($"select exists (select from {table})")
                || !await from.ScalarAsync<bool>($"select exists (select from {table})"))
            {
                continue;
            }

            using var memory = new MemoryStream();
            await using (var stream = await connection.BeginRawBinaryCopyAsync($"copy {table} ({lists[table]}) to stdout (format binary)"))
            {
                await stream.CopyToAsync(memory);
            }

            tables.Add((table, lists[table], memory.ToArray()));
        }

        return tables;
    }

    private static async Task<double> CopyAsync(BenchDatabase database, List<(string Name, string Columns, byte[] Rows)> tables)
    {
        await using var connection = await database.OpenAsync();
        var started = Stopwatch.GetTimestamp();
        await using var transaction = await connection.BeginTransactionAsync();
        foreach (var (name, columns, rows) in tables)
        {
            await using var stream = await connection.BeginRawBinaryCopyAsync($"copy {name} ({columns}) from stdin (format binary)");
            await stream.WriteAsync(rows);
        }

        await transaction.CommitAsync();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async IAsyncEnumerable<NpgsqlDataReader> ReadAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            yield return reader;
        }
    }
}
