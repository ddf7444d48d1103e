using System.Text.Json;
using System.Text.Json.Serialization;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;

namespace Mallgram.Catalog.Products;

/// <summary>A product as the public API shows it. Lists leave out <c>description</c>, <c>images</c> and <c>variants</c>.</summary>
internal sealed record ProductView
{
    public required string Id { get; init; }

    public required string Slug { get; init; }

    public required string Name { get; init; }

    /// <summary>Plain text with line breaks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Description { get; init; }

    /// <summary><c>b2c</c> or <c>b2b</c>.</summary>
    public required string Channel { get; init; }

    public required CategoryReference? Category { get; init; }

    public required string? Brand { get; init; }

    /// <summary>Of the cheapest variant.</summary>
    public required Money Price { get; init; }

    public required Money? CompareAtPrice { get; init; }

    public required int MinOrderQuantity { get; init; }

    /// <summary>Some variant is available.</summary>
    public required bool InStock { get; init; }

    /// <summary>0 to 5; null when nobody rated.</summary>
    public required decimal? Rating { get; init; }

    public required int ReviewCount { get; init; }

    public required string? ImageUrl { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Images { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<VariantView>? Variants { get; init; }

    public required DateTime UpdatedAt { get; init; }
}

internal sealed record CategoryReference(string Id, string Name, string Path);

/// <param name="Name">What sets it apart; the product's name when there is nothing to choose.</param>
/// <param name="Available">Units that can be ordered now.</param>
internal sealed record VariantView(string Id, string Sku, string Name, Money Price, Money? CompareAtPrice, bool InStock, int Available);

/// <param name="NextCursor">Null on the last page.</param>
internal sealed record ProductPage(
    IReadOnlyList<ProductView> Data,
    string? NextCursor,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Total);

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
