using System.Security.Cryptography;

namespace Mallgram.Files.Storage;

/// <summary>
/// Where bytes lie. A key is written once. The three calls are what an S3-compatible store offers too (PutObject, GetObject,
/// DeleteObject), so that one can be chosen by configuration; see docs/files.md.
/// </summary>
internal interface IFileStorage
{
    /// <summary>Stores the content to its end. Nothing is visible under the key before all of it is durable.</summary>
    /// <param name="key">From <see cref="StorageKey.New"/>.</param>
    /// <exception cref="FileNotFoundException">The key was deleted while the bytes came.</exception>
    Task PutAsync(string key, Stream content, CancellationToken ct);

    /// <returns>A stream that can seek.</returns>
    /// <exception cref="FileNotFoundException">Nothing lies under the key.</exception>
    Task<Stream> OpenAsync(string key, CancellationToken ct);

    /// <summary>
    /// Deletes what lies under the key, and what a broken <see cref="PutAsync"/> left; nothing happens when there is nothing.
    /// </summary>
    Task DeleteAsync(string key, CancellationToken ct);
}

internal static class StorageKey
{
    /// <summary><c>{store}/{2 hex}/{32 hex}</c>: a folder a store, then random. Names that people gave play no part.</summary>
    public static string New(Guid storeId)
    {
        var name = RandomNumberGenerator.GetHexString(32, lowercase: true);
        return $"{storeId:n}/{name[..2]}/{name}";
    }
}
