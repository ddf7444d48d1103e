namespace Mallgram.Orders.Contracts;

/// <summary>Outbox event types of this module. Stored; never rename.</summary>
public static class OrderEvents
{
    /// <summary>Payload <see cref="OrderPlaced"/>.</summary>
    public const string Placed = "orders.order_placed";

    /// <summary>Payload <see cref="OrderPaid"/>; once an order.</summary>
    public const string Paid = "orders.order_paid";

    /// <summary>Payload <see cref="OrderNeedsReview"/>; paid, but some of its goods are gone. <see cref="Paid"/> follows once they are held.</summary>
    public const string NeedsReview = "orders.order_needs_review";
}

public sealed record OrderPlaced(Guid OrderId);

public sealed record OrderPaid(Guid OrderId, Guid PaymentId);

/// <param name="ShortVariants">What could not be held.</param>
public sealed record OrderNeedsReview(Guid OrderId, Guid PaymentId, IReadOnlyList<Guid> ShortVariants);
