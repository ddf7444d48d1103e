using System.Text.Json;
using Mallgram.Kernel;

namespace Mallgram.Web.Admin.Api;

/// <summary>What a list of products is narrowed to; as the list and bulk edits take it.</summary>
/// <param name="Supplier">Name; <c>none</c> for goods of the merchant's own.</param>
public sealed record ProductFilter(
    string? Q = null, string? Status = null, string? Supplier = null, string? CategoryId = null, string? Channel = null, bool? LowStock = null,
    bool? Locked = null, bool? BelowLandedCost = null)
{
    public bool IsEmpty => this == new ProductFilter();
}

/// <param name="Price">As lists show it, in the store's own currency.</param>
internal sealed record ProductRow(
    string Id,
    string Name,
    string? Supplier,
    string Status,
    string? HiddenBy,
    string? CategoryPath,
    string? ImageUrl,
    IReadOnlyList<string> Channels,
    Money? Price,
    int VariantCount,
    long Available,
    bool LowStock,
    bool Featured,
    bool Locked);

/// <param name="UpdatedAt">Its version.</param>
/// <param name="Attributes">Values by attribute code.</param>
public sealed record ProductDetail(
    string Id,
    string Slug,
    IReadOnlyList<string> FormerSlugs,
    string Name,
    string? NameFr,
    string? Description,
    string? DescriptionFr,
    string Status,
    string? HiddenBy,
    CategoryReference? Category,
    string? Brand,
    IReadOnlyList<string> Tags,
    JsonElement Attributes,
    IReadOnlyList<PictureView> Images,
    string? VideoUrl,
    int? WeightGrams,
    int? ShipsWithinDays,
    bool Featured,
    bool? IsNew,
    bool? IsBestSeller,
    bool ComputedBestSeller,
    int SortOrder,
    int? LowStockThreshold,
    string? SeoTitle,
    string? SeoTitleFr,
    string? SeoDescription,
    string? SeoDescriptionFr,
    IReadOnlyList<OfferView> Offers,
    IReadOnlyList<VariantDetail> Variants,
    IReadOnlyList<CollectionReference> Collections,
    IReadOnlyList<string> LockedFields,
    SupplierFacts? Supplier,
    IReadOnlyList<ChangeView> Changes,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

public sealed record CategoryReference(string Id, string Name, string Path);

public sealed record CollectionReference(string Id, string Name);

/// <param name="Source">As it is sent back: an https address or <c>file:fil_…</c>.</param>
/// <param name="Url">On the API.</param>
public sealed record PictureView(string Source, string? Url);

public sealed record OfferView(string Channel, int MinOrderQuantity, decimal? BulkDiscountPercent, string SetBy, bool Active);

public sealed record VariantDetail(
    string Id, string Sku, string? Name, bool Active, int OnHand, int Reserved, int Available, bool LowStock, IReadOnlyList<VariantPrice> Prices);

public sealed record VariantPrice(int MinQuantity, Money Amount, Money? CompareAt, Money? LandedCost, bool SetByPerson);

public sealed record SupplierFacts(
    string Name, string ExternalId, string? Category, string? SellerName, decimal? SellerRating, int? SalesCount, decimal? Rating, int ReviewCount,
    JsonElement Specifications);

/// <param name="Kind"><c>price</c> or <c>stock</c>.</param>
/// <param name="Before">Minor units or units.</param>
public sealed record ChangeView(
    DateTimeOffset At, string Kind, string VariantId, string Sku, long? Before, long? After, string? Currency, string Cause, string? Actor, string? Reason);

public sealed record BulkResult(int Matched, int Changed, int Skipped);

internal sealed record ProductPrices(IReadOnlyList<PricesOfVariant> Variants);

/// <param name="Costs">Of one unit from a quantity on, major units.</param>
internal sealed record PricesOfVariant(
    string VariantId, string Sku, string? Name, bool Active, IReadOnlyList<UnitCost> Costs, IReadOnlyList<MadePrice> Prices);

internal sealed record UnitCost(int MinQuantity, decimal Cost, decimal? ListCost, string Currency);

/// <param name="LandedCost">When the price was made.</param>
/// <param name="MarginPercent">Of the price, over landed cost.</param>
internal sealed record MadePrice(
    int MinQuantity, Money Amount, Money? CompareAt, Money? LandedCost, LandedParts? LandedCostNow, decimal? MarginPercent, bool BelowLandedCost,
    NamedRule? Rule, bool Locked, DateTimeOffset ChangedAt);

internal sealed record NamedRule(string Id, string Name);

internal sealed record LandedParts(Money Total, Money Goods, Money FxBuffer, Money Freight, Money Duty, Money Tax, Money GatewayFee);

internal sealed record PriceChange(
    DateTimeOffset At, string Sku, int MinQuantity, Money? Before, Money? After, string Cause, string? Actor, NamedRule? Rule);

/// <param name="Exponent">Decimals of the currency.</param>
internal sealed record MarketCurrency(string Currency, int Exponent, bool IsDefault);

/// <param name="Active">False: not shown, its products are.</param>
/// <param name="Products">Directly in it.</param>
public sealed record CategoryRow(
    string Id,
    string? ParentId,
    string Slug,
    string Name,
    string? NameFr,
    string Path,
    int Position,
    bool Active,
    string? Description,
    string? DescriptionFr,
    IReadOnlyList<string> LockedFields,
    long Products);

internal sealed record BrandRow(string Slug, string Name);

internal sealed record TagRow(string Tag, long Products);

/// <param name="Kind"><c>text</c>, <c>number</c>, <c>boolean</c> or <c>choice</c>.</param>
public sealed record AttributeRow(
    string Code, string Name, string? NameFr, string Kind, string? Unit, IReadOnlyList<string> Choices, string? CategoryId, string? FromSpecification,
    bool Filterable, int Position);

/// <param name="MaxPrice">Minor units of the store's currency.</param>
internal sealed record CollectionRules(string? CategoryId, string? Tag, string? Brand, long? MaxPrice, decimal? MinRating, string? Flag);

/// <param name="Rules">Null: put together by hand.</param>
internal sealed record CollectionDetail(
    string Id, string Slug, string Name, string? NameFr, string? Description, string? DescriptionFr, bool Active, int Sort, CollectionRules? Rules,
    long ProductCount);

internal sealed record CollectionProduct(string Id, string Name, string Status, string? ImageUrl);

internal sealed record StockRow(
    string VariantId, string ProductId, string ProductName, string? VariantName, string Sku, string? Supplier, int OnHand, int Reserved, int Available,
    int LowStockThreshold, DateTimeOffset? LowSince);

internal sealed record StockDetail(StockRow Stock, IReadOnlyList<StockHold> Holds, IReadOnlyList<StockMovement> Movements, string? NextCursor);

internal sealed record StockHold(string OrderId, int Quantity, string Status, DateTimeOffset ExpiresAt);

internal sealed record StockMovement(DateTimeOffset At, int Before, int After, string Cause, string? OrderId, string? Actor, string? Reason);

internal sealed record StockAdjusted(int OnHand, int Reserved, int Available, string? Warning);

internal sealed record MadeId(string Id);

internal sealed record UploadStarted(string Id, UploadTarget Upload);

/// <param name="Url">Signed, with the API's public address.</param>
internal sealed record UploadTarget(string Url, Dictionary<string, string> Headers);
