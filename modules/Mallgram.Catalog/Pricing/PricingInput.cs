namespace Mallgram.Catalog.Pricing;

/// <summary>All that the price of a variant is made from, but for the store's rules, markets and rates.</summary>
/// <param name="Supplier">Null: goods of the merchant's own.</param>
/// <param name="WeightGrams">Of one unit; null: the market's default weight.</param>
/// <param name="Costs">By rising quantity; the first is for the supplier's smallest order.</param>
internal sealed record PricingInput(
    string? Supplier,
    Guid? CategoryId,
    int? WeightGrams,
    string CostCurrency,
    IReadOnlyList<CostBreak> Costs,
    IReadOnlyList<OfferTerms> Offers);

/// <param name="Cost">Of one unit from that quantity on, in major units of the supplier's currency.</param>
/// <param name="ListCost">Before the supplier's discount; null when there is none.</param>
internal readonly record struct CostBreak(int MinQuantity, decimal Cost, decimal? ListCost);

/// <param name="BulkDiscountPercent">Off the retail price, when no cost break of its own carries the offer.</param>
internal readonly record struct OfferTerms(string Channel, int MinOrderQuantity, decimal? BulkDiscountPercent);

/// <summary>A row of <c>catalog.prices</c> as rules make it.</summary>
/// <param name="Amount">Minor units, as <paramref name="CompareAt"/> and <paramref name="LandedCost"/>.</param>
/// <param name="RateId">Null when cost and price are in one currency.</param>
internal readonly record struct MadePrice(
    string Currency, int MinQuantity, long Amount, long? CompareAt, long LandedCost, Guid? RateId, Guid RuleId);
