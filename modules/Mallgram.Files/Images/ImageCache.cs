using Mallgram.Files.Content;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Files.Images;

/// <summary>
/// Finished pictures on disk, under <c>{Files:Directory}/image-cache</c>. When it is full the pictures not asked for longest go first.
/// Nothing in it is precious: it may be deleted at any time, and several replicas may share it.
/// </summary>
internal sealed partial class ImageCache(IOptions<FilesOptions> options, TimeProvider clock, ILogger<ImageCache> logger)
{
    // "Asked for" is kept as the file's time of change, and no finer than this: a write a hit would be dear.
    private static readonly TimeSpan Touch = TimeSpan.FromHours(1);

    private readonly string _root = Path.Combine(Path.GetFullPath(options.Value.Directory), "image-cache");
    private readonly long _limit = options.Value.Images.CacheBytes;
    private readonly Lock _sweeping = new();
    // Starts full, so that the first picture after a start looks at what is there.
    private long _addedSinceSweep = options.Value.Images.CacheBytes;

    /// <returns>Null when it is not there. The stream stays good when the picture is evicted meanwhile.</returns>
    /// <param name="key">Hexadecimal.</param>
    public (FileStream Content, string ContentType)? Open(string key)
    {
        FileStream file;
        try
        {
            file = new FileStream(PathOf(key), new FileStreamOptions
            {
                Mode = FileMode.Open,
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite | FileShare.Delete,
                Options = FileOptions.Asynchronous,
                BufferSize = 0,
            });
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        Span<byte> head = stackalloc byte[ContentTypes.HeadLength];
        var contentType = ContentTypes.OfHead(head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)]);
        if (contentType is null)
        {
            file.Dispose();
            return null;
        }

        file.Position = 0;
        var now = clock.GetUtcNow().UtcDateTime;
        if (now - File.GetLastWriteTimeUtc(file.SafeFileHandle) > Touch)
        {
            TouchQuietly(file, now);
        }

        return (file, contentType);
    }

    /// <summary>Keeps a picture. A disk that is full or read-only costs the next caller time and nothing else.</summary>
    public async Task AddAsync(string key, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        var path = PathOf(key);
        var part = $"{path}.{Guid.NewGuid():n}.part";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(part, content, ct);
            File.Move(part, path, overwrite: true);
            if (Interlocked.Add(ref _addedSinceSweep, content.Length) > _limit / 20)
            {
                Sweep();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(e);
        }
    }

    /// <summary>Down to nine tenths of the limit when it is passed; what a crash left half written goes too.</summary>
    private void Sweep()
    {
        if (!_sweeping.TryEnter())
        {
            return;
        }

        try
        {
            Interlocked.Exchange(ref _addedSinceSweep, 0);
            var files = new DirectoryInfo(_root).EnumerateFiles("*", SearchOption.AllDirectories)
                .Select(f => (f.FullName, f.Length, Used: f.LastWriteTimeUtc)).ToList();
            var total = files.Sum(f => f.Length);
            var old = clock.GetUtcNow().UtcDateTime - Touch;
            var full = total > _limit;
            foreach (var file in files.OrderBy(f => f.Used))
            {
                var left = file.FullName.EndsWith(".part", StringComparison.Ordinal);
                if (left ? file.Used < old : full && total > _limit / 10 * 9)
                {
                    File.Delete(file.FullName);
                    total -= file.Length;
                }
            }
        }
        finally
        {
            _sweeping.Exit();
        }
    }

    private static void TouchQuietly(FileStream file, DateTime now)
    {
        try
        {
            File.SetLastWriteTimeUtc(file.SafeFileHandle, now);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A cache that can only be read still serves; the order of eviction is all that suffers.
        }
    }

    private string PathOf(string key) => Path.Combine(_root, key[..2], key);

    [LoggerMessage(LogLevel.Warning, "A picture could not be kept in the image cache")]
    private partial void LogNotKept(Exception e);
}
