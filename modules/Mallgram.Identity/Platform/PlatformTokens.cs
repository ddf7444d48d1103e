using System.Text;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Ids;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Mallgram.Identity.Platform;

/// <summary>
/// Access tokens of platform administrators: as those of people, but for another audience, so that neither is ever taken for the other.
/// 15 minutes, no refresh.
/// </summary>
internal sealed class PlatformTokens
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private const string Issuer = "mallgram";
    private const string Audience = "mallgram-platform";

    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = AccessTokens.MaxLength, SetDefaultTimesOnTokenCreation = false };
    private readonly SigningCredentials _credentials;
    private readonly TokenValidationParameters _rules;
    private readonly TimeProvider _clock;

    public PlatformTokens(IOptions<TokenOptions> options, TimeProvider clock)
    {
        _clock = clock;
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
                from is { Ticks: > 0 } start && until is { Ticks: > 0 } end && start <= Now() + AccessTokens.ClockSkew && end > Now(),
        };
    }

    public string Issue(Guid administratorId)
    {
        var now = Now();
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + Lifetime,
            SigningCredentials = _credentials,
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                [CurrentUser.SubjectClaim] = PublicId.Format(PublicId.PlatformAdministrator, administratorId),
                ["jti"] = Guid.NewGuid().ToString("N"),
            },
        });
    }

    /// <returns>The administrator, or null when the token is not ours, not for the platform or not in force.</returns>
    public Guid? Read(string token)
    {
        // Five parts would be an encrypted token; see AccessTokens.Read.
        if (token.Length is 0 or > AccessTokens.MaxLength || token.AsSpan().Count('.') != 2)
        {
            return null;
        }

#pragma warning disable CS0618 // Obsolete in 8.x for being synchronous, but the only call that 6.8 has too; a symmetric key does no I/O.
        var result = _handler.ValidateToken(token, _rules);
#pragma warning restore CS0618
        return result.IsValid
            && PublicId.TryParse(PublicId.PlatformAdministrator, result.ClaimsIdentity.FindFirst(CurrentUser.SubjectClaim)?.Value, out var id)
            ? id
            : null;
    }

    private DateTime Now() => _clock.GetUtcNow().UtcDateTime;
}
