using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace Mallgram.ServiceDefaults.PackageSet;

/// <summary>The driver used directly.</summary>
internal static class RedisClient
{
    public static void Add(IHostApplicationBuilder builder, string name) => builder.Services.AddSingleton(new RedisAddress(name));

    /// <exception cref="RedisConnectionException">No answer; the caller tries again.</exception>
    public static async Task<IConnectionMultiplexer> ConnectAsync(IServiceProvider services)
    {
        var name = services.GetRequiredService<RedisAddress>().Name;
        var options = ConfigurationOptions.Parse(services.GetRequiredService<IConfiguration>().GetConnectionString(name)!);
        options.AbortOnConnectFail = false;
        options.ConnectTimeout = 2000;
        options.SyncTimeout = 1000;
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    private sealed record RedisAddress(string Name);
}
