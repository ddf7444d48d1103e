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

    public StoreStatus Status { get; init; } = StoreStatus.Active;

    public StoreLimits Limits { get; init; } = new(Products: null, Staff: null, StorageBytes: null, RequestsPerMinute: 1000, RequestsPerHour: 10_000);

    public StoreLook Look { get; init; } = StoreLook.Default;

    /// <summary>Payment methods that the store takes; null: all there are.</summary>
    public IReadOnlyList<string>? PaymentMethods { get; init; }
}

/// <summary>What the platform lets a store do.</summary>
public enum StoreStatus
{
    Active,

    /// <summary>Sells nothing; staff may read. Jobs pass it by.</summary>
    Suspended,

    /// <summary>Its rows are being removed; it answers as if it were not there.</summary>
    Closing,
}

/// <summary>The plan's limits, or those the platform gave this store instead. Null: none.</summary>
/// <param name="StorageBytes">Uploaded files together.</param>
/// <param name="RequestsPerMinute">Of one client: person, key or network address.</param>
/// <param name="RequestsPerHour">Of one client.</param>
public sealed record StoreLimits(int? Products, int? Staff, long? StorageBytes, int RequestsPerMinute, int RequestsPerHour);

/// <summary>How the store's mails look.</summary>
/// <param name="Primary">Colour of headings and buttons, <c>#rrggbb</c>.</param>
/// <param name="OnPrimary">Colour of text on it.</param>
/// <param name="LogoFileId">An uploaded image; null: the name in letters.</param>
/// <param name="FrontEnd">https address of the storefront, without a slash at its end; null: none is known.</param>
public sealed record StoreLook(string Primary, string OnPrimary, Guid? LogoFileId, string? FooterEnglish, string? FooterFrench, string? FrontEnd)
{
    public static StoreLook Default { get; } = new("#1d4ed8", "#ffffff", LogoFileId: null, FooterEnglish: null, FooterFrench: null, FrontEnd: null);
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
