using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Mallgram.Catalog.Contracts;

/// <summary>One product as a supplier describes it; texts may hold HTML and worse, the import cleans them.</summary>
public sealed record SupplierProduct
{
    private const int LargestKept = 1024 * 1024;

    // Reused for every product hashed on this thread: hashing is most of what an unchanged item costs.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _content;

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
        var content = _content ??= new ArrayBufferWriter<byte>(8192);
        content.ResetWrittenCount();
        Mark(content, version);
        Mark(content, IsOnSale ? (byte)1 : (byte)0);
        Append(content, Name);
        Append(content, NameFr);
        Append(content, Description);
        Append(content, DescriptionFr);
        Append(content, Brand);
        Append(content, CategoryExternalId);
        Append(content, Rating);
        Append(content, (long)ReviewCount);
        Append(content, (long)MinOrderQuantity);
        Append(content, SellerId);
        Append(content, SellerName);
        Append(content, SellerRating);
        Append(content, SalesBand(SalesCount));
        Append(content, ShipsWithinDays);
        Append(content, WeightGrams);
        Append(content, VideoUrl);
        foreach (var url in ImageUrls)
        {
            Append(content, url);
        }

        foreach (var (name, value) in Specifications)
        {
            Mark(content, 3);
            Append(content, name);
            Append(content, value);
        }

        foreach (var variant in Variants)
        {
            Mark(content, 2);
            Append(content, variant.ExternalId);
            Append(content, variant.Name);
            Append(content, variant.PriceProblem);
            Append(content, variant.Cost);
            Append(content, variant.ListCost);
            Append(content, variant.CostCurrency);
            Append(content, (long)variant.Stock);
            Append(content, variant.ImageUrl);
            foreach (var tier in variant.Tiers)
            {
                Mark(content, 4);
                Append(content, (long)tier.MinQuantity);
                Append(content, (decimal?)tier.Cost);
            }

            foreach (var (option, value) in variant.Options)
            {
                Mark(content, 5);
                Append(content, option);
                Append(content, value);
            }
        }

        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(content.WrittenSpan, hash);
        if (content.Capacity > LargestKept)
        {
            _content = null;
        }

        return hash[..16].ToArray();
    }

    /// <summary>Sales move with every order; only a new order of magnitude is a change worth writing.</summary>
    private static long? SalesBand(int? sales) => sales is { } n ? (long)Math.Log2(Math.Max(1, n)) : null;

    private static void Mark(ArrayBufferWriter<byte> content, byte kind)
    {
        content.GetSpan(1)[0] = kind;
        content.Advance(1);
    }

    private static void Append(ArrayBufferWriter<byte> content, string? text)
    {
        // The length in front keeps ("ab", "c") and ("a", "bc") apart; -1 keeps null and "" apart.
        var span = content.GetSpan(sizeof(int) + (text is null ? 0 : Encoding.UTF8.GetMaxByteCount(text.Length)));
        var length = text is null ? -1 : Encoding.UTF8.GetBytes(text, span[sizeof(int)..]);
        BinaryPrimitives.WriteInt32BigEndian(span, length);
        content.Advance(sizeof(int) + Math.Max(length, 0));
    }

    private static void Append(ArrayBufferWriter<byte> content, long? number)
    {
        var span = content.GetSpan(1 + sizeof(long));
        span[0] = number is null ? (byte)0 : (byte)1;
        BinaryPrimitives.WriteInt64BigEndian(span[1..], number ?? 0);
        content.Advance(1 + sizeof(long));
    }

    /// <summary>12.50 and 12.5 are one number.</summary>
    private static void Append(ArrayBufferWriter<byte> content, decimal? number)
    {
        var span = content.GetSpan(64);
        // An impossible length stands for null.
        var length = -1;
        if (number is { } value && Utf8.TryWrite(span[sizeof(int)..], CultureInfo.InvariantCulture, $"{value:0.############}", out var written))
        {
            length = written;
        }

        BinaryPrimitives.WriteInt32BigEndian(span, length);
        content.Advance(sizeof(int) + Math.Max(length, 0));
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
