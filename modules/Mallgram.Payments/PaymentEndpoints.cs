using Mallgram.Kernel;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Idempotency;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Orders.Contracts;
using Mallgram.Payments.Gateways;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Mallgram.Payments;

/// <summary>Body of <c>POST /payments/initialize</c>.</summary>
/// <param name="OrderId">Public id, <c>ord_…</c>.</param>
/// <param name="Method"><c>mobile_money</c>, <c>card</c>, <c>bank_transfer</c> or <c>cash_on_delivery</c>.</param>
/// <param name="Gateway">Name of a gateway; without it one is chosen by method, currency and country.</param>
/// <param name="Phone">Payer's number for mobile money, with its country code; the order's when left out.</param>
internal sealed record InitializePayment(string? OrderId, string? Method, string? Gateway, string? Phone, string? ReturnUrl);

internal sealed record PaymentMethodView(string Method, string Gateway, string Currency);

internal sealed record PaymentMethodList(IReadOnlyList<PaymentMethodView> Data);

internal static class PaymentEndpoints
{
    // Buyers press the button more than once; the gateway is asked at most this often a payment.
    private static readonly TimeSpan VerifyInterval = TimeSpan.FromSeconds(2);

    public static void Map(IEndpointRouteBuilder app)
    {
        var payments = app.MapGroup("/payments").WithTags("Payments");
        payments.MapPost("/initialize", InitializeAsync).WithName("InitializePayment").WithSummary("Start paying for an order")
            .Produces<PaymentView>(StatusCodes.Status201Created).ProducesProblem(402).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422).ProducesProblem(503);
        payments.MapGet("/methods", Methods).WithName("ListPaymentMethods").WithSummary("Ways to pay for a country, currency and amount")
            .Produces<PaymentMethodList>();
        payments.MapGet("/status/{id}", StatusAsync).WithName("GetPayment").WithSummary("How a payment stands")
            .Produces<PaymentView>().ProducesProblem(404);
        payments.MapPost("/{id}/verify", VerifyAsync).WithName("VerifyPayment").WithSummary("Ask the gateway now and return how the payment stands")
            .Produces<PaymentView>().ProducesProblem(404).ProducesProblem(503);

        // Gateways name no store: the payment does.
        string[] verbs = ["POST", "PUT"];
        var webhooks = app.MapGroup("/payments/webhook").WithTags("Webhooks").ProducesProblem(400).ProducesProblem(401).ProducesProblem(404);
        webhooks.MapMethods("/{gateway}/{payment}/{token}", verbs,
                (HttpRequest request, string gateway, string payment, string token, ReceiveNotice notices, CancellationToken ct) =>
                    notices.ReceiveAsync(request, gateway, payment, token, ct))
            .WithSummary("Notification of a gateway, at the address given when the payment started");
        webhooks.MapMethods("/{gateway}", verbs, (HttpRequest request, string gateway, ReceiveNotice notices, CancellationToken ct) =>
                notices.ReceiveAsync(request, gateway, payment: null, token: null, ct))
            .WithSummary("Notification of a gateway that signs what it sends");
        webhooks.MapMethods("", verbs, (HttpRequest request, string? gateway, ReceiveNotice notices, CancellationToken ct) =>
                notices.ReceiveAsync(request, gateway ?? "", payment: null, token: null, ct))
            .WithSummary("The same, with the gateway as a query parameter");
    }

    private static async Task<IResult> InitializeAsync(
        JsonBody<InitializePayment> body, HttpContext context, StoreScope scope, IPaymentStarter starter, CancellationToken ct)
    {
        var key = IdempotencyKey.Require(
            context.Request, scope.StoreId, context.User.FindFirst("sub")?.Value, "payments.initialize", body.Bytes);
        var request = body.Value;
        var errors = new FieldErrors();
        errors.Require(request.OrderId, "order_id", 64);
        errors.AtMost(request.Gateway, "gateway", 40);
        errors.AtMost(request.ReturnUrl, "return_url", 2000);
        errors.ThrowIfAny();
        if (!PublicId.TryParse(PublicId.Order, request.OrderId, out var orderId))
        {
            throw new ProblemException(PaymentProblems.OrderNotFound);
        }

        var (answer, replayed) = await starter.StartAsync(
            orderId, new PaymentChoice(request.Method, request.Gateway, request.Phone, request.ReturnUrl), key, ct);
        return answer.ToResult(replayed);
    }

    private static PaymentMethodList Methods(
        IEnumerable<IPaymentGateway> gateways, Stores.Contracts.CurrentStore current, string? country, string? currency, long? amount)
    {
        var errors = new FieldErrors();
        var money = current.Store.Currency;
        if (currency is not null && !Currency.TryFind(currency, out money))
        {
            errors.Add("currency", "is not an ISO 4217 code known here", "n'est pas un code ISO 4217 connu ici");
        }

        if (country is not null && !Country.TryFind(country, out _))
        {
            errors.Add("country", "is not a country known here (ISO 3166-1 alpha-2)", "n'est pas un pays connu ici (ISO 3166-1 alpha-2)");
        }

        if (amount is <= 0)
        {
            errors.Add("amount", "must be above zero", "doit être supérieur à zéro");
        }

        errors.ThrowIfAny();
        return new PaymentMethodList([.. gateways.SelectMany(g => g.Methods
            .Where(m => g.Supports(m, money!, country ?? current.Store.Country))
            .Select(m => new PaymentMethodView(m, g.Code, money!.Code)))]);
    }

    private static async Task<PaymentView> StatusAsync(string id, MallgramDbContext db, StoreScope scope, CancellationToken ct) =>
        PaymentView.Of(await FindAsync(id, db, ct), scope.Language);

    private static async Task<PaymentView> VerifyAsync(
        string id, MallgramDbContext db, StoreScope scope, SettlePayment settle, TimeProvider clock, CancellationToken ct)
    {
        var payment = await FindAsync(id, db, ct);
        if (payment.LastReadAt is null || clock.GetUtcNow() - payment.LastReadAt > VerifyInterval)
        {
            try
            {
                await settle.SettleAsync(payment.Id, "verify", ct);
            }
            catch (GatewayUnavailableException)
            {
                throw new ProblemException(PaymentProblems.ProviderUnavailable) { RetryAfter = TimeSpan.FromSeconds(5) };
            }

            payment = await FindAsync(id, db, ct);
        }

        return PaymentView.Of(payment, scope.Language);
    }

    private static async Task<Payment> FindAsync(string id, MallgramDbContext db, CancellationToken ct) =>
        (PublicId.TryParse(PublicId.Payment, id, out var paymentId)
            ? await db.Set<Payment>().AsNoTracking().FirstOrDefaultAsync(p => p.Id == paymentId, ct)
            : null)
        ?? throw new ProblemException(PaymentProblems.PaymentNotFound);
}
