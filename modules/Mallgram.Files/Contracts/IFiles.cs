namespace Mallgram.Files.Contracts;

/// <summary>A file whose bytes are there and were found harmless.</summary>
/// <param name="Name">As its sender called it: for people, never a path.</param>
/// <param name="ContentType">Decided by the content, not by what the sender said.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Purpose">One of <see cref="FilePurposes"/>.</param>
/// <param name="CreatedAt">UTC.</param>
public sealed record StoredFile(Guid Id, string Name, string ContentType, long Size, string Purpose, DateTimeOffset CreatedAt);

/// <summary>What files are for. Stored; never rename.</summary>
public static class FilePurposes
{
    /// <summary>JPEG, PNG, WebP, GIF or AVIF; public through the image proxy.</summary>
    public const string ProductImage = "product_image";

    /// <summary>CSV, NDJSON or plain text.</summary>
    public const string ProductImport = "product_import";

    /// <summary>Written by the platform: results of exports, row errors of imports.</summary>
    public const string ProductExport = "product_export";

    /// <summary>An image, a PDF or plain text.</summary>
    public const string Document = "document";
}

/// <summary>Files of the store of the current <c>StoreScope</c>.</summary>
public interface IFiles
{
    /// <returns>Null when this store has no such file, or it is not ready.</returns>
    Task<StoredFile?> FindAsync(Guid id, CancellationToken ct);

    /// <exception cref="FileNotFoundException">This store has no such file, or it is not ready.</exception>
    Task<Stream> OpenAsync(Guid id, CancellationToken ct);

    /// <summary>
    /// Keeps what the platform itself wrote. Limits of uploads do not apply; the content's type is looked at all the same.
    /// </summary>
    /// <param name="name">1 to 200 characters.</param>
    /// <param name="purpose">One of <see cref="FilePurposes"/>.</param>
    /// <param name="content">Read once, to its end.</param>
    Task<StoredFile> SaveAsync(string name, string purpose, Stream content, CancellationToken ct);

    /// <summary>Deletes the bytes and what is known of them; nothing happens when there is no such file.</summary>
    Task DeleteAsync(Guid id, CancellationToken ct);
}
