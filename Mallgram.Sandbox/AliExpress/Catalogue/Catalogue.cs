using System.Collections.Frozen;
using System.Globalization;

namespace Mallgram.Sandbox.AliExpress.Catalogue;

/// <summary>The supplier's goods. Items never change; what the controls change (prices, delisting) is kept beside them.</summary>
internal sealed class SupplierCatalogue
{
    private readonly FrozenDictionary<long, CatalogueItem> _byId;
    private readonly FrozenDictionary<string, CatalogueItem[]> _feeds;

    public SupplierCatalogue(IReadOnlyList<CatalogueItem> items, IReadOnlyList<CatalogueCategory> categories)
    {
        Items = items;
        Categories = categories;
        _byId = items.ToFrozenDictionary(i => i.Id);

        var feeds = new Dictionary<string, CatalogueItem[]>(StringComparer.Ordinal) { [EverythingFeed] = [.. items] };
        foreach (var group in items.Where(i => i.FirstLevel is not null).GroupBy(i => i.FirstLevel!))
        {
            feeds.TryAdd("AEB_" + string.Concat(group.Key.NameEn.Where(char.IsAsciiLetterOrDigit)), [.. group]);
        }

        FeedNames = [.. feeds.Keys];
        _feeds = feeds.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The feed that carries the whole catalogue.</summary>
    public const string EverythingFeed = "DS_Global_topsellers";

    public IReadOnlyList<CatalogueItem> Items { get; }

    /// <summary>Parents before their children.</summary>
    public IReadOnlyList<CatalogueCategory> Categories { get; }

    public IReadOnlyList<string> FeedNames { get; }

    public CatalogueItem? Find(long id) => _byId.GetValueOrDefault(id);

    public CatalogueItem[]? Feed(string name) => _feeds.GetValueOrDefault(name);

    /// <exception cref="SandboxStartException">The CSV file cannot be read.</exception>
    public static SupplierCatalogue Load(SandboxOptions options, ILogger logger) =>
        options.Catalogue.Length > 0
            ? CsvCatalogue.Load(options.Catalogue, logger)
            : GeneratedCatalogue.Create(options.CatalogueSize, options.CatalogueSeed);
}

/// <param name="ParentId">0 for a first-level category.</param>
internal sealed record CatalogueCategory(long Id, long ParentId, string NameEn, string NameFr)
{
    public string Name(bool french) => french ? NameFr : NameEn;
}

internal sealed class CatalogueItem
{
    public required long Id { get; init; }

    public required string TitleEn { get; init; }

    public required string TitleFr { get; init; }

    public required string DetailEn { get; init; }

    public required string DetailFr { get; init; }

    /// <summary>From the first level down to the item's own category; empty when it has none.</summary>
    public required IReadOnlyList<CatalogueCategory> Path { get; init; }

    public required string Brand { get; init; }

    /// <summary>Currency of the prices as the supplier keeps them.</summary>
    public required string Currency { get; init; }

    /// <summary>Never empty.</summary>
    public required IReadOnlyList<CatalogueSku> Skus { get; init; }

    /// <summary>One to five, one decimal; empty when nobody has rated the item.</summary>
    public required string Rating { get; init; }

    public required int Reviews { get; init; }

    public required int Sold { get; init; }

    public required int Pictures { get; init; }

    public required CatalogueShop Shop { get; init; }

    public required int WeightGrams { get; init; }

    /// <summary>Fewest units of the cheaper price for many; 0 when there is none.</summary>
    public int BulkOrder { get; init; }

    /// <summary>How much cheaper that is.</summary>
    public int BulkPercent { get; init; }

    /// <summary>Besides the brand; empty for items that came from a file.</summary>
    public IReadOnlyList<CatalogueProperty> Properties { get; init; } = [];

    public CatalogueCategory? FirstLevel => Path.Count > 0 ? Path[0] : null;

    public CatalogueCategory? SecondLevel => Path.Count > 1 ? Path[1] : null;

    public string Title(bool french) => french ? TitleFr : TitleEn;

    public string Detail(bool french) => french ? DetailFr : DetailEn;
}

internal sealed record CatalogueProperty(string NameEn, string NameFr, long NameId, string ValueEn, string ValueFr, long ValueId);

internal sealed record CatalogueShop(long Id, string Name, string ItemRating, string CommunicationRating, string ShippingRating);

internal sealed record CatalogueSku(long Id, string Attribute, CataloguePrice Price, CataloguePrice OriginalPrice, int Stock)
{
    public IReadOnlyList<CatalogueSkuProperty> Properties { get; init; } = [];
}

internal sealed record CatalogueSkuProperty(
    long NameId, string NameEn, string NameFr, long ValueId, string ValueEn, string ValueFr, int Picture);

/// <summary>A price, or what stood where a price should be: nothing, a range, rubbish. The latter is passed on as it is.</summary>
internal readonly record struct CataloguePrice(decimal? Amount, string Text)
{
    public static CataloguePrice Of(decimal amount) => new(amount, "");

    public static CataloguePrice Parse(string text)
    {
        var trimmed = text.Trim();
        return decimal.TryParse(trimmed, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount) && amount > 0
            ? new(amount, "")
            : new(null, trimmed);
    }

    /// <summary>Two decimals, half away from zero.</summary>
    public string In(string from, string to, decimal factor)
    {
        return Amount is { } amount
            ? ExchangeRates.Convert(amount * factor, from, to).ToString("0.00", CultureInfo.InvariantCulture)
            : Text;
    }
}
