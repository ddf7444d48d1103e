using Mallgram.Kernel;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Stores.Contracts;

/// <summary>A store that is being created.</summary>
/// <param name="Preset">One of <see cref="StorePresets"/>.</param>
public sealed record NewStore(Guid Id, string Slug, string Name, Currency Currency, string Country, string Language, string Preset);

/// <summary>What stores are made from. Stored; never rename.</summary>
public static class StorePresets
{
    /// <summary>Goods of suppliers, for people and retailers.</summary>
    public const string Mallgram = "mallgram";

    /// <summary>Own goods in francs.</summary>
    public const string DakarCafe = "dakarcafe";

    /// <summary>Food in rupees.</summary>
    public const string PickleParadise = "pickle-paradise";

    public const string Blank = "blank";

    public static IReadOnlyList<string> All { get; } = [Mallgram, DakarCafe, PickleParadise, Blank];
}

/// <summary>What a module's tables need for a store to work: its own market, a price rule, supplier accounts.</summary>
public interface IStoreSeed
{
    /// <param name="transaction">As the platform, with the new store set; the same that creates the store.</param>
    Task SeedAsync(StoreTransaction transaction, NewStore store, CancellationToken ct);
}

/// <summary>Creates stores.</summary>
public interface IStoreCreation
{
    /// <summary>Checks what a new store is to be and fills in what its preset knows.</summary>
    /// <exception cref="Kernel.Problems.ProblemException">422.</exception>
    NewStore Check(NewStoreRequest request);

    /// <summary>Adds the store, its settings and what every module seeds.</summary>
    /// <param name="transaction">As the platform, of the new store.</param>
    /// <param name="plan">Code of a plan; null: <c>standard</c>.</param>
    /// <exception cref="Kernel.Problems.ProblemException">409 <c>slug_taken</c>; 422 when there is no such plan.</exception>
    Task AddAsync(StoreTransaction transaction, NewStore store, string? plan, CancellationToken ct);
}

/// <param name="Slug">Lower-case letters, digits and single hyphens; value of <c>X-Store</c>; cannot be changed later.</param>
/// <param name="Preset">mallgram, dakarcafe, pickle-paradise or blank.</param>
/// <param name="Currency">ISO 4217 of all its prices; null: the preset's. A blank store has to say.</param>
/// <param name="Country">ISO 3166-1 alpha-2 of the merchant; null: the preset's. A blank store has to say.</param>
/// <param name="Language">en or fr; null: the preset's, else en.</param>
/// <param name="OwnerEmail">Gets an invitation to own the store.</param>
/// <param name="Plan">starter, standard or unlimited; null: standard.</param>
public sealed record NewStoreRequest(
    string? Slug, string? Name, string? Preset, string? Currency, string? Country, string? Language, string? OwnerEmail, string? Plan);
