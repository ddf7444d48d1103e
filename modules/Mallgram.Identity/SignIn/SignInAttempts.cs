using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.SignIn;

/// <summary>Settings under <c>Identity:Attempts</c>: how often signing in may fail. Minutes and hours are counted in each process.</summary>
internal sealed class SignInAttemptsOptions
{
    /// <summary>Failures a minute of one e-mail address or phone number at one store.</summary>
    /// <value>5.</value>
    [Range(1, 1000)]
    public int PerAccount { get; set; } = 5;

    /// <summary>Failures a minute of one network address (IPv6: one /64). Higher than for an account: an office shares one address.</summary>
    /// <value>20.</value>
    [Range(1, 10_000)]
    public int PerAddress { get; set; } = 20;

    /// <summary>
    /// Registrations an hour of one network address that are refused because somebody has the e-mail address or phone already: their answer
    /// tells that somebody has, so it is not given often.
    /// </summary>
    /// <value>10.</value>
    [Range(1, 10_000)]
    public int RefusedRegistrations { get; set; } = 10;

    /// <summary>Wrong passwords in a row, whatever the time between them, that lock an account; counted in the database.</summary>
    /// <value>10.</value>
    [Range(3, 1000)]
    public int LockAfter { get; set; } = 10;

    /// <value>15 minutes.</value>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan LockFor { get; set; } = TimeSpan.FromMinutes(15);
}

/// <summary>
/// Slows guessing down. An attempt counts as failed from its start, so that many at once cannot slip through before the first has failed;
/// success takes it back.
/// </summary>
internal sealed class SignInAttempts(IOptions<SignInAttemptsOptions> options, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    // Keys come from strangers, hence the limit; a full cache drops its oldest entries.
    private readonly MemoryCache _windows = new(new MemoryCacheOptions { SizeLimit = 100_000 });
    private readonly Lock _lock = new();

    /// <returns>Null when the attempt may go on, else how long to wait.</returns>
    /// <param name="account">The e-mail address or phone number as <see cref="Contact.Key"/> has it.</param>
    public TimeSpan? Begin(Guid storeId, string account, IPAddress? address)
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            var person = WindowOf(Account(storeId, account), Minute, now);
            var network = WindowOf(Network(address), Minute, now);
            if (person.Failures >= options.Value.PerAccount || network.Failures >= options.Value.PerAddress)
            {
                var until = person.Failures >= options.Value.PerAccount ? person.EndsAt : network.EndsAt;
                return until - now;
            }

            person.Failures++;
            network.Failures++;
            return null;
        }
    }

    public void Succeeded(Guid storeId, string account, IPAddress? address)
    {
        lock (_lock)
        {
            _windows.Remove(Account(storeId, account));
            var network = WindowOf(Network(address), Minute, clock.GetUtcNow());
            network.Failures = Math.Max(0, network.Failures - 1);
        }
    }

    /// <returns>Null when a registration may go on, else how long to wait.</returns>
    public TimeSpan? BeginRegistration(IPAddress? address)
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            var network = WindowOf(("registration", Network(address)), Hour, now);
            if (network.Failures >= options.Value.RefusedRegistrations)
            {
                return network.EndsAt - now;
            }

            network.Failures++;
            return null;
        }
    }

    public void Registered(IPAddress? address)
    {
        lock (_lock)
        {
            var network = WindowOf(("registration", Network(address)), Hour, clock.GetUtcNow());
            network.Failures = Math.Max(0, network.Failures - 1);
        }
    }

    public void Dispose() => _windows.Dispose();

    private Window WindowOf(object key, TimeSpan period, DateTimeOffset now)
    {
        if (_windows.TryGetValue(key, out Window? window) && window!.EndsAt > now)
        {
            return window;
        }

        return _windows.Set(
            key, new Window(now + period), new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = period, Size = 1 });
    }

    private static object Account(Guid storeId, string account) => (storeId, account.ToLowerInvariant());

    /// <summary>What counts as one network address: an IPv4 address, or the /64 of an IPv6 one.</summary>
    public static IPAddress Network(IPAddress? address)
    {
        if (address is null)
        {
            return IPAddress.None;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? new IPAddress([.. address.GetAddressBytes()[..8], .. new byte[8]])
            : address;
    }

    private sealed class Window(DateTimeOffset endsAt)
    {
        public DateTimeOffset EndsAt { get; } = endsAt;

        public int Failures { get; set; }
    }
}
