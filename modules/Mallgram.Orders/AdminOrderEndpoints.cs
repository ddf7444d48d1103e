using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Mallgram.Kernel;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Orders.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Mallgram.Orders;

internal sealed record AdminCustomer(string FullName, string? Email, string? Phone);

internal sealed record AdminOrderRow(
    string Id, string Number, string Status, string PaymentStatus, AdminCustomer Customer, Money Total, int ItemCount, DateTimeOffset CreatedAt);

internal sealed record AdminOrderList(IReadOnlyList<AdminOrderRow> Data, string? NextCursor);

internal sealed record AdminOrderHistory(DateTimeOffset At, string? From, string To, string Actor, string Cause);

/// <summary>An order with what only staff see of it.</summary>
internal sealed record AdminOrder : OrderView
{
    public AdminOrder(OrderView order)
        : base(order)
    {
    }

    public required AdminCustomer Customer { get; init; }

    public required ShippingAddress ShippingAddress { get; init; }

    public string? Notes { get; init; }

    /// <summary>Oldest first.</summary>
    public required IReadOnlyList<OrderPaymentView> Payments { get; init; }

    /// <summary>Oldest first.</summary>
    public required IReadOnlyList<AdminOrderHistory> History { get; init; }
}

/// <summary>Orders for staff; the group they are mapped on asks for a staff role.</summary>
internal static class AdminOrderEndpoints
{
    private static readonly string[] Statuses = ["pending", "paid", "processing", "shipped", "delivered", "cancelled"];

    public static void Map(IEndpointRouteBuilder admin)
    {
        var orders = admin.MapGroup("/orders").WithTags("Admin: orders");
        orders.MapGet("", ListAsync)
            .RequirePermission(Permissions.OrdersRead).WithName("AdminListOrders").WithSummary("Orders, newest first")
            .Produces<AdminOrderList>().ProducesProblem(400).ProducesProblem(422);
        orders.MapGet("/{id}", GetAsync)
            .RequirePermission(Permissions.OrdersRead).WithName("AdminGetOrder")
            .WithSummary("An order with its customer, payments and history")
            .Produces<AdminOrder>().ProducesProblem(404);
        orders.MapPost("/{id}/stock", CompleteAsync).RequirePermission(Permissions.OrdersWrite).WithName("AdminCompleteOrderStock")
            .WithSummary("Take the stock that was gone when the order's money came; the order then leaves review")
            .Produces(204).ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<IResult> CompleteAsync(
        string id, System.Security.Claims.ClaimsPrincipal staff, CompleteOrder complete, CancellationToken ct)
    {
        // The subject of an access token is the person's public id.
        await complete.CompleteAsync(
            PublicId.TryParse(PublicId.Order, id, out var orderId) ? orderId : Guid.Empty, staff.FindFirst("sub")?.Value ?? "staff", ct);
        return TypedResults.NoContent();
    }

    private static async Task<AdminOrderList> ListAsync(MallgramDbContext db, string? status, string? cursor, int? limit, CancellationToken ct)
    {
        var errors = new FieldErrors();
        if (status is not null && !Statuses.Contains(status, StringComparer.Ordinal))
        {
            errors.Add("status", "is one of " + string.Join(", ", Statuses), "est l'un de " + string.Join(", ", Statuses));
        }

        if (limit is < 1 or > 100)
        {
            errors.Add("limit", "must be 1 to 100", "doit être de 1 à 100");
        }

        errors.ThrowIfAny();
        var size = limit ?? 24;
        var query = db.Set<Order>().AsNoTracking();
        if (status is not null)
        {
            query = query.Where(o => o.Status == status);
        }

        if (cursor is not null)
        {
            // Ids are UUIDv7: newest first is highest first.
            var before = ReadCursor(cursor);
            query = query.Where(o => o.Id < before);
        }

        var rows = await query.OrderByDescending(o => o.Id).Take(size + 1)
            .Select(o => new
            {
                o.Id,
                o.Number,
                o.Status,
                o.PaymentStatus,
                o.FullName,
                o.Email,
                o.Phone,
                o.Total,
                o.Currency,
                Count = o.Items.Count,
                o.CreatedAt,
            }).ToListAsync(ct);
        var more = rows.Count > size;
        return new AdminOrderList(
            [.. rows.Take(size).Select(o => new AdminOrderRow(
                PublicId.Format(PublicId.Order, o.Id), o.Number, o.Status, o.PaymentStatus, new AdminCustomer(o.FullName, o.Email, o.Phone),
                Money.Of(o.Total, o.Currency), o.Count, o.CreatedAt))],
            more ? Base64Url.EncodeToString(Encoding.ASCII.GetBytes(rows[size - 1].Id.ToString())) : null);
    }

    private static Guid ReadCursor(string cursor)
    {
        Span<byte> bytes = stackalloc byte[64];
        return Base64Url.IsValid(cursor, out var length) && length <= bytes.Length
            && Guid.TryParse(Encoding.ASCII.GetString(bytes[..Base64Url.DecodeFromChars(cursor, bytes)]), out var id)
            ? id
            : throw new ProblemException(CommonProblems.CursorInvalid);
    }

    private static async Task<AdminOrder> GetAsync(string id, MallgramDbContext db, IOrderPaymentViews payments, CancellationToken ct)
    {
        var order = PublicId.TryParse(PublicId.Order, id, out var orderId)
            ? await db.Set<Order>().AsNoTracking().Include(o => o.Items).Include(o => o.History).AsSplitQuery().FirstOrDefaultAsync(o => o.Id == orderId, ct)
            : null;
        if (order is null)
        {
            throw new ProblemException(OrderProblems.OrderNotFound with
            {
                Detail = new LocalText("There is no such order in this store.", "Cette commande n'existe pas dans cette boutique."),
            });
        }

        return new AdminOrder(OrderView.Of(order))
        {
            Customer = new AdminCustomer(order.FullName, order.Email, order.Phone),
            ShippingAddress = JsonSerializer.Deserialize<ShippingAddress>(order.ShippingAddress, MallgramJson.Options)!,
            Notes = order.Notes,
            Payments = await payments.ListAsync(order.Id, ct),
            History = [.. order.History.OrderBy(h => h.Id).Select(h => new AdminOrderHistory(h.At, h.FromStatus, h.ToStatus, h.Actor, h.Cause))],
        };
    }
}
