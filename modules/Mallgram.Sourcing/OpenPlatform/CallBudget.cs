using System.Threading.RateLimiting;

namespace Mallgram.Sourcing.OpenPlatform;

/// <summary>
/// Spends the app key's calls: the day's quota over all processes; within a process a token bucket without burst, and a pause for everybody
/// when the platform says that it was too fast. The sync job, which makes nearly all calls, runs in one process at a time.
/// </summary>
internal sealed class CallBudget : IAsyncDisposable
{
    private readonly TokenBucketRateLimiter _bucket;
    private readonly DailyQuota _quota;
    private readonly TimeProvider _clock;
    private long _pausedUntilTicks;

    public CallBudget(OpenPlatformOptions options, DailyQuota quota, TimeProvider clock)
    {
        _quota = quota;
        _clock = clock;
        // Small portions: a full bucket on top of a full second's supply would be twice the allowance.
        var rate = options.CallsPerSecond;
        var portion = Math.Max(1, rate / 20);
        _bucket = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = portion,
            TokensPerPeriod = portion,
            ReplenishmentPeriod = TimeSpan.FromSeconds((double)portion / rate),
            QueueLimit = int.MaxValue,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
    }

    /// <summary>Waits until a call may be made.</summary>
    /// <exception cref="Suppliers.SupplierException"><see cref="Suppliers.SupplierFault.QuotaUsedUp"/>.</exception>
    public async Task SpendAsync(CancellationToken ct)
    {
        while (true)
        {
            var pause = new DateTimeOffset(Volatile.Read(ref _pausedUntilTicks), TimeSpan.Zero) - _clock.GetUtcNow();
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, _clock, ct);
                continue;
            }

            using var lease = await _bucket.AcquireAsync(1, ct);
            if (lease.IsAcquired)
            {
                break;
            }
        }

        // Last, when the call is really about to be made: a wait over midnight spends the new day's quota.
        await _quota.SpendAsync(ct);
    }

    /// <summary>No call before then. A longer pause that was set before stands.</summary>
    public void PauseFor(TimeSpan time)
    {
        var until = (_clock.GetUtcNow() + time).UtcTicks;
        long before;
        do
        {
            before = Volatile.Read(ref _pausedUntilTicks);
        }
        while (before < until && Interlocked.CompareExchange(ref _pausedUntilTicks, until, before) != before);
    }

    public async ValueTask DisposeAsync()
    {
        _quota.Dispose();
        await _bucket.DisposeAsync();
    }
}
