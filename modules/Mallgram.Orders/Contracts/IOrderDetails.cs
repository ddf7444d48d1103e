using Mallgram.Kernel;

namespace Mallgram.Orders.Contracts;

/// <summary>An order with what a message about it needs. Holds personal data: never log it.</summary>
/// <param name="Language"><c>en</c> or <c>fr</c>, as the buyer ordered.</param>
public sealed record OrderDetails(
    Guid Id,
    string Number,
    string FullName,
    string? Email,
    string? Phone,
    string Language,
    Money Subtotal,
    Money Shipping,
    Money Tax,
    Money Discount,
    Money Total,
    ShippingAddress Address,
    DateTimeOffset CreatedAt,
    IReadOnlyList<OrderLine> Lines);

public sealed record OrderLine(Guid ProductId, Guid VariantId, string Sku, string Name, int Quantity, Money UnitPrice, Money Subtotal);

/// <summary>Where to deliver. No postcode or street is forced: many places are found by a landmark and a phone call.</summary>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
public sealed record ShippingAddress(string? Street, string? Landmark, string City, string? Region, string? PostalCode, string Country, string Phone);

public interface IOrderDetails
{
    Task<OrderDetails?> FindAsync(Guid orderId, CancellationToken ct);
}
