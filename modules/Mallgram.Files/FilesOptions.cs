using System.ComponentModel.DataAnnotations;
using System.Text;
using Mallgram.Files.Contracts;

namespace Mallgram.Files;

/// <summary>Settings under <c>Files</c>.</summary>
internal sealed class FilesOptions
{
    public const int MinKeyBytes = 32;

    /// <summary>
    /// Where browsers reach this API, without a path: <c>https://api.shop.example</c>. Addresses of images and uploads are built on it.
    /// </summary>
    [Required]
    public Uri? PublicBaseAddress { get; set; }

    /// <summary>Signs addresses (HMAC-SHA-256): at least 32 bytes as UTF-8, the same on every replica. Never logged.</summary>
    [Required]
    public string SigningKey { get; set; } = "";

    /// <summary>Folder of the local storage and of the image cache, shared by all replicas of Api and Worker.</summary>
    [Required]
    public string Directory { get; set; } = "";

    /// <summary>Largest <c>product_image</c>, bytes.</summary>
    /// <value>10 MiB.</value>
    [Range(1024, 100L << 20)]
    public long MaxImageBytes { get; set; } = 10 << 20;

    /// <summary>Largest <c>product_import</c>, bytes.</summary>
    /// <value>200 MiB.</value>
    [Range(1024, 10L << 30)]
    public long MaxImportBytes { get; set; } = 200 << 20;

    /// <summary>Largest <c>document</c>, bytes.</summary>
    /// <value>20 MiB.</value>
    [Range(1024, 1L << 30)]
    public long MaxDocumentBytes { get; set; } = 20 << 20;

    /// <summary>How long an upload address is good.</summary>
    /// <value>1 hour.</value>
    [Range(typeof(TimeSpan), "00:01:00", "24:00:00")]
    public TimeSpan UploadLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary><c>host:port</c> of a clamd that scans uploads (INSTREAM over TCP). Empty: nothing is scanned.</summary>
    [RegularExpression(@"[^\s:/]+:\d{1,5}")]
    public string? Clamd { get; set; }

    public ImageOptions Images { get; set; } = new();

    public bool HasStrongKey => Encoding.UTF8.GetByteCount(SigningKey) >= MinKeyBytes;

    public bool HasPlainAddress => PublicBaseAddress is { IsAbsoluteUri: true, Scheme: "http" or "https", AbsolutePath: "/", Query: "" };

    /// <summary>What an upload of this purpose may weigh; null when people cannot upload such.</summary>
    public long? MaxBytesOf(string? purpose) => purpose switch
    {
        FilePurposes.ProductImage => MaxImageBytes,
        FilePurposes.ProductImport => MaxImportBytes,
        FilePurposes.Document => MaxDocumentBytes,
        _ => null,
    };
}

/// <summary>Settings under <c>Files:Images</c>: the image proxy.</summary>
internal sealed class ImageOptions
{
    /// <summary><c>host:port</c> that may be fetched from although not on the public internet. Development only.</summary>
    public string[] AllowedHosts { get; set; } = [];

    /// <summary>
    /// Further hosts with AliExpress's size suffixes, beside its own: <c>.cdn.example</c> (a suffix), <c>cdn.example</c> or
    /// <c>127.0.0.1:5070/path/</c> (with port and start of the path).
    /// </summary>
    public string[] SizedByHost { get; set; } = [];

    /// <summary>Largest picture that is fetched, bytes.</summary>
    /// <value>10 MiB.</value>
    [Range(1024, 100 << 20)]
    public int MaxBytes { get; set; } = 10 << 20;

    /// <summary>Longest wait for a picture, redirects included.</summary>
    /// <value>10 seconds.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What the cache on disk may hold, bytes.</summary>
    /// <value>2 GiB.</value>
    [Range(1L << 20, 1L << 40)]
    public long CacheBytes { get; set; } = 2L << 30;

    /// <summary>Folder with resize.mjs and its installed packages; empty: beside the program, else where it was built.</summary>
    public string? Resizer { get; set; }
}
