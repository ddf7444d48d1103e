using Mallgram.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Stores.Contracts;

/// <summary>Something that is counted for a store, by the module that owns the rows.</summary>
/// <param name="Name">In answers, snake_case; never rename.</param>
/// <param name="Sql">A scalar expression over <c>$1</c>, the store, of type bigint.</param>
public sealed record StoreMeter(string Name, string Sql);

/// <summary>Something a new store has to do before it opens, told done or not by the store's own rows.</summary>
/// <param name="Code">In answers, snake_case; never rename.</param>
/// <param name="Position">Place on the list.</param>
/// <param name="Sql">A scalar expression over <c>$1</c>, the store, of type boolean.</param>
public sealed record OnboardingStep(string Code, int Position, LocalText Title, string Sql);

/// <summary>Names of meters that limits ask for.</summary>
public static class StoreMeters
{
    public const string Products = "products";
    public const string Staff = "staff";
    public const string Orders = "orders";
    public const string StorageBytes = "storage_bytes";
}

public static class StoreFactRegistration
{
    public static IServiceCollection AddStoreMeter(this IServiceCollection services, string name, string sql) =>
        services.AddSingleton(new StoreMeter(name, sql));

    public static IServiceCollection AddOnboardingStep(this IServiceCollection services, string code, int position, string english, string french, string sql) =>
        services.AddSingleton(new OnboardingStep(code, position, new LocalText(english, french), sql));
}

/// <summary>Keeps the store of the current scope within its plan.</summary>
public interface IStoreRoom
{
    /// <summary>Checks that there is room for more. Two calls at the same moment may both pass: limits are of trade, not of safety.</summary>
    /// <param name="meter">One of <see cref="StoreMeters"/> that has a limit.</param>
    /// <param name="more">How much is about to be added.</param>
    /// <exception cref="Kernel.Problems.ProblemException">403 <c>plan_limit_reached</c>.</exception>
    Task RequireAsync(string meter, long more, CancellationToken ct);

    /// <returns>How much more fits, 0 or more; null when there is no limit. Costs a count only where there is one.</returns>
    Task<long?> LeftAsync(string meter, CancellationToken ct);
}

/// <summary>What the store keeps outside the database. Asked before its rows go.</summary>
public interface IStoreErasure
{
    /// <summary>Removes all of it. Safe to repeat.</summary>
    /// <param name="storeId">A store that is closing; no <c>StoreScope</c> is set.</param>
    Task EraseAsync(Guid storeId, CancellationToken ct);
}

/// <summary>Uploaded pictures that a store shows: its logo.</summary>
public interface IStorePictures
{
    /// <returns>The public address; null when the store of the scope has no such image.</returns>
    Task<string?> FindAddressAsync(Guid fileId, CancellationToken ct);

    /// <summary>The address of an image that is known to be there.</summary>
    string AddressOf(Guid fileId);
}

/// <summary>A currency the store sells in and the destination its prices are for.</summary>
public sealed record StoreMarket(string Currency, string Country, bool IsDefault);

/// <summary>Markets of the store of the current scope.</summary>
public interface IStoreMarkets
{
    /// <returns>The store's own first.</returns>
    Task<IReadOnlyList<StoreMarket>> ListAsync(CancellationToken ct);
}
