namespace Mallgram.Sourcing.Sync;

/// <summary>Words of <c>sourcing.sync_runs.state</c>.</summary>
internal static class SyncStates
{
    public const string Running = "running";
    public const string Succeeded = "succeeded";

    /// <summary>Went to the end, but the feed ended early or pages could not be read: nothing was hidden on its evidence.</summary>
    public const string Incomplete = "incomplete";

    public const string PausedByQuota = "paused_by_quota";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";
}

/// <summary>Where a run goes on after a kill.</summary>
/// <param name="Page">Feed pages done.</param>
/// <param name="PagesFailed">Pages among them that could not be read.</param>
/// <param name="Listed">Entries that the feed has shown, repeated ones too.</param>
internal sealed record SyncCheckpoint(bool CategoriesDone, int Page, int PagesFailed, int Listed, bool FeedDone)
{
    public static SyncCheckpoint Start { get; } = new(false, 0, 0, 0, false);
}

/// <summary>Items by outcome: seen is the sum of created, updated, unchanged, skipped and failed.</summary>
internal sealed record SyncCounters(int Seen, int Created, int Updated, int Unchanged, int Skipped, int Failed, int Hidden)
{
    public static SyncCounters Zero { get; } = new(0, 0, 0, 0, 0, 0, 0);
}

/// <summary>An item that did not make it, or a category that had to be corrected.</summary>
internal sealed record SyncIssue(string ExternalId, string Reason, string? Detail);

/// <summary>A run as of its last commit.</summary>
/// <param name="Reasons">How many items each reason left out.</param>
/// <param name="IssueCount">Rows in <c>sourcing.sync_issues</c>.</param>
internal sealed record SyncRun(
    Guid Id,
    string Supplier,
    DateTimeOffset StartedAt,
    SyncCheckpoint Checkpoint,
    SyncCounters Counters,
    int? Total,
    IReadOnlyDictionary<string, int> Reasons,
    int IssueCount)
{
    public SyncRun Count(IEnumerable<SyncIssue> issues)
    {
        var reasons = new Dictionary<string, int>(Reasons, StringComparer.Ordinal);
        foreach (var issue in issues)
        {
            reasons[issue.Reason] = reasons.GetValueOrDefault(issue.Reason) + 1;
        }

        return this with { Reasons = reasons };
    }

    /// <param name="reasons">Of items that failed before and were read now.</param>
    public SyncRun Resolve(IEnumerable<string> reasons)
    {
        var left = new Dictionary<string, int>(Reasons, StringComparer.Ordinal);
        foreach (var reason in reasons)
        {
            if (left.GetValueOrDefault(reason) <= 1)
            {
                left.Remove(reason);
            }
            else
            {
                left[reason]--;
            }
        }

        return this with { Reasons = left };
    }
}
