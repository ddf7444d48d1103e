using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Mallgram.Kernel.Caching;
using Mallgram.Kernel.Telemetry;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Catalog.Http;

/// <summary>Settings under <c>Catalog:Cache</c>.</summary>
internal sealed class AnswerCacheOptions
{
    /// <summary>False: every answer is read from the database.</summary>
    /// <value>true.</value>
    public bool Enabled { get; set; } = true;

    /// <summary>What answers may take in this process's memory, bytes.</summary>
    /// <value>64 MiB.</value>
    [Range(1L << 20, 1L << 34)]
    public long MaxBytes { get; set; } = 64L << 20;

    /// <summary>How long an answer is given out before it is checked or read again. A change shows at most this much later.</summary>
    /// <value>500 milliseconds.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:00.500")]
    public TimeSpan RecheckAfter { get; set; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>Reads an answer anew, with services of its own: several requests may wait for it, and the one that asked first may leave.</summary>
internal abstract class AnswerSource
{
    /// <summary>For whom and what: equal keys have equal answers. Begins with store, language and currency.</summary>
    public abstract string Key { get; }

    public abstract Guid StoreId { get; }

    /// <summary>Whether <see cref="VersionAsync"/> tells cheaply that nothing has changed.</summary>
    public virtual bool HasVersion => false;

    /// <returns>Null when there is no such thing.</returns>
    public virtual Task<string?> VersionAsync(IServiceProvider services, CancellationToken ct) => throw new NotSupportedException();

    /// <returns>Null when there is no such thing.</returns>
    public abstract Task<Answer?> ReadAsync(IServiceProvider services, CancellationToken ct);
}

/// <summary>
/// Finished answers in this process, and those with a version in a cache that all processes share. One request reads, the others that want
/// the same wait for it. Nothing is given out later than <see cref="AnswerCacheOptions.RecheckAfter"/> after it was last read or checked.
/// </summary>
/// <remarks>
/// A version is read before the content it stands for, so content may be newer than its version, never older. The shared cache is asked for a
/// version that was just read: whatever a slow process put there under an old one is never found.
/// </remarks>
internal sealed class AnswerCache : IDisposable
{
    private static readonly Counter<long> Asked = MallgramTelemetry.Meter.CreateCounter<long>(
        "mallgram.catalog.cache.answers", description: "Answers by where they came from: memory, checked, shared or read.");
    private static readonly TimeSpan SharedLifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan Unused = TimeSpan.FromMinutes(5);

    private readonly MemoryCache _entries;
    private readonly AnswerCacheOptions _options;
    private readonly IServiceScopeFactory _scopes;
    private readonly ISharedCache? _shared;
    private readonly long _recheckAfter;

    public AnswerCache(IOptions<AnswerCacheOptions> options, IServiceScopeFactory scopes, IEnumerable<ISharedCache> shared)
    {
        _options = options.Value;
        _scopes = scopes;
        _shared = shared.FirstOrDefault();
        _entries = new MemoryCache(new MemoryCacheOptions { SizeLimit = _options.MaxBytes, CompactionPercentage = 0.1 });
        // Timestamps of the monotonic clock: a clock that is set back must not make answers live longer.
        _recheckAfter = (long)(_options.RecheckAfter.TotalSeconds * Stopwatch.Frequency);
    }

    /// <returns>Null when there is no such thing.</returns>
    public ValueTask<Answer?> GetAsync(AnswerSource source, CancellationToken ct)
    {
        if (!_options.Enabled)
        {
            return new ValueTask<Answer?>(ReadAsync(source, ct));
        }

        if (_entries.TryGetValue(source.Key, out Entry? entry) && entry!.Answer is { } answer && IsFresh(entry))
        {
            Count("memory");
            return new ValueTask<Answer?>(answer);
        }

        return RefreshAsync(source, entry ?? Add(source.Key), ct);
    }

    public void Dispose() => _entries.Dispose();

    private bool IsFresh(Entry entry) => Stopwatch.GetTimestamp() - Volatile.Read(ref entry.CheckedAt) < _recheckAfter;

    private Entry Add(string key)
    {
        lock (_entries)
        {
            return _entries.TryGetValue(key, out Entry? known) ? known! : Keep(key, new Entry());
        }
    }

    private Entry Keep(string key, Entry entry) =>
        _entries.Set(key, entry, new MemoryCacheEntryOptions { Size = 500 + (key.Length * 2) + (entry.Answer?.Size ?? 0), SlidingExpiration = Unused });

    private async ValueTask<Answer?> RefreshAsync(AnswerSource source, Entry entry, CancellationToken ct)
    {
        Task<Answer?> running;
        lock (entry)
        {
            if (entry.Answer is { } answer && IsFresh(entry))
            {
                return answer;
            }

            // A request that comes while a reading is under way gets what that finds: it began a moment ago.
            running = entry.Running ??= Task.Run(() => RefreshAsync(source, entry), CancellationToken.None);
        }

        return await running.WaitAsync(ct);
    }

    private async Task<Answer?> RefreshAsync(AnswerSource source, Entry entry)
    {
        try
        {
            var began = Stopwatch.GetTimestamp();
            var before = entry.Answer;
            var answer = source.HasVersion ? await CheckAsync(source, before) : await ReadAsync(source, CancellationToken.None);
            if (answer is not null && before is not null && answer.Json.AsSpan().SequenceEqual(before.Json))
            {
                // Its compressed form was made already.
                before.Version = answer.Version;
                answer = before;
            }

            lock (entry)
            {
                entry.Answer = answer;
                Volatile.Write(ref entry.CheckedAt, began);
                entry.Running = null;
            }

            if (answer is null)
            {
                _entries.Remove(source.Key);
            }
            else if (answer != before)
            {
                Keep(source.Key, entry);
            }

            return answer;
        }
        catch
        {
            lock (entry)
            {
                entry.Running = null;
            }

            // What cannot be read leaves no trace: made-up requests must not fill the cache.
            _entries.Remove(source.Key);
            throw;
        }
    }

    private async Task<Answer?> CheckAsync(AnswerSource source, Answer? known)
    {
        await using var scope = Scope(source);
        var version = await source.VersionAsync(scope.ServiceProvider, CancellationToken.None);
        if (version is null)
        {
            return null;
        }

        if (known?.Version == version)
        {
            Count("checked");
            return known;
        }

        var key = $"mallgram:answer:1:{source.Key}:{version}";
        if (_shared is not null && await _shared.GetAsync(key) is { Length: > 0 } json)
        {
            Count("shared");
            return new Answer(json) { Version = version };
        }

        var answer = await source.ReadAsync(scope.ServiceProvider, CancellationToken.None);
        Count("read");
        if (answer is not null)
        {
            answer.Version = version;
            _shared?.Set(key, answer.Json, SharedLifetime);
        }

        return answer;
    }

    private async Task<Answer?> ReadAsync(AnswerSource source, CancellationToken ct)
    {
        Count("read");
        await using var scope = Scope(source);
        return await source.ReadAsync(scope.ServiceProvider, ct);
    }

    private AsyncServiceScope Scope(AnswerSource source)
    {
        var scope = _scopes.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<Kernel.Tenancy.StoreScope>().Set(source.StoreId);
        return scope;
    }

    private static void Count(string from)
    {
        if (Asked.Enabled)
        {
            Asked.Add(1, new KeyValuePair<string, object?>("from", from));
        }
    }

    private sealed class Entry
    {
        public long CheckedAt;

        public Answer? Answer { get; set; }

        public Task<Answer?>? Running { get; set; }
    }
}
