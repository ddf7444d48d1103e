using System.Text.Json;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Kernel.Jobs;

/// <summary>The run being executed: its identity and where it reports to.</summary>
/// <param name="id">Row in <c>kernel.job_runs</c>.</param>
/// <param name="fence">Token of the lease; writes with an older token than the row's are ignored.</param>
public sealed class JobRun(Guid id, DateTimeOffset scheduledAt, long fence, PlatformDataSource platform)
{
    public Guid Id { get; } = id;

    /// <summary>Fire time of the schedule, or when the run was asked for; UTC.</summary>
    public DateTimeOffset ScheduledAt { get; } = scheduledAt;

    public long Fence { get; } = fence;

    /// <summary>Replaces the run's progress, read by the admin app while it runs. Cheap, but call it per batch, not per item.</summary>
    public async Task ReportAsync<T>(T progress, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand("update kernel.job_runs set progress = $2 where id = $1 and fence = $3 and state = 'running'");
        command.Parameters.Add(Sql.Uuid(Id));
        command.Parameters.Add(Sql.Json(JsonSerializer.Serialize(progress, MallgramJson.Options)));
        command.Parameters.Add(Sql.Long(Fence));
        await command.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>A run as operators see it. Times are UTC; progress and summary are the job's own JSON.</summary>
public sealed record JobRunRow(
    Guid Id,
    string Job,
    string Trigger,
    string State,
    DateTimeOffset ScheduledAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    string? Node,
    JsonElement? Progress,
    JsonElement? Summary,
    string? Error)
{
    public bool IsFinished => State is "succeeded" or "failed" or "cancelled";
}
