using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Quartz;

namespace Mallgram.Kernel.Jobs;

/// <summary>Hands a requested run to the clustered scheduler.</summary>
internal sealed class StartRequestedRun(ISchedulerFactory schedulers) : IOutboxHandler
{
    public static string Type => JobRuns.RunRequested;

    public static string Effect => "start-run";

    public async Task HandleAsync(OutboxMessage message, CancellationToken ct)
    {
        var request = message.Read<JobRunRequested>();
        await JobRecovery.TriggerAsync(await schedulers.GetScheduler(ct), request.Job, request.RunId, ct);
    }
}

/// <summary>
/// Starts runs again whose node died (their lease ran out) or whose start was lost. Safe to run on every node: the scheduler, the lease and
/// the run's fence each let only one through.
/// </summary>
internal sealed partial class JobRecovery(ISchedulerFactory schedulers, PlatformDataSource platform, ILogger<JobRecovery> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    internal static async Task TriggerAsync(IScheduler scheduler, string job, Guid runId, CancellationToken ct) =>
        await scheduler.TriggerJob(new JobKey(job), new JobDataMap { [JobExecution.RunIdKey] = runId.ToString() }, ct);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        while (await WaitAsync(timer, stoppingToken))
        {
            try
            {
                var scheduler = await schedulers.GetScheduler(stoppingToken);
                foreach (var (job, runId) in await FindStrandedAsync(stoppingToken))
                {
                    LogRecovered(job, runId);
                    await TriggerAsync(scheduler, job, runId, stoppingToken);
                }
            }
            catch (Exception e) when (e is NpgsqlException or SchedulerException)
            {
                LogUnavailable(e);
            }
        }
    }

    private async Task<List<(string Job, Guid RunId)>> FindStrandedAsync(CancellationToken ct)
    {
        // One claim per lease time: touching heartbeat_at keeps the other nodes from starting the same run too.
        await using var command = platform.Source.CreateCommand(
            """
            update kernel.job_runs r set heartbeat_at = now()
            where state in ('requested', 'running')
              and coalesce(heartbeat_at, created_at) < now() - $1
              and not exists (select from kernel.job_leases l where l.job = r.job and l.expires_at > now())
            returning job, id
            """);
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = JobExecution.LeaseTime });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var stranded = new List<(string, Guid)>();
        while (await reader.ReadAsync(ct))
        {
            stranded.Add((reader.GetString(0), reader.GetGuid(1)));
        }

        return stranded;
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken ct)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Run {RunId} of job {Job} lost its node and starts again")]
    private partial void LogRecovered(string job, Guid runId);

    [LoggerMessage(LogLevel.Warning, "Runs that lost their node cannot be looked up")]
    private partial void LogUnavailable(Exception e);
}
