using Mallgram.Kernel.Outbox;
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

internal sealed class RedisHealth(RedisConnection redis) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (redis.Current is not { } connection)
        {
            return HealthCheckResult.Degraded("Redis does not answer; hints and caches are per process.");
        }

        try
        {
            await connection.GetDatabase().PingAsync();
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return HealthCheckResult.Degraded("Redis does not answer; hints and caches are per process.", e);
        }
    }
}
