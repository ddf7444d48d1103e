using Mallgram.Kernel.Cleanup;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Identity.Cleanup;

internal static class IdentityCleanup
{
    /// <summary>Used and revoked tokens stay until they expire, so that using one again is recognised.</summary>
    public static IServiceCollection AddIdentityCleanup(this IServiceCollection services) => services
        .AddRowCleanup("refresh-tokens", TimeSpan.FromDays(7), "identity.refresh_tokens", "t.expires_at < $1");
}
