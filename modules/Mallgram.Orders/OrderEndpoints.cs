using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Idempotency;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Orders.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Mallgram.Orders;

internal static class OrderEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/orders").WithTags("Orders");
        orders.MapPost("", PlaceAsync).WithName("PlaceOrder").WithSummary("Place an order, and start its payment when asked to")
            .Produces<OrderView>(StatusCodes.Status201Created).ProducesProblem(400).ProducesProblem(409).ProducesProblem(422);
        orders.MapGet("/{id}", GetAsync).WithName("GetOrder").WithSummary("An order, for its buyer (X-Order-Token or signed in) or staff")
            .Produces<OrderView>().ProducesProblem(404);
    }

    private static async Task<IResult> PlaceAsync(
        JsonBody<PlaceOrderRequest> body,
        HttpContext context,
        StoreScope scope,
        PlaceOrder placeOrder,
        IPaymentStarter payments,
        CancellationToken ct)
    {
        var caller = context.User.FindFirst("sub")?.Value;
        var key = IdempotencyKey.Require(context.Request, scope.StoreId, caller, "orders.place", body.Bytes);
        var userId = PublicId.TryParse(PublicId.User, caller, out var user) ? user : (Guid?)null;
        var (answer, replayed) = await placeOrder.PlaceAsync(body.Value, key, userId, ct);
        var id = JsonElement.Parse(answer.Body).GetProperty("id").GetString()!;
        if (body.Value.Payment is { } payment && PublicId.TryParse(PublicId.Order, id, out var orderId))
        {
            answer = await WithPaymentAsync(answer, orderId, payment, key, payments, context, ct);
        }

        return answer.ToResult(replayed, "/api/v1/orders/" + id);
    }

    /// <summary>
    /// The order stands whatever becomes of the payment. The payment has a key of its own derived from the order's, so a repeated call
    /// goes on where a broken one stopped and never prompts twice.
    /// </summary>
    private static async Task<StoredAnswer> WithPaymentAsync(
        StoredAnswer order, Guid orderId, PlaceOrderPayment payment, IdempotencyKey key, IPaymentStarter payments, HttpContext context, CancellationToken ct)
    {
        string part;
        try
        {
            var (started, _) = await payments.StartAsync(
                orderId, new PaymentChoice(payment.Method, payment.Gateway, payment.Phone, payment.ReturnUrl), key.For("orders.place.payment"), ct);
            part = started.Body;
        }
        catch (ProblemException e)
        {
            part = MallgramJson.ToJson(ProblemAnswers.ToMembers(e, ProblemAnswers.Language(context.Request), ProblemAnswers.RequestId(context)));
        }

        return order with { Body = $"{order.Body[..^1]},\"payment\":{part}}}" };
    }

    private static async Task<OrderView> GetAsync(string id, HttpContext context, MallgramDbContext db, CancellationToken ct)
    {
        var order = PublicId.TryParse(PublicId.Order, id, out var orderId)
            ? await db.Set<Order>().AsNoTracking().Include(o => o.Items).FirstOrDefaultAsync(o => o.Id == orderId, ct)
            : null;
        return order is not null && MayRead(order, context) ? OrderView.Of(order) : throw new ProblemException(OrderProblems.OrderNotFound);
    }

    private static bool MayRead(Order order, HttpContext context)
    {
        if (context.Request.Headers["X-Order-Token"] is [{ Length: > 0 and <= 128 } token])
        {
            return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(token)), order.AccessTokenHash);
        }

        return PublicId.TryParse(PublicId.User, context.User.FindFirst("sub")?.Value, out var user) && order.UserId == user;
    }
}
