using Mallgram.Sandbox;
using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Tests.Unit.Sandbox;

public sealed class OpenPlatformAccessTests
{
    private readonly SetClock _clock = new(new DateTimeOffset(2026, 3, 1, 10, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_token_is_known_after_a_restart_until_it_ends()
    {
        var options = new AliExpressOptions { AccessTokenSeconds = 60 };
        var (token, expires) = new OpenPlatformTokens(options, _clock).Issue(OpenPlatformTokens.Kind.Access);
        var restarted = new OpenPlatformTokens(options, _clock);

        Assert.True(restarted.IsValid(OpenPlatformTokens.Kind.Access, token));
        Assert.False(restarted.IsValid(OpenPlatformTokens.Kind.Refresh, token));
        Assert.False(restarted.IsValid(OpenPlatformTokens.Kind.Access, token + "0"));
        var stranger = new OpenPlatformTokens(new AliExpressOptions { AppSecret = "other" }, _clock);
        Assert.False(stranger.IsValid(OpenPlatformTokens.Kind.Access, token));
        _clock.Now = expires;
        Assert.False(restarted.IsValid(OpenPlatformTokens.Kind.Access, token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("zzz")]
    [InlineData("50000azzz")]
    [InlineData("50000axyz1z2z3")]
    [InlineData("50000a1a1fc5cd71ez1a296db9f1ez764093d3z")]
    public void Rubbish_is_no_token(string text)
    {
        Assert.False(new OpenPlatformTokens(new AliExpressOptions(), _clock).IsValid(OpenPlatformTokens.Kind.Access, text));
    }

    [Fact]
    public void Expiring_ends_access_tokens_but_not_refresh_tokens()
    {
        var tokens = new OpenPlatformTokens(new AliExpressOptions(), _clock);
        var (access, _) = tokens.Issue(OpenPlatformTokens.Kind.Access);
        var (refresh, _) = tokens.Issue(OpenPlatformTokens.Kind.Refresh);

        tokens.ExpireAccessTokens();

        Assert.False(tokens.IsValid(OpenPlatformTokens.Kind.Access, access));
        Assert.True(tokens.IsValid(OpenPlatformTokens.Kind.Refresh, refresh));
    }

    [Fact]
    public void Over_the_quota_an_API_is_banned_for_one_second()
    {
        var quota = new OpenPlatformQuota(new AliExpressOptions { CallsPerSecond = 2 }, _clock);

        Assert.Equal(OpenPlatformQuota.Verdict.Allowed, quota.Take("a"));
        Assert.Equal(OpenPlatformQuota.Verdict.Allowed, quota.Take("a"));
        Assert.Equal(OpenPlatformQuota.Verdict.TooFast, quota.Take("a"));
        Assert.Equal(OpenPlatformQuota.Verdict.Allowed, quota.Take("b"));
        _clock.Now += TimeSpan.FromMilliseconds(999);
        Assert.Equal(OpenPlatformQuota.Verdict.TooFast, quota.Take("a"));
        _clock.Now += TimeSpan.FromMilliseconds(1);
        Assert.Equal(OpenPlatformQuota.Verdict.Allowed, quota.Take("a"));
    }

    [Fact]
    public void The_day_of_the_daily_quota_ends_at_midnight_in_Beijing()
    {
        var quota = new OpenPlatformQuota(new AliExpressOptions { CallsPerSecond = 0, CallsPerDay = 1 }, _clock);

        Assert.Equal(OpenPlatformQuota.Verdict.Allowed, quota.Take("a"));
        Assert.Equal(OpenPlatformQuota.Verdict.DayUsedUp, quota.Take("b"));
        _clock.Now = new DateTimeOffset(2026, 3, 1, 15, 59, 59, TimeSpan.Zero);
        Assert.Equal(OpenPlatformQuota.Verdict.DayUsedUp, quota.Take("a"));
        _clock.Now = new DateTimeOffset(2026, 3, 1, 16, 0, 0, TimeSpan.Zero);
        Assert.Equal(OpenPlatformQuota.Verdict.Allowed, quota.Take("a"));
    }
}

internal sealed class SetClock(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}
