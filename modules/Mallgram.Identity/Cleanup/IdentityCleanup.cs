using Mallgram.Kernel.Cleanup;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Identity.Cleanup;

internal static class IdentityCleanup
{
    /// <summary>
    /// Used and revoked tokens stay until they expire, so that using one again is recognised. Ended sessions stay as the devices that are
    /// no longer new, longer than any refresh token lives.
    /// </summary>
    public static IServiceCollection AddIdentityCleanup(this IServiceCollection services) => services
        .AddRowCleanup("refresh-tokens", TimeSpan.FromDays(7), "identity.refresh_tokens", "t.expires_at < $1")
        .AddRowCleanup("sessions", TimeSpan.FromDays(180), "identity.sessions", "t.last_used_at < $1")
        .AddRowCleanup("sign-ins", TimeSpan.FromDays(180), "identity.sign_ins", "t.at < $1");
}
