using Mallgram.Kernel;

namespace Mallgram.Web.Admin.Api;

internal sealed record SyncIssue(string ExternalId, string Reason, string? Detail, DateTimeOffset CreatedAt);

/// <param name="Kind"><c>created</c>, <c>updated</c>, <c>hidden</c> or <c>shown</c>.</param>
/// <param name="UndoneAt">When a rollback went through it.</param>
/// <param name="Prices">At most 20 of <paramref name="PriceCount"/>.</param>
/// <param name="Stock">At most 20 of <paramref name="StockCount"/>.</param>
public sealed record SyncChange(
    string ProductId,
    string Name,
    string Kind,
    DateTimeOffset At,
    DateTimeOffset? UndoneAt,
    IReadOnlyList<SyncPriceChange> Prices,
    int PriceCount,
    IReadOnlyList<SyncStockChange> Stock,
    int StockCount,
    IReadOnlyList<string> Fields);

public sealed record SyncPriceChange(string Sku, int MinQuantity, Money? Before, Money? After);

public sealed record SyncStockChange(string Sku, int Before, int After);

/// <param name="ImageUrl">As the API gives it.</param>
/// <param name="Cost">Of one unit, in major units; null when the supplier gives no plain price.</param>
internal sealed record SupplierHit(
    string ExternalId, string Name, string? ImageUrl, decimal? Cost, string? CostCurrency, decimal? Rating, int? SalesCount);

/// <param name="Total">Items found, as the supplier says; null when it does not.</param>
internal sealed record SupplierHits(IReadOnlyList<SupplierHit> Data, int? Total, int Page);

/// <param name="RunId">The sync run that tells what became of each item.</param>
internal sealed record ImportedHits(string RunId);

/// <param name="CategoryId">Where its products go; null: nowhere.</param>
/// <param name="MappedBy"><c>import</c> or <c>person</c>.</param>
internal sealed record SupplierCategory(
    string Supplier,
    string ExternalId,
    string? ParentExternalId,
    string Name,
    string? NameFr,
    string? CategoryId,
    string? CategoryPath,
    string MappedBy,
    bool Excluded,
    long Products);

/// <param name="Country">ISO 3166-1, or <c>*</c> for every country without a filter of its own.</param>
/// <param name="MinPrice">Minor units of the market's currency, as <paramref name="MaxPrice"/>.</param>
internal sealed record QualityFilter(
    string Country,
    decimal? MinSellerRating,
    decimal? MinRating,
    int? MinReviewCount,
    int? MinStock,
    bool RequireImage,
    long? MinPrice,
    long? MaxPrice,
    IReadOnlyList<string> BannedWords,
    IReadOnlyList<string> BannedCategories,
    DateTimeOffset? UpdatedAt);

internal sealed record QualityExample(string ProductId, string Name, string Currency, string Reason);

/// <param name="IsComplete">False when time ran out before all were looked at.</param>
internal sealed record QualityPreview(
    int Checked, bool IsComplete, int Leaving, Dictionary<string, int>? Reasons, IReadOnlyList<QualityExample> Examples);
