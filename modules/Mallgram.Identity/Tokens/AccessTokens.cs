using System.Security.Claims;
using System.Text;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Ids;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Mallgram.Identity.Tokens;

/// <summary>
/// Issues and reads access tokens: signed JSON Web Tokens (RFC 7519), HS256, for one person at one store. The only file that touches the
/// token library, whose API differs between the package sets.
/// </summary>
internal sealed class AccessTokens
{
    public const int MaxLength = 4096;
    public const string StoreClaim = "store";

    /// <summary><c>ses_…</c>: the session of the token.</summary>
    public const string SessionClaim = "sid";

    /// <summary><c>adm_…</c>: the platform administrator who acts as the person.</summary>
    public const string ActorClaim = "act";

    /// <summary><c>imp_…</c>: under which impersonation.</summary>
    public const string ImpersonationClaim = "imp";

    private const string Issuer = "mallgram";
    private const string Audience = "mallgram-api";

    /// <summary>How far the clocks of two replicas may differ for a token that was issued a moment ago.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = MaxLength, SetDefaultTimesOnTokenCreation = false };
    private readonly SigningCredentials _credentials;
    private readonly TokenValidationParameters _rules;
    private readonly TimeSpan _lifetime;
    private readonly TimeProvider _clock;

    public AccessTokens(IOptions<TokenOptions> options, TimeProvider clock)
    {
        _clock = clock;
        _lifetime = options.Value.AccessTokenLifetime;
        var key = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(options.Value.SigningKey));
        _credentials = new SigningCredentials(key, SecurityAlgorithms.HmacSha256);
        _rules = new TokenValidationParameters
        {
            ValidIssuer = Issuer,
            ValidAudience = Audience,
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            IssuerSigningKey = key,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = (from, until, _, _) =>
                from is { Ticks: > 0 } start && until is { Ticks: > 0 } end && start <= Now() + ClockSkew && end > Now(),
            NameClaimType = CurrentUser.SubjectClaim,
            RoleClaimType = CurrentUser.RoleClaim,
        };
    }

    public int LifetimeSeconds => (int)_lifetime.TotalSeconds;

    /// <summary>A token of one session.</summary>
    public string Issue(Guid userId, Guid storeId, string role, Guid sessionId) => Create(
        userId, storeId, role, Now() + _lifetime,
        new(StringComparer.Ordinal) { [SessionClaim] = PublicId.Format(PublicId.Session, sessionId) });

    /// <summary>A token by which a platform administrator acts as a person; it has no session and cannot be refreshed.</summary>
    /// <param name="expiresAt">When the impersonation ends; the token lives no longer, nor longer than others.</param>
    public string IssueImpersonation(
        Guid userId, Guid storeId, string role, Guid administratorId, Guid impersonationId, DateTimeOffset expiresAt) => Create(
        userId, storeId, role, Now() + _lifetime < expiresAt.UtcDateTime ? Now() + _lifetime : expiresAt.UtcDateTime,
        new(StringComparer.Ordinal)
        {
            [ActorClaim] = PublicId.Format(PublicId.PlatformAdministrator, administratorId),
            [ImpersonationClaim] = PublicId.Format(PublicId.Impersonation, impersonationId),
        });

    private string Create(Guid userId, Guid storeId, string role, DateTime expiresAt, Dictionary<string, object> further)
    {
        var now = Now();
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = expiresAt,
            SigningCredentials = _credentials,
            Claims = new Dictionary<string, object>(further, StringComparer.Ordinal)
            {
                [CurrentUser.SubjectClaim] = PublicId.Format(PublicId.User, userId),
                [StoreClaim] = PublicId.Format(PublicId.Store, storeId),
                [CurrentUser.RoleClaim] = role,
                ["jti"] = Guid.NewGuid().ToString("N"),
            },
        });
    }

    /// <returns>The person, or null when the token is not ours, not for this store, not in force, or not three signed parts.</returns>
    public ClaimsPrincipal? Read(string token, Guid storeId)
    {
        // Five parts would be an encrypted token: none is issued, and old versions of the library expand compressed ones without a limit.
        if (token.Length is 0 or > MaxLength || token.AsSpan().Count('.') != 2)
        {
            return null;
        }

#pragma warning disable CS0618 // Obsolete in 8.x for being synchronous, but the only call that 6.8 has too; a symmetric key does no I/O.
        var result = _handler.ValidateToken(token, _rules);
#pragma warning restore CS0618
        if (!result.IsValid
            || result.ClaimsIdentity.FindFirst(StoreClaim)?.Value != PublicId.Format(PublicId.Store, storeId)
            || !PublicId.TryParse(PublicId.User, result.ClaimsIdentity.FindFirst(CurrentUser.SubjectClaim)?.Value, out _))
        {
            return null;
        }

        return new ClaimsPrincipal(result.ClaimsIdentity);
    }

    private DateTime Now() => _clock.GetUtcNow().UtcDateTime;
}
