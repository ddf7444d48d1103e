using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Stores.Contracts;

namespace Mallgram.Stores.Lifecycle;

/// <summary>
/// Removes stores that are being closed: what lies outside the database first, then all rows, table by table in small transactions,
/// referring rows first, last the store itself. Safe to kill and to run again at any point. Other stores' rows are not touched: every
/// statement is <c>stores.erase_rows</c> of one store.
/// </summary>
internal sealed class StoreDeletion(PlatformDataSource platform, IEnumerable<IStoreErasure> outside, TimeProvider clock) : IMallgramJob
{
    private const long BatchRows = 20_000;

    // Longer than any process remembers a store as open, so that nothing is added behind our back.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(6);

    public static string Name => "store-deletion";

    public static string DefaultCron => "0 30 4 * * ?";

    public static LocalText Description => new("Removes stores that were deleted", "Supprime les boutiques fermées");

    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        var stores = 0;
        var removed = new SortedDictionary<string, long>(StringComparer.Ordinal);
        while (await NextAsync(ct) is var (storeId, closedAt))
        {
            if (closedAt + Rest - clock.GetUtcNow() is { Ticks: > 0 } wait)
            {
                await Task.Delay(wait, clock, ct);
            }

            foreach (var part in outside)
            {
                await part.EraseAsync(storeId, ct);
            }

            while (await PassAsync(storeId, removed, run, ct) > 0)
            {
                // What was added while the pass went on is found by the next.
            }

            await using var last = platform.Source.CreateCommand("delete from stores.stores where id = $1 and status = 'closing'");
            last.Parameters.Add(Sql.Uuid(storeId));
            await last.ExecuteNonQueryAsync(ct);
            stores++;
        }

        return stores == 0 ? null : new { stores, removed };
    }

    /// <returns>Rows removed from all tables.</returns>
    private async Task<long> PassAsync(Guid storeId, SortedDictionary<string, long> removed, JobRun run, CancellationToken ct)
    {
        IReadOnlyList<StoreTable> tables;
        await using (var connection = await platform.Source.OpenConnectionAsync(ct))
        {
            tables = await StoreTables.ReadAsync(connection, transaction: null, ct);
        }

        var sum = 0L;
        foreach (var table in tables.Where(t => t.Name != StoreTables.Stores))
        {
            long batch;
            do
            {
                await using var command = platform.Source.CreateCommand("select stores.erase_rows($1, $2::regclass, $3)");
                command.CommandTimeout = 600;
                command.Parameters.Add(Sql.Uuid(storeId));
                command.Parameters.Add(Sql.Text(table.Name));
                command.Parameters.Add(Sql.Long(table.RefersToItself ? null : BatchRows));
                batch = (long)(await command.ExecuteScalarAsync(ct))!;
                if (batch > 0)
                {
                    sum += batch;
                    removed[table.Name] = removed.GetValueOrDefault(table.Name) + batch;
                    await run.ReportAsync(new { table = table.Name, removed }, ct);
                }
            }
            while (!table.RefersToItself && batch == BatchRows);
        }

        return sum;
    }

    private async Task<(Guid Id, DateTimeOffset ClosedAt)?> NextAsync(CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            "select id, status_changed_at from stores.stores where status = 'closing' order by status_changed_at limit 1");
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? (reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1)) : null;
    }
}
