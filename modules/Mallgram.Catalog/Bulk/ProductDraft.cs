using Mallgram.Catalog.Pricing;

namespace Mallgram.Catalog.Bulk;

/// <summary>What a person can say of a product, as cells have it. Equal means nothing to write.</summary>
/// <param name="Images">Joined by <see cref="BulkCell.Join"/>, as <paramref name="Tags"/>, which are sorted.</param>
/// <param name="Attributes">Canonical JSON.</param>
internal sealed record ProductValues(
    string Name,
    string? NameFr,
    string? Description,
    string? DescriptionFr,
    Guid? CategoryId,
    string? Brand,
    string Images,
    string Tags,
    bool IsHidden,
    bool IsFeatured,
    int? WeightGrams,
    string? SeoTitle,
    string? SeoTitleFr,
    string? SeoDescription,
    string? SeoDescriptionFr,
    string Attributes,
    OfferValues Offers);

/// <summary>Smallest orders; null: not offered in that channel.</summary>
internal sealed record OfferValues(int? Retail, int? Wholesale, decimal? DiscountPercent)
{
    public static readonly OfferValues RetailOnly = new(1, null, null);

    /// <summary>The quantity that the column <c>price</c> is for.</summary>
    public int BaseQuantity => Retail ?? Wholesale ?? 1;

    public List<OfferTerms> Terms()
    {
        var terms = new List<OfferTerms>(2);
        if (Retail is { } retail)
        {
            terms.Add(new OfferTerms("b2c", retail, null));
        }

        if (Wholesale is { } wholesale)
        {
            terms.Add(new OfferTerms("b2b", wholesale, DiscountPercent));
        }

        return terms;
    }
}

/// <param name="Options">Joined by <see cref="BulkCell.JoinPairs"/>.</param>
/// <param name="Cost">For the smallest order, major units.</param>
internal sealed record VariantValues(string Sku, string Options, int OnHand, decimal? Cost, string? CostCurrency);

/// <param name="Amount">Minor units.</param>
internal readonly record struct PriceRow(long Amount, long? CompareAt, bool IsPersons);

/// <summary>A product while the rows of one batch work on it.</summary>
internal sealed class ProductDraft
{
    public required Guid Id { get; init; }

    public bool IsNew => Before is null;

    public required string Slug { get; init; }

    /// <summary>Null: goods of the merchant's own.</summary>
    public string? Supplier { get; init; }

    public string? ExternalId { get; init; }

    public ProductValues? Before { get; init; }

    public ProductValues? Now { get; set; }

    /// <summary>UTC; when it changes before the batch is written, the batch starts again.</summary>
    public DateTime UpdatedAt { get; init; }

    public string? HiddenBy { get; init; }

    public string? CategoryPath { get; init; }

    public List<VariantDraft> Variants { get; } = [];

    /// <summary>What earlier rows of the batch said about the product, by column.</summary>
    public Dictionary<string, string> Said { get; } = new(StringComparer.Ordinal);

    public bool IsChanged => Before != Now || Variants.Exists(v => v.IsChanged);
}

/// <summary>A variant of a <see cref="ProductDraft"/>.</summary>
internal sealed class VariantDraft
{
    public required Guid Id { get; init; }

    public bool IsNew => Before is null;

    public required int Position { get; init; }

    public VariantValues? Before { get; init; }

    public required VariantValues Now { get; set; }

    /// <summary>As in the database, by currency and quantity.</summary>
    public Dictionary<(string Currency, int Quantity), PriceRow> Prices { get; } = [];

    /// <summary>As in the database, by rising quantity.</summary>
    public List<CostBreak> Costs { get; } = [];

    /// <summary>Prices that rows gave and that differ from what there is, by currency.</summary>
    public Dictionary<string, PriceRow> Given { get; } = new(StringComparer.Ordinal);

    public bool IsChanged => Before != Now || Given.Count > 0;

    /// <summary>Breaks with the cost as it is now.</summary>
    public List<CostBreak> CostsNow(int baseQuantity)
    {
        if (Now.Cost is not { } cost)
        {
            return [];
        }

        // A break that is not cheaper than the first has lost its sense.
        var first = Costs.Count > 0 ? Costs[0].MinQuantity : baseQuantity;
        var list = Costs.Count > 0 && Costs[0].ListCost > cost ? Costs[0].ListCost : null;
        return [new CostBreak(Math.Min(first, baseQuantity), cost, list), .. Costs.Skip(1).Where(c => c.Cost < cost)];
    }
}
