using System.Diagnostics;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Telemetry;
using Mallgram.Sourcing.Suppliers;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mallgram.Sourcing.Sync;

/// <summary>How one store's sync stands, for progress and summary.</summary>
/// <param name="RatePerSecond">Items since this process took the run up.</param>
internal sealed record StoreSyncStatus(
    string Store,
    string Supplier,
    string State,
    string? SyncRunId,
    int Seen,
    int? Total,
    int Created,
    int Updated,
    int Unchanged,
    int Skipped,
    int Failed,
    int Hidden,
    IReadOnlyDictionary<string, int> Reasons,
    double RatePerSecond,
    double? EtaSeconds,
    string? Error)
{
    public static StoreSyncStatus NotRun(string store, string supplier, string state, string why) => new(
        store, supplier, state, SyncRunId: null, 0, Total: null, 0, 0, 0, 0, 0, 0, new Dictionary<string, int>(), 0, EtaSeconds: null, why);
}

/// <summary>
/// Brings the catalogue of the scope's store up to date with one supplier: categories, then the feed page by page. A page is read, its new
/// and changed items are asked for in detail, and all of it commits together with the page's number. A kill costs at most one page read
/// twice. One page is in memory at a time. What people picked at the supplier and the feed did not show is read after it, item by item.
/// </summary>
internal sealed partial class StoreSync(
    SyncRuns runs, FailedItems failedItems, ICatalogImport import, IStoreRoom room, PlatformDataSource platform, TimeProvider clock,
    ILogger<StoreSync> logger)
{
    /// <summary>Pages in a row that cannot be read before the supplier counts as down.</summary>
    private const int FailedPagesInARow = 3;

    private const int HideAtOnce = 1000;

    private const int PickedAtOnce = 50;

    /// <summary>Reason counted when more than <see cref="MissingAtMost"/> of the known items are missing.</summary>
    public const string FeedShrunk = "feed_shrunk";

    private const double MissingAtMost = 0.3;

    /// <summary>Of fewer items nothing is concluded from a share.</summary>
    private const int FewItems = 10;

    /// <summary>A supplier that says the same in the third run means it.</summary>
    private const int BelievedAfter = 2;

    private static readonly System.Diagnostics.Metrics.Counter<long> Items =
        MallgramTelemetry.Meter.CreateCounter<long>("mallgram.sync.items", "{item}", "Items of supplier feeds by outcome");

    /// <param name="report">Called after each page.</param>
    /// <returns>How it ended; a failure is told there, not thrown.</returns>
    public async Task<StoreSyncStatus> RunAsync(
        string store, ISupplier supplier, JobRun job, Func<StoreSyncStatus, Task> report, CancellationToken ct)
    {
        if (await runs.OpenAsync(supplier.Code, job, ct) is not { } run)
        {
            return StoreSyncStatus.NotRun(store, supplier.Code, "rolling_back", "An earlier run is being rolled back; the next run finds it done.");
        }

        var work = new Work(store, supplier, job, run, Stopwatch.GetTimestamp(), run.Counters.Seen, report);
        if (run.Checkpoint != SyncCheckpoint.Start)
        {
            LogResumed(store, supplier.Code, run.Checkpoint.Page);
        }
        else if (await room.LeftAsync(StoreMeters.Products, ct) is not 0 and var left)
        {
            await runs.ForgetBeyondLimitAsync(supplier.Code, left, ct);
        }

        try
        {
            await ReadCategoriesAsync(work, ct);
            await ReadFeedAsync(work, ct);
            (work.Run, _) = await failedItems.RetryAsync(
                supplier, work.Run, (after, issues) => runs.Save(after, job.Fence, issues), long.MaxValue, ct);
            await ReadPickedAsync(work, ct);
            var complete = await HideMissingAsync(work, ct);
            return await EndAsync(work, complete ? SyncStates.Succeeded : SyncStates.Incomplete, error: null);
        }
        catch (SupplierException e) when (e.Fault == SupplierFault.QuotaUsedUp)
        {
            LogPaused(store, supplier.Code, e.Message);
            return await EndAsync(work, SyncStates.PausedByQuota, e.Message);
        }
        catch (SupplierException e)
        {
            LogFailed(e, store, supplier.Code);
            return await EndAsync(work, SyncStates.Failed, e.Message);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // A process that stops leaves the run to its successor; a run that somebody cancelled is over.
            if (await IsCancelRequestedAsync(job.Id))
            {
                await EndAsync(work, SyncStates.Cancelled, error: null);
            }

            throw;
        }
    }

    private async Task ReadCategoriesAsync(Work work, CancellationToken ct)
    {
        if (work.Run.Checkpoint.CategoriesDone)
        {
            return;
        }

        var categories = await work.Supplier.ReadCategoriesAsync(ct);
        var after = work.Run;
        await import.ImportCategoriesAsync(
            work.Supplier.Code,
            categories,
            result =>
            {
                var issues = result.Skipped.Select(s => new SyncIssue(s.ExternalId, s.Reason, s.Detail)).ToList();
                (after, var statements) = runs.Save(
                    work.Run.Count(issues) with { Checkpoint = work.Run.Checkpoint with { CategoriesDone = true } }, work.Job.Fence, issues);
                return statements;
            },
            ct);
        work.Run = after;
    }

    private async Task ReadFeedAsync(Work work, CancellationToken ct)
    {
        var failedInARow = 0;
        while (!work.Run.Checkpoint.FeedDone)
        {
            var number = work.Run.Checkpoint.Page + 1;
            try
            {
                var page = await work.Supplier.ReadFeedAsync(number, ct);
                await ImportPageAsync(work, number, page, ct);
                failedInARow = 0;
            }
            catch (SupplierException e) when (e.Fault is SupplierFault.Unavailable or SupplierFault.Unreadable && e is not { Code: FailedItems.SupplierDown })
            {
                // The rest of the feed may be fine; what stands on this page is unknown, so nothing will be hidden in this run.
                if (++failedInARow >= FailedPagesInARow || work.Run.Total is null)
                {
                    throw;
                }

                LogPageFailed(e, work.Store, number);
                await SkipPageAsync(work, number, e, ct);
            }

            catch (PostgresException e) when (e.SqlState[..2] is "22" or "23")
            {
                // Data that slipped through every check: one page less is better than a sync that stops at it every night.
                LogPageFailed(e, work.Store, number);
                if (++failedInARow >= FailedPagesInARow)
                {
                    throw;
                }

                var rejected = new SupplierException(SupplierFault.Unreadable, "rejected_by_database", $"{e.SqlState} {e.MessageText}", e);
                await SkipPageAsync(work, number, rejected, ct);
            }

            await work.Report(Status(work, SyncStates.Running, error: null));
        }
    }

    private async Task ImportPageAsync(Work work, int number, FeedPage page, CancellationToken ct)
    {
        var issues = new List<SyncIssue>();
        issues.AddRange(Enumerable.Repeat(new SyncIssue("", "feed_entry_unreadable", Detail: null), page.Unreadable));
        var items = new List<FeedItem>();
        var shown = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in page.Items)
        {
            if (shown.Add(item.ExternalId))
            {
                items.Add(item);
            }
            else
            {
                issues.Add(new SyncIssue(item.ExternalId, SkipReasons.Duplicate, Detail: null));
            }
        }

        var duplicates = page.Items.Count - items.Count;
        var known = items.Count == 0 ? [] : await runs.KnownItemsAsync(work.Supplier.Code, items.Select(i => i.ExternalId), ct);
        var staleBefore = clock.GetUtcNow() - work.Supplier.RefreshAfter;
        var wanted = new List<FeedItem>();
        int unchanged = 0, skippedAgain = 0;
        foreach (var item in items)
        {
            if (!known.TryGetValue(item.ExternalId, out var before) || before.ReadAt < staleBefore
                || !before.FeedHash.AsSpan().SequenceEqual(item.Hash))
            {
                wanted.Add(item);
            }
            else if (before.SkipReason is { } reason)
            {
                // Nothing about it has changed, the reason to leave it out neither.
                skippedAgain++;
                issues.Add(new SyncIssue(item.ExternalId, reason, Detail: null));
            }
            else
            {
                unchanged++;
            }
        }

        var french = wanted.Count == 0 ? new Dictionary<string, string>() : await work.Supplier.ReadFrenchNamesAsync(number, ct);
        var (products, failures) = await FailedItems.ReadDetailsAsync(work.Supplier, wanted.ConvertAll(w => w.ExternalId), french, ct);
        issues.AddRange(failures);
        SyncRun after = work.Run;
        SyncCounters added = SyncCounters.Zero;
        await import.ImportAsync(
            work.Supplier.Code,
            work.Run.Id,
            products,
            result =>
            {
                issues.AddRange(result.Skipped.Concat(result.LeftOutOfMarkets).Select(s => new SyncIssue(s.ExternalId, s.Reason, s.Detail)));
                var skipReasons = result.Skipped.ToDictionary(s => s.ExternalId, s => s.Reason, StringComparer.Ordinal);
                var hashes = wanted.ToDictionary(w => w.ExternalId, w => w.Hash, StringComparer.Ordinal);
                added = new SyncCounters(
                    page.Items.Count + page.Unreadable,
                    result.Created,
                    result.Updated,
                    unchanged + result.Unchanged,
                    skippedAgain + duplicates + result.Skipped.Count,
                    page.Unreadable + failures.Count,
                    result.Hidden);
                var next = work.Run.Count(issues) with
                {
                    Counters = Sum(work.Run.Counters, added),
                    Total = page.Total ?? work.Run.Total,
                    Checkpoint = work.Run.Checkpoint with
                    {
                        Page = number,
                        Listed = work.Run.Checkpoint.Listed + page.Items.Count + page.Unreadable,
                        FeedDone = page.IsLast,
                    },
                };
                (after, var statements) = runs.Save(next, work.Job.Fence, issues);
                statements.AddRange(runs.SavePage(
                    after, number, [.. shown],
                    [.. products.Select(p => (p.ExternalId, hashes[p.ExternalId], skipReasons.GetValueOrDefault(p.ExternalId)))]));
                statements.AddRange(runs.SaveFailures(
                    after,
                    [.. failures.Select(f => new SyncFailure(f.ExternalId, hashes[f.ExternalId], french.GetValueOrDefault(f.ExternalId), f.Reason))]));
                return statements;
            },
            ct);
        work.Run = after;
        Measure(work, added);
    }

    private async Task SkipPageAsync(Work work, int number, SupplierException e, CancellationToken ct)
    {
        var name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"page {number}");
        SyncIssue[] issues = [new(name, "feed_page_" + e.Code, e.Message)];
        var before = work.Run.Checkpoint;
        var (after, statements) = runs.Save(
            work.Run.Count(issues) with { Checkpoint = before with { Page = number, PagesFailed = before.PagesFailed + 1 } },
            work.Job.Fence,
            issues);
        await import.ImportAsync(work.Supplier.Code, work.Run.Id, [], _ => statements, ct);
        work.Run = after;
    }

    /// <summary>Reads items that a person picked: the feed need not show them, so only their details say whether they are sold.</summary>
    private async Task ReadPickedAsync(Work work, CancellationToken ct)
    {
        while (await runs.PickedItemsAsync(work.Run, PickedAtOnce, ct) is { Count: > 0 } picked)
        {
            var (products, failures) = await FailedItems.ReadDetailsAsync(work.Supplier, picked, french: null, ct);
            var after = work.Run;
            var added = SyncCounters.Zero;
            await import.ImportAsync(
                work.Supplier.Code,
                work.Run.Id,
                products,
                result =>
                {
                    List<SyncIssue> issues =
                    [
                        .. failures,
                        .. result.Skipped.Concat(result.LeftOutOfMarkets).Select(s => new SyncIssue(s.ExternalId, s.Reason, s.Detail)),
                    ];
                    added = new SyncCounters(
                        picked.Count, result.Created, result.Updated, result.Unchanged, result.Skipped.Count, failures.Count,
                        result.Hidden);
                    (after, var statements) = runs.Save(
                        work.Run.Count(issues) with { Counters = Sum(work.Run.Counters, added) }, work.Job.Fence, issues);
                    statements.Add(runs.SavePickedRead(work.Run, picked));
                    return statements;
                },
                ct);
            work.Run = after;
            Measure(work, added);
            await work.Report(Status(work, SyncStates.Running, error: null));
        }
    }

    /// <summary>Hides what the feed no longer shows, if the whole feed was seen. What people picked is not the feed's to hide.</summary>
    /// <returns>False when it was not: absence proves nothing then.</returns>
    private async Task<bool> HideMissingAsync(Work work, CancellationToken ct)
    {
        var (checkpoint, total) = (work.Run.Checkpoint, work.Run.Total);
        if (checkpoint.PagesFailed > 0 || total is null or 0 || checkpoint.Listed < total)
        {
            if (checkpoint.PagesFailed == 0)
            {
                LogEndedEarly(work.Store, work.Supplier.Code, checkpoint.Listed, total);
                work.Run = work.Run.Count([new SyncIssue("", "feed_ended_early", Detail: null)]);
            }

            return false;
        }

        // A feed may be cut short and say so little itself that its own total looks right.
        var (known, absent, saidBefore) = await runs.CountMissingAsync(work.Run, ct);
        if (known >= FewItems && absent > known * MissingAtMost)
        {
            work.Run = work.Run.Count([new SyncIssue("", FeedShrunk, Detail: null)]);
            if (saidBefore < BelievedAfter)
            {
                LogShrunk(work.Store, work.Supplier.Code, absent, known);
                return false;
            }
        }

        while (await runs.MissingItemsAsync(work.Run, HideAtOnce, ct) is { Count: > 0 } missing)
        {
            var hidden = await import.HideAsync(work.Supplier.Code, work.Run.Id, missing, [SyncRuns.Forget(work.Supplier.Code, missing)], ct);
            work.Run = work.Run with { Counters = work.Run.Counters with { Hidden = work.Run.Counters.Hidden + hidden } };
        }

        return true;
    }

    private async Task<StoreSyncStatus> EndAsync(Work work, string state, string? error)
    {
        await runs.FinishAsync(work.Run, work.Job.Fence, state, error);
        return Status(work, state, error);
    }

    private async Task<bool> IsCancelRequestedAsync(Guid jobRunId)
    {
        await using var command = platform.Source.CreateCommand("select cancel_requested from kernel.job_runs where id = $1");
        command.Parameters.Add(Sql.Uuid(jobRunId));
        return await command.ExecuteScalarAsync(CancellationToken.None) is true;
    }

    private static StoreSyncStatus Status(Work work, string state, string? error)
    {
        var (run, counters) = (work.Run, work.Run.Counters);
        var seconds = Stopwatch.GetElapsedTime(work.StartedAt).TotalSeconds;
        var rate = seconds > 0 ? Math.Round((counters.Seen - work.SeenBefore) / seconds, 1) : 0;
        double? eta = state == SyncStates.Running && rate > 0 && run.Total is { } total
            ? Math.Round(Math.Max(0, total - counters.Seen) / rate, 1)
            : null;
        return new StoreSyncStatus(
            work.Store, work.Supplier.Code, state, PublicId.Format(PublicId.SyncRun, run.Id), counters.Seen, run.Total, counters.Created,
            counters.Updated, counters.Unchanged, counters.Skipped, counters.Failed, counters.Hidden, run.Reasons, rate, eta, error);
    }

    private static SyncCounters Sum(SyncCounters a, SyncCounters b) => new(
        a.Seen + b.Seen, a.Created + b.Created, a.Updated + b.Updated, a.Unchanged + b.Unchanged, a.Skipped + b.Skipped, a.Failed + b.Failed,
        a.Hidden + b.Hidden);

    private static void Measure(Work work, SyncCounters added)
    {
        foreach (var (outcome, count) in new[]
            {
                ("created", added.Created), ("updated", added.Updated), ("unchanged", added.Unchanged), ("skipped", added.Skipped),
                ("failed", added.Failed),
            })
        {
            if (count > 0)
            {
                Items.Add(count, new TagList { { "outcome", outcome }, { "supplier", work.Supplier.Code }, { "store", work.Store } });
            }
        }
    }

    private sealed class Work(
        string store, ISupplier supplier, JobRun job, SyncRun run, long startedAt, int seenBefore, Func<StoreSyncStatus, Task> report)
    {
        public string Store { get; } = store;

        public ISupplier Supplier { get; } = supplier;

        public JobRun Job { get; } = job;

        /// <summary>As of the last commit.</summary>
        public SyncRun Run { get; set; } = run;

        public long StartedAt { get; } = startedAt;

        public int SeenBefore { get; } = seenBefore;

        public Func<StoreSyncStatus, Task> Report { get; } = report;
    }

    [LoggerMessage(LogLevel.Information, "Sync of {Supplier} for store {Store} goes on after page {Page}")]
    private partial void LogResumed(string store, string supplier, int page);

    [LoggerMessage(LogLevel.Warning, "Sync of {Supplier} for store {Store} is paused: {Reason}")]
    private partial void LogPaused(string store, string supplier, string reason);

    [LoggerMessage(LogLevel.Error, "Sync of {Supplier} for store {Store} failed")]
    private partial void LogFailed(Exception e, string store, string supplier);

    [LoggerMessage(LogLevel.Warning, "Page {Page} of the feed for store {Store} could not be read and is left out")]
    private partial void LogPageFailed(Exception e, string store, int page);

    [LoggerMessage(LogLevel.Warning, "The feed of {Supplier} for store {Store} lacks {Missing} of {Known} known items; nothing is hidden")]
    private partial void LogShrunk(string store, string supplier, long missing, long known);

    [LoggerMessage(LogLevel.Warning, "The feed of {Supplier} for store {Store} ended after {Listed} of {Total} items; nothing is hidden")]
    private partial void LogEndedEarly(string store, string supplier, int listed, int? total);
}
