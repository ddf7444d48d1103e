namespace Mallgram.Kernel.Caching;

/// <param name="Key">Begins with <c>mallgram:</c> and names its period.</param>
/// <param name="Lifetime">Counted from the first addition.</param>
public readonly record struct SharedCount(string Key, long Add, TimeSpan Lifetime);

/// <summary>Counters that all processes share. Registered only when there is a Redis; a help, never a truth.</summary>
public interface ISharedCounters
{
    /// <summary>Adds to counters in one round trip. Throws nothing.</summary>
    /// <returns>The totals in the same order; null when nobody answered, and then nothing may have been counted.</returns>
    Task<long[]?> AddAsync(SharedCount[] counts);
}
