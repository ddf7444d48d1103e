using System.ComponentModel;
using System.Globalization;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Mvc;

namespace Mallgram.Catalog.Products;

/// <summary>Query string of the product lists, as sent. Text on purpose: what does not parse is a field error, not a bare 400.</summary>
internal sealed record ProductListParameters
{
    [FromQuery(Name = "category"), Description("Id or slug; products of the categories below it are included.")]
    public string? Category { get; init; }

    [FromQuery(Name = "q"), Description("Words to look for, in English or French; accents and small typing errors do not matter.")]
    public string? Q { get; init; }

    [FromQuery(Name = "min_price"), Description("Minor units of the store's currency.")]
    public string? MinPrice { get; init; }

    [FromQuery(Name = "max_price"), Description("Minor units of the store's currency.")]
    public string? MaxPrice { get; init; }

    [FromQuery(Name = "min_rating"), Description("0 to 5.")]
    public string? MinRating { get; init; }

    [FromQuery(Name = "channel"), Description("b2c or b2b.")]
    public string? Channel { get; init; }

    [FromQuery(Name = "in_stock"), Description("true: only what can be ordered now; false: only what cannot.")]
    public string? InStock { get; init; }

    [FromQuery(Name = "sort"), Description("price, -price, newest, rating, relevance or name. Default: relevance with q, newest without.")]
    public string? Sort { get; init; }

    [FromQuery(Name = "limit"), Description("1 to 100, default 24.")]
    public string? Limit { get; init; }

    [FromQuery(Name = "cursor"), Description("next_cursor of the page before, with the same filters.")]
    public string? Cursor { get; init; }

    [FromQuery(Name = "include"), Description("total adds the number of matches.")]
    public string? Include { get; init; }

    [FromQuery(Name = "fields"), Description("Members wanted, separated by commas; id always comes.")]
    public string? Fields { get; init; }
}

internal enum ProductSort
{
    Newest,
    Price,
    PriceDescending,
    Rating,
    Name,
    Relevance,
}

/// <summary>A checked list request.</summary>
internal sealed record ProductQuery(
    string? Category,
    string? Words,
    long? MinPrice,
    long? MaxPrice,
    int? MinRatingHundredths,
    string? Channel,
    bool? InStock,
    ProductSort Sort,
    int Limit,
    string? Cursor,
    bool IncludeTotal,
    IReadOnlyList<string>? Fields)
{
    private static readonly string[] ListFields =
    [
        "id", "slug", "name", "channel", "category", "brand", "price", "compare_at_price", "min_order_quantity", "in_stock", "rating",
        "review_count", "image_url", "updated_at",
    ];

    private static readonly string[] DetailFields = [.. ListFields, "description", "images", "variants"];

    /// <summary>What a cursor is tied to: all that decides which rows come in which order.</summary>
    /// <param name="language">Names sort differently in each.</param>
    public string Filters(Guid storeId, string language) => string.Create(
        CultureInfo.InvariantCulture,
        $"{storeId}|{language}|{Category}|{Words}|{MinPrice}|{MaxPrice}|{MinRatingHundredths}|{Channel}|{InStock}|{Sort}");

    /// <exception cref="ProblemException">422 <c>validation_failed</c> with every field that is wrong.</exception>
    public static ProductQuery Parse(ProductListParameters sent, bool wordsRequired = false, string? onlyChannel = null)
    {
        var errors = new FieldErrors();
        var words = Clean(sent.Q);
        errors.AtMost(words, "q", 200);
        if (wordsRequired && words is null)
        {
            errors.Add("q", "is required", "est obligatoire");
        }

        var category = Clean(sent.Category);
        errors.AtMost(category, "category", 200);
        var minPrice = Whole(sent.MinPrice, "min_price", 0, long.MaxValue, errors);
        var maxPrice = Whole(sent.MaxPrice, "max_price", 0, long.MaxValue, errors);
        if (minPrice > maxPrice)
        {
            errors.Add("max_price", "must not be below min_price", "ne doit pas être inférieur à min_price");
        }

        var query = new ProductQuery(
            category,
            words,
            minPrice,
            maxPrice,
            Rating(sent.MinRating, errors),
            onlyChannel ?? Word(sent.Channel, "channel", ["b2c", "b2b"], errors),
            Word(sent.InStock, "in_stock", ["true", "false"], errors) is { } inStock ? inStock == "true" : null,
            Sorting(sent.Sort, words is not null, errors),
            (int)(Whole(sent.Limit, "limit", 1, 100, errors) ?? 24),
            string.IsNullOrEmpty(sent.Cursor) ? null : sent.Cursor,
            Word(sent.Include, "include", ["total"], errors) is not null,
            ParseFields(sent.Fields, ListFields, errors));
        errors.ThrowIfAny();
        return query;
    }

    /// <exception cref="ProblemException">422 <c>validation_failed</c>: a field that products do not have.</exception>
    public static IReadOnlyList<string>? ParseDetailFields(string? sent)
    {
        var errors = new FieldErrors();
        var fields = ParseFields(sent, DetailFields, errors);
        errors.ThrowIfAny();
        return fields;
    }

    private static ProductSort Sorting(string? sent, bool hasWords, FieldErrors errors) =>
        Word(sent, "sort", ["price", "-price", "newest", "rating", "relevance", "name"], errors) switch
        {
            "price" => ProductSort.Price,
            "-price" => ProductSort.PriceDescending,
            "newest" => ProductSort.Newest,
            "rating" => ProductSort.Rating,
            "name" => ProductSort.Name,
            // Without words nothing is more relevant than anything else.
            _ => hasWords ? ProductSort.Relevance : ProductSort.Newest,
        };

    private static List<string>? ParseFields(string? sent, string[] known, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(sent))
        {
            return null;
        }

        var fields = sent.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Distinct(StringComparer.Ordinal).ToList();
        if (fields.Exists(f => !known.Contains(f, StringComparer.Ordinal)))
        {
            var list = string.Join(", ", known);
            errors.Add("fields", $"must be among {list}", $"doit être parmi {list}");
        }

        return fields;
    }

    private static string? Word(string? sent, string field, string[] known, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(sent))
        {
            return null;
        }

        if (known.Contains(sent, StringComparer.Ordinal))
        {
            return sent;
        }

        var list = string.Join(", ", known);
        errors.Add(field, $"must be one of {list}", $"doit être l'un de {list}");
        return null;
    }

    private static long? Whole(string? sent, string field, long least, long most, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(sent))
        {
            return null;
        }

        if (long.TryParse(sent, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
        {
            return value;
        }

        errors.Add(
            field,
            most == long.MaxValue ? $"must be a whole number of at least {least}" : $"must be a whole number from {least} to {most}",
            most == long.MaxValue ? $"doit être un nombre entier d'au moins {least}" : $"doit être un nombre entier de {least} à {most}");
        return null;
    }

    private static int? Rating(string? sent, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(sent))
        {
            return null;
        }

        if (decimal.TryParse(sent, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 5)
        {
            return (int)decimal.Ceiling(value * 100);
        }

        errors.Add("min_rating", "must be a number from 0 to 5", "doit être un nombre de 0 à 5");
        return null;
    }

    /// <summary>Null when nothing is left. Control characters would be refused by the database; a lone surrogate too.</summary>
    private static string? Clean(string? sent)
    {
        if (sent is null)
        {
            return null;
        }

        var text = string.Concat(sent.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)).Trim();
        return text.Length == 0 ? null : text;
    }
}
