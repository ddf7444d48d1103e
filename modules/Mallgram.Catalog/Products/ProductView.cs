using System.Text.Json;
using System.Text.Json.Serialization;
using Mallgram.Catalog.Search;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;

namespace Mallgram.Catalog.Products;

/// <summary>A product as lists show it.</summary>
internal record ProductItem
{
    public required string Id { get; init; }

    public required string Slug { get; init; }

    public required string Name { get; init; }

    /// <summary><c>b2c</c> or <c>b2b</c>.</summary>
    public required string Channel { get; init; }

    public required CategoryReference? Category { get; init; }

    public required string? Brand { get; init; }

    /// <summary>Of the cheapest variant, one unit of the smallest order.</summary>
    public required Money Price { get; init; }

    public required Money? CompareAtPrice { get; init; }

    public required int MinOrderQuantity { get; init; }

    /// <summary>The smallest order of some variant is available.</summary>
    public required bool InStock { get; init; }

    /// <summary>0 to 5; null when nobody rated.</summary>
    public required decimal? Rating { get; init; }

    public required int ReviewCount { get; init; }

    public required string? ImageUrl { get; init; }

    public required DateTime UpdatedAt { get; init; }
}

/// <summary>A product as its own page shows it: what lists show, and all the rest.</summary>
internal sealed record ProductView : ProductItem
{
    /// <summary>Plain text with line breaks.</summary>
    public required string? Description { get; init; }

    public required string? BrandSlug { get; init; }

    public required bool Featured { get; init; }

    public required bool New { get; init; }

    public required bool BestSeller { get; init; }

    public required int? ShipsWithinDays { get; init; }

    public required string? VideoUrl { get; init; }

    public required IReadOnlyList<string> Images { get; init; }

    public required IReadOnlyList<VariantView> Variants { get; init; }

    /// <summary>How it is sold; the first is the one that <c>price</c> is of.</summary>
    public required IReadOnlyList<OfferView> Offers { get; init; }

    public required IReadOnlyList<AttributeView> Attributes { get; init; }

    /// <summary>As the supplier tells.</summary>
    public required IReadOnlyList<Specification> Specifications { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public required SeoView Seo { get; init; }
}

internal sealed record CategoryReference(string Id, string Name, string Path);

/// <param name="Name">What sets it apart; the product's name when there is nothing to choose.</param>
/// <param name="Available">Units that can be ordered now.</param>
/// <param name="Tiers">Price of one unit from a quantity on.</param>
internal sealed record VariantView(
    string Id, string Sku, string Name, Money Price, Money? CompareAtPrice, bool InStock, int Available, string? ImageUrl,
    IReadOnlyList<Specification> Options, IReadOnlyList<TierView> Tiers);

internal sealed record TierView(int MinQuantity, Money Price);

/// <param name="BulkDiscountPercent">Off the retail price; null where there is none.</param>
internal sealed record OfferView(string Channel, int MinOrderQuantity, decimal? BulkDiscountPercent);

internal sealed record AttributeView(string Code, string Name, string Value, string? Unit);

internal sealed record Specification(string Name, string Value);

/// <summary>For search engines; the name and the beginning of the description when nobody wrote others.</summary>
internal sealed record SeoView(string Title, string? Description);

/// <param name="NextCursor">Null on the last page.</param>
/// <param name="Total">When asked for; 25001 when there are more than are counted.</param>
/// <param name="TotalIsCapped">There are more than <paramref name="Total"/> says.</param>
/// <param name="CorrectedQuery">Nothing had the words as they were typed; these were looked for instead.</param>
internal sealed record ProductPage(
    IReadOnlyList<ProductItem> Data,
    string? NextCursor,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Total,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? TotalIsCapped,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? CorrectedQuery,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Facets? Facets);

[JsonSerializable(typeof(ProductPage))]
[JsonSerializable(typeof(ProductView))]
internal sealed partial class ProductJson : JsonSerializerContext
{
    /// <summary>Same habits as everywhere, types written ahead of time.</summary>
    public static ProductJson Public { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = MallgramJson.Options.PropertyNamingPolicy,
        Encoder = MallgramJson.Options.Encoder,
    });
}
