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
            store => new Dictionary<string, object?>
            {
                ["store"] = store.Name,
                ["number"] = order.Number,
                ["full_name"] = order.FullName,
                ["total"] = order.Total.ToString(),
                ["address"] = string.Join(", ", new[] { order.Address.Street, order.Address.Landmark, order.Address.City, order.Address.Region, order.Address.Country }
                    .Where(part => !string.IsNullOrWhiteSpace(part))),
                ["lines"] = order.Lines.Select(l => new Dictionary<string, object?>
                {
                    ["quantity"] = l.Quantity,
                    ["name"] = l.Name,
                    ["subtotal"] = l.Subtotal.ToString(),
                }).ToList(),
            },
            ct);
    }
}
