using Mallgram.Kernel;
using Mallgram.Kernel.Ids;

namespace Mallgram.Orders;

/// <summary>An order as the public contract shows it.</summary>
/// <param name="AccessToken">Lets a guest read the order; only in the answer that created it.</param>
internal record OrderView(
    string Id,
    string Number,
    string Status,
    string PaymentStatus,
    string FulfillmentStatus,
    IReadOnlyList<OrderItemView> Items,
    Money Subtotal,
    Money Shipping,
    Money Tax,
    Money Discount,
    Money Total,
    string Currency,
    DateTimeOffset CreatedAt,
    DateTimeOffset? PaidAt,
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    string? AccessToken = null)
{
    public static OrderView Of(Order order) => new(
        PublicId.Format(PublicId.Order, order.Id),
        order.Number,
        order.Status,
        order.PaymentStatus,
        order.FulfillmentStatus,
        [.. order.Items.OrderBy(i => i.Position).Select(i => new OrderItemView(
            PublicId.Format(PublicId.OrderItem, i.Id),
            PublicId.Format(PublicId.Product, i.ProductId),
            PublicId.Format(PublicId.Variant, i.VariantId),
            i.Sku,
            i.Name,
            i.Quantity,
            order.Money(i.UnitPrice),
            order.Money(i.Subtotal)))],
        order.Money(order.Subtotal),
        order.Money(order.Shipping),
        order.Money(order.Tax),
        order.Money(order.Discount),
        order.Money(order.Total),
        order.Currency,
        order.CreatedAt,
        order.PaidAt);
}

internal sealed record OrderItemView(
    string Id, string ProductId, string VariantId, string Sku, string Name, int Quantity, Money UnitPrice, Money Subtotal);
