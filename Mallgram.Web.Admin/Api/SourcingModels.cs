namespace Mallgram.Web.Admin.Api;

internal sealed record SyncIssue(string ExternalId, string Reason, string? Detail, DateTimeOffset CreatedAt);

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
