using System.Diagnostics.Metrics;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Telemetry;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mallgram.Catalog.Search;

/// <summary>
/// What people search and whether they find anything, by store and day. Written in batches off the request's path; what comes while
/// <see cref="MostWaiting"/> different searches wait is not counted. Says nothing about people: searches that look like an address or a number
/// of somebody are left out.
/// </summary>
internal sealed partial class SearchLog(IServiceScopeFactory scopes, TimeProvider clock, ILogger<SearchLog> logger) : BackgroundService
{
    private const int MostWaiting = 2_000;
    private const int MostADay = 5_000;
    private const int MostDigits = 5;
    private const int LongestQuery = 60;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private static readonly Counter<long> Empty = MallgramTelemetry.Meter.CreateCounter<long>(
        "mallgram.catalog.searches.empty", description: "Searches that found nothing.");

    private readonly Lock _lock = new();
    private Dictionary<(Guid Store, string Query), (int Searches, int Results)> _waiting = [];

    public void Searched(Guid storeId, string words, int results)
    {
        if (results == 0)
        {
            Empty.Add(1);
        }

        var query = PlainText.Words(words);
        if (query.Length is 0 or > LongestQuery || query.Contains('@', StringComparison.Ordinal) || query.Count(char.IsDigit) > MostDigits)
        {
            return;
        }

        lock (_lock)
        {
            if (_waiting.TryGetValue((storeId, query), out var known) || _waiting.Count < MostWaiting)
            {
                _waiting[(storeId, query)] = (known.Searches + 1, results);
            }
        }
    }

    /// <summary>Writes what waits now.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        Dictionary<(Guid Store, string Query), (int Searches, int Results)> batch;
        lock (_lock)
        {
            batch = _waiting;
            _waiting = [];
        }

        foreach (var store in batch.GroupBy(b => b.Key.Store))
        {
            // In order, so that processes that write at once do not wait for each other in a circle.
            var rows = store.OrderBy(b => b.Key.Query, StringComparer.Ordinal).ToList();
            await using var scope = scopes.CreateAsyncScope();
            scope.ServiceProvider.GetRequiredService<StoreScope>().Set(store.Key);
            await scope.ServiceProvider.GetRequiredService<StoreDatabase>().ExecuteAsync(ct, Sql.Command(
                $"""
                insert into catalog.search_log as l (store_id, day, query, searches, results)
                select $1, ($2::timestamptz at time zone 'UTC')::date, query, searches, results from unnest($3, $4, $5) as b(query, searches, results)
                where exists (select from catalog.search_log o where o.day = ($2::timestamptz at time zone 'UTC')::date and o.query = b.query)
                   or (select count(*) from catalog.search_log o where o.day = ($2::timestamptz at time zone 'UTC')::date) < {MostADay}
                on conflict (store_id, day, query) do update set searches = l.searches + excluded.searches, results = excluded.results
                """,
                Sql.Uuid(store.Key),
                Sql.Time(clock.GetUtcNow()),
                Sql.Texts([.. rows.Select(r => r.Key.Query)]),
                Sql.Ints([.. rows.Select(r => r.Value.Searches)]),
                Sql.Ints([.. rows.Select(r => r.Value.Results)])));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryFlushAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await TryFlushAsync(CancellationToken.None);
        }
    }

    private async Task TryFlushAsync(CancellationToken ct)
    {
        try
        {
            await FlushAsync(ct);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            // Counts of a few seconds are lost; searching goes on.
            LogLost(e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Counts of searches could not be written and are lost")]
    private partial void LogLost(Exception e);
}
