using System.Diagnostics;
using System.Diagnostics.Metrics;
using Mallgram.Kernel.Caching;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Telemetry;
using Mallgram.ServiceDefaults.PackageSet;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Mallgram.ServiceDefaults;

/// <summary>One connection to Redis, made in the background and kept by the driver. Never waited for by a request.</summary>
public sealed partial class RedisConnection(IServiceProvider services, ILogger<RedisConnection> logger) : IDisposable
{
    public const string Name = "redis";

    private IConnectionMultiplexer? _connection;

    /// <summary>The connection when it works now, else null.</summary>
    public IConnectionMultiplexer? Current => _connection is { IsConnected: true } connection ? connection : null;

    internal async Task ConnectAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                _connection = await RedisClient.ConnectAsync(services);
                return;
            }
            catch (RedisConnectionException e)
            {
                LogAway(e.FailureType);
                await Task.Delay(TimeSpan.FromSeconds(5), ct);
            }
        }
    }

    public void Dispose() => _connection?.Dispose();

    [LoggerMessage(LogLevel.Warning, "Redis does not answer ({Failure}); going on without it")]
    private partial void LogAway(ConnectionFailureType failure);
}

/// <summary>Carries the outbox hint to the dispatchers of all processes. A lost hint costs at most the idle wait of a second.</summary>
internal sealed class RedisOutboxSignal(RedisConnection redis) : BackgroundService, IOutboxSignal
{
    private static readonly RedisChannel Channel = new("mallgram:outbox", RedisChannel.PatternMode.Literal);

    private readonly LocalOutboxSignal _local = new();

    public void Notify()
    {
        _local.Notify();
        redis.Current?.GetSubscriber().Publish(Channel, RedisValue.EmptyString, CommandFlags.FireAndForget);
    }

    public Task WaitAsync(TimeSpan atMost, CancellationToken ct) => _local.WaitAsync(atMost, ct);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await redis.ConnectAsync(stoppingToken);
            while (redis.Current is null)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
            }

            // The driver renews the subscription by itself when the connection comes back.
            await redis.Current.GetSubscriber().SubscribeAsync(Channel, (_, _) => _local.Notify());
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping before Redis was ever there.
        }
    }

    public override void Dispose()
    {
        _local.Dispose();
        base.Dispose();
    }
}

/// <summary>
/// Redis as the cache and the counters that all processes share. An answer that takes longer than <see cref="Patience"/> is not waited for; after a failure
/// nobody asks for <see cref="Pause"/>.
/// </summary>
internal sealed partial class RedisSharedCache(RedisConnection redis, ILogger<RedisSharedCache> logger) : ISharedCache, ISharedCounters
{
    private const string AddScript =
        """
        local totals = {}
        for i, key in ipairs(KEYS) do
            totals[i] = redis.call('INCRBY', key, ARGV[2 * i - 1])
            if totals[i] == tonumber(ARGV[2 * i - 1]) then
                redis.call('EXPIRE', key, ARGV[2 * i])
            end
        end
        return totals
        """;

    /// <summary>Nobody waits for a count, so it may take longer than a cached answer.</summary>
    private static readonly TimeSpan CountingPatience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly Counter<long> Failures = MallgramTelemetry.Meter.CreateCounter<long>(
        "mallgram.cache.redis_failures", description: "Times Redis did not answer for a cached value or a rate limit and was left alone for a while.");

    private long _pausedAt;

    public async ValueTask<byte[]?> GetAsync(string key)
    {
        if (Database() is not { } database)
        {
            return null;
        }

        try
        {
            return await database.StringGetAsync(key).WaitAsync(Patience);
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            Fail(e.GetType().Name);
            return null;
        }
    }

    public void Set(string key, byte[] value, TimeSpan lifetime)
    {
        if (Database() is not { } database)
        {
            return;
        }

        try
        {
            _ = database.StringSetAsync(key, value, lifetime, When.Always, CommandFlags.FireAndForget);
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            Fail(e.GetType().Name);
        }
    }

    public async Task<long[]?> AddAsync(SharedCount[] counts)
    {
        if (Database() is not { } database)
        {
            return null;
        }

        try
        {
            var answer = await database.ScriptEvaluateAsync(
                AddScript,
                [.. counts.Select(c => (RedisKey)c.Key)],
                [.. counts.SelectMany(c => new RedisValue[] { c.Add, (long)c.Lifetime.TotalSeconds })]).WaitAsync(CountingPatience);
            return (long[]?)answer;
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            Fail(e.GetType().Name);
            return null;
        }
    }

    private IDatabase? Database()
    {
        var pausedAt = Volatile.Read(ref _pausedAt);
        return pausedAt != 0 && Stopwatch.GetElapsedTime(pausedAt) < Pause ? null : redis.Current?.GetDatabase();
    }

    private void Fail(string failure)
    {
        var now = Stopwatch.GetTimestamp();
        var before = Interlocked.Exchange(ref _pausedAt, now);
        // Requests that were under way fail together: one line tells it.
        if (before == 0 || Stopwatch.GetElapsedTime(before, now) >= Pause)
        {
            Failures.Add(1);
            LogAway(failure);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The shared cache does not answer ({Failure}); each process caches and counts alone")]
    private partial void LogAway(string failure);
}

internal sealed class RedisHealth(RedisConnection redis) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (redis.Current is not { } connection)
        {
            return HealthCheckResult.Degraded("Redis does not answer; hints, caches and rate limits are per process.");
        }

        try
        {
            await connection.GetDatabase().PingAsync();
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return HealthCheckResult.Degraded("Redis does not answer; hints, caches and rate limits are per process.", e);
        }
    }
}
