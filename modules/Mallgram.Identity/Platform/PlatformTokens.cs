using Mallgram.Identity.Contracts;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Ids;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Platform;

/// <summary>
/// Access tokens of platform administrators: as those of people, but for another audience, so that neither is ever taken for the other.
/// 15 minutes, no refresh.
/// </summary>
internal sealed class PlatformTokens(IOptions<TokenOptions> options, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private readonly SignedTokens _tokens = new("mallgram-platform", options.Value, clock);

    public string Issue(Guid administratorId) =>
        _tokens.Issue(PublicId.Format(PublicId.PlatformAdministrator, administratorId), Lifetime, []);

    /// <returns>The administrator, or null when the token is not ours, not for the platform or not in force.</returns>
    public Guid? Read(string token) =>
        PublicId.TryParse(PublicId.PlatformAdministrator, _tokens.Read(token)?.FindFirst(CurrentUser.SubjectClaim)?.Value, out var id) ? id : null;
}
