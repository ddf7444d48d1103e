using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Telemetry;
using Mallgram.Orders.Contracts;

namespace Mallgram.Orders;

internal sealed class PayableOrders(OrderStock stock, OutboxWriter outbox, TimeProvider clock) : IPayableOrders
{
    private static readonly System.Diagnostics.Metrics.Counter<long> Paid =
        MallgramTelemetry.Meter.CreateCounter<long>("mallgram.orders.paid", description: "Orders that became paid");

    public async Task<PayableOrder?> FindAsync(StoreTransaction transaction, Guid orderId, CancellationToken ct)
    {
        await using var reader = await transaction.QueryAsync(ct, Sql.Command(
            "select id, number, status, total, currency, phone, shipping_address ->> 'country' from orders.orders where store_id = $1 and id = $2",
            Sql.Uuid(transaction.StoreId), Sql.Uuid(orderId)));
        return await reader.ReadAsync(ct)
            ? new PayableOrder(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), Money.Of(reader.GetInt64(3), reader.GetString(4)),
                await reader.IsDBNullAsync(5, ct) ? null : reader.GetString(5), reader.GetString(6))
            : null;
    }

    public async Task<MarkPaidOutcome> MarkPaidAsync(StoreTransaction transaction, Guid orderId, Guid paymentId, CancellationToken ct)
    {
        string status;
        await using (var reader = await transaction.QueryAsync(ct, Sql.Command(
            "select status from orders.orders where store_id = $1 and id = $2 for update", Sql.Uuid(transaction.StoreId), Sql.Uuid(orderId))))
        {
            if (!await reader.ReadAsync(ct))
            {
                return MarkPaidOutcome.NotPayable;
            }

            status = reader.GetString(0);
        }

        if (status != "pending")
        {
            return status == "cancelled" ? MarkPaidOutcome.NotPayable : MarkPaidOutcome.AlreadyPaid;
        }

        var gone = await stock.KeepAsync(transaction, orderId, ct);
        var payment = PublicId.Format(PublicId.Payment, paymentId);
        var writes = new List<Npgsql.NpgsqlBatchCommand>
        {
            Sql.Command(
                "update orders.orders set status = 'paid', payment_status = $3, paid_at = now() where store_id = $1 and id = $2",
                Sql.Uuid(transaction.StoreId), Sql.Uuid(orderId), Sql.Text(gone.Count == 0 ? "paid" : "needs_review")),
            OrderHistory.Insert(transaction.StoreId, orderId, PublicId.New(clock), "pending", "paid", "payments", payment),
        };
        if (gone.Count == 0)
        {
            writes.Add(outbox.Add(transaction.StoreId, OrderEvents.Paid, new OrderPaid(orderId, paymentId)));
        }
        else
        {
            writes.Add(OrderHistory.Insert(
                transaction.StoreId, orderId, PublicId.New(clock), "paid", "paid", "payments", OrderStock.GoneCause(gone)));
            writes.Add(outbox.Add(
                transaction.StoreId, OrderEvents.NeedsReview, new OrderNeedsReview(orderId, paymentId, [.. gone.Select(g => g.VariantId)])));
        }

        await transaction.ExecuteAsync(ct, writes);
        Paid.Add(1);
        return MarkPaidOutcome.Paid;
    }

    public Task HoldForPaymentAsync(StoreTransaction transaction, Guid orderId, DateTimeOffset until, CancellationToken ct) =>
        stock.HoldAsync(transaction, orderId, until, ct);

    public Task SetPaymentStatusAsync(StoreTransaction transaction, Guid orderId, string paymentStatus, CancellationToken ct) =>
        transaction.ExecuteAsync(ct, Sql.Command(
            "update orders.orders set payment_status = $3 where store_id = $1 and id = $2 and status = 'pending' and payment_status <> $3",
            Sql.Uuid(transaction.StoreId), Sql.Uuid(orderId), Sql.Text(paymentStatus)));
}

/// <summary>The append-only record of an order's status.</summary>
internal static class OrderHistory
{
    public static Npgsql.NpgsqlBatchCommand Insert(Guid storeId, Guid orderId, Guid id, string? from, string to, string actor, string cause) => Sql.Command(
        "insert into orders.order_history (store_id, order_id, id, from_status, to_status, actor, cause) values ($1, $2, $3, $4, $5, $6, $7)",
        Sql.Uuid(storeId), Sql.Uuid(orderId), Sql.Uuid(id), Sql.Text(from), Sql.Text(to), Sql.Text(actor), Sql.Text(cause));
}
