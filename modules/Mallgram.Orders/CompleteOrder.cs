using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Orders.Contracts;

namespace Mallgram.Orders;

/// <summary>
/// The way out of review for an order whose goods were gone when its money came: takes what is there again by now. When nothing is short
/// any more, the order is paid like every other and <see cref="OrderEvents.Paid"/> goes out.
/// </summary>
internal sealed class CompleteOrder(StoreDatabase database, StoreScope scope, OrderStock stock, OutboxWriter outbox, TimeProvider clock)
{
    /// <param name="actor">Public id of the person.</param>
    /// <exception cref="ProblemException">404; 409 <c>order_not_short</c>; 409 <c>out_of_stock</c> with nothing taken.</exception>
    public async Task CompleteAsync(Guid orderId, string actor, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        string status;
        string? payment;
        await using (var reader = await transaction.QueryAsync(ct, Sql.Command(
            """
            select case when o.payment_status = 'needs_review' and o.paid_at is not null then o.status end,
                   (select h.cause from orders.order_history h where h.store_id = o.store_id and h.order_id = o.id and h.to_status = 'paid'
                    and h.from_status = 'pending' limit 1)
            from orders.orders o where o.store_id = $1 and o.id = $2 for update of o
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(orderId))))
        {
            if (!await reader.ReadAsync(ct))
            {
                throw new ProblemException(OrderProblems.OrderNotFound);
            }

            if (await reader.IsDBNullAsync(0, ct) || reader.GetString(0) == "cancelled")
            {
                throw new ProblemException(OrderProblems.NothingShort);
            }

            status = reader.GetString(0);
            payment = await reader.IsDBNullAsync(1, ct) ? null : reader.GetString(1);
        }

        if (await stock.CompleteAsync(transaction, orderId, ct) is { Count: > 0 } gone)
        {
            throw OrderStock.OutOfStock(gone);
        }

        await transaction.ExecuteAsync(
            ct,
            Sql.Command(
                "update orders.orders set payment_status = 'paid' where store_id = $1 and id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(orderId)),
            OrderHistory.Insert(scope.StoreId, orderId, PublicId.New(clock), status, status, actor, "stock_completed"),
            outbox.Add(scope.StoreId, OrderEvents.Paid, new OrderPaid(
                orderId, PublicId.TryParse(PublicId.Payment, payment, out var id) ? id : Guid.Empty)));
        await transaction.CommitAsync(ct);
    }
}
