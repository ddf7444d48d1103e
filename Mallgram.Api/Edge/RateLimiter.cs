using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using Mallgram.Kernel.Caching;
using Mallgram.Kernel.Telemetry;
using Microsoft.Extensions.Options;

namespace Mallgram.Api.Edge;

internal enum ClientKind : byte
{
    Address,
    Person,
    ApiKey,
    Platform,

    /// <summary>An address trying to sign in.</summary>
    SignIn,

    /// <summary>An address asking for codes.</summary>
    Codes,

    /// <summary>An address whose requests were refused; of no store.</summary>
    Refused,
}

/// <summary>Who is counted: at one store, because no store's traffic may use up another's.</summary>
internal readonly record struct Client(Guid Store, ClientKind Kind, UInt128 Id)
{
    public static Client Of(Guid store, ClientKind kind, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return new Client(store, kind, BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    /// <summary>An IPv4 address, or the /64 of an IPv6 one: the least that one subscriber has.</summary>
    public static Client Of(Guid store, ClientKind kind, IPAddress? address)
    {
        if (address is null)
        {
            return new Client(store, kind, 0);
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (length == 4)
        {
            return new Client(store, kind, BinaryPrimitives.ReadUInt32BigEndian(bytes));
        }

        return address.IsIPv4MappedToIPv6
            ? new Client(store, kind, BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]))
            : new Client(store, kind, BinaryPrimitives.ReadUInt128BigEndian(bytes) >> 64 << 64);
    }

    /// <summary>Name of its counters where processes share them.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Store:N}:{Kind}:{Id:x}");
}

/// <param name="PerMinute">Cost allowed in a clock minute.</param>
/// <param name="PerHour">Cost allowed in a clock hour.</param>
internal readonly record struct Quota(int PerMinute, int PerHour);

/// <summary>The answer for one request, of whichever window is nearer to its end of permits.</summary>
/// <param name="Reset">Seconds until the window ends.</param>
internal readonly record struct Verdict(bool Allowed, int Limit, int Remaining, int Reset);

/// <summary>
/// Counts what clients cost, in fixed windows of the clock. A request never waits: the process counts by itself, and when Redis is
/// there, tells the others in chunks what its clients used and learns what they used elsewhere, off the request's path. So a client of
/// several processes may get a chunk more from each than its quota; while Redis is away each process counts alone.
/// </summary>
/// <remarks>
/// System.Threading.RateLimiting has no shared counting, no limits that differ by store at run time, and tells what is left only through
/// statistics made anew at every question; hence these few lines.
/// </remarks>
internal sealed partial class RateLimiter(
    IOptions<RateLimitOptions> options, TimeProvider clock, ILogger<RateLimiter> logger, ISharedCounters? shared = null)
{
    /// <summary>A client reports after this part of its minute's quota.</summary>
    private const int ChunksPerQuota = 50;

    private const int Minute = 60;
    private const int Hour = 3600;

    private static readonly Counter<long> Refusals = MallgramTelemetry.Meter.CreateCounter<long>(
        "mallgram.rate_limits.refused", description: "Requests answered with 429.");

    private static readonly Counter<long> Uncounted = MallgramTelemetry.Meter.CreateCounter<long>(
        "mallgram.rate_limits.uncounted", description: "Requests let through uncounted because too many clients were being counted.");

    private readonly ConcurrentDictionary<Client, Usage> _clients = new();
    private int _size;
    private long _warnedAtMinute;

    public int Clients => Volatile.Read(ref _size);

    /// <summary>Takes <paramref name="cost"/> when the quota allows it; what is refused costs nothing.</summary>
    /// <param name="alone">Whether other processes are neither asked nor told.</param>
    public Verdict Take(in Client client, int cost, in Quota quota, bool alone = false)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        if (Find(client) is not { } usage)
        {
            return new Verdict(Allowed: true, quota.PerMinute, quota.PerMinute, Minute);
        }

        Verdict verdict;
        var report = false;
        lock (usage)
        {
            usage.Minute.MoveTo(now / Minute);
            usage.Hour.MoveTo(now / Hour);
            var minuteLeft = quota.PerMinute - usage.Minute.Used;
            var hourLeft = quota.PerHour - usage.Hour.Used;
            // A request that costs more than the whole quota is one that needs the whole quota.
            var price = Math.Min(cost, Math.Min(quota.PerMinute, quota.PerHour));
            var allowed = price <= minuteLeft && price <= hourLeft;
            if (allowed)
            {
                usage.Minute.Own += price;
                usage.Hour.Own += price;
                minuteLeft -= price;
                hourLeft -= price;
                report = !alone && shared is not null && usage.Minute.Unreported * ChunksPerQuota >= quota.PerMinute;
            }

            verdict = minuteLeft <= hourLeft
                ? new Verdict(allowed, quota.PerMinute, (int)Math.Max(0, minuteLeft), Minute - (int)(now % Minute))
                : new Verdict(allowed, quota.PerHour, (int)Math.Max(0, hourLeft), Hour - (int)(now % Hour));
        }

        if (!verdict.Allowed)
        {
            Refusals.Add(1, new KeyValuePair<string, object?>("kind", client.Kind.ToString()));
        }

        if (report)
        {
            _ = ReportAsync(client, usage);
        }

        return verdict;
    }

    /// <summary>Gives back what was taken for something that turned out well.</summary>
    public void GiveBack(in Client client, int cost)
    {
        if (_clients.TryGetValue(client, out var usage))
        {
            lock (usage)
            {
                usage.Minute.Own = Math.Max(0, usage.Minute.Own - cost);
                usage.Hour.Own = Math.Max(0, usage.Hour.Own - cost);
            }
        }
    }

    /// <summary>How a client stands, without counting anything; null when it was never counted.</summary>
    public Verdict? Look(in Client client, in Quota quota)
    {
        if (!_clients.TryGetValue(client, out var usage))
        {
            return null;
        }

        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        lock (usage)
        {
            usage.Minute.MoveTo(now / Minute);
            var left = quota.PerMinute - usage.Minute.Used;
            return new Verdict(left > 0, quota.PerMinute, (int)Math.Max(0, left), Minute - (int)(now % Minute));
        }
    }

    /// <summary>Forgets clients whose windows are over.</summary>
    public void Sweep()
    {
        var hour = clock.GetUtcNow().ToUnixTimeSeconds() / Hour;
        foreach (var (client, usage) in _clients)
        {
            bool over;
            lock (usage)
            {
                over = usage.Hour.Index != hour;
            }

            if (over && _clients.TryRemove(client, out _))
            {
                Interlocked.Decrement(ref _size);
            }
        }
    }

    private Usage? Find(in Client client)
    {
        if (_clients.TryGetValue(client, out var known))
        {
            return known;
        }

        if (Volatile.Read(ref _size) >= options.Value.MaxClients)
        {
            Uncounted.Add(1);
            var minute = clock.GetUtcNow().ToUnixTimeSeconds() / Minute;
            if (Interlocked.Exchange(ref _warnedAtMinute, minute) != minute)
            {
                LogFull(options.Value.MaxClients);
            }

            return null;
        }

        var usage = new Usage();
        var kept = _clients.GetOrAdd(client, usage);
        if (ReferenceEquals(kept, usage))
        {
            Interlocked.Increment(ref _size);
        }

        return kept;
    }

    private async Task ReportAsync(Client client, Usage usage)
    {
        (long Index, long Count) minute;
        (long Index, long Count) hour;
        lock (usage)
        {
            minute = usage.Minute.StartReport();
            hour = usage.Hour.StartReport();
        }

        var name = client.ToString();
        var totals = await shared!.AddAsync(
        [
            new SharedCount($"mallgram:rate:{{{name}}}:m{minute.Index}", minute.Count, TimeSpan.FromMinutes(2)),
            new SharedCount($"mallgram:rate:{{{name}}}:h{hour.Index}", hour.Count, TimeSpan.FromHours(2)),
        ]);
        lock (usage)
        {
            usage.Minute.EndReport(minute.Index, minute.Count, totals?[0]);
            usage.Hour.EndReport(hour.Index, hour.Count, totals?[1]);
        }
    }

    [LoggerMessage(LogLevel.Warning, "More than {Limit} clients at once: rate limits let new ones through uncounted")]
    private partial void LogFull(int limit);

    private sealed class Usage
    {
        public Window Minute;
        public Window Hour;
    }

    private struct Window
    {
        public long Index;
        public long Own;
        private long _reported;
        private long _others;

        public readonly long Used => Own + _others;

        public readonly long Unreported => Own - _reported;

        public void MoveTo(long index)
        {
            if (Index != index)
            {
                this = new Window { Index = index };
            }
        }

        public (long Index, long Count) StartReport()
        {
            var count = Math.Max(0, Unreported);
            _reported += count;
            return (Index, count);
        }

        /// <param name="total">Of all processes; null: nobody answered, so the count is reported again with the next.</param>
        public void EndReport(long index, long count, long? total)
        {
            if (index != Index)
            {
                return;
            }

            if (total is { } all)
            {
                _others = Math.Max(_others, all - _reported);
            }
            else
            {
                _reported -= count;
            }
        }
    }
}

/// <summary>Forgets clients that stay away, once a minute.</summary>
internal sealed class RateLimitSweep(RateLimiter limiter, TimeProvider clock) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                limiter.Sweep();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
    }
}
