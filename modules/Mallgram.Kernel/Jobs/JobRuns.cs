using System.Text.Json;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Kernel.Jobs;

/// <summary>Reads runs and asks for new ones. Asking writes the run's row and an event; a Worker picks it up within a second.</summary>
public sealed class JobRuns(PlatformDataSource platform, OutboxWriter outbox, IOutboxSignal signal, TimeProvider clock)
{
    internal const string RunRequested = "kernel.job_run_requested";

    private const string Columns =
        "id, job, trigger, state, scheduled_at, started_at, finished_at, node, progress, summary, error";

    /// <summary>Asks for a run now. While one of the same job is waiting or running, that one is returned instead.</summary>
    /// <param name="requestedBy">Shown in the run history: a person's public id, or <c>operator</c>.</param>
    /// <returns>Id of the run to follow.</returns>
    public async Task<Guid> RequestAsync(string job, string requestedBy, CancellationToken ct)
    {
        await using var connection = await platform.Source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var open = new NpgsqlBatch(connection, transaction))
        {
            open.BatchCommands.Add(Sql.Command("select pg_advisory_xact_lock(hashtextextended('job:' || $1, 0))", Sql.Text(job)));
            open.BatchCommands.Add(Sql.Command(
                "select id from kernel.job_runs where job = $1 and state in ('requested', 'running') order by created_at limit 1", Sql.Text(job)));
            await using var reader = await open.ExecuteReaderAsync(ct);
            await reader.NextResultAsync(ct);
            if (await reader.ReadAsync(ct))
            {
                return reader.GetGuid(0);
            }
        }

        var id = PublicId.New(clock);
        await using (var request = new NpgsqlBatch(connection, transaction))
        {
            request.BatchCommands.Add(Sql.Command(
                "insert into kernel.job_runs (id, job, scheduled_at, trigger, state, requested_by) values ($1, $2, $3, 'manual', 'requested', $4)",
                Sql.Uuid(id), Sql.Text(job), Sql.Time(clock.GetUtcNow()), Sql.Text(requestedBy)));
            request.BatchCommands.Add(outbox.Add(storeId: null, RunRequested, new JobRunRequested(job, id)));
            await request.ExecuteNonQueryAsync(ct);
        }

        await transaction.CommitAsync(ct);
        signal.Notify();
        return id;
    }

    public async Task<JobRunRow?> FindAsync(Guid id, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand($"select {Columns} from kernel.job_runs where id = $1");
        command.Parameters.Add(Sql.Uuid(id));
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? Read(reader) : null;
    }

    /// <summary>Newest runs first.</summary>
    /// <param name="job">Name of one job, or null for all.</param>
    public async Task<List<JobRunRow>> ListAsync(string? job, int limit, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            $"select {Columns} from kernel.job_runs where $1 is null or job = $1 order by created_at desc limit $2");
        command.Parameters.Add(Sql.Text(job));
        command.Parameters.Add(Sql.Int(limit));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<JobRunRow>();
        while (await reader.ReadAsync(ct))
        {
            rows.Add(Read(reader));
        }

        return rows;
    }

    /// <summary>The newest run of every job that ever ran.</summary>
    public async Task<List<JobRunRow>> LastOfEachAsync(CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            $"select distinct on (job) {Columns} from kernel.job_runs order by job, created_at desc");
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<JobRunRow>();
        while (await reader.ReadAsync(ct))
        {
            rows.Add(Read(reader));
        }

        return rows;
    }

    /// <summary>Asks a waiting or running run to end. It ends at its next heartbeat, within seconds.</summary>
    /// <returns>False when the run is over or unknown.</returns>
    public async Task<bool> CancelAsync(Guid id, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            """
            update kernel.job_runs set cancel_requested = true,
                state = case state when 'requested' then 'cancelled' else state end,
                finished_at = case state when 'requested' then now() end
            where id = $1 and state in ('requested', 'running')
            """);
        command.Parameters.Add(Sql.Uuid(id));
        return await command.ExecuteNonQueryAsync(ct) > 0;
    }

    private static JobRunRow Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.GetString(1),
        reader.GetString(2),
        reader.GetString(3),
        reader.GetFieldValue<DateTimeOffset>(4),
        reader.IsDBNull(5) ? null : reader.GetFieldValue<DateTimeOffset>(5),
        reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6),
        reader.IsDBNull(7) ? null : reader.GetString(7),
        reader.IsDBNull(8) ? null : JsonElement.Parse(reader.GetString(8)),
        reader.IsDBNull(9) ? null : JsonElement.Parse(reader.GetString(9)),
        reader.IsDBNull(10) ? null : reader.GetString(10));
}

internal sealed record JobRunRequested(string Job, Guid RunId);
