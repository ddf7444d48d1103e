using System.ComponentModel;
using System.Globalization;
using System.Text;
using Mallgram.Catalog.Search;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Mallgram.Catalog.Products;

/// <summary>Query string of the product lists, as sent. Text on purpose: what does not parse is a field error, not a bare 400.</summary>
internal sealed record ProductListParameters
{
    [FromQuery(Name = "category"), Description("Id or slug; products of the categories below it are included.")]
    public string? Category { get; init; }

    [FromQuery(Name = "q"), Description("Words to look for, in English or French; accents and small typing errors do not matter.")]
    public string? Q { get; init; }

    [FromQuery(Name = "brand"), Description("Slug of a brand, or several separated by commas.")]
    public string? Brand { get; init; }

    [FromQuery(Name = "tag"), Description("A tag.")]
    public string? Tag { get; init; }

    [FromQuery(Name = "collection"), Description("Slug of a collection; its products come in its own order unless sort is given.")]
    public string? Collection { get; init; }

    [FromQuery(Name = "currency"), Description("A currency the store sells in. Default: the store's own.")]
    public string? Currency { get; init; }

    [FromQuery(Name = "min_price"), Description("Minor units of the currency.")]
    public string? MinPrice { get; init; }

    [FromQuery(Name = "max_price"), Description("Minor units of the currency.")]
    public string? MaxPrice { get; init; }

    [FromQuery(Name = "min_rating"), Description("0 to 5.")]
    public string? MinRating { get; init; }

    [FromQuery(Name = "channel"), Description("b2c or b2b.")]
    public string? Channel { get; init; }

    [FromQuery(Name = "in_stock"), Description("true: only what can be ordered now; false: only what cannot.")]
    public string? InStock { get; init; }

    [FromQuery(Name = "ships_within"), Description("Days until it leaves the supplier, at most.")]
    public string? ShipsWithin { get; init; }

    [FromQuery(Name = "featured"), Description("true or false.")]
    public string? Featured { get; init; }

    [FromQuery(Name = "new"), Description("true or false.")]
    public string? New { get; init; }

    [FromQuery(Name = "best_seller"), Description("true or false.")]
    public string? BestSeller { get; init; }

    [FromQuery(Name = "sort"), Description("price, -price, newest, rating, relevance, name or featured. Default: relevance with q, newest without.")]
    public string? Sort { get; init; }

    [FromQuery(Name = "limit"), Description("1 to 100, default 24.")]
    public string? Limit { get; init; }

    [FromQuery(Name = "cursor"), Description("next_cursor of the page before, with the same filters.")]
    public string? Cursor { get; init; }

    [FromQuery(Name = "include"), Description("total adds the number of matches, facets their counts by value; both separated by a comma.")]
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
    Featured,
    Collection,
}

/// <summary>A filter <c>attr.{code}</c>: one of some values, or a range of numbers.</summary>
/// <param name="Values">Null when it is a range.</param>
internal sealed record AttributeFilter(string Code, IReadOnlyList<string>? Values, decimal? Least, decimal? Most);

/// <summary>A checked list request.</summary>
internal sealed record ProductQuery
{
    private const int MostValues = 20;

    private static readonly string[] ListFields =
    [
        "id", "slug", "name", "channel", "category", "brand", "price", "compare_at_price", "min_order_quantity", "in_stock", "rating",
        "review_count", "image_url", "updated_at",
    ];

    private static readonly string[] DetailFields =
    [
        .. ListFields, "description", "images", "variants", "brand_slug", "featured", "new", "best_seller", "ships_within_days", "video_url",
        "offers", "attributes", "specifications", "tags", "seo",
    ];

    public string? Category { get; private init; }

    public string? Words { get; private init; }

    /// <summary>Slugs, any of them.</summary>
    public IReadOnlyList<string>? Brands { get; private init; }

    public string? Tag { get; private init; }

    public string? Collection { get; private init; }

    /// <summary>ISO 4217; a market of the store.</summary>
    public required string Currency { get; init; }

    /// <summary>Minor units, as <see cref="MaxPrice"/>.</summary>
    public long? MinPrice { get; private init; }

    public long? MaxPrice { get; private init; }

    public int? MinRatingHundredths { get; private init; }

    public string? Channel { get; private init; }

    public bool? InStock { get; private init; }

    /// <summary>Days.</summary>
    public int? ShipsWithin { get; private init; }

    public bool? Featured { get; private init; }

    public bool? New { get; private init; }

    public bool? BestSeller { get; private init; }

    public IReadOnlyList<AttributeFilter> Attributes { get; private init; } = [];

    public ProductSort Sort { get; private init; }

    public int Limit { get; private init; }

    public string? Cursor { get; private init; }

    public bool IncludeTotal { get; private init; }

    public bool IncludeFacets { get; private init; }

    public IReadOnlyList<string>? Fields { get; private init; }

    /// <summary>What a cursor is tied to: all that decides which rows come in which order.</summary>
    /// <param name="shop">Names sort differently in each language.</param>
    public string Filters(Shop shop)
    {
        var text = new StringBuilder(200);
        text.Append(CultureInfo.InvariantCulture, $"{shop.StoreId}|{shop.Language}|{Currency}|{Category}|{Words}|{Tag}|{Collection}|{MinPrice}|{MaxPrice}|")
            .Append(CultureInfo.InvariantCulture, $"{MinRatingHundredths}|{Channel}|{InStock}|{ShipsWithin}|{Featured}|{New}|{BestSeller}|{Sort}")
            .Append('|').AppendJoin(',', Brands ?? []);
        foreach (var (code, values, least, most) in Attributes)
        {
            text.Append('|').Append(code).Append(CultureInfo.InvariantCulture, $"|{least}|{most}|").AppendJoin(',', values ?? []);
        }

        return text.ToString();
    }

    /// <summary>The whole request, for a cache: equal texts have equal answers.</summary>
    public string Key(Shop shop) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Filters(shop)}|{Limit}|{Cursor}|{IncludeTotal}|{IncludeFacets}|{(Fields is null ? "*" : string.Join(',', Fields))}");

    /// <param name="attributes">Further parameters: <c>attr.{code}</c>; others mean nothing here.</param>
    /// <param name="facts">What the store sells in and filters by; asked for only when needed.</param>
    /// <exception cref="ProblemException">422 <c>validation_failed</c> with every field that is wrong.</exception>
    public static async ValueTask<ProductQuery> ParseAsync(
        ProductListParameters sent, IQueryCollection attributes, Shop shop, StoreFacts facts, CancellationToken ct,
        bool wordsRequired = false, string? onlyChannel = null)
    {
        var errors = new FieldErrors();
        var words = Clean(sent.Q);
        errors.AtMost(words, "q", 200);
        if (wordsRequired && words is null)
        {
            errors.Add("q", "is required", "est obligatoire");
        }

        var minPrice = Whole(sent.MinPrice, "min_price", 0, long.MaxValue, errors);
        var maxPrice = Whole(sent.MaxPrice, "max_price", 0, long.MaxValue, errors);
        if (minPrice > maxPrice)
        {
            errors.Add("max_price", "must not be below min_price", "ne doit pas être inférieur à min_price");
        }

        var collection = Short(sent.Collection, "collection", errors);
        var include = Among(sent.Include, "include", ["total", "facets"], errors);
        var query = new ProductQuery
        {
            Category = Short(sent.Category, "category", errors),
            Words = words,
            Brands = Several(Short(sent.Brand, "brand", errors), "brand", errors),
            Tag = Short(sent.Tag, "tag", errors)?.ToLowerInvariant(),
            Collection = collection,
            Currency = await facts.CurrencyAsync(sent.Currency, shop, errors, ct),
            MinPrice = minPrice,
            MaxPrice = maxPrice,
            MinRatingHundredths = Rating(sent.MinRating, errors),
            Channel = onlyChannel ?? Word(sent.Channel, "channel", ["b2c", "b2b"], errors),
            InStock = YesNo(sent.InStock, "in_stock", errors),
            ShipsWithin = (int?)Whole(sent.ShipsWithin, "ships_within", 0, 365, errors),
            Featured = YesNo(sent.Featured, "featured", errors),
            New = YesNo(sent.New, "new", errors),
            BestSeller = YesNo(sent.BestSeller, "best_seller", errors),
            Attributes = await AttributesAsync(attributes, shop, facts, errors, ct),
            Sort = Sorting(sent.Sort, words is not null, collection is not null, errors),
            Limit = (int)(Whole(sent.Limit, "limit", 1, 100, errors) ?? 24),
            Cursor = string.IsNullOrEmpty(sent.Cursor) ? null : sent.Cursor,
            IncludeTotal = include.Contains("total", StringComparer.Ordinal),
            IncludeFacets = include.Contains("facets", StringComparer.Ordinal),
            Fields = ParseFields(sent.Fields, ListFields, errors),
        };
        errors.ThrowIfAny();
        return query;
    }

    /// <exception cref="ProblemException">422 <c>validation_failed</c>: a field that products do not have.</exception>
    public static IReadOnlyList<string>? ParseDetailFields(string? sent, FieldErrors errors) => ParseFields(sent, DetailFields, errors);

    private static async ValueTask<IReadOnlyList<AttributeFilter>> AttributesAsync(
        IQueryCollection sent, Shop shop, StoreFacts facts, FieldErrors errors, CancellationToken ct)
    {
        List<AttributeFilter>? filters = null;
        foreach (var (name, values) in sent)
        {
            if (!name.StartsWith("attr.", StringComparison.Ordinal))
            {
                continue;
            }

            filters ??= [];
            var code = name["attr.".Length..];
            var attribute = await facts.FilterableAsync(code, shop, ct);
            var text = Clean(values.ToString());
            if (attribute is null || filters.Count == 10)
            {
                errors.Add(name, "is no attribute to filter by", "n'est pas un attribut filtrable");
            }
            else if (text is not null)
            {
                errors.AtMost(text, name, 500);
                filters.Add(attribute.Kind == "number" ? Range(code, name, text, errors) : new AttributeFilter(code, Several(text, name, errors), null, null));
            }
        }

        filters?.Sort((a, b) => string.CompareOrdinal(a.Code, b.Code));
        return filters ?? [];
    }

    private static AttributeFilter Range(string code, string field, string sent, FieldErrors errors)
    {
        var (least, most) = sent.Split("..") switch
        {
            [var one] => (Number(one), Number(one)),
            [var from, var to] => (from.Length == 0 ? decimal.MinValue : Number(from), to.Length == 0 ? decimal.MaxValue : Number(to)),
            _ => ((decimal?)null, (decimal?)null),
        };
        if (least is null || most is null || (least == decimal.MinValue && most == decimal.MaxValue))
        {
            errors.Add(field, "must be a number or a range like 5..10", "doit être un nombre ou un intervalle comme 5..10");
        }

        return new AttributeFilter(code, null, least == decimal.MinValue ? null : least, most == decimal.MaxValue ? null : most);
    }

    private static decimal? Number(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && Math.Abs(number) < 1e18m
            ? number
            : null;

    private static ProductSort Sorting(string? sent, bool hasWords, bool inCollection, FieldErrors errors) =>
        Word(sent, "sort", ["price", "-price", "newest", "rating", "relevance", "name", "featured"], errors) switch
        {
            "price" => ProductSort.Price,
            "-price" => ProductSort.PriceDescending,
            "newest" => ProductSort.Newest,
            "rating" => ProductSort.Rating,
            "name" => ProductSort.Name,
            "featured" => ProductSort.Featured,
            // Without words nothing is more relevant than anything else.
            _ => hasWords ? ProductSort.Relevance : inCollection ? ProductSort.Collection : ProductSort.Newest,
        };

    private static List<string>? ParseFields(string? sent, string[] known, FieldErrors errors) =>
        string.IsNullOrWhiteSpace(sent) ? null : Among(sent, "fields", known, errors);

    /// <summary>Words separated by commas, each once.</summary>
    private static List<string> Among(string? sent, string field, string[] known, FieldErrors errors)
    {
        var words = (sent ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Distinct(StringComparer.Ordinal).ToList();
        if (words.Exists(w => !known.Contains(w, StringComparer.Ordinal)))
        {
            var list = string.Join(", ", known);
            errors.Add(field, $"must be among {list}", $"doit être parmi {list}");
        }

        return words;
    }

    private static List<string>? Several(string? sent, string field, FieldErrors errors)
    {
        var values = sent?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (values?.Count > MostValues)
        {
            errors.Add(field, $"must have at most {MostValues} values", $"doit avoir au plus {MostValues} valeurs");
        }

        return values is { Count: 0 } ? null : values;
    }

    private static string? Short(string? sent, string field, FieldErrors errors)
    {
        var text = Clean(sent);
        errors.AtMost(text, field, 200);
        return text;
    }

    private static bool? YesNo(string? sent, string field, FieldErrors errors) =>
        Word(sent, field, ["true", "false"], errors) is { } word ? word == "true" : null;

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

    private static string? Clean(string? sent) => sent is null ? null : PlainText.Typed(sent);
}
