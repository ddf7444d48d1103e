using System.Collections.Concurrent;
using System.Net;
using Mallgram.Api.Edge;
using Mallgram.Kernel.Caching;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Mallgram.Tests.Unit.Edge;

public sealed class RateLimiterTests
{
    private static readonly Client Someone = Client.Of(Guid.Empty, ClientKind.Address, IPAddress.Parse("192.0.2.1"));
    private readonly Clock _clock = new() { Now = new DateTimeOffset(2026, 11, 21, 10, 0, 15, TimeSpan.Zero) };

    [Fact]
    public void A_minute_and_an_hour_are_counted_and_the_nearer_end_is_told()
    {
        var limiter = New();
        var quota = new Quota(PerMinute: 3, PerHour: 5);
        Assert.Equal(new Verdict(true, 3, 2, 45), limiter.Take(Someone, 1, quota));
        limiter.Take(Someone, 1, quota);
        Assert.Equal(new Verdict(true, 3, 0, 45), limiter.Take(Someone, 1, quota));
        Assert.Equal(new Verdict(false, 3, 0, 45), limiter.Take(Someone, 1, quota));

        _clock.Now = _clock.Now.AddMinutes(1);
        Assert.Equal(new Verdict(true, 5, 1, 3600 - 75), limiter.Take(Someone, 1, quota));
        Assert.True(limiter.Take(Someone, 1, quota).Allowed);
        // The hour is used up, though the minute is not; what was refused before did not count.
        Assert.Equal(new Verdict(false, 5, 0, 3600 - 75), limiter.Take(Someone, 1, quota));

        _clock.Now = _clock.Now.AddHours(1);
        Assert.True(limiter.Take(Someone, 1, quota).Allowed);
    }

    [Fact]
    public void A_costly_request_is_refused_whole_and_one_that_costs_more_than_the_quota_takes_all_of_it()
    {
        var limiter = New();
        var quota = new Quota(10, 100);
        Assert.True(limiter.Take(Someone, 6, quota).Allowed);
        Assert.False(limiter.Take(Someone, 6, quota).Allowed);
        Assert.Equal(3, limiter.Take(Someone, 1, quota).Remaining);
        _clock.Now = _clock.Now.AddMinutes(1);
        Assert.Equal(new Verdict(true, 10, 0, 45), limiter.Take(Someone, 50, quota));
    }

    [Fact]
    public void What_is_given_back_can_be_taken_again()
    {
        var limiter = New();
        var quota = new Quota(1, 10);
        Assert.True(limiter.Take(Someone, 1, quota).Allowed);
        Assert.False(limiter.Look(Someone, quota)!.Value.Allowed);
        limiter.GiveBack(Someone, 1);
        Assert.True(limiter.Look(Someone, quota)!.Value.Allowed);
        Assert.True(limiter.Take(Someone, 1, quota).Allowed);
    }

    [Theory]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    public void A_subscriber_is_one_client(string one, string other, bool same) => Assert.Equal(
        same,
        Client.Of(Guid.Empty, ClientKind.Address, IPAddress.Parse(one)) == Client.Of(Guid.Empty, ClientKind.Address, IPAddress.Parse(other)));

    [Fact]
    public void Strangers_cannot_fill_the_memory_and_leave_it_when_their_hour_is_over()
    {
        var limiter = New(maxClients: 1000);
        for (var i = 0; i < 3000; i++)
        {
            Assert.True(limiter.Take(new Client(Guid.Empty, ClientKind.Address, (UInt128)i), 1, new Quota(5, 5)).Allowed);
        }

        Assert.Equal(1000, limiter.Clients);
        limiter.Sweep();
        Assert.Equal(1000, limiter.Clients);
        _clock.Now = _clock.Now.AddHours(1);
        limiter.Sweep();
        Assert.Equal(0, limiter.Clients);
    }

    [Fact]
    public void Processes_count_together_in_chunks_and_alone_while_nobody_answers()
    {
        var shared = new Shared();
        var (first, second) = (New(shared), New(shared));
        var quota = new Quota(100, 1000);
        for (var i = 0; i < 60; i++)
        {
            Assert.True(first.Take(Someone, 1, quota).Allowed);
        }

        // It hears of the others' with its own first report, two permits.
        second.Take(Someone, 1, quota);
        second.Take(Someone, 1, quota);
        Assert.Equal(37, second.Take(Someone, 1, quota).Remaining);
        Assert.True(shared.Calls <= 32, "a report for every request");

        shared.Away = true;
        _clock.Now = _clock.Now.AddMinutes(1);
        Assert.Equal(100, Enumerable.Range(0, 150).Count(_ => second.Take(Someone, 1, quota).Allowed));
        shared.Away = false;
        _clock.Now = _clock.Now.AddMinutes(1);
        // What was not told is told later: of the hour.
        second.Take(Someone, 2, quota);
        Assert.Equal(60 + 3 + 100 + 2, shared.Total(":h"));
    }

    [Fact]
    public void Many_at_once_never_get_more_than_the_quota()
    {
        var limiter = New();
        var allowed = 0;
        Parallel.For(0, 5000, _ =>
        {
            if (limiter.Take(Someone, 1, new Quota(700, 10_000)).Allowed)
            {
                Interlocked.Increment(ref allowed);
            }
        });
        Assert.Equal(700, allowed);
    }

    private RateLimiter New(ISharedCounters? shared = null, int maxClients = 200_000) => new(
        Options.Create(new RateLimitOptions { MaxClients = maxClients }), _clock, NullLogger<RateLimiter>.Instance, shared);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private sealed class Shared : ISharedCounters
    {
        private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

        public bool Away { get; set; }

        public int Calls { get; private set; }

        public long Total(string part) => _counts.Where(c => c.Key.Contains(part, StringComparison.Ordinal)).Sum(c => c.Value);

        public Task<long[]?> AddAsync(SharedCount[] counts)
        {
            Calls++;
            return Task.FromResult(Away ? null : (long[]?)[.. counts.Select(c => _counts.AddOrUpdate(c.Key, c.Add, (_, n) => n + c.Add))]);
        }
    }
}
