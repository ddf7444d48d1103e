using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;

namespace Mallgram.Orders;

/// <summary>
/// The stock of an order that was placed before: keeping a hold while somebody pays, committing it, and taking it again after it was
/// released. All of it in the caller's transaction.
/// </summary>
internal sealed class OrderStock(IOrderCatalog catalog, TimeProvider clock)
{
    // Between taking a lost hold again and committing it lies the rest of one transaction.
    private static readonly TimeSpan UntilCommitted = TimeSpan.FromMinutes(5);

    /// <summary>Holds all of the order until then at least.</summary>
    /// <exception cref="ProblemException">409 <c>out_of_stock</c>; the caller rolls back.</exception>
    public async Task HoldAsync(StoreTransaction transaction, Guid orderId, DateTimeOffset until, CancellationToken ct)
    {
        var (wanted, held) = await AskAsync(transaction, orderId, catalog.Extend(orderId, until), ct);
        var gone = await TakeAsync(transaction, orderId, Missing(wanted, held), until, ct);
        if (gone.Count > 0)
        {
            throw OutOfStock(gone);
        }
    }

    /// <summary>Commits the order's stock; what was released is taken again where it can be.</summary>
    /// <returns>What could not be had. The rest is committed.</returns>
    public async Task<IReadOnlyList<StockLine>> KeepAsync(StoreTransaction transaction, Guid orderId, CancellationToken ct)
    {
        var (wanted, committed) = await AskAsync(transaction, orderId, catalog.Commit(orderId), ct);
        return await TakeAndCommitAsync(transaction, orderId, Missing(wanted, committed), ct);
    }

    /// <summary>Takes and commits what a paid order lacks.</summary>
    /// <returns>What is still gone.</returns>
    public async Task<IReadOnlyList<StockLine>> CompleteAsync(StoreTransaction transaction, Guid orderId, CancellationToken ct)
    {
        var (wanted, had) = await AskAsync(transaction, orderId, catalog.Extend(orderId, clock.GetUtcNow() + UntilCommitted), ct);
        return await TakeAndCommitAsync(transaction, orderId, Missing(wanted, had), ct);
    }

    private async Task<IReadOnlyList<StockLine>> TakeAndCommitAsync(
        StoreTransaction transaction, Guid orderId, IReadOnlyList<StockLine> lines, CancellationToken ct)
    {
        if (lines.Count == 0)
        {
            return [];
        }

        var gone = await TakeAsync(transaction, orderId, lines, clock.GetUtcNow() + UntilCommitted, ct);
        await transaction.ExecuteAsync(ct, catalog.Commit(orderId));
        return gone;
    }

    public static string GoneCause(IReadOnlyList<StockLine> gone) =>
        "out_of_stock_after_payment: " + string.Join(", ", gone.Select(g => $"{g.Quantity} × {PublicId.Format(PublicId.Variant, g.VariantId)}"));

    public static ProblemException OutOfStock(IReadOnlyList<StockLine> gone) => new(OrderProblems.OutOfStock)
    {
        Members = new Dictionary<string, object?>
        {
            ["lines"] = gone.Select(g => new { variant_id = PublicId.Format(PublicId.Variant, g.VariantId), requested = g.Quantity }).ToArray(),
        },
    };

    private async Task<(List<StockLine> Wanted, IReadOnlySet<Guid> Had)> AskAsync(
        StoreTransaction transaction, Guid orderId, NpgsqlBatchCommand ask, CancellationToken ct)
    {
        await using var reader = await transaction.QueryAsync(ct, ask, Sql.Command(
            "select variant_id, sum(quantity)::int from orders.order_items where store_id = $1 and order_id = $2 group by variant_id",
            Sql.Uuid(transaction.StoreId), Sql.Uuid(orderId)));
        var had = await catalog.ReadVariantsAsync(reader, ct);
        await reader.NextResultAsync(ct);
        var wanted = new List<StockLine>();
        while (await reader.ReadAsync(ct))
        {
            wanted.Add(new StockLine(reader.GetGuid(0), reader.GetInt32(1)));
        }

        return (wanted, had);
    }

    private async Task<List<StockLine>> TakeAsync(
        StoreTransaction transaction, Guid orderId, IReadOnlyList<StockLine> lines, DateTimeOffset until, CancellationToken ct)
    {
        if (lines.Count == 0)
        {
            return [];
        }

        await using var reader = await transaction.QueryAsync(ct, catalog.Reserve(orderId, lines, until));
        return Missing(lines, await catalog.ReadVariantsAsync(reader, ct));
    }

    private static List<StockLine> Missing(IReadOnlyList<StockLine> wanted, IReadOnlySet<Guid> had) => [.. wanted.Where(w => !had.Contains(w.VariantId))];
}
