using System.Text.Json;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Payments;

/// <summary>The append-only record of what happened to a payment. A report that comes again is the same event.</summary>
internal static class PaymentEvents
{
    public static NpgsqlBatchCommand Insert(
        Guid storeId, Guid paymentId, string type, string source, TimeProvider clock, Money? amount = null, string gatewayReference = "", object? detail = null) =>
        Sql.Command(
            """
            insert into payments.events (store_id, id, payment_id, type, source, amount, currency, gateway_reference, detail)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (store_id, payment_id, type, gateway_reference) do nothing
            """,
            Sql.Uuid(storeId), Sql.Uuid(PublicId.New(clock)), Sql.Uuid(paymentId), Sql.Text(type), Sql.Text(source), Sql.Long(amount?.Amount),
            Sql.Text(amount?.Currency.Code), Sql.Text(gatewayReference),
            Sql.Json(detail is null ? null : JsonSerializer.Serialize(detail, MallgramJson.Options)));
}
