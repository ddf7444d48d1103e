namespace Mallgram.Catalog.Pricing;

/// <summary>How prices are made from costs, and which costs it is for; see <c>catalog.price_rules</c>. Null conditions fit everything.</summary>
/// <param name="Categories">The rule's category and all below it.</param>
/// <param name="CostFrom">Minor units of the store's currency, inclusive; <paramref name="CostTo"/> is exclusive.</param>
/// <param name="AmountAdded">Minor units of the store's currency, after the mark-up; converted in other markets.</param>
/// <param name="MinMarginPercent">Of the price, over landed cost.</param>
/// <param name="RoundingStep">For prices in the store's own currency; null: the market's.</param>
internal sealed record PricingRule(
    Guid Id,
    bool IsDefault,
    int Priority,
    string? Supplier,
    IReadOnlySet<Guid>? Categories,
    string? Channel,
    long? CostFrom,
    long? CostTo,
    decimal MarkupPercent,
    long AmountAdded,
    decimal? MinMarginPercent,
    long? RoundingStep,
    long? Ending)
{
    /// <param name="channel"><c>b2c</c> for the break of one unit, else <c>b2b</c>.</param>
    /// <param name="cost">Minor units of the store's currency.</param>
    public bool Fits(string? supplier, Guid? categoryId, string channel, decimal cost) =>
        (Supplier is null || Supplier == supplier)
        && (Categories is null || (categoryId is { } id && Categories.Contains(id)))
        && (Channel is null || Channel == channel)
        && !(cost < CostFrom)
        && !(cost >= CostTo);
}
