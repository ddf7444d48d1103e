namespace Mallgram.Catalog.Bulk;

/// <summary>Names of the columns, in the order of an export. Part of the file format: never rename; see docs/import-export.md.</summary>
internal static class BulkColumns
{
    public const string Id = "id";
    public const string Sku = "sku";
    public const string Supplier = "supplier";
    public const string ExternalId = "external_id";
    public const string Product = "product";
    public const string Name = "name";
    public const string NameFr = "name_fr";
    public const string Description = "description";
    public const string DescriptionFr = "description_fr";
    public const string Category = "category";
    public const string Brand = "brand";
    public const string Tags = "tags";
    public const string ImageUrls = "image_urls";
    public const string Options = "options";
    public const string Price = "price";
    public const string CompareAtPrice = "compare_at_price";
    public const string Currency = "currency";
    public const string Cost = "cost";
    public const string CostCurrency = "cost_currency";
    public const string Stock = "stock";
    public const string MinOrderQuantity = "min_order_quantity";
    public const string WholesaleMinQuantity = "wholesale_min_quantity";
    public const string WholesaleDiscountPercent = "wholesale_discount_percent";
    public const string WeightGrams = "weight_grams";
    public const string Status = "status";
    public const string Featured = "featured";
    public const string SeoTitle = "seo_title";
    public const string SeoTitleFr = "seo_title_fr";
    public const string SeoDescription = "seo_description";
    public const string SeoDescriptionFr = "seo_description_fr";

    /// <summary>Followed by the code of an attribute.</summary>
    public const string AttributePrefix = "attr.";

    /// <summary>Written beside failed rows; ignored on the way in, so that mended rows can be sent as they are.</summary>
    public const string Error = "error";

    /// <summary>Another name of <see cref="Product"/>.</summary>
    private const string Parent = "parent";

    public static readonly IReadOnlyList<string> All =
    [
        Id, Sku, Supplier, ExternalId, Product, Name, NameFr, Description, DescriptionFr, Category, Brand, Tags, ImageUrls, Options, Price,
        CompareAtPrice, Currency, Cost, CostCurrency, Stock, MinOrderQuantity, WholesaleMinQuantity, WholesaleDiscountPercent, WeightGrams,
        Status, Featured, SeoTitle, SeoTitleFr, SeoDescription, SeoDescriptionFr,
    ];

    /// <summary>Those of a variant; the others belong to its product.</summary>
    public static readonly IReadOnlySet<string> OfVariant = new HashSet<string>(StringComparer.Ordinal)
    {
        Id, Sku, Options, Price, CompareAtPrice, Currency, Cost, CostCurrency, Stock,
    };

    private static readonly HashSet<string> Known = new(All, StringComparer.Ordinal) { Error };

    public static bool IsKnown(string name) => Known.Contains(name) || (name.StartsWith(AttributePrefix, StringComparison.Ordinal) && name.Length <= 70);

    public static string Canonical(string name) => name.Trim().ToLowerInvariant() is var lower && lower == Parent ? Product : lower;
}
