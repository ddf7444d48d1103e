using System.Diagnostics;
using System.Diagnostics.Metrics;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Telemetry;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mallgram.Kernel.Outbox;

/// <summary>Which handler runs for which event type.</summary>
public sealed record OutboxSubscription(string Type, string Effect, Type Handler);

/// <summary>
/// Delivers outbox events in every Worker replica: claims a batch with SKIP LOCKED, leases it for a minute, runs the effects that are not
/// recorded as done, and records each. A crash leaves the lease to run out; a failing effect is retried with back-off and jitter, and after
/// the last attempt the row stays as a dead letter (view <c>kernel.outbox_dead_letters</c>).
/// </summary>
public sealed partial class OutboxDispatcher(
    PlatformDataSource platform,
    IServiceScopeFactory scopes,
    IOutboxSignal signal,
    IEnumerable<OutboxSubscription> subscriptions,
    ILogger<OutboxDispatcher> logger) : BackgroundService
{
    /// <summary>Deliveries tried before a row becomes a dead letter: about nine hours with the back-off below.</summary>
    internal const int MaxAttempts = 14;

    private const int BatchSize = 8;
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);
    // Ends well before the lease, so that no second dispatcher starts while this one may still act.
    private static readonly TimeSpan HandlingTime = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan IdleWait = TimeSpan.FromSeconds(1);

    private static readonly Counter<long> Delivered = MallgramTelemetry.Meter.CreateCounter<long>("mallgram.outbox.delivered");
    private static readonly Counter<long> Failed = MallgramTelemetry.Meter.CreateCounter<long>("mallgram.outbox.failed");
    private static readonly Gauge<double> Age = MallgramTelemetry.Meter.CreateGauge<double>("mallgram.outbox.age", "s", "Age of the oldest undelivered event");

    private readonly ILookup<string, OutboxSubscription> _subscriptions = subscriptions.ToLookup(s => s.Type, StringComparer.Ordinal);

    /// <summary>Wait before the next attempt: 5 s doubling to an hour, ± 20 % so that failures do not come back in step.</summary>
    internal static TimeSpan Backoff(int attempts, double jitter) =>
        TimeSpan.FromSeconds(Math.Min(3600, 5 * Math.Pow(2, Math.Min(attempts - 1, 12))) * (0.8 + 0.4 * jitter));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var lastMeasured = Stopwatch.GetTimestamp();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var delivered = await DispatchBatchAsync(stoppingToken);
                if (Stopwatch.GetElapsedTime(lastMeasured) > TimeSpan.FromSeconds(10))
                {
                    lastMeasured = Stopwatch.GetTimestamp();
                    await MeasureAgeAsync(stoppingToken);
                }

                if (delivered < BatchSize)
                {
                    await signal.WaitAsync(IdleWait, stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or InvalidOperationException)
            {
                LogUnavailable(e);
                await Task.Delay(IdleWait, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Claims and delivers one batch.</summary>
    /// <returns>Events claimed.</returns>
    public async Task<int> DispatchBatchAsync(CancellationToken ct)
    {
        var claimed = await ClaimAsync(ct);
        await Task.WhenAll(claimed.Select(c => DeliverAsync(c.Message, c.TraceParent, c.Done, ct)));
        return claimed.Count;
    }

    private async Task<List<(OutboxMessage Message, string? TraceParent, string[] Done)>> ClaimAsync(CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            """
            with due as (
                select id from kernel.outbox
                where processed_at is null and dead_at is null and available_at <= now()
                order by available_at
                limit $1
                for update skip locked)
            update kernel.outbox o set attempts = o.attempts + 1, available_at = now() + make_interval(secs => $2)
            from due where o.id = due.id
            returning o.id, o.store_id, o.type, o.payload, o.occurred_at, o.attempts, o.trace_parent,
                      array(select e.effect from kernel.outbox_effects e where e.event_id = o.id)
            """);
        command.Parameters.Add(Sql.Int(BatchSize));
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = Lease.TotalSeconds });
        var claimed = new List<(OutboxMessage, string?, string[])>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            claimed.Add((
                new OutboxMessage(
                    reader.GetGuid(0),
                    await reader.IsDBNullAsync(1, ct) ? null : reader.GetGuid(1),
                    reader.GetString(2),
                    reader.GetString(3),
                    reader.GetFieldValue<DateTimeOffset>(4),
                    reader.GetInt32(5)),
                await reader.IsDBNullAsync(6, ct) ? null : reader.GetString(6),
                reader.GetFieldValue<string[]>(7)));
        }

        return claimed;
    }

    private async Task DeliverAsync(OutboxMessage message, string? traceParent, string[] done, CancellationToken ct)
    {
        using var activity = MallgramTelemetry.Activities.StartActivity("outbox " + message.Type, ActivityKind.Consumer, traceParent);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(HandlingTime);
        try
        {
            foreach (var subscription in _subscriptions[message.Type].Where(s => !done.Contains(s.Effect, StringComparer.Ordinal)))
            {
                await using var scope = scopes.CreateAsyncScope();
                if (message.StoreId is { } storeId)
                {
                    scope.ServiceProvider.GetRequiredService<StoreScope>().Set(storeId);
                }

                await ((IOutboxHandler)scope.ServiceProvider.GetRequiredService(subscription.Handler)).HandleAsync(message, timeout.Token);
                await ExecuteAsync(
                    "insert into kernel.outbox_effects (event_id, effect) values ($1, $2) on conflict do nothing",
                    [Sql.Uuid(message.Id), Sql.Text(subscription.Effect)]);
            }

            await ExecuteAsync("update kernel.outbox set processed_at = now(), last_error = null where id = $1", [Sql.Uuid(message.Id)]);
            Delivered.Add(1, new KeyValuePair<string, object?>("type", message.Type));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Shutting down before the effect was done: hand the event back at once instead of waiting for the lease.
            await ExecuteAsync(
                "update kernel.outbox set available_at = now(), attempts = attempts - 1 where id = $1 and attempts = $2 and processed_at is null",
                [Sql.Uuid(message.Id), Sql.Int(message.Attempts)]);
        }
        // Whatever a handler throws must not stop the other events: the row keeps the error and comes back or becomes a dead letter.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Failed.Add(1, new KeyValuePair<string, object?>("type", message.Type));
            LogFailed(e, message.Id, message.Type, message.Attempts);
            activity?.SetStatus(ActivityStatusCode.Error);
            await ExecuteAsync(
                """
                update kernel.outbox set
                    last_error = $2,
                    dead_at = case when attempts >= $3 then now() end,
                    available_at = now() + make_interval(secs => $4)
                where id = $1 and attempts = $5
                """,
                [
                    Sql.Uuid(message.Id),
                    Sql.Text($"{e.GetType().Name}: {e.Message}"),
                    Sql.Int(MaxAttempts),
                    new NpgsqlParameter<double> { TypedValue = Backoff(message.Attempts, Random.Shared.NextDouble()).TotalSeconds },
                    Sql.Int(message.Attempts),
                ]);
        }
    }

    private async Task ExecuteAsync(string sql, NpgsqlParameter[] parameters)
    {
        await using var command = platform.Source.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task MeasureAgeAsync(CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            "select coalesce(extract(epoch from now() - min(occurred_at)), 0)::float8 from kernel.outbox where processed_at is null and dead_at is null");
        Age.Record((double)(await command.ExecuteScalarAsync(ct) ?? 0d));
    }

    [LoggerMessage(LogLevel.Warning, "Outbox event {EventId} of type {Type} failed on attempt {Attempt}")]
    private partial void LogFailed(Exception e, Guid eventId, string type, int attempt);

    [LoggerMessage(LogLevel.Error, "The outbox cannot be read; trying again")]
    private partial void LogUnavailable(Exception e);
}
