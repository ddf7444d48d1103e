using Mallgram.Catalog.Contracts;

namespace Mallgram.Sourcing.Suppliers;

/// <summary>
/// A marketplace that a store buys from, for the store of the scope. Calls keep to the supplier's rate budget and repeat what is worth
/// repeating; what remains is a <see cref="SupplierException"/>.
/// </summary>
internal interface ISupplier
{
    /// <summary>Stored with products and runs; never rename.</summary>
    string Code { get; }

    /// <summary>Detail calls at once.</summary>
    int DetailConcurrency { get; }

    /// <summary>Details older than this are read again even when the feed shows no change: feeds do not show stock.</summary>
    TimeSpan RefreshAfter { get; }

    Task<IReadOnlyList<SupplierCategory>> ReadCategoriesAsync(CancellationToken ct);

    /// <param name="page">From 1.</param>
    Task<FeedPage> ReadFeedAsync(int page, CancellationToken ct);

    /// <summary>French names of a page's items by external id; items without one are missing.</summary>
    Task<IReadOnlyDictionary<string, string>> ReadFrenchNamesAsync(int page, CancellationToken ct);

    /// <returns>Null when the supplier does not know the item any more.</returns>
    Task<SupplierProduct?> ReadProductAsync(string externalId, CancellationToken ct);

    /// <summary>An item's French name, for items that no page of the feed showed; spends a call.</summary>
    /// <returns>Null when the supplier gives none.</returns>
    Task<string?> ReadFrenchNameAsync(string externalId, CancellationToken ct) => Task.FromResult<string?>(null);

    /// <summary>What the supplier finds by words, best first.</summary>
    /// <param name="page">From 1.</param>
    /// <exception cref="SupplierException"><see cref="SupplierFault.NotOffered"/>: it has no such search.</exception>
    Task<SupplierSearchPage> SearchAsync(string words, int page, CancellationToken ct);
}

/// <param name="ImageUrl">As the supplier gives it; answers of the API name the image proxy instead.</param>
/// <param name="Cost">Of one unit, in major units of <paramref name="CostCurrency"/>; null when the supplier gives no plain price.</param>
/// <param name="Rating">0 to 5; null when nobody rated.</param>
internal sealed record SupplierOffer(
    string ExternalId, string Name, string? ImageUrl, decimal? Cost, string? CostCurrency, decimal? Rating, int? SalesCount);

/// <param name="Total">Items found, as it says; null when it does not.</param>
internal sealed record SupplierSearchPage(IReadOnlyList<SupplierOffer> Items, int? Total);

/// <param name="Hash">Over all that the feed says about the item, except figures that move by themselves (sales).</param>
internal sealed record FeedItem(string ExternalId, byte[] Hash);

/// <param name="Unreadable">Entries without an id.</param>
/// <param name="Total">Items of the whole feed, as it says; null when it does not.</param>
internal sealed record FeedPage(IReadOnlyList<FeedItem> Items, int Unreadable, int? Total, bool IsLast);

internal enum SupplierFault
{
    /// <summary>Not reachable, or failing by its own word, after several attempts.</summary>
    Unavailable,

    /// <summary>Answers that cannot be read, after several attempts.</summary>
    Unreadable,

    /// <summary>It will not give this one item.</summary>
    ItemRefused,

    /// <summary>Our request, key or account is not accepted: repeating changes nothing.</summary>
    Refused,

    /// <summary>The access token is not accepted.</summary>
    TokenRefused,

    /// <summary>No more calls for now, usually until the next day.</summary>
    QuotaUsedUp,

    /// <summary>The supplier has nothing of this kind.</summary>
    NotOffered,
}

/// <summary>A supplier did not give what was asked for.</summary>
/// <param name="code">The supplier's own word, or ours when it said nothing.</param>
/// <param name="message">Holds no secrets: it is kept with the run.</param>
internal sealed class SupplierException(SupplierFault fault, string code, string message, Exception? inner = null) : Exception(message, inner)
{
    public SupplierFault Fault { get; } = fault;

    public string Code { get; } = code;
}
