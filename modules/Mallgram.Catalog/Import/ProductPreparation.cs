using System.Globalization;
using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Text;

namespace Mallgram.Catalog.Import;

/// <summary>A supplier's product, cleaned, as it goes into the tables. Ids, category, attributes and prices are given to it later.</summary>
internal sealed record PreparedProduct
{
    public required string ExternalId { get; init; }

    public required byte[] ContentHash { get; init; }

    /// <summary>Only used when the product is new.</summary>
    public required string Slug { get; init; }

    public required string Name { get; init; }

    public string? NameFr { get; init; }

    public string? Description { get; init; }

    public string? DescriptionFr { get; init; }

    public string? Brand { get; init; }

    public string? SupplierCategory { get; init; }

    public Guid? CategoryId { get; init; }

    public int MinOrderQuantity { get; init; }

    public decimal? Rating { get; init; }

    public int ReviewCount { get; init; }

    public required string[] Images { get; init; }

    public string? SellerId { get; init; }

    public string? SellerName { get; init; }

    public decimal? SellerRating { get; init; }

    public int? SalesCount { get; init; }

    public int? ShipsWithinDays { get; init; }

    public int? WeightGrams { get; init; }

    public required List<KeyValuePair<string, string>> Specifications { get; init; }

    public string? VideoUrl { get; init; }

    public required List<PreparedVariant> Variants { get; init; }

    /// <summary>Wholesale begins at two units.</summary>
    public string Channel => MinOrderQuantity >= 2 ? "b2b" : "b2c";
}

internal sealed record PreparedVariant
{
    public required string ExternalId { get; init; }

    /// <summary>Only used when the variant is new.</summary>
    public required string Sku { get; init; }

    public string? Name { get; init; }

    public required List<KeyValuePair<string, string>> Options { get; init; }

    public required int Position { get; init; }

    public string? Image { get; init; }

    public required string CostCurrency { get; init; }

    /// <summary>By rising quantity, the first at the supplier's smallest order.</summary>
    public required List<CostBreak> Costs { get; init; }

    public required int OnHand { get; init; }

    public Guid Id { get; set; }

    public bool IsNew { get; set; }

    public IReadOnlyList<MadePrice> Prices { get; set; } = [];
}

/// <summary>Cleans what a supplier sent and says what of it can be sold. Pure.</summary>
internal static class ProductPreparation
{
    private const int MaxVariants = 500;
    private const int MaxImages = 20;
    private const int MaxSpecifications = 100;
    private const int MaxTiers = 20;

    /// <summary>Exactly one of the two is set.</summary>
    public static (PreparedProduct? Product, SkippedItem? Skipped) Prepare(string supplier, SupplierProduct product, byte[] hash)
    {
        if (!product.IsOnSale)
        {
            return (null, Skip(product, SkipReasons.Offline));
        }

        var name = PlainText.Line(product.Name, 300);
        if (name.Length == 0)
        {
            return (null, Skip(product, SkipReasons.NoTitle));
        }

        var smallestOrder = Math.Max(1, product.MinOrderQuantity);
        var variants = new List<PreparedVariant>(product.Variants.Count);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        SkippedItem? firstProblem = null;
        foreach (var variant in product.Variants.Take(MaxVariants))
        {
            if (!taken.Add(variant.ExternalId))
            {
                continue;
            }

            if (variant.Cost is not { } cost)
            {
                firstProblem ??= Skip(product, variant.PriceProblem ?? SkipReasons.NoPrice);
                continue;
            }

            variants.Add(Prepare(supplier, product, variant, cost, smallestOrder, variants.Count));
        }

        if (variants.Count == 0)
        {
            return (null, firstProblem ?? Skip(product, SkipReasons.NoVariant));
        }

        return (
            new PreparedProduct
            {
                ExternalId = product.ExternalId,
                ContentHash = hash,
                Slug = PlainText.Slug(name) + "-" + StableCode.Of(8, supplier, product.ExternalId),
                Name = name,
                NameFr = Line(product.NameFr, 300) is { } french && french != name ? french : null,
                Description = PlainText.Block(product.Description, 20_000),
                DescriptionFr = PlainText.Block(product.DescriptionFr, 20_000),
                Brand = Line(product.Brand, 120),
                SupplierCategory = product.CategoryExternalId,
                MinOrderQuantity = smallestOrder,
                Rating = Rating(product.Rating),
                ReviewCount = Math.Max(0, product.ReviewCount),
                Images = [.. product.ImageUrls.Where(IsWebAddress).Take(MaxImages)],
                SellerId = Line(product.SellerId, 100),
                SellerName = Line(product.SellerName, 200),
                SellerRating = Rating(product.SellerRating),
                SalesCount = product.SalesCount is >= 0 ? product.SalesCount : null,
                ShipsWithinDays = product.ShipsWithinDays is >= 0 ? product.ShipsWithinDays : null,
                WeightGrams = product.WeightGrams is >= 0 ? product.WeightGrams : null,
                Specifications = Pairs(product.Specifications.Take(MaxSpecifications)),
                VideoUrl = product.VideoUrl is { } video && IsWebAddress(video) ? video : null,
                Variants = variants,
            },
            null);
    }

    /// <param name="detail">What was found; cut to 200 characters.</param>
    public static SkippedItem Skip(SupplierProduct product, string reason, string? detail = null) =>
        new(product.ExternalId, reason, detail is { Length: > 200 } ? detail[..200] : detail);

    public static string Describe(decimal cost, string currency) => cost.ToString(CultureInfo.InvariantCulture) + " " + currency;

    private static PreparedVariant Prepare(
        string supplier, SupplierProduct product, SupplierVariant variant, decimal cost, int smallestOrder, int position)
    {
        var costs = new List<CostBreak> { new(smallestOrder, cost, variant.ListCost > cost ? variant.ListCost : null) };
        foreach (var tier in variant.Tiers.Take(MaxTiers))
        {
            // A tier that is not cheaper for more units is an error of the supplier's.
            if (tier.MinQuantity > costs[^1].MinQuantity && tier.Cost > 0 && tier.Cost < costs[^1].Cost)
            {
                costs.Add(new CostBreak(tier.MinQuantity, tier.Cost, ListCost: null));
            }
        }

        return new PreparedVariant
        {
            ExternalId = variant.ExternalId,
            Sku = $"{supplier[..Math.Min(2, supplier.Length)]}-{StableCode.Of(12, supplier, product.ExternalId, variant.ExternalId)}"
                .ToUpperInvariant(),
            Name = Line(variant.Name, 200),
            Options = Pairs(variant.Options),
            Position = position,
            Image = variant.ImageUrl is { } image && IsWebAddress(image) ? image : null,
            CostCurrency = variant.CostCurrency,
            Costs = costs,
            OnHand = Math.Max(0, variant.Stock),
        };
    }

    private static string? Line(string? text, int maxLength) => PlainText.Line(text, maxLength) is { Length: > 0 } line ? line : null;

    private static decimal? Rating(decimal? sent) => sent is >= 0 and <= 5 ? decimal.Round(sent.Value, 2) : null;

    private static List<KeyValuePair<string, string>> Pairs(IEnumerable<KeyValuePair<string, string>> sent) =>
        [.. sent.Select(p => KeyValuePair.Create(PlainText.Line(p.Key, 100), PlainText.Line(p.Value, 200))).Where(p => p.Key.Length > 0)];

    /// <summary>
    /// Only the form is looked at. Whether an address leads into the own network is for the image proxy to find out: it resolves names at
    /// the moment it connects, so one guard and one list of exceptions hold for literal and for named addresses alike.
    /// </summary>
    private static bool IsWebAddress(string url) =>
        url.Length <= 2000 && Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp);
}
