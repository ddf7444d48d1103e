using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Mallgram.Kernel.Cleanup;

/// <summary>Removes what is past its time, task by task in small transactions, then renews statistics. Safe to run twice.</summary>
internal sealed partial class DatabaseCleanup(
    IEnumerable<ICleanupTask> tasks,
    IOptions<CleanupOptions> options,
    PlatformDataSource platform,
    TimeProvider clock,
    ILogger<DatabaseCleanup> logger) : IMallgramJob
{
    // As autovacuum does, but at a fifth of its share: the night is the time to be exact.
    private const string ChangedMuch =
        """
        select s.relid::regclass::text from pg_stat_user_tables s join pg_class c on c.oid = s.relid
        where c.relpersistence = 'p' and pg_get_userbyid(c.relowner) = 'mallgram_owner'
          and s.n_mod_since_analyze > 1000 + 0.02 * greatest(c.reltuples, 0)
        order by s.n_mod_since_analyze
        """;

    public static string Name => "database-cleanup";

    public static string DefaultCron => "0 0 3 * * ?";

    public static LocalText Description => new(
        "Removes rows past their retention and renews statistics", "Supprime les lignes périmées et renouvelle les statistiques");

    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        var removed = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var failed = new List<string>();
        foreach (var task in tasks)
        {
            if (options.Value.RetentionOf(task) is not { } retention)
            {
                continue;
            }

            removed[task.Name] = 0;
            try
            {
                long batch;
                do
                {
                    await run.ReportAsync(new { task = task.Name, removed, failed }, ct);
                    batch = await task.RemoveAsync(clock.GetUtcNow() - retention, options.Value.BatchSize, ct);
                    removed[task.Name] += batch;
                }
                while (batch > 0);
            }
            // A task may throw anything; the others still get their turn, and the run fails at its end.
            catch (Exception e) when (e is not OperationCanceledException and not OutOfMemoryException)
            {
                LogFailed(e, task.Name);
                failed.Add(task.Name);
            }
        }

        var analyzed = options.Value.Analyze ? await AnalyzeAsync(failed, ct) : [];
        await run.ReportAsync(new { task = (string?)null, removed, failed }, ct);
        return failed.Count == 0
            ? new { removed, analyzed }
            : throw new InvalidOperationException($"Failed: {string.Join(", ", failed)}. The log has the reasons; the other tasks are done.");
    }

    private async Task<List<string>> AnalyzeAsync(List<string> failed, CancellationToken ct)
    {
        var changed = new List<string>();
        try
        {
            await using (var command = platform.Source.CreateCommand(ChangedMuch))
            await using (var reader = await command.ExecuteReaderAsync(ct))
            {
                while (await reader.ReadAsync(ct))
                {
                    changed.Add(reader.GetString(0));
                }
            }

            foreach (var table in changed)
            {
                // One statement, so one transaction, a table: ANALYZE keeps vacuum off the table until its transaction ends.
                await using var command = platform.Source.CreateCommand("select kernel.analyze_table($1::regclass)");
                command.Parameters.Add(Sql.Text(table));
                command.CommandTimeout = 600;
                await command.ExecuteNonQueryAsync(ct);
            }
        }
        catch (NpgsqlException e)
        {
            LogFailed(e, "analyze");
            failed.Add("analyze");
        }

        return changed;
    }

    [LoggerMessage(LogLevel.Error, "Cleanup task {Task} failed")]
    private partial void LogFailed(Exception e, string task);
}
