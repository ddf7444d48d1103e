using Mallgram.Kernel;

namespace Mallgram.Stores.Contracts;

/// <summary>A storefront.</summary>
/// <param name="Slug">Value of <c>X-Store</c>.</param>
/// <param name="Currency">The currency of all its prices.</param>
/// <param name="Country">ISO 3166-1 alpha-2: where the merchant is.</param>
/// <param name="Language"><c>en</c> or <c>fr</c>: for people whose own language is not known.</param>
/// <param name="EmailFrom">Sender of its mail, <c>Name &lt;address&gt;</c>.</param>
public sealed record Store(Guid Id, string Slug, string Name, Currency Currency, string Country, string Language, string EmailFrom)
{
    /// <summary>Slug of the store that is meant when none is named.</summary>
    public const string DefaultSlug = "mallgram";
}

/// <summary>Finds stores. Answers may be up to five seconds old.</summary>
public interface IStores
{
    ValueTask<Store?> FindBySlugAsync(string slug, CancellationToken ct);

    ValueTask<Store?> FindByHostAsync(string host, CancellationToken ct);

    /// <exception cref="InvalidOperationException">No such store.</exception>
    ValueTask<Store> GetAsync(Guid id, CancellationToken ct);
}

/// <summary>The store of the current request, set by the store middleware; in jobs and handlers use <see cref="IStores.GetAsync"/>.</summary>
public sealed class CurrentStore
{
    private Store? _store;

    /// <exception cref="InvalidOperationException">The route runs outside the store middleware.</exception>
    public Store Store
    {
        get => _store ?? throw new InvalidOperationException("No store was resolved for this request.");
        internal set => _store = value;
    }
}
