using System.Net;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Identity.SignIn;

/// <summary>Where a request comes from, as sessions and histories keep it.</summary>
/// <param name="Address">Network address that PostgreSQL's <c>inet</c> takes; null when there is none.</param>
/// <param name="UserAgent">Printable ASCII, at most 300 characters.</param>
internal sealed record ClientDevice(string? Address, string? UserAgent)
{
    private const int MaxUserAgent = 300;

    public static ClientDevice Of(HttpContext context)
    {
        var agent = context.Request.Headers.UserAgent.ToString();
        return new ClientDevice(
            AddressOf(context.Connection.RemoteIpAddress),
            agent.Length == 0 ? null : string.Concat(agent.Take(MaxUserAgent).Select(c => c is >= ' ' and <= '~' ? c : '?')));
    }

    /// <summary>An IPv4 address that came over IPv6 is itself again; a link-local address loses its interface.</summary>
    public static string? AddressOf(IPAddress? address) => address switch
    {
        null => null,
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        _ => new IPAddress(address.GetAddressBytes()).ToString(),
    };
}
