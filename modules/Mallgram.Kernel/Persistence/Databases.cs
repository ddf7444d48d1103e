using Npgsql;

namespace Mallgram.Kernel.Persistence;

/// <summary>
/// Connections as a member of <c>mallgram_app</c>: sees the rows of one store, chosen per round trip by <c>app.store_id</c>.
/// Store code uses <see cref="StoreDatabase"/> or <see cref="MallgramDbContext"/>, which set it.
/// </summary>
public sealed class AppDataSource(NpgsqlDataSource source) : IAsyncDisposable
{
    public NpgsqlDataSource Source { get; } = source;

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}

/// <summary>
/// Connections as a member of <c>mallgram_platform</c>: sees every store's rows. Allowed for these cross-store uses only: the outbox
/// dispatcher, job claims and runs, finding the store of a webhook, the scheduler, data protection keys, counts of requests, a person's own
/// stores, a domain that changes hands, platform administration.
/// </summary>
public sealed class PlatformDataSource(NpgsqlDataSource source) : IAsyncDisposable
{
    public NpgsqlDataSource Source { get; } = source;

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}

/// <summary>Connection habits of every pool: small, prepared by use, never multiplexed, state reset by the transaction end alone.</summary>
public static class Pools
{
    /// <param name="connectionString">As given by the environment; settings named in it win.</param>
    /// <param name="applicationName">Shown in <c>pg_stat_activity</c>.</param>
    /// <param name="maxPoolSize">Connections at most; a database core serves only a few at a time, so small is fast.</param>
    public static NpgsqlDataSource Create(string connectionString, string applicationName, int maxPoolSize = 18)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        var builder = new NpgsqlConnectionStringBuilder
        {
            ApplicationName = applicationName,
            MaxPoolSize = maxPoolSize,
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
            // All state we set is transaction-local, so the round trip of DISCARD at every close buys nothing.
            NoResetOnClose = true,
            Enlist = false,
            Timeout = 10,
            CommandTimeout = 30,
            KeepAlive = 30,
        };
        foreach (var key in given.Keys.Cast<string>())
        {
            builder[key] = given[key];
        }

        return new NpgsqlDataSourceBuilder(builder.ConnectionString) { Name = applicationName }.Build();
    }
}
