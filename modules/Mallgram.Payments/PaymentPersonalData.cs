using System.Text.Json;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Privacy;
using Mallgram.Kernel.Tenancy;
using Mallgram.Orders.Contracts;

namespace Mallgram.Payments;

/// <summary>Payments of a person's orders. Erasing takes the phone that was asked to pay; amounts, states and the ledger stay.</summary>
internal sealed class PaymentPersonalData(StoreDatabase database, StoreScope scope, IOrdersOfPerson orders) : IPersonalData
{
    public string Name => "payments";

    public async Task<long> CountAsync(DataSubject person, CancellationToken ct) => await database.ReadCountAsync(
        Sql.Command(
            "select count(*) from payments.intents where store_id = $1 and order_id = any($2)",
            Sql.Uuid(scope.StoreId), Sql.Uuids(await orders.FindAsync(person, ct))),
        ct);

    public async Task<JsonElement> ExportAsync(DataSubject person, CancellationToken ct) => await database.ReadJsonAsync(
        Sql.Command(
            """
            select coalesce(jsonb_agg(jsonb_build_object('order_number', order_number, 'gateway', gateway, 'method', method, 'status', status,
                'amount', amount, 'currency', currency, 'payer_phone', payer_phone, 'country', country, 'gateway_transaction_id',
                gateway_transaction_id, 'created_at', created_at, 'succeeded_at', succeeded_at) order by id), '[]')
            from payments.intents where store_id = $1 and order_id = any($2)
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuids(await orders.FindAsync(person, ct))),
        ct);

    public async Task EraseAsync(DataSubject person, StoreTransaction transaction, CancellationToken ct) => await transaction.ExecuteAsync(
        ct,
        [Sql.Command(
            "update payments.intents set payer_phone = null where store_id = $1 and order_id = any($2) and payer_phone is not null",
            Sql.Uuid(transaction.StoreId), Sql.Uuids(await orders.FindAsync(person, ct)))]);
}
