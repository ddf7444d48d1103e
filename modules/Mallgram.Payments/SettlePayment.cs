using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Telemetry;
using Mallgram.Kernel.Tenancy;
using Mallgram.Orders.Contracts;
using Mallgram.Payments.Gateways;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Payments;

/// <summary>
/// Finds out how a payment stands and makes it so. The one completion function: callback, polling, the buyer's return and staff all end
/// here. The gateway is asked first, then intent and order are locked in this order, compared and changed in one commit.
/// </summary>
internal sealed partial class SettlePayment(
    StoreDatabase database,
    StoreScope scope,
    IPayableOrders orders,
    IEnumerable<IPaymentGateway> gateways,
    IOptions<PaymentsOptions> options,
    TimeProvider clock,
    ILogger<SettlePayment> logger)
{
    /// <summary>A reference the gateway does not know may still be on its way for this long.</summary>
    private static readonly TimeSpan UnknownGrace = TimeSpan.FromMinutes(2);

    private static readonly System.Diagnostics.Metrics.Counter<long> Ended =
        MallgramTelemetry.Meter.CreateCounter<long>("mallgram.payments.ended", description: "Payments that reached an end, by gateway, country and status");

    /// <summary>Asks the gateway about a payment that has not ended and applies the answer.</summary>
    /// <returns>False when there is no such payment in this store.</returns>
    /// <exception cref="GatewayUnavailableException">No answer; the next poll is planned.</exception>
    public async Task<bool> SettleAsync(Guid paymentId, string source, CancellationToken ct)
    {
        StartPayment.Claimed payment;
        await using (var reader = await database.QueryAsync(ct, Sql.Command(
            StartPayment.Claimed.Select + " where store_id = $1 and id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(paymentId))))
        {
            if (!await reader.Rows.ReadAsync(ct))
            {
                return false;
            }

            payment = StartPayment.Claimed.Read(reader.Rows);
        }

        if (payment.Status is "succeeded" or "partially_refunded" or "refunded" or "needs_review" or "cancelled")
        {
            return true;
        }

        GatewayReading reading;
        try
        {
            reading = await gateways.Single(g => g.Code == payment.Gateway).ReadAsync(payment.ToCharge(options.Value.PublicBaseAddress!), ct);
        }
        catch (GatewayUnavailableException)
        {
            await PlanNextPollAsync(paymentId, ct);
            throw;
        }

        await ApplyAsync(payment, reading, source, ct);
        return true;
    }

    private async Task ApplyAsync(StartPayment.Claimed payment, GatewayReading reading, string source, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        string status;
        int polls;
        await using (var reader = await transaction.QueryAsync(ct, Sql.Command(
            "select status, poll_count from payments.intents where store_id = $1 and id = $2 for update", Sql.Uuid(scope.StoreId), Sql.Uuid(payment.Id))))
        {
            await reader.ReadAsync(ct);
            status = reader.GetString(0);
            polls = reader.GetInt32(1);
        }

        var open = status is "processing" or "requires_action";
        switch (reading)
        {
            case GatewayReading.Succeeded success when open || status is "failed" or "expired":
                await SucceedAsync(transaction, payment, success, source, ct);
                break;
            case GatewayReading.Failed failure when open:
                await EndAsync(transaction, payment, "failed", failure.DeclineCode, source, failure.ProviderWord, ct);
                break;
            case GatewayReading.Expired expiry when open:
                await EndAsync(transaction, payment, "expired", DeclineCodes.NotApprovedInTime, source, expiry.ProviderWord, ct);
                break;
            case GatewayReading.Unknown when open && clock.GetUtcNow() - payment.CreatedAt > UnknownGrace:
                await EndAsync(transaction, payment, "failed", DeclineCodes.NeverReceived, source, "unknown reference", ct);
                break;
            case GatewayReading.Pending or GatewayReading.Unknown when open:
                await StayPendingAsync(transaction, payment, polls, source, ct);
                break;
            default:
                // It ended while the gateway was asked, or the report adds nothing to how it ended.
                return;
        }

        await transaction.CommitAsync(ct);
    }

    private async Task SucceedAsync(
        StoreTransaction transaction, StartPayment.Claimed payment, GatewayReading.Succeeded success, string source, CancellationToken ct)
    {
        string? review = null;
        var creditAccount = "store_payable";
        if (success.Amount != payment.Amount)
        {
            review = "amount_mismatch";
            creditAccount = "refunds_due";
            await orders.SetPaymentStatusAsync(transaction, payment.OrderId, "needs_review", ct);
        }
        else
        {
            switch (await orders.MarkPaidAsync(transaction, payment.OrderId, payment.Id, ct))
            {
                case MarkPaidOutcome.AlreadyPaid:
                    review = "paid_twice";
                    creditAccount = "refunds_due";
                    break;
                case MarkPaidOutcome.NotPayable:
                    review = "order_not_payable";
                    creditAccount = "refunds_due";
                    break;
                case MarkPaidOutcome.Paid:
                    break;
            }
        }

        await transaction.ExecuteAsync(
            ct,
            Sql.Command(
                """
                update payments.intents set status = $3, review_reason = $4, gateway_transaction_id = $5, decline_code = null,
                    succeeded_at = case when $3 = 'succeeded' then now() end, next_poll_at = null, start_lease_until = null, last_read_at = now()
                where store_id = $1 and id = $2
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(payment.Id), Sql.Text(review is null ? "succeeded" : "needs_review"), Sql.Text(review),
                Sql.Text(success.TransactionId)),
            PaymentEvents.Insert(
                scope.StoreId, payment.Id, "charge_succeeded", source, clock, success.Amount, success.TransactionId,
                review is null ? null : new { review, expected = payment.Amount }));
        // What was really taken is booked, even where it needs review; an amount in an unknown currency cannot be.
        if (success.Amount is { Amount: > 0 } taken)
        {
            await transaction.ExecuteAsync(ct, Sql.Command(
                """
                insert into payments.ledger_transfers (store_id, id, debit_account, credit_account, amount, currency, payment_id, kind)
                values ($1, $2, $3, $4, $5, $6, $7, 'charge')
                on conflict (store_id, payment_id, kind) do nothing
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(PublicId.New(clock)), Sql.Text("gateway_clearing:" + payment.Gateway), Sql.Text(creditAccount),
                Sql.Long(taken.Amount), Sql.Text(taken.Currency.Code), Sql.Uuid(payment.Id)));
        }

        if (review is not null)
        {
            LogNeedsReview(payment.Id, review);
        }

        Count(payment, review is null ? "succeeded" : "needs_review");
    }

    private async Task EndAsync(
        StoreTransaction transaction, StartPayment.Claimed payment, string status, string declineCode, string source, string word, CancellationToken ct)
    {
        await transaction.ExecuteAsync(
            ct,
            Sql.Command(
                """
                update payments.intents set status = $3, decline_code = $4, next_poll_at = null, start_lease_until = null, last_read_at = now()
                where store_id = $1 and id = $2
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(payment.Id), Sql.Text(status), Sql.Text(declineCode)),
            PaymentEvents.Insert(scope.StoreId, payment.Id, "charge_" + status, source, clock, detail: new { word }));
        await orders.SetPaymentStatusAsync(transaction, payment.OrderId, "failed", ct);
        Count(payment, status);
    }

    private async Task StayPendingAsync(StoreTransaction transaction, StartPayment.Claimed payment, int polls, string source, CancellationToken ct)
    {
        var next = PollPlan.After(polls + 1);
        await transaction.ExecuteAsync(ct, Sql.Command(
            """
            update payments.intents set poll_count = poll_count + 1, next_poll_at = $3, last_read_at = now(),
                status = case when $3 is null then 'needs_review' else status end,
                review_reason = case when $3 is null then 'no_final_answer' end
            where store_id = $1 and id = $2
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(payment.Id), Sql.Time(clock.GetUtcNow() + next)));
        if (next is null)
        {
            await transaction.ExecuteAsync(ct, PaymentEvents.Insert(scope.StoreId, payment.Id, "charge_unresolved", source, clock));
            await orders.SetPaymentStatusAsync(transaction, payment.OrderId, "needs_review", ct);
            LogNeedsReview(payment.Id, "no_final_answer");
        }
    }

    private Task PlanNextPollAsync(Guid paymentId, CancellationToken ct) => database.ExecuteAsync(ct, Sql.Command(
        // A gateway that is away does not use up the plan: ask again within a minute, as long as it takes.
        "update payments.intents set next_poll_at = now() + interval '30 seconds' where store_id = $1 and id = $2 and next_poll_at is not null",
        Sql.Uuid(scope.StoreId), Sql.Uuid(paymentId)));

    private static void Count(StartPayment.Claimed payment, string status) => Ended.Add(
        1,
        new KeyValuePair<string, object?>("gateway", payment.Gateway),
        new KeyValuePair<string, object?>("country", payment.Country),
        new KeyValuePair<string, object?>("status", status));

    [LoggerMessage(LogLevel.Warning, "Payment {PaymentId} needs review: {Reason}")]
    private partial void LogNeedsReview(Guid paymentId, string reason);
}
