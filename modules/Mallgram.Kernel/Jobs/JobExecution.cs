using System.Diagnostics;
using System.Text.Json;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Quartz;

namespace Mallgram.Kernel.Jobs;

/// <summary>
/// The one Quartz job: runs the <see cref="IMallgramJob"/> that its key names, under a fenced lease, with a row that makes (job, scheduled
/// time) unique. Quartz keeps two nodes from firing together in the normal case; the lease and the row keep it so after crashes, pauses
/// and clock trouble.
/// </summary>
[DisallowConcurrentExecution]
public sealed partial class JobExecution(
    IServiceScopeFactory scopes,
    IEnumerable<JobDefinition> definitions,
    PlatformDataSource platform,
    TimeProvider clock,
    ILogger<JobExecution> logger) : IJob
{
    internal const string RunIdKey = "run_id";

    internal static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(4);

    private static readonly string Node = $"{Environment.MachineName}:{Environment.ProcessId}";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        var definition = definitions.Single(d => d.Name == context.JobDetail.Key.Name);
        Guid? requested = context.MergedJobDataMap.TryGetString(RunIdKey, out var text) && Guid.TryParse(text, out var id) ? id : null;
        var scheduledAt = context.ScheduledFireTimeUtc ?? context.FireTimeUtc;

        var fence = await TakeLeaseAsync(definition.Name, cancellationToken);
        try
        {
            if (await StartAsync(definition.Name, requested, scheduledAt, fence, cancellationToken) is { } run)
            {
                await RunAsync(definition, run, requested is null, cancellationToken);
            }
        }
        finally
        {
            await ExecuteAsync(
                "update kernel.job_leases set expires_at = now() where job = $1 and token = $2", [Sql.Text(definition.Name), Sql.Long(fence)]);
        }
    }

    private async Task RunAsync(JobDefinition definition, JobRun run, bool bySchedule, CancellationToken ct)
    {
        using var activity = MallgramTelemetry.Activities.StartActivity("job " + definition.Name, ActivityKind.Internal);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var beating = BeatAsync(definition.Name, run, ending);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var job = (IMallgramJob)scope.ServiceProvider.GetRequiredService(definition.Type);
            var summary = await job.RunAsync(run, ending.Token);
            await ending.CancelAsync();
            if (summary is null && bySchedule)
            {
                await ExecuteAsync("delete from kernel.job_runs where id = $1 and fence = $2", [Sql.Uuid(run.Id), Sql.Long(run.Fence)]);
            }
            else
            {
                await FinishAsync(run, "succeeded", summary, error: null);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The process is stopping: leave the row running, so that another node takes the run over when the lease ends.
            LogInterrupted(definition.Name, run.Id);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            await FinishAsync(run, "cancelled", summary: null, error: null);
        }
        // A job may throw anything; the run keeps it, the log has the stack, and the schedule goes on.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            activity?.SetStatus(ActivityStatusCode.Error);
            LogFailed(e, definition.Name, run.Id);
            await FinishAsync(run, "failed", summary: null, $"{e.GetType().Name}: {e.Message}");
        }
        finally
        {
            await ending.CancelAsync();
            await beating;
        }
    }

    /// <summary>Waits for a dead holder's lease to run out; a live one cannot be there, because Quartz fires one at a time.</summary>
    private async Task<long> TakeLeaseAsync(string job, CancellationToken ct)
    {
        while (true)
        {
            await using (var command = platform.Source.CreateCommand(
                """
                insert into kernel.job_leases as l (job, owner, token, expires_at) values ($1, $2, 1, now() + $3)
                on conflict (job) do update set owner = excluded.owner, token = l.token + 1, expires_at = excluded.expires_at
                where l.expires_at <= now()
                returning token
                """))
            {
                command.Parameters.AddRange(new[] { Sql.Text(job), Sql.Text(Node), new NpgsqlParameter<TimeSpan> { TypedValue = LeaseTime } });
                if (await command.ExecuteScalarAsync(ct) is long token)
                {
                    return token;
                }
            }

            await Task.Delay(TimeSpan.FromSeconds(1), clock, ct);
        }
    }

    /// <returns>Null when this firing was done before or was cancelled while it waited.</returns>
    private async Task<JobRun?> StartAsync(string job, Guid? requested, DateTimeOffset scheduledAt, long fence, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(requested is { } runId
            ? """
              update kernel.job_runs set state = 'running', node = $3, fence = $2, started_at = coalesce(started_at, now()), heartbeat_at = now()
              where id = $1 and state in ('requested', 'running') and (fence is null or fence < $2)
              returning id, scheduled_at
              """
            : """
              insert into kernel.job_runs as r (id, job, scheduled_at, trigger, state, node, fence, started_at, heartbeat_at)
              values ($1, $4, $5, 'schedule', 'running', $3, $2, now(), now())
              on conflict (job, scheduled_at) do update set node = excluded.node, fence = excluded.fence, heartbeat_at = now()
              where r.state = 'running' and r.fence < excluded.fence
              returning id, scheduled_at
              """);
        command.Parameters.Add(Sql.Uuid(requested ?? PublicId.New(clock)));
        command.Parameters.Add(Sql.Long(fence));
        command.Parameters.Add(Sql.Text(Node));
        if (requested is null)
        {
            command.Parameters.Add(Sql.Text(job));
            command.Parameters.Add(Sql.Time(scheduledAt));
        }

        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct)
            ? new JobRun(reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1), fence, platform)
            : null;
    }

    /// <summary>Keeps the lease and watches for a cancel request; losing the lease ends the run, because another node may start it.</summary>
    private async Task BeatAsync(string job, JobRun run, CancellationTokenSource ending)
    {
        var lastKept = Stopwatch.GetTimestamp();
        while (!ending.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(Heartbeat, ending.Token);
                await using var command = platform.Source.CreateCommand(
                    """
                    with kept as (
                        update kernel.job_leases set expires_at = now() + $3 where job = $1 and token = $2 returning 1)
                    update kernel.job_runs set heartbeat_at = now()
                    where id = $4 and fence = $2 and state = 'running' and exists (select from kept)
                    returning cancel_requested
                    """);
                command.Parameters.AddRange(new[]
                {
                    Sql.Text(job), Sql.Long(run.Fence), new NpgsqlParameter<TimeSpan> { TypedValue = LeaseTime }, Sql.Uuid(run.Id),
                });
                if (await command.ExecuteScalarAsync(ending.Token) is not false)
                {
                    await ending.CancelAsync();
                    return;
                }

                lastKept = Stopwatch.GetTimestamp();
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (NpgsqlException e)
            {
                LogHeartbeatFailed(e, job);
                if (Stopwatch.GetElapsedTime(lastKept) > LeaseTime - Heartbeat)
                {
                    await ending.CancelAsync();
                    return;
                }
            }
        }
    }

    private Task FinishAsync(JobRun run, string state, object? summary, string? error) => ExecuteAsync(
        "update kernel.job_runs set state = $3, summary = $4, error = $5, finished_at = now() where id = $1 and fence = $2 and state = 'running'",
        [
            Sql.Uuid(run.Id),
            Sql.Long(run.Fence),
            Sql.Text(state),
            Sql.Json(summary is null ? null : JsonSerializer.Serialize(summary, summary.GetType(), MallgramJson.Options)),
            Sql.Text(error),
        ]);

    private async Task ExecuteAsync(string sql, NpgsqlParameter[] parameters)
    {
        await using var command = platform.Source.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    [LoggerMessage(LogLevel.Error, "Job {Job} failed in run {RunId}")]
    private partial void LogFailed(Exception e, string job, Guid runId);

    [LoggerMessage(LogLevel.Information, "Job {Job} was interrupted by shutdown in run {RunId}; another node goes on")]
    private partial void LogInterrupted(string job, Guid runId);

    [LoggerMessage(LogLevel.Warning, "The lease of job {Job} could not be renewed")]
    private partial void LogHeartbeatFailed(Exception e, string job);
}
