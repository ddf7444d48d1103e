using Npgsql;

namespace Mallgram.Catalog.Contracts;

/// <summary>
/// Takes what a supplier offers into the catalogue of the scope's store. Rows whose content hash is known are not written at all; the rest
/// goes through <c>COPY</c> into temporary tables and one set-based upsert a table.
/// </summary>
public interface ICatalogImport
{
    /// <summary>
    /// Imports products in one transaction. A product that is known but can no longer be sold (off sale, no price…) is hidden, never deleted.
    /// </summary>
    /// <param name="supplier">Stable code of the supplier, <c>aliexpress</c>.</param>
    /// <param name="products">At most 1000; read fully before the first write. May be empty.</param>
    /// <param name="alongside">Statements of the caller (its checkpoint) for the same transaction, made when the outcome is known.</param>
    Task<ImportResult> ImportAsync(
        string supplier,
        IReadOnlyList<SupplierProduct> products,
        Func<ImportResult, IReadOnlyList<NpgsqlBatchCommand>> alongside,
        CancellationToken ct);

    /// <summary>
    /// Imports the supplier's category tree. A parent that is unknown or would close a circle is dropped: the category becomes a root, and
    /// the result counts it under its reason.
    /// </summary>
    /// <param name="categories">The whole tree, in any order.</param>
    Task<ImportResult> ImportCategoriesAsync(
        string supplier,
        IReadOnlyList<SupplierCategory> categories,
        Func<ImportResult, IReadOnlyList<NpgsqlBatchCommand>> alongside,
        CancellationToken ct);

    /// <summary>Hides products that the supplier no longer lists. Unknown or hidden ones are passed over.</summary>
    /// <returns>Products hidden now.</returns>
    Task<int> HideAsync(
        string supplier, IReadOnlyList<string> externalIds, IReadOnlyList<NpgsqlBatchCommand> alongside, CancellationToken ct);
}

/// <param name="Skipped">One entry for each product that was left out, or for each category whose parent was dropped.</param>
/// <param name="Hidden">Known products among the skipped that were on sale until now.</param>
public sealed record ImportResult(int Created, int Updated, int Unchanged, int Hidden, IReadOnlyList<SkippedItem> Skipped);

/// <param name="Reason">A word of <see cref="SkipReasons"/>.</param>
/// <param name="Detail">What was found, for people; never longer than 200 characters.</param>
public sealed record SkippedItem(string ExternalId, string Reason, string? Detail);

/// <summary>Why an item is left out. Stored and counted by word; never rename.</summary>
public static class SkipReasons
{
    public const string NoPrice = "no_price";
    public const string PriceRange = "price_range";
    public const string PriceInvalid = "price_invalid";
    public const string PriceAbsurd = "price_absurd";

    /// <summary>The supplier's currency has no exchange rate to the store's.</summary>
    public const string NoRate = "no_rate";

    public const string NoTitle = "no_title";
    public const string NoVariant = "no_variant";

    /// <summary>The supplier has taken it off sale or does not know it any more.</summary>
    public const string Offline = "offline";

    /// <summary>The same external id came before in the batch.</summary>
    public const string Duplicate = "duplicate";

    public const string CategoryCycle = "category_cycle";
    public const string CategoryParentUnknown = "category_parent_unknown";
}
