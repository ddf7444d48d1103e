using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mallgram.Catalog.Contracts;

/// <summary>One product as a supplier describes it; texts may hold HTML and worse, the import cleans them.</summary>
public sealed record SupplierProduct
{
    /// <summary>The supplier's id, stable over time.</summary>
    public required string ExternalId { get; init; }

    /// <summary>English.</summary>
    public required string Name { get; init; }

    /// <summary>French; null when the supplier gave none.</summary>
    public string? NameFr { get; init; }

    public string? Description { get; init; }

    public string? DescriptionFr { get; init; }

    public string? Brand { get; init; }

    public string? CategoryExternalId { get; init; }

    /// <summary>0 to 5; null when nobody rated.</summary>
    public decimal? Rating { get; init; }

    public int ReviewCount { get; init; }

    /// <summary>Fewest units the supplier sells at once; 2 or more makes it a wholesale (b2b) offer.</summary> <value>1</value>
    public int MinOrderQuantity { get; init; } = 1;

    public bool IsOnSale { get; init; } = true;

    /// <summary>The supplier's id of whoever sells it there.</summary>
    public string? SellerId { get; init; }

    public string? SellerName { get; init; }

    /// <summary>Of the seller, 0 to 5; null when unknown.</summary>
    public decimal? SellerRating { get; init; }

    /// <summary>Units sold at the supplier's, as it says; null when it does not.</summary>
    public int? SalesCount { get; init; }

    /// <summary>Most days from the supplier to the buyer's country; null when unknown.</summary>
    public int? ShipsWithinDays { get; init; }

    /// <summary>Of one unit with its packaging; null when unknown.</summary>
    public int? WeightGrams { get; init; }

    /// <summary>What the supplier tells about it (<c>Material</c>, <c>Cotton</c>), in its order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Specifications { get; init; } = [];

    /// <summary>Absolute https address; null when there is no video.</summary>
    public string? VideoUrl { get; init; }

    /// <summary>Absolute http or https addresses, the main picture first; others are dropped.</summary>
    public IReadOnlyList<string> ImageUrls { get; init; } = [];

    public required IReadOnlyList<SupplierVariant> Variants { get; init; }

    /// <summary>
    /// 16 bytes over everything above: equal content, equal hash, in every process and release. Raise the version when fields are added.
    /// </summary>
    public byte[] ContentHash()
    {
        const byte version = 2;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([version, IsOnSale ? (byte)1 : (byte)0]);
        Append(hash, Name);
        Append(hash, NameFr);
        Append(hash, Description);
        Append(hash, DescriptionFr);
        Append(hash, Brand);
        Append(hash, CategoryExternalId);
        Append(hash, Canonical(Rating));
        Append(hash, ReviewCount.ToString(CultureInfo.InvariantCulture));
        Append(hash, MinOrderQuantity.ToString(CultureInfo.InvariantCulture));
        Append(hash, SellerId);
        Append(hash, SellerName);
        Append(hash, Canonical(SellerRating));
        Append(hash, SalesBand(SalesCount)?.ToString(CultureInfo.InvariantCulture));
        Append(hash, ShipsWithinDays?.ToString(CultureInfo.InvariantCulture));
        Append(hash, WeightGrams?.ToString(CultureInfo.InvariantCulture));
        Append(hash, VideoUrl);
        foreach (var url in ImageUrls)
        {
            Append(hash, url);
        }

        foreach (var (name, value) in Specifications)
        {
            hash.AppendData([3]);
            Append(hash, name);
            Append(hash, value);
        }

        foreach (var variant in Variants)
        {
            hash.AppendData([2]);
            Append(hash, variant.ExternalId);
            Append(hash, variant.Name);
            Append(hash, variant.PriceProblem);
            Append(hash, Canonical(variant.Cost));
            Append(hash, Canonical(variant.ListCost));
            Append(hash, variant.CostCurrency);
            Append(hash, variant.Stock.ToString(CultureInfo.InvariantCulture));
            Append(hash, variant.ImageUrl);
            foreach (var tier in variant.Tiers)
            {
                hash.AppendData([4]);
                Append(hash, tier.MinQuantity.ToString(CultureInfo.InvariantCulture));
                Append(hash, Canonical(tier.Cost));
            }

            foreach (var (option, value) in variant.Options)
            {
                Append(hash, option);
                Append(hash, value);
            }
        }

        return hash.GetHashAndReset()[..16];
    }

    /// <summary>Sales move with every order; only a new order of magnitude is a change worth writing.</summary>
    private static int? SalesBand(int? sales) => sales is { } n ? (int)Math.Log2(Math.Max(1, n)) : null;

    /// <summary>12.50 and 12.5 are one number.</summary>
    private static string? Canonical(decimal? number) => number?.ToString("0.############", CultureInfo.InvariantCulture);

    private static void Append(IncrementalHash hash, string? text)
    {
        // The length in front keeps ("ab", "c") and ("a", "bc") apart; -1 keeps null and "" apart.
        Span<byte> length = stackalloc byte[4];
        var bytes = text is null ? [] : Encoding.UTF8.GetBytes(text);
        BinaryPrimitives.WriteInt32BigEndian(length, text is null ? -1 : bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}

/// <summary>What a supplier sells of a product under one stock number.</summary>
public sealed record SupplierVariant
{
    /// <summary>The supplier's id, unique within the product.</summary>
    public required string ExternalId { get; init; }

    /// <summary>What sets it apart (<c>Blue, M</c>); null when there is nothing to choose.</summary>
    public string? Name { get; init; }

    /// <summary>Option name and value in the supplier's order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Options { get; init; } = [];

    /// <summary>
    /// Price we pay for one unit when the product's <see cref="SupplierProduct.MinOrderQuantity"/> is bought, in major units; null with
    /// <see cref="PriceProblem"/> set.
    /// </summary>
    public decimal? Cost { get; init; }

    /// <summary>The supplier's price before its discount, in major units; null when there is none.</summary>
    public decimal? ListCost { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string CostCurrency { get; init; }

    /// <summary>Why there is no cost: <c>no_price</c>, <c>price_range</c> or <c>price_invalid</c> of <see cref="SkipReasons"/>.</summary>
    public string? PriceProblem { get; init; }

    /// <summary>Lower prices for more units, by rising quantity above the product's smallest order; empty when there are none.</summary>
    public IReadOnlyList<SupplierTier> Tiers { get; init; } = [];

    /// <summary>Absolute http or https address of this variant's picture.</summary>
    public string? ImageUrl { get; init; }

    /// <summary>Units the supplier has; 0 when it says nothing.</summary>
    public int Stock { get; init; }
}

/// <param name="MinQuantity">From this many units of one order on.</param>
/// <param name="Cost">Of one unit, in major units of the variant's currency.</param>
public sealed record SupplierTier(int MinQuantity, decimal Cost);

/// <param name="ParentExternalId">Null for a root.</param>
/// <param name="NameFr">Null when the supplier gave none.</param>
public sealed record SupplierCategory(string ExternalId, string? ParentExternalId, string Name, string? NameFr);
