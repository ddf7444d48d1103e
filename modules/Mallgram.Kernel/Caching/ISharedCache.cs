namespace Mallgram.Kernel.Caching;

/// <summary>
/// A cache that all processes share. Never relied on: it may forget anything, and while it is away it is empty. Asking it takes a few
/// milliseconds at most.
/// </summary>
public interface ISharedCache
{
    /// <returns>Null when it is not there, or the cache does not answer at once.</returns>
    ValueTask<byte[]?> GetAsync(string key);

    /// <summary>Keeps a value for a while; does not wait for it and never fails.</summary>
    void Set(string key, byte[] value, TimeSpan lifetime);
}
