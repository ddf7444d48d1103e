using FsCheck;
using FsCheck.Fluent;
using Mallgram.Kernel.Outbox;

namespace Mallgram.Tests.Unit.Kernel;

public sealed class OutboxBackoffTests
{
    [Fact]
    public void Waits_grow_from_seconds_to_an_hour_and_never_beyond() =>
        Prop.ForAll(Gen.Choose(1, 1000).ToArbitrary(), Gen.Choose(0, 1000).ToArbitrary(), (attempt, jitter) =>
        {
            var wait = OutboxDispatcher.Backoff(attempt, jitter / 1000.0);
            return wait >= TimeSpan.FromSeconds(4) && wait <= TimeSpan.FromSeconds(3600 * 1.2)
                && OutboxDispatcher.Backoff(attempt + 1, 0.5) >= OutboxDispatcher.Backoff(attempt, 0.5);
        }).QuickCheckThrowOnFailure();
}
