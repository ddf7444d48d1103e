using System.Globalization;
using Mallgram.Catalog.Contracts;

namespace Mallgram.Sourcing.Suppliers;

/// <summary>
/// Figures as suppliers send them, mostly as text. Each is one plain number within what can be true, or it is nothing: text, ranges,
/// negative and absurd values are dropped. Pure.
/// </summary>
internal static class SupplierFigures
{
    /// <summary>No smallest order and no price step is larger.</summary>
    private const int LargestQuantity = 1_000_000;

    private const decimal HeaviestKilograms = 2_000;

    /// <summary>A price is one plain number; everything else has a name for why it is not used.</summary>
    public static (decimal? Price, string? Problem) Price(string? text)
    {
        var trimmed = text?.Trim();
        if (string.IsNullOrEmpty(trimmed))
        {
            return (null, SkipReasons.NoPrice);
        }

        if (decimal.TryParse(trimmed, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var price))
        {
            return (price, null);
        }

        var dash = trimmed.AsSpan(1).IndexOfAny('-', '–', '~') + 1;
        var isRange = dash > 0 && dash < trimmed.Length - 1 && trimmed.Any(char.IsAsciiDigit);
        return (null, isRange ? SkipReasons.PriceRange : SkipReasons.PriceInvalid);
    }

    /// <summary>Above 0, at most 5.</summary>
    public static decimal? Rating(string? text) => Number(text) is { } rating and > 0 and <= 5 ? rating : null;

    /// <summary>Mean of the ratings that are given, to two decimals.</summary>
    public static decimal? MeanRating(params ReadOnlySpan<string?> texts)
    {
        var (sum, count) = (0m, 0);
        foreach (var text in texts)
        {
            if (Rating(text) is { } rating)
            {
                (sum, count) = (sum + rating, count + 1);
            }
        }

        return count == 0 ? null : Math.Round(sum / count, 2, MidpointRounding.AwayFromZero);
    }

    /// <summary>Sold, rated or in stock: 0 or more.</summary>
    public static int? Count(string? text) => Whole(text) is { } count ? (int)Math.Min(count, int.MaxValue) : null;

    /// <summary>Units of one order: 1 to a million.</summary>
    public static int? Quantity(string? text) => Whole(text) is { } quantity and >= 1 and <= LargestQuantity ? (int)quantity : null;

    /// <summary>1 to 365.</summary>
    public static int? Days(string? text) => Whole(text) is { } days and >= 1 and <= 365 ? (int)days : null;

    /// <summary>Kilograms as text to whole grams, rounded up; up to two tonnes.</summary>
    public static int? Grams(string? kilograms) =>
        Number(kilograms) is { } weight and > 0 and <= HeaviestKilograms ? (int)Math.Ceiling(weight * 1000) : null;

    /// <summary>An absolute https address; <c>//host/…</c> counts as one.</summary>
    public static string? SecureUrl(string? text) =>
        WithScheme(text) is { } url && Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps ? url : null;

    /// <summary>Scheme-less addresses (<c>//host/…</c>) get https.</summary>
    public static string? WithScheme(string? url) => url?.StartsWith("//", StringComparison.Ordinal) == true ? "https:" + url : url;

    /// <summary>
    /// The steps that make it cheaper: by rising quantity above <paramref name="minOrder"/>, each below the price before it. A step without a
    /// plain positive price is dropped.
    /// </summary>
    public static IReadOnlyList<SupplierTier> Tiers(int minOrder, decimal? cost, IEnumerable<(int MinQuantity, string? Price)> steps)
    {
        var tiers = new List<SupplierTier>();
        foreach (var (minQuantity, text) in steps.OrderBy(s => s.MinQuantity))
        {
            if (cost is { } before && minQuantity > minOrder && (tiers.Count == 0 || minQuantity > tiers[^1].MinQuantity)
                && Price(text).Price is { } price and > 0 && price < (tiers.Count == 0 ? before : tiers[^1].Cost))
            {
                tiers.Add(new SupplierTier(minQuantity, price));
            }
        }

        return tiers;
    }

    private static decimal? Number(string? text) =>
        decimal.TryParse(text?.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static long? Whole(string? text) =>
        long.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
