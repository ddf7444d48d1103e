namespace Mallgram.Kernel.Tenancy;

/// <summary>
/// The store that the current request, job item or message works for. Set once at the edge; with none set, the database shows no row
/// of any store table.
/// </summary>
public sealed class StoreScope
{
    private Guid? _storeId;

    /// <exception cref="InvalidOperationException">No store was set: a route or job reached store data without one.</exception>
    public Guid StoreId => _storeId ?? throw new InvalidOperationException("No store is set for this scope.");

    /// <summary>The store's id, or null when none is set (statements then see no rows).</summary>
    public Guid? StoreIdOrNull => _storeId;

    /// <summary>What the store is called in addresses and in progress of jobs; null where no request named it.</summary>
    public string? Slug { get; set; }

    /// <summary>Whose changes are audited; null for shoppers, guests and jobs. Set with the sign-in.</summary>
    public Caller? Caller { get; set; }

    /// <summary>BCP 47 primary language of the caller, <c>en</c> or <c>fr</c>.</summary>
    public string Language { get; set; } = "en";

    /// <exception cref="InvalidOperationException">Another store was set before: a scope never changes store.</exception>
    public void Set(Guid storeId)
    {
        if (_storeId is { } current && current != storeId)
        {
            throw new InvalidOperationException("The store of a scope is set once.");
        }

        _storeId = storeId;
    }
}
