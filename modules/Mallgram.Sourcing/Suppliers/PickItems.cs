using System.Collections.Concurrent;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;
using Mallgram.Sourcing.Sync;
using Npgsql;

namespace Mallgram.Sourcing.Suppliers;

/// <param name="RunId">The sync run it stands in the history as, and is rolled back by.</param>
/// <param name="Data">In the order of the request.</param>
internal sealed record PickedView(string RunId, IReadOnlyList<PickedItemView> Data);

/// <param name="Outcome"><c>created</c>, <c>updated</c>, <c>unchanged</c> or <c>skipped</c>.</param>
/// <param name="Reason">
/// Why it was skipped: a word of <see cref="SkipReasons"/>, <c>unknown</c> (the supplier does not know it) or <c>detail_refused</c> (it
/// will not tell); null otherwise.
/// </param>
/// <param name="Detail">What was found, for people.</param>
/// <param name="ProductId">Null when it is not in the catalogue.</param>
/// <param name="ProductStatus"><c>active</c> or <c>hidden</c>; null when it is not in the catalogue.</param>
internal sealed record PickedItemView(
    string ExternalId, string Outcome, string? Reason, string? Detail, string? ProductId, string? ProductStatus);

/// <summary>
/// Imports items that a person chose at a supplier as a sync would, in one transaction, as a run of its own: with its changes recorded and
/// to be rolled back. Later syncs look after the items, whether the feed shows them or not.
/// </summary>
internal sealed class PickItems(SyncRuns runs, ICatalogImport import, IImportRecords records, TimeProvider clock)
{
    private const string Unknown = "unknown";
    private const string Refused = "detail_refused";

    private static readonly ProblemCode RollingBack = new("sync_run_rolling_back", 409,
        "A run of this supplier is being rolled back. Import again in a moment.",
        "Une synchronisation de ce fournisseur est en cours d'annulation. Importez de nouveau dans un instant.");

    /// <param name="person">Public id of who chose them.</param>
    /// <exception cref="SupplierException">Of any kind but <see cref="SupplierFault.ItemRefused"/>: nothing is written.</exception>
    /// <exception cref="ProblemException">409.</exception>
    public async Task<PickedView> ImportAsync(ISupplier supplier, IReadOnlyList<string> externalIds, string person, CancellationToken ct)
    {
        var run = new SyncRun(
            PublicId.New(clock), supplier.Code, clock.GetUtcNow(), SyncCheckpoint.Start, SyncCounters.Zero, Total: null,
            new Dictionary<string, int>(), 0);
        var (products, left) = await ReadAsync(supplier, externalIds, ct);
        try
        {
            await import.ImportAsync(
                supplier.Code,
                run.Id,
                products,
                result =>
                {
                    foreach (var skipped in result.Skipped)
                    {
                        left.TryAdd(skipped.ExternalId, new SyncIssue(skipped.ExternalId, skipped.Reason, skipped.Detail));
                    }

                    List<SyncIssue> issues =
                        [.. left.Values, .. result.LeftOutOfMarkets.Select(s => new SyncIssue(s.ExternalId, s.Reason, s.Detail))];
                    return runs.SavePicked(
                        run.Count(issues) with
                        {
                            Counters = new SyncCounters(
                                externalIds.Count, result.Created, result.Updated, result.Unchanged, left.Count, Failed: 0, result.Hidden),
                        },
                        person,
                        issues,
                        [.. externalIds.Where(id => !left.ContainsKey(id))]);
                },
                ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ObjectNotInPrerequisiteState)
        {
            throw new ProblemException(RollingBack);
        }

        var items = await records.FindAsync(supplier.Code, run.Id, externalIds, ct);
        return new PickedView(
            PublicId.Format(PublicId.SyncRun, run.Id), [.. externalIds.Select(id => View(id, left, items.GetValueOrDefault(id)))]);
    }

    /// <returns>What goes into the import, and why items are left out as far as it is known before.</returns>
    private static async Task<(List<SupplierProduct> Products, ConcurrentDictionary<string, SyncIssue> Left)> ReadAsync(
        ISupplier supplier, IReadOnlyList<string> externalIds, CancellationToken ct)
    {
        var read = new SupplierProduct?[externalIds.Count];
        var left = new ConcurrentDictionary<string, SyncIssue>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, externalIds.Count),
            new ParallelOptions { MaxDegreeOfParallelism = supplier.DetailConcurrency, CancellationToken = ct },
            async (index, token) =>
            {
                var id = externalIds[index];
                try
                {
                    if (await supplier.ReadProductAsync(id, token) is not { } product)
                    {
                        // One that the catalogue has is hidden by the import.
                        left[id] = new SyncIssue(id, Unknown, Detail: null);
                        product = FailedItems.Gone(id);
                    }

                    read[index] = product.IsOnSale ? product with { NameFr = await supplier.ReadFrenchNameAsync(id, token) } : product;
                }
                catch (SupplierException e) when (e.Fault == SupplierFault.ItemRefused)
                {
                    left[id] = new SyncIssue(id, Refused, e.Message);
                }
            });
        return ([.. read.OfType<SupplierProduct>()], left);
    }

    private static PickedItemView View(string id, ConcurrentDictionary<string, SyncIssue> left, ImportedItem? item)
    {
        var reason = left.GetValueOrDefault(id);
        var outcome = reason is not null ? "skipped" : item?.Kind switch { null => "unchanged", "created" => "created", _ => "updated" };
        return new PickedItemView(
            id, outcome, reason?.Reason, reason?.Detail, item is null ? null : PublicId.Format(PublicId.Product, item.ProductId),
            item?.Status);
    }
}
