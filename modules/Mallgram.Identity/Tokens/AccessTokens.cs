using System.Security.Claims;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Ids;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Tokens;

/// <summary>Issues and reads access tokens for one person at one store.</summary>
internal sealed class AccessTokens(IOptions<TokenOptions> options, TimeProvider clock)
{
    public const string StoreClaim = "store";

    /// <summary><c>ses_…</c>: the session of the token.</summary>
    public const string SessionClaim = "sid";

    /// <summary><c>adm_…</c>: the platform administrator who acts as the person.</summary>
    public const string ActorClaim = "act";

    /// <summary><c>imp_…</c>: under which impersonation.</summary>
    public const string ImpersonationClaim = "imp";

    private readonly SignedTokens _tokens = new("mallgram-api", options.Value, clock);
    private readonly TimeSpan _lifetime = options.Value.AccessTokenLifetime;

    public int LifetimeSeconds => (int)_lifetime.TotalSeconds;

    /// <summary>A token of one session.</summary>
    public string Issue(Guid userId, Guid storeId, string role, Guid sessionId) => Create(
        userId, storeId, role, _lifetime, new(StringComparer.Ordinal) { [SessionClaim] = PublicId.Format(PublicId.Session, sessionId) });

    /// <summary>A token by which a platform administrator acts as a person; it has no session and cannot be refreshed.</summary>
    /// <param name="expiresAt">When the impersonation ends; the token lives no longer, nor longer than others.</param>
    public string IssueImpersonation(
        Guid userId, Guid storeId, string role, Guid administratorId, Guid impersonationId, DateTimeOffset expiresAt)
    {
        var left = expiresAt - clock.GetUtcNow();
        return Create(
            userId, storeId, role, left < _lifetime ? left : _lifetime,
            new(StringComparer.Ordinal)
            {
                [ActorClaim] = PublicId.Format(PublicId.PlatformAdministrator, administratorId),
                [ImpersonationClaim] = PublicId.Format(PublicId.Impersonation, impersonationId),
            });
    }

    /// <returns>The person, or null when the token is not ours, not for this store, not in force, or not three signed parts.</returns>
    public ClaimsPrincipal? Read(string token, Guid storeId) =>
        _tokens.Read(token) is { } identity
        && identity.FindFirst(StoreClaim)?.Value == PublicId.Format(PublicId.Store, storeId)
        && PublicId.TryParse(PublicId.User, identity.FindFirst(CurrentUser.SubjectClaim)?.Value, out _)
            ? new ClaimsPrincipal(identity)
            : null;

    private string Create(Guid userId, Guid storeId, string role, TimeSpan lifetime, Dictionary<string, object> claims)
    {
        claims[StoreClaim] = PublicId.Format(PublicId.Store, storeId);
        claims[CurrentUser.RoleClaim] = role;
        return _tokens.Issue(PublicId.Format(PublicId.User, userId), lifetime, claims);
    }
}
