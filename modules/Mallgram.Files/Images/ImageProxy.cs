using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mallgram.Files.Content;
using Mallgram.Files.Storage;
using Mallgram.Kernel.Http.Outbound;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Files.Images;

/// <summary>The picture cannot be had: unreachable, refused, too large, or no picture.</summary>
internal sealed class ImageUnavailableException(string reason, Exception? inner = null) : Exception(reason, inner);

/// <summary>What there is to serve, in the cache or just made.</summary>
internal sealed record ImageContent(ReadOnlyMemory<byte> Bytes, string ContentType);

/// <summary>
/// Gets pictures from suppliers and from the stores' files, in the width asked for. However many ask at once, one fetch is under way for a
/// picture; one that failed is not tried again for a minute.
/// </summary>
internal sealed partial class ImageProxy(
    [FromKeyedServices(ImageProxy.Internet)] PublicInternet internet,
    ImageSizes sizes,
    ImageCache cache,
    ImageResizer resizer,
    IFileStorage storage,
    IOptions<FilesOptions> options,
    TimeProvider clock,
    ILogger<ImageProxy> logger) : IDisposable
{
    /// <summary>Key of the <see cref="PublicInternet"/> that may also reach <c>Files:Images:AllowedHosts</c>.</summary>
    public const string Internet = "files:images";

    public static readonly TimeSpan FailureRemembered = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Lazy<Task<ImageContent>>> _underWay = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _places = new(8);
    private readonly MemoryCache _failures = new(new MemoryCacheOptions { SizeLimit = 10_000 });
    private readonly ImageOptions _options = options.Value.Images;

    /// <summary>Names a picture in a width; the same picture has another name once it can be resized.</summary>
    public string KeyOf(string source, int width) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"1 {width} {(resizer.IsAvailable ? 'r' : 'o')} {source}"))).AsSpan(0, 20));

    /// <param name="source">An http(s) address.</param>
    /// <exception cref="ImageUnavailableException">It cannot be had.</exception>
    public Task<ImageContent> FetchAsync(string key, string source, int width) => OnceAsync(key, async ct =>
    {
        if (!Uri.TryCreate(source, UriKind.Absolute, out var address))
        {
            throw new ImageUnavailableException("Not an address.");
        }

        foreach (var copy in sizes.SupplierCopies(address, width))
        {
            if (await TryGetAsync(copy, ct) is { } sized)
            {
                return sized;
            }
        }

        return await ResizeAsync(await GetAsync(address, ct), width, ct);
    });

    /// <param name="storageKey">Of an uploaded image.</param>
    /// <exception cref="ImageUnavailableException">It cannot be had.</exception>
    public Task<ImageContent> FromStorageAsync(string key, string storageKey, int width) => OnceAsync(key, async ct =>
    {
        try
        {
            await using var stored = await storage.OpenAsync(storageKey, ct);
            return await ResizeAsync(await ReadAsync(stored, options.Value.MaxImageBytes, ct), width, ct);
        }
        catch (FileNotFoundException e)
        {
            throw new ImageUnavailableException("The file is gone.", e);
        }
    });

    public void Dispose()
    {
        _places.Dispose();
        _failures.Dispose();
    }

    private async Task<ImageContent> OnceAsync(string key, Func<CancellationToken, Task<ImageContent>> get)
    {
        if (_failures.TryGetValue(key, out string? reason))
        {
            throw new ImageUnavailableException(reason!);
        }

        // Not tied to the caller that happened to be first: the others wait for the same picture.
        var mine = new Lazy<Task<ImageContent>>(() => RunAsync(key, get));
        var shared = _underWay.GetOrAdd(key, mine);
        try
        {
            return await shared.Value;
        }
        finally
        {
            _underWay.TryRemove(KeyValuePair.Create(key, shared));
        }
    }

    private async Task<ImageContent> RunAsync(string key, Func<CancellationToken, Task<ImageContent>> get)
    {
        using var limit = new CancellationTokenSource(_options.Timeout, clock);
        var placed = false;
        try
        {
            await _places.WaitAsync(limit.Token);
            placed = true;
            var image = await get(limit.Token);
            await cache.AddAsync(key, image.Bytes, CancellationToken.None);
            return image;
        }
        catch (Exception e) when (e is ImageUnavailableException or AddressRefusedException or HttpRequestException or IOException
            or OperationCanceledException)
        {
            var reason = e is OperationCanceledException ? "Not there in time." : e.Message;
            LogUnavailable(key, reason);
            _failures.Set(key, reason, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = FailureRemembered, Size = 1 });
            throw e as ImageUnavailableException ?? new ImageUnavailableException(reason, e);
        }
        finally
        {
            if (placed)
            {
                _places.Release();
            }
        }
    }

    /// <summary>A supplier's smaller copy may be missing while the picture itself is there.</summary>
    private async Task<ImageContent?> TryGetAsync(Uri address, CancellationToken ct)
    {
        try
        {
            return await GetAsync(address, ct);
        }
        catch (ImageUnavailableException)
        {
            return null;
        }
    }

    private async Task<ImageContent> GetAsync(Uri address, CancellationToken ct)
    {
        using var answer = await internet.GetAsync(address, ct);
        if (!answer.IsSuccessStatusCode)
        {
            throw new ImageUnavailableException($"{address.Host} answered {(int)answer.StatusCode}.");
        }

        if (answer.Content.Headers.ContentLength > _options.MaxBytes)
        {
            throw new ImageUnavailableException($"{address.Host} sends a picture that is too large.");
        }

        await using var body = await answer.Content.ReadAsStreamAsync(ct);
        return await ReadAsync(body, _options.MaxBytes, ct);
    }

    private static async Task<ImageContent> ReadAsync(Stream body, long maxBytes, CancellationToken ct)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[32 * 1024];
        int read;
        while ((read = await body.ReadAsync(chunk, ct)) > 0)
        {
            if (buffer.Length + read > maxBytes)
            {
                throw new ImageUnavailableException("The picture is too large.");
            }

            buffer.Write(chunk, 0, read);
        }

        var bytes = buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
        var contentType = ContentTypes.OfHead(bytes.Span[..Math.Min(bytes.Length, ContentTypes.HeadLength)]);
        return ContentTypes.IsImage(contentType)
            ? new ImageContent(bytes, contentType!)
            : throw new ImageUnavailableException("It is not a picture.");
    }

    private async Task<ImageContent> ResizeAsync(ImageContent image, int width, CancellationToken ct) =>
        await resizer.TryResizeAsync(image.Bytes, width, ct) is { } resized ? new ImageContent(resized, ContentTypes.WebP) : image;

    [LoggerMessage(LogLevel.Information, "Picture {Key} is not available: {Reason}")]
    private partial void LogUnavailable(string key, string reason);
}
