namespace Mallgram.Catalog.Contracts;

/// <summary>Outbox event types of this module. Stored; never rename.</summary>
public static class CatalogEvents
{
    /// <summary>Payload <see cref="HoldExpired"/>; once for each hold that ended unpaid.</summary>
    public const string HoldExpired = "catalog.hold_expired";

    /// <summary>Payload <see cref="LowStock"/>; a variant is in one of them each time it falls to its threshold.</summary>
    public const string LowStock = "catalog.low_stock";

    /// <summary>Payload <see cref="ProductUnlocked"/>; the supplier's word counts again, so its details are wanted soon.</summary>
    public const string ProductUnlocked = "catalog.product_unlocked";
}

/// <param name="VariantIds">What went back on the shelf.</param>
public sealed record HoldExpired(Guid OrderId, IReadOnlyList<Guid> VariantIds);

/// <param name="Variants">At most 100; the next event has the others.</param>
public sealed record LowStock(IReadOnlyList<LowStockVariant> Variants);

/// <param name="Available">Units that can be sold; negative when more are reserved than there are.</param>
/// <param name="Threshold">Units at which stock counts as low.</param>
public sealed record LowStockVariant(Guid ProductId, Guid VariantId, string Sku, string Name, int Available, int Threshold);

public sealed record ProductUnlocked(Guid ProductId, string Supplier, string ExternalId);
