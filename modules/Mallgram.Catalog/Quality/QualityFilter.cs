using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Quality;

/// <summary>What a filter looks at.</summary>
/// <param name="FoldedNames">Names in both languages as <see cref="PlainText.Fold"/> makes them.</param>
/// <param name="Stock">Of all variants together.</param>
internal readonly record struct QualityFacts(
    string FoldedNames, decimal? SellerRating, decimal? Rating, int ReviewCount, long Stock, bool HasImage, Guid? CategoryId);

/// <summary>What is good enough for one destination country; see <c>catalog.quality_filters</c>. Pure.</summary>
/// <param name="Country">ISO 3166-1, or <c>*</c> for countries without a filter of their own.</param>
/// <param name="BannedWords">Folded.</param>
/// <param name="BannedCategories">With all that are below them.</param>
internal sealed record QualityFilter(
    string Country,
    decimal? MinSellerRating,
    decimal? MinRating,
    int? MinReviewCount,
    int? MinStock,
    bool RequireImage,
    long? MinPrice,
    long? MaxPrice,
    IReadOnlyList<string> BannedWords,
    IReadOnlySet<Guid> BannedCategories)
{
    /// <param name="price">Of the cheapest variant at the smallest order, minor units of the market; null: not known, so not judged.</param>
    /// <returns>The first reason to leave the product out, a word of <see cref="SkipReasons"/>; null when it is good enough.</returns>
    /// <remarks>A figure that is asked for and not known fails: nothing shows that it is good.</remarks>
    public string? Judge(in QualityFacts facts, long? price) =>
        facts.CategoryId is { } category && BannedCategories.Contains(category) ? SkipReasons.FilteredBannedCategory
        : HasBannedWord(facts.FoldedNames) ? SkipReasons.FilteredBannedWord
        : MinSellerRating is { } seller && !(facts.SellerRating >= seller) ? SkipReasons.FilteredSellerRating
        : MinRating is { } rating && !(facts.Rating >= rating) ? SkipReasons.FilteredRating
        : facts.ReviewCount < MinReviewCount ? SkipReasons.FilteredReviews
        : facts.Stock < MinStock ? SkipReasons.FilteredStock
        : RequireImage && !facts.HasImage ? SkipReasons.FilteredNoImage
        : price < MinPrice || price > MaxPrice ? SkipReasons.FilteredPrice
        : null;

    /// <summary>Whole words only: "gun" is not in "gunmetal". A banned phrase is its words one after the other.</summary>
    private bool HasBannedWord(string names)
    {
        foreach (var word in BannedWords)
        {
            for (var at = names.IndexOf(word, StringComparison.Ordinal); at >= 0; at = names.IndexOf(word, at + 1, StringComparison.Ordinal))
            {
                var end = at + word.Length;
                if ((at == 0 || !char.IsLetterOrDigit(names[at - 1])) && (end == names.Length || !char.IsLetterOrDigit(names[end])))
                {
                    return true;
                }
            }
        }

        return false;
    }
}

/// <summary>Where a product fails.</summary>
/// <param name="Failing">Reason by the market's currency.</param>
/// <param name="FailsEverywhere">It fails in each market that has a price for it.</param>
/// <param name="Reason">Of the store's own market, else of the first that fails; null when none does.</param>
internal sealed record QualityVerdict(IReadOnlyDictionary<string, string> Failing, bool FailsEverywhere, string? Reason)
{
    public static QualityVerdict Passes { get; } = new(new Dictionary<string, string>(), FailsEverywhere: false, Reason: null);
}

/// <summary>The store's filters as of one transaction.</summary>
internal sealed class QualityFilters(IEnumerable<QualityFilter> filters)
{
    /// <summary>Statement whose rows go to <see cref="ReadAsync"/>.</summary>
    public const string Load =
        """
        select f.country, f.min_seller_rating, f.min_rating, f.min_review_count, f.min_stock, f.require_image, f.min_price, f.max_price,
               f.banned_words, array(select c.descendant_id from catalog.category_closure c where c.ancestor_id = any(f.banned_categories))
        from catalog.quality_filters f
        """;

    private const string EveryOther = "*";

    private readonly Dictionary<string, QualityFilter> _filters = filters.ToDictionary(f => f.Country, StringComparer.Ordinal);

    public static NpgsqlBatchCommand LoadCommand() => Sql.Command(Load);

    public static async Task<QualityFilters> ReadAsync(NpgsqlDataReader rows, CancellationToken ct)
    {
        var filters = new List<QualityFilter>();
        while (await rows.ReadAsync(ct))
        {
            filters.Add(new QualityFilter(
                rows.GetString(0),
                rows.IsDBNull(1) ? null : rows.GetDecimal(1),
                rows.IsDBNull(2) ? null : rows.GetDecimal(2),
                rows.IsDBNull(3) ? null : rows.GetInt32(3),
                rows.IsDBNull(4) ? null : rows.GetInt32(4),
                rows.GetBoolean(5),
                rows.IsDBNull(6) ? null : rows.GetInt64(6),
                rows.IsDBNull(7) ? null : rows.GetInt64(7),
                [.. rows.GetFieldValue<string[]>(8).Select(Folded).Where(w => w.Length > 0)],
                rows.GetFieldValue<Guid[]>(9).ToHashSet()));
        }

        return new QualityFilters(filters);
    }

    public bool IsEmpty => _filters.Count == 0;

    /// <summary>These filters with one put in the place of the country's.</summary>
    public QualityFilters With(QualityFilter filter) => new(_filters.Values.Where(f => f.Country != filter.Country).Append(filter));

    public static string Folded(string word) => PlainText.Fold(PlainText.Line(word, 100)).Trim();

    /// <param name="cheapest">Price of the cheapest variant at the smallest order, by currency; markets that have none are not judged.</param>
    public QualityVerdict Judge(in QualityFacts facts, IReadOnlyList<Market> markets, IReadOnlyDictionary<string, long> cheapest)
    {
        if (IsEmpty)
        {
            return QualityVerdict.Passes;
        }

        Dictionary<string, string>? failing = null;
        string? reason = null;
        foreach (var market in markets)
        {
            if (cheapest.TryGetValue(market.Currency.Code, out var price)
                && (_filters.GetValueOrDefault(market.Country) ?? _filters.GetValueOrDefault(EveryOther))?.Judge(facts, price) is { } found)
            {
                (failing ??= new Dictionary<string, string>(StringComparer.Ordinal)).Add(market.Currency.Code, found);
                reason = market.IsDefault ? found : reason ?? found;
            }
        }

        return failing is null ? QualityVerdict.Passes : new QualityVerdict(failing, failing.Count == cheapest.Count, reason);
    }
}
