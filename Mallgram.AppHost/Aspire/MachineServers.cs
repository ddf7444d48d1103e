using Mallgram.AppHost.Backing;
using Mallgram.AppHost.Run;

namespace Mallgram.AppHost.AspireGlue;

/// <summary>PostgreSQL and Redis of this machine beside Aspire, where there is no container runtime.</summary>
internal sealed class MachineServers : IAsyncDisposable
{
    private readonly List<ResourceLog> logs = [];
    private LocalPostgres? postgres;
    private LocalRedis? redis;

    private MachineServers()
    {
    }

    public PostgresAddress? Postgres { get; private set; }

    /// <summary><c>host:port</c>; null when there is none.</summary>
    public string? Redis { get; private set; }

    public IEnumerable<ProcessRecord> Processes =>
    [
        .. postgres?.Process is { } database ? [new ProcessRecord("postgres", database, IsDatabase: true)] : (ProcessRecord[])[],
        .. redis?.Process is { } cache ? [new ProcessRecord("redis", cache, IsDatabase: false)] : (ProcessRecord[])[],
    ];

    /// <param name="plan">What is given is not started.</param>
    public static async Task<MachineServers> StartAsync(RunningCopy copy, ServerPlan plan)
    {
        var servers = new MachineServers();
        try
        {
            if (plan.GivenPostgres is null)
            {
                servers.postgres = new LocalPostgres(copy.Data.Postgres, servers.Log(copy, "postgres"));
                servers.Postgres = await servers.postgres.StartAsync(copy.StopRequested);
            }
            if (!plan.RedisIsGiven && LocalRedis.Find() is not null)
            {
                servers.redis = new LocalRedis(servers.Log(copy, "redis"));
                servers.Redis = await servers.redis.StartAsync(copy.StopRequested);
            }
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>Servers that Aspire does not know of.</summary>
    public IEnumerable<ResourceRecord> Records()
    {
        if (postgres is not null)
        {
            var runs = postgres.Process is { IsAlive: true };
            yield return new ResourceRecord("postgres", StateOf(runs), Postgres?.ToString(), postgres.Process?.Pid, postgres.Description);
        }
        if (redis is not null)
        {
            var runs = redis.Process is { IsAlive: true };
            yield return new ResourceRecord("redis", StateOf(runs), Redis, redis.Process?.Pid, "without persistence");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (redis is not null)
        {
            await redis.DisposeAsync();
        }
        if (postgres is not null)
        {
            await postgres.DisposeAsync();
        }
        logs.ForEach(log => log.Dispose());
    }

    private static ResourceState StateOf(bool runs) => runs ? ResourceState.Healthy : ResourceState.Exited;

    private Action<string> Log(RunningCopy copy, string name)
    {
        var log = new ResourceLog(copy.Data.Logs, name, echo: !copy.Line.IsDetachedChild);
        logs.Add(log);
        return log.Write;
    }
}
