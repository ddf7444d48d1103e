using Mallgram.Kernel;
using Npgsql;

namespace Mallgram.Catalog.Contracts;

/// <summary>
/// What an order needs from the catalogue, as statements that join the caller's round trips: prices, and stock that is held, kept or given
/// back. Every statement works on the store that the caller's batch or transaction has set.
/// </summary>
public interface IOrderCatalog
{
    /// <summary>Prices and stock of the lines, in the scope's language. Read the rows with <see cref="ReadQuotesAsync"/>.</summary>
    /// <param name="currency">A currency of <see cref="Currencies"/>; null: the store's own. In any other one nothing is found.</param>
    NpgsqlBatchCommand Quote(IReadOnlyList<QuoteLine> lines, Currency? currency = null);

    /// <summary>Reads the result set of <see cref="Quote"/> that the reader stands before; does not move to the next one.</summary>
    /// <param name="lineCount">Number of lines given to <see cref="Quote"/>.</param>
    /// <returns>One entry a line in the same order; null where the store has no such product or variant, or no price for it.</returns>
    Task<IReadOnlyList<CatalogQuote?>> ReadQuotesAsync(NpgsqlDataReader reader, int lineCount, CancellationToken ct);

    /// <summary>The currencies the store sells in, its own first. Read them with <see cref="ReadCurrenciesAsync"/>.</summary>
    NpgsqlBatchCommand Currencies();

    /// <summary>Reads the ISO 4217 codes of <see cref="Currencies"/> that the reader stands before; does not move to the next result.</summary>
    Task<IReadOnlyList<string>> ReadCurrenciesAsync(NpgsqlDataReader reader, CancellationToken ct);

    /// <summary>
    /// Holds stock for an order. Quantities are summed per variant, rows are locked in the order of variant ids, and each is taken only when
    /// enough is available, so stock never goes negative and two orders never deadlock. Read what was held with
    /// <see cref="ReadVariantsAsync"/>: a variant that is missing there had too little; the caller rolls back then.
    /// </summary>
    /// <param name="expiresAt">UTC; when the caller means to release the hold if nothing was paid.</param>
    /// <remarks>An order that holds the variant already fails with a unique violation; one that released it may hold again.</remarks>
    NpgsqlBatchCommand Reserve(Guid orderId, IReadOnlyList<StockLine> lines, DateTimeOffset expiresAt);

    /// <summary>
    /// Keeps what an order holds because it is paid: <c>held</c> becomes <c>committed</c>. The units stay reserved until they are shipped.
    /// Yields the variants that were committed now; none when the hold was released before or was committed already.
    /// </summary>
    NpgsqlBatchCommand Commit(Guid orderId);

    /// <summary>
    /// Keeps what an order holds for longer, never for shorter. Yields the variants it holds or has committed; one that is missing there was
    /// released, and the caller may hold it again with <see cref="Reserve"/>.
    /// </summary>
    /// <param name="expiresAt">UTC.</param>
    NpgsqlBatchCommand Extend(Guid orderId, DateTimeOffset expiresAt);

    /// <summary>Gives back what an order holds or has committed. Yields the variants; a second call yields none.</summary>
    NpgsqlBatchCommand Release(Guid orderId);

    /// <summary>
    /// Reads the result set of <see cref="Reserve"/>, <see cref="Extend"/>, <see cref="Commit"/> or <see cref="Release"/>; does not move to
    /// the next one.
    /// </summary>
    Task<IReadOnlySet<Guid>> ReadVariantsAsync(NpgsqlDataReader reader, CancellationToken ct);
}

/// <summary>What somebody wants to buy. With a product alone, its variant that is cheapest at that quantity is meant.</summary>
/// <param name="VariantId">Given with <paramref name="ProductId"/>, it must belong to that product.</param>
/// <param name="Quantity">At least 1; prices fall with it.</param>
public sealed record QuoteLine(Guid? VariantId, Guid? ProductId, int Quantity = 1);

/// <param name="Quantity">At least 1.</param>
public sealed record StockLine(Guid VariantId, int Quantity);

/// <summary>A variant as it can be bought now.</summary>
/// <param name="Name">Name of the product in the scope's language.</param>
/// <param name="VariantName">What sets the variant apart (<c>Blue, M</c>); null when the product has one variant.</param>
/// <param name="UnitPrice">At the quantity asked for, in the currency asked for.</param>
/// <param name="MinOrderQuantity">Fewest units of one line: the smallest order of the product's offers.</param>
/// <param name="IsActive">False: withdrawn from sale, whatever the stock says.</param>
/// <param name="Available">Units not reserved; never negative.</param>
public sealed record CatalogQuote(
    Guid ProductId,
    Guid VariantId,
    string Name,
    string? VariantName,
    string Sku,
    Money UnitPrice,
    int MinOrderQuantity,
    bool IsActive,
    int Available);
