using System.Net;
using Mallgram.Identity.SignIn;
using Microsoft.Extensions.Options;

namespace Mallgram.Tests.Unit.Identity;

public sealed class SignInAttemptsTests : IDisposable
{
    private static readonly Guid Store = Guid.Parse("01930000-0000-7000-8000-000000000001");
    private static readonly Guid OtherStore = Guid.Parse("01930000-0000-7000-8000-000000000002");
    private static readonly IPAddress Office = IPAddress.Parse("192.0.2.7");
    private readonly MovableClock _clock = new();
    private readonly SignInAttempts _attempts;

    public SignInAttemptsTests() => _attempts = new SignInAttempts(Options.Create(new SignInAttemptsOptions { PerAddress = 8 }), _clock);

    public void Dispose() => _attempts.Dispose();

    [Fact]
    public void The_sixth_attempt_on_an_account_waits_for_the_rest_of_the_minute()
    {
        Fail(5, "a@shop.example", Office);
        _clock.Now += TimeSpan.FromSeconds(20);

        Assert.Equal(TimeSpan.FromSeconds(40), _attempts.Begin(Store, "A@Shop.example", IPAddress.Parse("198.51.100.1")));

        _clock.Now += TimeSpan.FromSeconds(40);
        Assert.Null(_attempts.Begin(Store, "a@shop.example", Office));
    }

    [Fact]
    public void The_same_address_at_another_store_is_another_account()
    {
        Fail(5, "a@shop.example", Office);

        Assert.Null(_attempts.Begin(OtherStore, "a@shop.example", Office));
    }

    [Fact]
    public void Success_clears_the_account()
    {
        Fail(4, "a@shop.example", Office);
        Assert.Null(_attempts.Begin(Store, "a@shop.example", Office));
        _attempts.Succeeded(Store, "a@shop.example", Office);

        Fail(3, "a@shop.example", Office);
    }

    [Fact]
    public void Guessing_at_many_accounts_from_one_network_is_stopped()
    {
        for (var i = 0; i < 8; i++)
        {
            Assert.Null(_attempts.Begin(Store, $"person{i}@shop.example", IPAddress.Parse($"2001:db8:1:2::{i + 1}")));
        }

        Assert.NotNull(_attempts.Begin(Store, "someone@shop.example", IPAddress.Parse("2001:db8:1:2:ffff::1")));
        Assert.Null(_attempts.Begin(Store, "someone@shop.example", IPAddress.Parse("2001:db8:1:3::1")));
    }

    [Fact]
    public void Refused_registrations_of_one_network_wait_for_the_rest_of_the_hour_and_successful_ones_cost_nothing()
    {
        for (var i = 0; i < 30; i++)
        {
            Assert.Null(_attempts.BeginRegistration(Office));
            _attempts.Registered(Office);
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.Null(_attempts.BeginRegistration(Office));
        }

        _clock.Now += TimeSpan.FromMinutes(20);
        Assert.Equal(TimeSpan.FromMinutes(40), _attempts.BeginRegistration(Office));
        Assert.Null(_attempts.BeginRegistration(IPAddress.Parse("198.51.100.1")));
        // Signing in is counted apart.
        Assert.Null(_attempts.Begin(Store, "a@shop.example", Office));
    }

    private void Fail(int times, string email, IPAddress address)
    {
        for (var i = 0; i < times; i++)
        {
            Assert.Null(_attempts.Begin(Store, email, address));
        }
    }

    private sealed class MovableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
