namespace Mallgram.Orders.Contracts;

/// <summary>Outbox event types of this module. Stored; never rename.</summary>
public static class OrderEvents
{
    /// <summary>Payload <see cref="OrderPlaced"/>.</summary>
    public const string Placed = "orders.order_placed";

    /// <summary>Payload <see cref="OrderPaid"/>; once an order.</summary>
    public const string Paid = "orders.order_paid";
}

public sealed record OrderPlaced(Guid OrderId);

public sealed record OrderPaid(Guid OrderId, Guid PaymentId);
