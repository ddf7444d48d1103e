using Npgsql;

namespace Mallgram.Catalog.Contracts;

/// <summary>
/// Takes what a supplier offers into the catalogue of the scope's store. Rows whose content hash is known are not written at all; the rest
/// goes through <c>COPY</c> into temporary tables and one set-based statement a table. What a person mapped, set or locked stays.
/// </summary>
public interface ICatalogImport
{
    /// <summary>
    /// Imports products in one transaction. A product that is known but can no longer be sold (off sale, no price, filtered out…) is hidden,
    /// never deleted.
    /// </summary>
    /// <param name="supplier">Stable code of the supplier, <c>aliexpress</c>.</param>
    /// <param name="runId">Named as the cause of each change, which makes the run one that can be rolled back; null: nothing is recorded.</param>
    /// <param name="products">At most 10 000; read fully before the first write. May be empty.</param>
    /// <param name="alongside">Statements of the caller (its checkpoint) for the same transaction, made when the outcome is known.</param>
    Task<ImportResult> ImportAsync(
        string supplier,
        Guid? runId,
        IReadOnlyList<SupplierProduct> products,
        Func<ImportResult, IReadOnlyList<NpgsqlBatchCommand>> alongside,
        CancellationToken ct);

    /// <summary>
    /// Imports the supplier's category tree: categories it has not shown before are made and mapped, names and places of those follow the
    /// supplier as long as nobody edited them. A parent that is unknown or would close a circle is dropped: the category becomes a root,
    /// and the result counts it under its reason.
    /// </summary>
    /// <param name="tree">The whole tree, in any order.</param>
    Task<ImportResult> ImportCategoriesAsync(
        string supplier,
        IReadOnlyList<SupplierCategory> tree,
        Func<ImportResult, IReadOnlyList<NpgsqlBatchCommand>> alongside,
        CancellationToken ct);

    /// <summary>Hides products that the supplier no longer lists. Unknown or hidden ones are passed over.</summary>
    /// <returns>Products hidden now.</returns>
    Task<int> HideAsync(
        string supplier, Guid? runId, IReadOnlyList<string> externalIds, IReadOnlyList<NpgsqlBatchCommand> alongside, CancellationToken ct);

    /// <summary>
    /// Undoes a part of what a run did, in one transaction: prices, stock, texts and offers go back to what they were wherever they are
    /// still what the run made them, products it created are hidden, those it hid are shown, those it showed are hidden. Call it until it
    /// returns 0. The content hashes stay those of the run: the same supplier data is not applied again, newer data is.
    /// </summary>
    /// <param name="runId">No later run of the supplier may have changed anything; that is for the caller to make sure of.</param>
    /// <param name="actor">Public id of who asked for it.</param>
    /// <param name="limit">Products at most: their stock is locked until the commit.</param>
    /// <returns>Products gone through; 0 when nothing is left to undo.</returns>
    Task<int> RollBackAsync(Guid runId, string actor, int limit, CancellationToken ct);
}

/// <param name="Skipped">One entry for each product that was left out, or for each category whose parent was dropped.</param>
/// <param name="Hidden">Known products among the skipped that were on sale until now.</param>
/// <param name="LeftOutOfMarkets">
/// One entry for each market that a product is kept out of while it is sold in others; the reason ends in <c>@</c> and the country.
/// </param>
public sealed record ImportResult(
    int Created,
    int Updated,
    int Unchanged,
    int Hidden,
    IReadOnlyList<SkippedItem> Skipped,
    IReadOnlyList<SkippedItem> LeftOutOfMarkets);

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

    /// <summary>A person excluded the supplier's category.</summary>
    public const string ExcludedCategory = "excluded_category";

    /// <summary>New, and the store has as many products as its plan allows.</summary>
    public const string PlanLimit = "plan_limit_reached";

    /// <summary>Beginning of the words below: the store's quality filter kept it out.</summary>
    public const string FilteredPrefix = "filtered_";

    public const string FilteredSellerRating = "filtered_seller_rating";
    public const string FilteredRating = "filtered_rating";
    public const string FilteredReviews = "filtered_reviews";
    public const string FilteredStock = "filtered_stock";
    public const string FilteredNoImage = "filtered_no_image";
    public const string FilteredPrice = "filtered_price";
    public const string FilteredBannedWord = "filtered_banned_word";
    public const string FilteredBannedCategory = "filtered_banned_category";
}
