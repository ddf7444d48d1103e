using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Mallgram.Kernel.Persistence;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Stores.Usage;

/// <summary>
/// Requests of each store and day, counted in this process and added to <c>stores.usage_days</c> every few seconds. What a process that is
/// killed had not yet written is lost: a meter of trade, not of money.
/// </summary>
internal sealed partial class RequestCounts(PlatformDataSource platform, TimeProvider clock, ILogger<RequestCounts> logger) : BackgroundService
{
    private static readonly TimeSpan FlushEvery = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(Guid Store, DateOnly Day), StrongBox<long>> _counts = new();

    public void Count(Guid storeId)
    {
        var key = (storeId, DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime));
        var box = _counts.TryGetValue(key, out var known) ? known : _counts.GetOrAdd(key, static _ => new StrongBox<long>());
        Interlocked.Increment(ref box.Value);
    }

    public async Task FlushAsync(CancellationToken ct)
    {
        var taken = new List<((Guid Store, DateOnly Day) Key, long Count)>();
        var yesterday = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime).AddDays(-1);
        foreach (var (key, box) in _counts)
        {
            if (Interlocked.Exchange(ref box.Value, 0) is > 0 and var count)
            {
                taken.Add((key, count));
            }
            else if (key.Day < yesterday)
            {
                _counts.TryRemove(key, out _);
            }
        }

        if (taken.Count == 0)
        {
            return;
        }

        try
        {
            await using var command = platform.Source.CreateCommand(
                """
                insert into stores.usage_days as u (store_id, day, requests)
                select c.store, c.day, c.requests from unnest($1, $2, $3) c(store, day, requests) join stores.stores s on s.id = c.store
                on conflict (store_id, day) do update set requests = u.requests + excluded.requests
                """);
            command.Parameters.Add(Sql.Uuids([.. taken.Select(t => t.Key.Store)]));
            command.Parameters.Add(new NpgsqlParameter<DateOnly[]>
            {
                TypedValue = [.. taken.Select(t => t.Key.Day)],
                NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date,
            });
            command.Parameters.Add(Sql.Longs([.. taken.Select(t => t.Count)]));
            await command.ExecuteNonQueryAsync(ct);
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException)
        {
            foreach (var (key, count) in taken)
            {
                Interlocked.Add(ref _counts.GetOrAdd(key, static _ => new StrongBox<long>()).Value, count);
            }

            throw;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(FlushEvery, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await FlushAsync(stoppingToken);
                }
                catch (NpgsqlException e)
                {
                    LogNotWritten(e);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The last counts are written below.
        }

        try
        {
            await FlushAsync(CancellationToken.None);
        }
        catch (NpgsqlException e)
        {
            LogNotWritten(e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Request counts could not be written; they are kept and tried again")]
    private partial void LogNotWritten(Exception e);
}
