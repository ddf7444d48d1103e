using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.SignIn;

/// <summary>Settings under <c>Identity:Attempts</c>: failed sign-ins a minute before more are refused, in each process.</summary>
internal sealed class SignInAttemptsOptions
{
    /// <summary>For one e-mail address at one store.</summary>
    /// <value>5.</value>
    [Range(1, 1000)]
    public int PerAccount { get; set; } = 5;

    /// <summary>For one network address (IPv6: one /64). Higher than for an account: an office shares one address.</summary>
    /// <value>20.</value>
    [Range(1, 10_000)]
    public int PerAddress { get; set; } = 20;
}

/// <summary>
/// Slows guessing down. An attempt counts as failed from its start, so that many at once cannot slip through before the first has failed;
/// success takes it back.
/// </summary>
internal sealed class SignInAttempts(IOptions<SignInAttemptsOptions> options, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    // Keys come from strangers, hence the limit; a full cache drops its oldest entries.
    private readonly MemoryCache _windows = new(new MemoryCacheOptions { SizeLimit = 100_000 });
    private readonly Lock _lock = new();

    /// <returns>Null when the attempt may go on, else how long to wait.</returns>
    public TimeSpan? Begin(Guid storeId, string email, IPAddress? address)
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            var account = WindowOf(Account(storeId, email), now);
            var network = WindowOf(Network(address), now);
            if (account.Failures >= options.Value.PerAccount || network.Failures >= options.Value.PerAddress)
            {
                var until = account.Failures >= options.Value.PerAccount ? account.EndsAt : network.EndsAt;
                return until - now;
            }

            account.Failures++;
            network.Failures++;
            return null;
        }
    }

    public void Succeeded(Guid storeId, string email, IPAddress? address)
    {
        lock (_lock)
        {
            _windows.Remove(Account(storeId, email));
            var network = WindowOf(Network(address), clock.GetUtcNow());
            network.Failures = Math.Max(0, network.Failures - 1);
        }
    }

    public void Dispose() => _windows.Dispose();

    private Window WindowOf(object key, DateTimeOffset now)
    {
        if (_windows.TryGetValue(key, out Window? window) && window!.EndsAt > now)
        {
            return window;
        }

        return _windows.Set(
            key, new Window(now + Period), new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Period, Size = 1 });
    }

    private static object Account(Guid storeId, string email) => (storeId, email.ToLowerInvariant());

    private static IPAddress Network(IPAddress? address)
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
