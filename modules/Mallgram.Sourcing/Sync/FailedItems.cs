using System.Collections.Concurrent;
using System.Diagnostics;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Sourcing.Suppliers;
using Npgsql;

namespace Mallgram.Sourcing.Sync;

/// <summary>Reads details from a supplier, and once more those that failed.</summary>
internal sealed class FailedItems(SyncRuns runs, ICatalogImport import)
{
    public const string SupplierDown = "supplier_down";

    /// <summary>Details in a row that cannot be fetched before the supplier counts as down.</summary>
    private const int FailedDetailsInARow = 10;

    private const int ReadAtOnce = 50;

    /// <summary>Reads details side by side; what fails is told item by item.</summary>
    /// <param name="french">French names by external id; null: each item is asked for its own.</param>
    /// <exception cref="SupplierException">Of a kind that concerns all items, or too many failed in a row.</exception>
    public static async Task<(List<SupplierProduct> Products, List<SyncIssue> Failures)> ReadDetailsAsync(
        ISupplier supplier, IReadOnlyList<string> wanted, IReadOnlyDictionary<string, string>? french, CancellationToken ct)
    {
        var read = new SupplierProduct?[wanted.Count];
        var failures = new ConcurrentBag<SyncIssue>();
        var failedInARow = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, wanted.Count),
            new ParallelOptions { MaxDegreeOfParallelism = supplier.DetailConcurrency, CancellationToken = ct },
            async (index, token) =>
            {
                var id = wanted[index];
                try
                {
                    var product = await supplier.ReadProductAsync(id, token) ?? Gone(id);
                    read[index] = product with
                    {
                        NameFr = french is not null ? french.GetValueOrDefault(id)
                            : product.IsOnSale ? await supplier.ReadFrenchNameAsync(id, token) : null,
                    };
                    Interlocked.Exchange(ref failedInARow, 0);
                }
                catch (SupplierException e) when (e.Fault is SupplierFault.Unavailable or SupplierFault.Unreadable or SupplierFault.ItemRefused)
                {
                    failures.Add(new SyncIssue(id, "detail_" + (e.Fault == SupplierFault.ItemRefused ? "refused" : e.Code), e.Message));
                    if (e.Fault == SupplierFault.Unavailable && Interlocked.Increment(ref failedInARow) >= FailedDetailsInARow)
                    {
                        throw new SupplierException(
                            SupplierFault.Unavailable, SupplierDown, $"{FailedDetailsInARow} detail calls in a row failed, the last with: {e.Message}", e);
                    }
                }
            });
        return (read.OfType<SupplierProduct>().ToList(), [.. failures]);
    }

    /// <summary>What stands for an item that the supplier does not know any more.</summary>
    public static SupplierProduct Gone(string externalId) => new() { ExternalId = externalId, Name = "", Variants = [], IsOnSale = false };

    /// <summary>Reads a run's failed items again, each once. A supplier that is down ends it early: the rest stays failed.</summary>
    /// <param name="save">Statements that store the run with its new counters.</param>
    /// <param name="until">Timestamp of <see cref="Stopwatch"/> after which no further items are taken.</param>
    /// <returns>The run after it, and whether all were tried.</returns>
    public async Task<(SyncRun Run, bool IsDone)> RetryAsync(
        ISupplier supplier,
        SyncRun run,
        Func<SyncRun, IReadOnlyList<SyncIssue>, (SyncRun Run, List<NpgsqlBatchCommand> Statements)> save,
        long until,
        CancellationToken ct)
    {
        while (Stopwatch.GetTimestamp() < until)
        {
            var failed = await runs.FailuresAsync(run.Id, ReadAtOnce, ct);
            if (failed.Count == 0)
            {
                return (run, true);
            }

            List<SupplierProduct> products;
            try
            {
                (products, _) = await ReadDetailsAsync(
                    supplier,
                    failed.ConvertAll(f => f.ExternalId),
                    failed.Where(f => f.NameFr is not null).ToDictionary(f => f.ExternalId, f => f.NameFr!, StringComparer.Ordinal),
                    ct);
            }
            catch (SupplierException e) when (e.Fault is SupplierFault.Unavailable or SupplierFault.Unreadable)
            {
                return (run, true);
            }

            run = await ImportAsync(supplier.Code, run, failed, products, save, ct);
        }

        return (run, false);
    }

    private async Task<SyncRun> ImportAsync(
        string supplier,
        SyncRun run,
        List<SyncFailure> failed,
        List<SupplierProduct> products,
        Func<SyncRun, IReadOnlyList<SyncIssue>, (SyncRun Run, List<NpgsqlBatchCommand> Statements)> save,
        CancellationToken ct)
    {
        var after = run;
        await import.ImportAsync(
            supplier,
            run.Id,
            products,
            result =>
            {
                var read = products.Select(p => p.ExternalId).ToHashSet(StringComparer.Ordinal);
                var issues = result.Skipped.Concat(result.LeftOutOfMarkets).Select(s => new SyncIssue(s.ExternalId, s.Reason, s.Detail)).ToList();
                var skips = result.Skipped.ToDictionary(s => s.ExternalId, s => s.Reason, StringComparer.Ordinal);
                var c = run.Counters;
                (after, var statements) = save(
                    run.Resolve(failed.Where(f => read.Contains(f.ExternalId)).Select(f => f.Reason)).Count(issues) with
                    {
                        Counters = c with
                        {
                            Created = c.Created + result.Created,
                            Updated = c.Updated + result.Updated,
                            Unchanged = c.Unchanged + result.Unchanged,
                            Skipped = c.Skipped + result.Skipped.Count,
                            Hidden = c.Hidden + result.Hidden,
                            Failed = c.Failed - read.Count,
                        },
                    },
                    issues);
                statements.AddRange(runs.SaveRetried(
                    after,
                    [.. failed.Where(f => read.Contains(f.ExternalId)).Select(f => (f.ExternalId, f.FeedHash, skips.GetValueOrDefault(f.ExternalId)))],
                    [.. failed.Select(f => f.ExternalId).Where(id => !read.Contains(id))]));
                return statements;
            },
            ct);
        return after;
    }
}

/// <param name="NameFr">As the feed said; null when it did not.</param>
internal sealed record SyncFailure(string ExternalId, byte[] FeedHash, string? NameFr, string Reason);

internal sealed record RetryRequested(Guid RunId);

/// <summary>Reads the failed items of a finished run again, because a person asked for it.</summary>
internal sealed class RetryFailedItems(
    SyncRuns runs, FailedItems items, IEnumerable<ISupplier> suppliers, StoreDatabase database, StoreScope scope, OutboxWriter outbox)
    : IOutboxHandler
{
    /// <summary>Ends well before a delivery does; what is left goes on in another one.</summary>
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(20);

    public static string Type => "sourcing.retry_requested";

    public static string Effect => "sourcing.read_failed_items_again";

    public async Task HandleAsync(OutboxMessage message, CancellationToken ct)
    {
        var request = message.Read<RetryRequested>();
        if (await runs.FindFinishedAsync(request.RunId, ct) is not { } run || suppliers.FirstOrDefault(s => s.Code == run.Supplier) is not { } supplier)
        {
            return;
        }

        var until = Stopwatch.GetTimestamp() + (long)(AtOnce.TotalSeconds * Stopwatch.Frequency);
        var (_, isDone) = await items.RetryAsync(supplier, run, runs.SaveFinished, until, ct);
        if (!isDone)
        {
            await database.ExecuteAsync(ct, outbox.Add(scope.StoreId, Type, request));
        }
    }
}
