using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace Mallgram.ServiceDefaults.PackageSet;

/// <summary>Aspire's client integration: its telemetry and settings, without its health check (ours says degraded, not unhealthy).</summary>
internal static class RedisClient
{
    public static void Add(IHostApplicationBuilder builder, string name) => builder.AddRedisClient(
        name,
        settings =>
        {
            settings.DisableHealthChecks = true;
            // Connects when first asked for, in the background: start-up never waits for Redis.
            settings.DisableAutoActivation = true;
        },
        options =>
        {
            options.ConnectTimeout = 2000;
            options.SyncTimeout = 1000;
        });

    /// <exception cref="RedisConnectionException">No answer; the caller tries again.</exception>
    public static Task<IConnectionMultiplexer> ConnectAsync(IServiceProvider services) =>
        Task.Run(services.GetRequiredService<IConnectionMultiplexer>);
}
