using System.Globalization;
using Mallgram.Catalog.Products;
using Mallgram.Kernel.Ids;
using Npgsql;

namespace Mallgram.Catalog.Search;

/// <summary>
/// How many products each further choice would leave. A facet ignores its own filter, so that other values of it can be chosen too.
/// </summary>
/// <param name="Category">Those with most products, with the categories above them; products of the categories below count.</param>
/// <param name="Price">Bands of about as many products each.</param>
/// <param name="Capped">There were more products than are counted: the figures are of the first 25 000.</param>
internal sealed record Facets(
    IReadOnlyList<CategoryCount> Category,
    IReadOnlyList<BrandCount> Brand,
    IReadOnlyList<PriceCount> Price,
    IReadOnlyList<RatingCount> Rating,
    IReadOnlyList<StockCount> InStock,
    IReadOnlyList<DaysCount> ShipsWithin,
    IReadOnlyList<AttributeCounts> Attributes,
    bool Capped)
{
    /// <summary>Reads the rows of <see cref="ProductListSql.FacetCounts"/>.</summary>
    public static async Task<Facets> ReadAsync(
        NpgsqlDataReader rows, IReadOnlyList<FilterableAttribute> attributes, bool french, CancellationToken ct)
    {
        var categories = new List<CategoryCount>();
        var brands = new List<BrandCount>();
        var prices = new List<PriceCount>();
        var ratings = new List<RatingCount>();
        var stock = new List<StockCount>();
        var days = new List<DaysCount>();
        var values = attributes.ToDictionary(a => a.Code, _ => new List<ValueCount>(), StringComparer.Ordinal);
        var total = 0L;
        while (await rows.ReadAsync(ct))
        {
            var key = rows.IsDBNull(1) ? "" : rows.GetString(1);
            var name = rows.IsDBNull(2) ? "" : rows.GetString(2);
            var count = rows.GetInt64(3);
            switch (rows.GetString(0))
            {
                case "category":
                    categories.Add(new CategoryCount(PublicId.Format(PublicId.Category, Guid.Parse(rows.GetString(4))), key, name, count));
                    break;
                case "brand":
                    brands.Add(new BrandCount(key, name, count));
                    break;
                case "price":
                    prices.Add(Band(Number(key), [.. name.Trim('{', '}').Split(',', StringSplitOptions.RemoveEmptyEntries).Select(e => long.Parse(e, CultureInfo.InvariantCulture))], count));
                    break;
                case "rating":
                    ratings.Add(new RatingCount(Number(key), count));
                    break;
                case "in_stock":
                    stock.Add(new StockCount(key == "true", count));
                    break;
                case "ships_within":
                    days.Add(new DaysCount(Number(key), count));
                    break;
                case "attribute":
                    values[key].Add(new ValueCount(name, count));
                    break;
                default:
                    total = count;
                    break;
            }
        }

        return new Facets(
            categories, brands, prices, ratings, stock, days,
            [.. attributes.Where(a => values[a.Code].Count > 0)
                .Select(a => new AttributeCounts(a.Code, french ? a.NameFr ?? a.Name : a.Name, a.Unit, values[a.Code]))],
            total > ProductListSql.MostCounted);
    }

    private static PriceCount Band(int bucket, long[] edges, long count) =>
        new(bucket == 0 ? null : edges[bucket - 1], bucket == edges.Length ? null : edges[bucket] - 1, count);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

internal sealed record CategoryCount(string Id, string Slug, string Name, long Count);

internal sealed record BrandCount(string Slug, string Name, long Count);

/// <param name="MinPrice">Minor units, to be sent as <c>min_price</c>; null: no bound.</param>
/// <param name="MaxPrice">Likewise as <c>max_price</c>; inclusive.</param>
internal sealed record PriceCount(long? MinPrice, long? MaxPrice, long Count);

/// <param name="MinRating">To be sent as <c>min_rating</c>.</param>
internal sealed record RatingCount(int MinRating, long Count);

internal sealed record StockCount(bool InStock, long Count);

/// <param name="ShipsWithin">Days.</param>
internal sealed record DaysCount(int ShipsWithin, long Count);

internal sealed record AttributeCounts(string Code, string Name, string? Unit, IReadOnlyList<ValueCount> Values);

internal sealed record ValueCount(string Value, long Count);
