using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Idempotency;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Orders.Contracts;
using Mallgram.Payments.Gateways;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Mallgram.Payments;

/// <summary>
/// Starts collecting for an order, in three steps that never hold the database across the network: commit a claim (the intent, with a
/// lease), call the gateway, commit its answer. A crash in between leaves the claim: the same key goes on with the same reference, which
/// the gateway knows as its idempotency key, and polling finds out what became of it otherwise.
/// </summary>
internal sealed class StartPayment(
    StoreDatabase database,
    StoreScope scope,
    IStores stores,
    IPayableOrders orders,
    IEnumerable<IPaymentGateway> gateways,
    IOptions<PaymentsOptions> options,
    TimeProvider clock) : IPaymentStarter
{
    private static readonly TimeSpan StartLease = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan HoldAfterPrompt = TimeSpan.FromMinutes(15);
    private static readonly string[] KnownMethods = ["mobile_money", "card", "bank_transfer", "cash_on_delivery"];

    public async Task<(StoredAnswer Answer, bool Replayed)> StartAsync(Guid orderId, PaymentChoice choice, IdempotencyKey key, CancellationToken ct)
    {
        var (claim, stored) = await ClaimAsync(orderId, choice, key, ct);
        if (claim is null)
        {
            return (stored!, true);
        }

        var gateway = gateways.Single(g => g.Code == claim.Gateway);
        GatewayStart start;
        try
        {
            start = await gateway.StartAsync(claim.ToCharge(options.Value.PublicBaseAddress!), ct);
        }
        catch (GatewayUnavailableException e)
        {
            // Nobody knows whether the gateway took it: the intent stays, polling or a repeated call with this key settle it.
            await ReleaseLeaseAsync(claim.Id, ct);
            throw new ProblemException(PaymentProblems.ProviderUnavailable)
            {
                RetryAfter = TimeSpan.FromSeconds(5),
                Members = new Dictionary<string, object?> { ["payment_id"] = PublicId.Format(PublicId.Payment, claim.Id), ["reason"] = e.GetType().Name },
            };
        }

        return (await RecordAsync(claim, start, key, ct), false);
    }

    /// <summary>First commit: the stored answer to replay, or the intent to start, new or left over from a call that broke off.</summary>
    private async Task<(Claimed? Claim, StoredAnswer? Stored)> ClaimAsync(
        Guid orderId, PaymentChoice choice, IdempotencyKey key, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        Claimed? leftOver = null;
        await using (var reader = await transaction.QueryAsync(ct, [.. key.Claim(), FindByStartKey(key)]))
        {
            if (await key.ReadClaimAsync(reader, ct) is { } stored)
            {
                return (null, stored);
            }

            if (await reader.ReadAsync(ct))
            {
                leftOver = Claimed.Read(reader);
            }
        }

        var now = clock.GetUtcNow();
        if (leftOver is not null)
        {
            if (leftOver.StartLeaseUntil > now)
            {
                throw IdempotencyKey.InProgress();
            }

            if (!CryptographicOperations.FixedTimeEquals(leftOver.RequestHash, key.RequestHash))
            {
                throw new ProblemException(CommonProblems.IdempotencyKeyReused);
            }

            if (leftOver.Status is not ("processing" or "requires_action"))
            {
                // Polling found its end while the call was broken off: tell it, and never prompt again for a payment that has ended.
                return (null, leftOver.DeclineCode is { } declined
                    ? throw Declined(declined, leftOver.Id)
                    : new StoredAnswer(201, MallgramJson.ToJson(leftOver.ToView())));
            }

            await transaction.ExecuteAsync(ct, Sql.Command(
                "update payments.intents set start_lease_until = $3 where store_id = $1 and id = $2",
                Sql.Uuid(scope.StoreId), Sql.Uuid(leftOver.Id), Sql.Time(now + StartLease)));
            await transaction.CommitAsync(ct);
            return (leftOver, null);
        }

        var order = await orders.FindAsync(transaction, orderId, ct) ?? throw new ProblemException(PaymentProblems.OrderNotFound);
        if (order.Status != "pending")
        {
            throw order.Status == "cancelled"
                ? new ProblemException(PaymentProblems.OrderNotPayable, order.Status)
                : new ProblemException(PaymentProblems.OrderAlreadyPaid);
        }

        var (gateway, phone) = Choose(choice, order);
        if ((await stores.GetAsync(scope.StoreId, ct)).PaymentMethods is { } taken && !taken.Contains(choice.Method!, StringComparer.Ordinal))
        {
            throw new ProblemException(PaymentProblems.MethodNotTaken, choice.Method);
        }

        var claim = new Claimed(
            PublicId.New(clock), order.Id, order.Number, gateway.Code, choice.Method!, Guid.NewGuid(), order.Total, phone, order.Country,
            now + options.Value.PromptLifetime, now, StartLeaseUntil: null, key.RequestHash, "processing", DeclineCode: null,
            RandomNumberGenerator.GetBytes(24));
        await using (var reader = await transaction.QueryAsync(ct, Insert(claim, key, now)))
        {
            if (!await reader.ReadAsync(ct))
            {
                throw new ProblemException(PaymentProblems.PaymentInProgress)
                {
                    RetryAfter = TimeSpan.FromSeconds(5),
                };
            }
        }

        // Polling may find the money some time after the prompt ended.
        await orders.HoldForPaymentAsync(transaction, order.Id, claim.ExpiresAt + HoldAfterPrompt, ct);
        await transaction.CommitAsync(ct);
        return (claim, null);
    }

    private (IPaymentGateway Gateway, string? Phone) Choose(PaymentChoice choice, PayableOrder order)
    {
        var errors = new FieldErrors();
        if (choice.Method is null || !KnownMethods.Contains(choice.Method, StringComparer.Ordinal))
        {
            errors.Add("method", "is one of " + string.Join(", ", KnownMethods), "est l'un de " + string.Join(", ", KnownMethods));
        }

        string? phone = null;
        if (choice.Method == "mobile_money")
        {
            var given = choice.Phone ?? order.CustomerPhone;
            if (string.IsNullOrWhiteSpace(given))
            {
                errors.Add("phone", "is required for mobile money", "est obligatoire pour le mobile money");
            }
            else if (!PhoneNumber.TryParse(given, order.Country, out phone))
            {
                errors.Add("phone", "is not a phone number with its country code", "n'est pas un numéro de téléphone avec son indicatif");
            }
        }

        errors.ThrowIfAny();
        var method = choice.Method!;
        var currency = order.Total.Currency;
        var gateway = choice.Gateway is { } wanted
            ? gateways.FirstOrDefault(g => g.Code == wanted && g.Supports(method, currency, order.Country))
                ?? throw new ProblemException(PaymentProblems.GatewayNotAvailable, wanted, method, currency.Code)
            : gateways.FirstOrDefault(g => g.Supports(method, currency, order.Country))
                ?? throw new ProblemException(PaymentProblems.MethodNotAvailable, method, currency.Code);
        return (gateway, phone);
    }

    /// <summary>Second commit: what the gateway said, the order's payment status and the answer for replays.</summary>
    private async Task<StoredAnswer> RecordAsync(Claimed claim, GatewayStart start, IdempotencyKey key, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        await transaction.ExecuteAsync(ct, key.Lock());
        switch (start)
        {
            case GatewayStart.Refused refused:
                await transaction.ExecuteAsync(
                    ct,
                    Sql.Command(
                        """
                        update payments.intents set status = 'failed', decline_code = $3, start_lease_until = null, next_poll_at = null
                        where store_id = $1 and id = $2 and status in ('processing', 'requires_action')
                        """,
                        Sql.Uuid(scope.StoreId), Sql.Uuid(claim.Id), Sql.Text(refused.DeclineCode)),
                    PaymentEvents.Insert(scope.StoreId, claim.Id, "charge_refused", "start", clock, detail: new { word = refused.ProviderWord }));
                await orders.SetPaymentStatusAsync(transaction, claim.OrderId, "failed", ct);
                await transaction.CommitAsync(ct);
                throw Declined(refused.DeclineCode, claim.Id);

            case GatewayStart.ApproveOnPhone prompt:
                var action = JsonSerializer.Serialize(new NextAction("approve_on_phone", prompt.Message.In(scope.Language)), MallgramJson.Options);
                var answer = new StoredAnswer(
                    201, MallgramJson.ToJson((claim with { Status = "requires_action" }).ToView(JsonElement.Parse(action))));
                await transaction.ExecuteAsync(
                    ct,
                    // A fast callback may have settled it already: then only the lease ends.
                    Sql.Command(
                        """
                        update payments.intents set
                            status = case status when 'processing' then 'requires_action' else status end,
                            next_action = $3, start_lease_until = null
                        where store_id = $1 and id = $2
                        """,
                        Sql.Uuid(scope.StoreId), Sql.Uuid(claim.Id), Sql.Json(action)),
                    PaymentEvents.Insert(scope.StoreId, claim.Id, "charge_accepted", "start", clock),
                    key.Store(answer));
                await transaction.CommitAsync(ct);
                return answer;

            default:
                throw new InvalidOperationException($"Gateway {claim.Gateway} answered {start.GetType().Name}, which no step follows.");
        }
    }

    internal static ProblemException Declined(string declineCode, Guid paymentId)
    {
        var advice = DeclineCodes.AdviceFor(declineCode);
        return new ProblemException(PaymentProblems.Declined with { Detail = advice })
        {
            Members = new Dictionary<string, object?>
            {
                ["decline_code"] = declineCode,
                ["payment_id"] = PublicId.Format(PublicId.Payment, paymentId),
            },
        };
    }

    private Task ReleaseLeaseAsync(Guid id, CancellationToken ct) => database.ExecuteAsync(ct, Sql.Command(
        "update payments.intents set start_lease_until = null where store_id = $1 and id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(id)));

    private NpgsqlBatchCommand FindByStartKey(IdempotencyKey key) => Sql.Command(
        Claimed.Select + " where store_id = $1 and start_key = $2 for update", Sql.Uuid(scope.StoreId), Sql.Text(key.Scope));

    private NpgsqlBatchCommand Insert(Claimed claim, IdempotencyKey key, DateTimeOffset now) => Sql.Command(
        """
        insert into payments.intents (store_id, id, order_id, order_number, gateway, method, status, amount, currency, reference,
            payer_phone, country, callback_token, start_key, request_hash, start_lease_until, next_poll_at, expires_at, created_at)
        values ($1, $2, $3, $4, $5, $6, 'processing', $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        on conflict (store_id, order_id) where status in ('requires_action', 'processing') do nothing
        returning id
        """,
        Sql.Uuid(scope.StoreId), Sql.Uuid(claim.Id), Sql.Uuid(claim.OrderId), Sql.Text(claim.OrderNumber), Sql.Text(claim.Gateway),
        Sql.Text(claim.Method), Sql.Long(claim.Amount.Amount), Sql.Text(claim.Amount.Currency.Code), Sql.Uuid(claim.Reference),
        Sql.Text(claim.Phone), Sql.Text(claim.Country), Sql.Bytes(claim.CallbackToken), Sql.Text(key.Scope), Sql.Bytes(claim.RequestHash),
        Sql.Time(now + StartLease), Sql.Time(now + PollPlan.First), Sql.Time(claim.ExpiresAt), Sql.Time(now));

    /// <summary>An intent whose start is this call's to do.</summary>
    internal sealed record Claimed(
        Guid Id,
        Guid OrderId,
        string OrderNumber,
        string Gateway,
        string Method,
        Guid Reference,
        Money Amount,
        string? Phone,
        string Country,
        DateTimeOffset ExpiresAt,
        DateTimeOffset CreatedAt,
        DateTimeOffset? StartLeaseUntil,
        byte[] RequestHash,
        string Status,
        string? DeclineCode,
        byte[] CallbackToken)
    {
        public const string Select =
            """
            select id, order_id, order_number, gateway, method, reference, amount, currency, payer_phone, country, expires_at, created_at,
                   start_lease_until, request_hash, status, decline_code, callback_token
            from payments.intents
            """;

        public static Claimed Read(NpgsqlDataReader reader) => new(
            reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetGuid(5),
            Money.Of(reader.GetInt64(6), reader.GetString(7)), reader.IsDBNull(8) ? null : reader.GetString(8), reader.GetString(9),
            reader.GetFieldValue<DateTimeOffset>(10), reader.GetFieldValue<DateTimeOffset>(11),
            reader.IsDBNull(12) ? null : reader.GetFieldValue<DateTimeOffset>(12), reader.GetFieldValue<byte[]>(13),
            reader.GetString(14), reader.IsDBNull(15) ? null : reader.GetString(15), reader.GetFieldValue<byte[]>(16));

        public PaymentView ToView(JsonElement? nextAction = null) => new(
            PublicId.Format(PublicId.Payment, Id), PublicId.Format(PublicId.Order, OrderId), Gateway, Method, Status, Amount, nextAction,
            DeclineCode: null, Message: null, ExpiresAt, CreatedAt);

        public GatewayCharge ToCharge(Uri publicBase) => new(
            Reference, Amount, "Order " + OrderNumber, Phone, Country,
            new Uri(
                publicBase,
                $"/api/v1/payments/webhook/{Gateway}/{PublicId.Format(PublicId.Payment, Id)}/{Base64Url.EncodeToString(CallbackToken)}"));
    }
}
