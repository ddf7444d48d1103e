using System.Security.Claims;
using System.Text;
using Mallgram.Identity.Contracts;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Mallgram.Identity.Tokens;

/// <summary>
/// JSON Web Tokens of ours (RFC 7519), HS256, for one audience: what is signed for one is never taken for another. The only file that
/// touches the token library for them, whose API differs between the package sets.
/// </summary>
internal sealed class SignedTokens
{
    public const int MaxLength = 4096;
    private const string Issuer = "mallgram";

    /// <summary>How far the clocks of two replicas may differ for a token that was issued a moment ago.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = MaxLength, SetDefaultTimesOnTokenCreation = false };
    private readonly string _audience;
    private readonly SigningCredentials _credentials;
    private readonly TokenValidationParameters _rules;
    private readonly TimeProvider _clock;

    public SignedTokens(string audience, TokenOptions options, TimeProvider clock)
    {
        _audience = audience;
        _clock = clock;
        var key = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(options.SigningKey));
        _credentials = new SigningCredentials(key, SecurityAlgorithms.HmacSha256);
        _rules = new TokenValidationParameters
        {
            ValidIssuer = Issuer,
            ValidAudience = audience,
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

    /// <param name="claims">What the token says besides issuer, audience and times; an id of its own is added.</param>
    public string Issue(string subject, TimeSpan lifetime, Dictionary<string, object> claims)
    {
        var now = Now();
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = _audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + lifetime,
            SigningCredentials = _credentials,
            Claims = new Dictionary<string, object>(claims, StringComparer.Ordinal)
            {
                [CurrentUser.SubjectClaim] = subject,
                ["jti"] = Guid.NewGuid().ToString("N"),
            },
        });
    }

    /// <returns>Null when the token is not ours, not for this audience, not in force, or not three signed parts.</returns>
    public ClaimsIdentity? Read(string token)
    {
        // Five parts would be an encrypted token: none is issued, and old versions of the library expand compressed ones without a limit.
        if (token.Length is 0 or > MaxLength || token.AsSpan().Count('.') != 2)
        {
            return null;
        }

#pragma warning disable CS0618 // Obsolete in 8.x for being synchronous, but the only call that 6.8 has too; a symmetric key does no I/O.
        var result = _handler.ValidateToken(token, _rules);
#pragma warning restore CS0618
        return result.IsValid ? result.ClaimsIdentity : null;
    }

    private DateTime Now() => _clock.GetUtcNow().UtcDateTime;
}
