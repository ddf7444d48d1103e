using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Text;
using Mallgram.Kernel;

namespace Mallgram.Catalog.Import;

/// <summary>A supplier's product, cleaned and priced, as it goes into the tables.</summary>
internal sealed record PreparedProduct(
    string ExternalId,
    byte[] ContentHash,
    string Slug,
    string Name,
    string? NameFr,
    string? Description,
    string? DescriptionFr,
    string? Brand,
    string? CategoryExternalId,
    int MinOrderQuantity,
    decimal? Rating,
    int ReviewCount,
    string[] Images,
    List<PreparedVariant> Variants)
{
    public string NameKey { get; } = PlainText.Fold(Name);

    public string NameKeyFr { get; } = PlainText.Fold(NameFr ?? Name);
}

internal sealed record PreparedVariant(
    string ExternalId,
    string Sku,
    string? Name,
    IReadOnlyList<KeyValuePair<string, string>> Options,
    int Position,
    long Amount,
    long? CompareAt,
    decimal Cost,
    string CostCurrency,
    Guid? RateId,
    int OnHand);

/// <summary>What turns costs into the store's prices.</summary>
/// <param name="Rates">Newest rate by supplier currency; the store's own has rate 1 and no id.</param>
internal sealed record PriceContext(Currency Currency, PriceRule Rule, IReadOnlyDictionary<string, (Guid? Id, decimal Rate)> Rates);

/// <summary>Decides what of a supplier's product can be sold. Pure.</summary>
internal static class ProductPreparation
{
    private const int MaxVariants = 500;

    /// <summary>Exactly one of the two is set.</summary>
    public static (PreparedProduct? Product, SkippedItem? Skipped) Prepare(
        string supplier, SupplierProduct product, byte[] hash, PriceContext pricing)
    {
        SkippedItem Skip(string reason, string? detail = null) =>
            new(product.ExternalId, reason, detail is { Length: > 200 } ? detail[..200] : detail);

        if (!product.IsOnSale)
        {
            return (null, Skip(SkipReasons.Offline));
        }

        var name = PlainText.Line(product.Name, 300);
        if (name.Length == 0)
        {
            return (null, Skip(SkipReasons.NoTitle));
        }

        var variants = new List<PreparedVariant>(product.Variants.Count);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        SkippedItem? firstProblem = null;
        foreach (var variant in product.Variants.Take(MaxVariants))
        {
            if (!taken.Add(variant.ExternalId))
            {
                continue;
            }

            var (prepared, reason, detail) = Prepare(supplier, product, variant, variants.Count, pricing);
            if (prepared is null)
            {
                firstProblem ??= Skip(reason!, detail);
                continue;
            }

            variants.Add(prepared);
        }

        if (variants.Count == 0)
        {
            return (null, firstProblem ?? Skip(SkipReasons.NoVariant));
        }

        var nameFr = PlainText.Line(product.NameFr, 300);
        return (
            new PreparedProduct(
                product.ExternalId,
                hash,
                PlainText.Slug(name) + "-" + StableCode.Of(8, supplier, product.ExternalId),
                name,
                nameFr.Length == 0 || nameFr == name ? null : nameFr,
                PlainText.Block(product.Description, 20_000),
                PlainText.Block(product.DescriptionFr, 20_000),
                PlainText.Line(product.Brand, 120) is { Length: > 0 } brand ? brand : null,
                product.CategoryExternalId,
                Math.Max(1, product.MinOrderQuantity),
                product.Rating is >= 0 and <= 5 ? decimal.Round(product.Rating.Value, 2) : null,
                Math.Max(0, product.ReviewCount),
                [.. product.ImageUrls.Where(IsWebAddress).Take(20)],
                variants),
            null);
    }

    private static (PreparedVariant? Variant, string? Reason, string? Detail) Prepare(
        string supplier, SupplierProduct product, SupplierVariant variant, int position, PriceContext pricing)
    {
        if (variant.Cost is not { } cost)
        {
            return (null, variant.PriceProblem ?? SkipReasons.NoPrice, null);
        }

        if (!pricing.Rates.TryGetValue(variant.CostCurrency, out var rate))
        {
            return (null, SkipReasons.NoRate, $"{variant.CostCurrency} to {pricing.Currency.Code}");
        }

        if (pricing.Rule.Price(cost, rate.Rate, pricing.Currency) is not { } amount)
        {
            return (null, SkipReasons.PriceAbsurd, $"{cost.ToString(System.Globalization.CultureInfo.InvariantCulture)} {variant.CostCurrency}");
        }

        var before = variant.ListCost is { } list && list > cost ? pricing.Rule.Price(list, rate.Rate, pricing.Currency) : null;
        return (
            new PreparedVariant(
                variant.ExternalId,
                $"{supplier[..Math.Min(2, supplier.Length)]}-{StableCode.Of(12, supplier, product.ExternalId, variant.ExternalId)}".ToUpperInvariant(),
                PlainText.Line(variant.Name, 200) is { Length: > 0 } name ? name : null,
                [.. variant.Options.Select(o => KeyValuePair.Create(PlainText.Line(o.Key, 100), PlainText.Line(o.Value, 200)))
                    .Where(o => o.Key.Length > 0)],
                position,
                amount,
                before > amount ? before : null,
                cost,
                variant.CostCurrency,
                rate.Id,
                Math.Max(0, variant.Stock)),
            null,
            null);
    }

    private static bool IsWebAddress(string url) =>
        url.Length <= 2000 && Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp);
}
