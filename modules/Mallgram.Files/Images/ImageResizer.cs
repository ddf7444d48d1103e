using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Files.Images;

/// <summary>
/// Makes pictures smaller with npm's sharp in a child process of Node.js, started when the first picture needs it. The child decodes what
/// strangers sent, so it gets none of our environment, two pictures at a time, and is killed and started anew when one takes too long.
/// Without Node.js or the package nothing is resized.
/// </summary>
internal sealed partial class ImageResizer(IOptions<FilesOptions> options, TimeProvider clock, ILogger<ImageResizer> logger) : IDisposable
{
    private const int HeaderBytes = 12;
    private const int MaxAnswerBytes = 64 << 20;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    /// <summary>A child that dies is not started again sooner than this.</summary>
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _places = new(2);
    private readonly SemaphoreSlim _starting = new(1);
    private readonly Lazy<(string Node, string Script)?> _installed = new(() => Find(options.Value.Images.Resizer));
    private Child? _child;
    private DateTimeOffset _notBefore = DateTimeOffset.MinValue;
    private int _saidMissing;

    /// <summary>Whether Node.js and the package were found when the process started to serve pictures.</summary>
    public bool IsAvailable => _installed.Value is not null;

    /// <returns>WebP of at most that width; null when there is no resizer, or it failed on its own account.</returns>
    /// <exception cref="ImageUnavailableException">The picture cannot be decoded.</exception>
    public async Task<byte[]?> TryResizeAsync(ReadOnlyMemory<byte> image, int width, CancellationToken ct)
    {
        if (_installed.Value is null)
        {
            if (Interlocked.Exchange(ref _saidMissing, 1) == 0)
            {
                LogMissing();
            }

            return null;
        }

        await _places.WaitAsync(ct);
        try
        {
            if (await GetChildAsync(ct) is not { } child)
            {
                return null;
            }

            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(Timeout);
            try
            {
                var (done, bytes) = await child.ResizeAsync(image, width, limit.Token);
                return done ? bytes : throw new ImageUnavailableException("The picture cannot be decoded.");
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // It may still be busy with this picture; the next one gets a fresh process.
                LogFailed(e);
                child.Kill();
                return null;
            }
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose()
    {
        _child?.Dispose();
        _places.Dispose();
        _starting.Dispose();
    }

    private async Task<Child?> GetChildAsync(CancellationToken ct)
    {
        await _starting.WaitAsync(ct);
        try
        {
            if (_child is { IsAlive: true } alive)
            {
                return alive;
            }

            if (clock.GetUtcNow() < _notBefore)
            {
                return null;
            }

            _notBefore = clock.GetUtcNow() + RestartPause;
            _child?.Dispose();
            var (node, script) = _installed.Value!.Value;
            return _child = Child.Start(node, script);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            LogFailed(e);
            return null;
        }
        finally
        {
            _starting.Release();
        }
    }

    private static (string Node, string Script)? Find(string? configured)
    {
        string?[] folders = string.IsNullOrEmpty(configured)
            ?
            [
                Path.Combine(AppContext.BaseDirectory, "resizer"),
                typeof(ImageResizer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                    .FirstOrDefault(a => a.Key == "ResizerFolder")?.Value,
            ]
            : [configured];
        var folder = Array.Find(folders, f => f is not null && Directory.Exists(Path.Combine(f, "node_modules", "sharp")));
        var program = OperatingSystem.IsWindows() ? "node.exe" : "node";
        var node = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(p => Path.Combine(p, program)).FirstOrDefault(File.Exists);
        return folder is null || node is null ? null : (node, Path.Combine(folder, "resize.mjs"));
    }

    [LoggerMessage(
        LogLevel.Information,
        "There is no image resizer (Node.js with npm's sharp): pictures come as they are")]
    private partial void LogMissing();

    [LoggerMessage(LogLevel.Warning, "The image resizer failed; a picture is served as it is")]
    private partial void LogFailed(Exception e);

    /// <summary>One Node process; frames as described in resize.mjs.</summary>
    private sealed class Child : IDisposable
    {
        private readonly Process _process;
        private readonly SemaphoreSlim _writing = new(1);
        private readonly ConcurrentDictionary<int, TaskCompletionSource<(bool, byte[])>> _waiting = new();
        private int _lastId;
        private readonly Lock _ending = new();
        private volatile bool _ended;

        private Child(Process process)
        {
            _process = process;
            _ = ReadAsync();
        }

        public bool IsAlive => !_ended;

        public static Child Start(string node, string script)
        {
            var start = new ProcessStartInfo(node, ["--max-old-space-size=256", script])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                UseShellExecute = false,
                WorkingDirectory = Path.GetDirectoryName(script)!,
            };
            // Connection strings and keys are in our environment.
            start.Environment.Clear();
            foreach (var name in new[] { "SystemRoot", "TEMP", "TMP", "TMPDIR" })
            {
                if (Environment.GetEnvironmentVariable(name) is { } value)
                {
                    start.Environment[name] = value;
                }
            }

            return new Child(Process.Start(start)!);
        }

        public async Task<(bool Done, byte[] Bytes)> ResizeAsync(ReadOnlyMemory<byte> image, int width, CancellationToken ct)
        {
            var id = Interlocked.Increment(ref _lastId);
            var answer = new TaskCompletionSource<(bool, byte[])>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting[id] = answer;
            try
            {
                if (_ended)
                {
                    throw new IOException("The resizer ended.");
                }

                var header = new byte[HeaderBytes];
                BinaryPrimitives.WriteInt32LittleEndian(header, id);
                BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), width);
                BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), image.Length);
                await _writing.WaitAsync(ct);
                try
                {
                    var input = _process.StandardInput.BaseStream;
                    await input.WriteAsync(header, ct);
                    await input.WriteAsync(image, ct);
                    await input.FlushAsync(ct);
                }
                finally
                {
                    _writing.Release();
                }

                return await answer.Task.WaitAsync(ct);
            }
            finally
            {
                _waiting.TryRemove(id, out _);
            }
        }

        public void Kill()
        {
            lock (_ending)
            {
                if (!_ended)
                {
                    _ended = true;
                    _process.Kill(entireProcessTree: true);
                }
            }
        }

        public void Dispose()
        {
            Kill();
            lock (_ending)
            {
                _process.Dispose();
            }

            _writing.Dispose();
        }

        private async Task ReadAsync()
        {
            try
            {
                var output = _process.StandardOutput.BaseStream;
                var header = new byte[HeaderBytes];
                while (await output.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false) == HeaderBytes)
                {
                    var length = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(8));
                    if (length is < 0 or > MaxAnswerBytes)
                    {
                        break;
                    }

                    var bytes = new byte[length];
                    await output.ReadExactlyAsync(bytes);
                    if (_waiting.TryRemove(BinaryPrimitives.ReadInt32LittleEndian(header), out var answer))
                    {
                        answer.TrySetResult((BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4)) == 1, bytes));
                    }
                }
            }
            catch (IOException)
            {
                // The child died in the middle of an answer: told to those who wait, below.
            }
            finally
            {
                Kill();
                foreach (var waiting in _waiting.Values)
                {
                    waiting.TrySetException(new IOException("The resizer ended."));
                }
            }
        }
    }
}
