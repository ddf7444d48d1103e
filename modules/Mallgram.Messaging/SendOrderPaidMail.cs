using Mallgram.Kernel.Outbox;
using Mallgram.Messaging.Email;
using Mallgram.Orders.Contracts;

namespace Mallgram.Messaging;

/// <summary>Mails the buyer when an order is paid, in the language of the order. A buyer without an e-mail address gets none.</summary>
internal sealed class SendOrderPaidMail(IOrderDetails orders, EmailDelivery delivery) : IOutboxHandler
{
    public static string Type => OrderEvents.Paid;

    public static string Effect => "mail";

    public async Task HandleAsync(OutboxMessage message, CancellationToken ct)
    {
        var paid = message.Read<OrderPaid>();
        var order = await orders.FindAsync(paid.OrderId, ct)
            ?? throw new InvalidOperationException($"Order {paid.OrderId} of event {message.Id} is not there.");
        if (order.Email is null)
        {
            return;
        }

        await delivery.SendAsync(
            message,
            "order_paid",
            order.Email,
            order.Language,
            store => new OrderPaidMail(
                store.Name,
                order.Number,
                order.FullName,
                order.Total.ToString(),
                string.Join(
                    ", ",
                    new[] { order.Address.Street, order.Address.Landmark, order.Address.City, order.Address.Region, order.Address.Country }
                        .Where(part => !string.IsNullOrWhiteSpace(part))),
                [.. order.Lines.Select(l => new OrderPaidMailLine(l.Quantity, l.Name, l.Subtotal.ToString()))]),
            ct);
    }
}

/// <summary>What the template <c>order_paid</c> says; amounts are formatted for people.</summary>
internal sealed record OrderPaidMail(
    string Store, string Number, string FullName, string Total, string Address, IReadOnlyList<OrderPaidMailLine> Lines);

internal sealed record OrderPaidMailLine(int Quantity, string Name, string Subtotal);
