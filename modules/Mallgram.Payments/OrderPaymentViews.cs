using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Orders.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Mallgram.Payments;

internal sealed class OrderPaymentViews(MallgramDbContext db) : IOrderPaymentViews
{
    public async Task<IReadOnlyList<OrderPaymentView>> ListAsync(Guid orderId, CancellationToken ct) =>
        [.. (await db.Set<Payment>().AsNoTracking().Where(p => p.OrderId == orderId).OrderBy(p => p.Id).ToListAsync(ct)).Select(p => new OrderPaymentView(
            PublicId.Format(PublicId.Payment, p.Id), p.Gateway, p.Method, p.Status, p.Total, p.DeclineCode, p.ReviewReason, p.CreatedAt))];
}
