using Mallgram.Kernel;

namespace Mallgram.Catalog.Contracts;

/// <summary>What imports of a run did to products of the scope's store. Kept for 30 days (clean-up <c>import-changes</c>).</summary>
public interface IImportRecords
{
    /// <summary>What a run changed, in the order of product ids, in one round trip. An unknown run changed nothing.</summary>
    /// <param name="kind">A word of <see cref="ImportChange.Kind"/>; null: all.</param>
    /// <param name="cursor">Of the page before; null: the first page.</param>
    /// <exception cref="Kernel.Problems.ProblemException">400 <c>cursor_invalid</c>.</exception>
    Task<ImportChangePage> ChangesAsync(Guid runId, string? kind, string? cursor, int limit, CancellationToken ct);

    /// <summary>Products that a supplier's items became, with what a run did to them; items without a product are missing.</summary>
    Task<IReadOnlyDictionary<string, ImportedItem>> FindAsync(
        string supplier, Guid runId, IReadOnlyList<string> externalIds, CancellationToken ct);
}

public sealed record ImportChangePage(IReadOnlyList<ImportChange> Data, string? NextCursor);

/// <param name="Name">As it is now.</param>
/// <param name="Kind"><c>created</c>, <c>updated</c>, <c>hidden</c> or <c>shown</c> (on sale again).</param>
/// <param name="UndoneAt">When a rollback went through it; null: it stands.</param>
/// <param name="Prices">At most 20; what a product begins with is no change.</param>
/// <param name="PriceCount">All that changed.</param>
/// <param name="Stock">At most 20.</param>
/// <param name="StockCount">All that changed.</param>
/// <param name="Fields">
/// Other fields that changed; <c>prices</c> among them where only former prices or costs with freight changed.
/// </param>
public sealed record ImportChange(
    string ProductId,
    string Name,
    string Kind,
    DateTime At,
    DateTime? UndoneAt,
    IReadOnlyList<PriceChange> Prices,
    int PriceCount,
    IReadOnlyList<StockChange> Stock,
    int StockCount,
    IReadOnlyList<string> Fields);

/// <param name="Before">Null: the break is new.</param>
/// <param name="After">Null: the break was dropped.</param>
public sealed record PriceChange(
    string VariantId, string Sku, string? VariantName, string Currency, int MinQuantity, Money? Before, Money? After);

public sealed record StockChange(string VariantId, string Sku, string? VariantName, int Before, int After);

/// <param name="Kind">A word of <see cref="ImportChange.Kind"/>; null: the run changed nothing about it.</param>
/// <param name="Status"><c>active</c> or <c>hidden</c>.</param>
public sealed record ImportedItem(Guid ProductId, string? Kind, string Status);
