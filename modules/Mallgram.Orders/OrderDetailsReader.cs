using System.Text.Json;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Mallgram.Orders.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Mallgram.Orders;

internal sealed class OrderDetailsReader(MallgramDbContext db) : IOrderDetails
{
    public async Task<OrderDetails?> FindAsync(Guid orderId, CancellationToken ct)
    {
        var order = await db.Set<Order>().AsNoTracking().Include(o => o.Items).FirstOrDefaultAsync(o => o.Id == orderId, ct);
        return order is null
            ? null
            : new OrderDetails(
                order.Id, order.Number, order.FullName, order.Email, order.Phone, order.Language,
                order.Money(order.Subtotal), order.Money(order.Shipping), order.Money(order.Tax), order.Money(order.Discount), order.Money(order.Total),
                JsonSerializer.Deserialize<ShippingAddress>(order.ShippingAddress, MallgramJson.Options)!,
                order.CreatedAt,
                [.. order.Items.OrderBy(i => i.Position).Select(i => new OrderLine(
                    i.ProductId, i.VariantId, i.Sku, i.Name, i.Quantity, order.Money(i.UnitPrice), order.Money(i.Subtotal)))]);
    }
}
