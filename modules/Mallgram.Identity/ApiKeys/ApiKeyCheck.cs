using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Mallgram.Identity.Access;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.WebUtilities;

namespace Mallgram.Identity.ApiKeys;

/// <summary>
/// Keys by which programs call the API for one store: <c>mgk_&lt;prefix&gt;_&lt;secret&gt;</c> with 256 random bits, known by SHA-256 only.
/// </summary>
internal sealed class ApiKeyCheck(StoreDatabase database, StoreScope scope, TimeProvider clock)
{
    public const string Start = "mgk_";
    private const int MaxLength = 100;
    private const int SecretBytes = 32;
    private const int PrefixBytes = 4;

    /// <summary>Good for SQL's <c>last_used_at</c>: at most one write a minute and key.</summary>
    private static readonly TimeSpan UseIsNotedEvery = TimeSpan.FromMinutes(1);

    public static (string Key, string Prefix, byte[] Hash) New()
    {
        var prefix = Start + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(PrefixBytes));
        var key = $"{prefix}_{WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(SecretBytes))}";
        return (key, prefix, HashOf(key));
    }

    /// <summary>
    /// Whom a key of the scope's store speaks for; null when it is unknown there, revoked or expired. The use is noted in the same round
    /// trip, once a minute, and never waits for another request that notes it too.
    /// </summary>
    public async Task<ClaimsPrincipal?> AuthenticateAsync(string key, CancellationToken ct)
    {
        if (key.Length > MaxLength || !key.StartsWith(Start, StringComparison.Ordinal))
        {
            return null;
        }

        var now = clock.GetUtcNow();
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            with found as (
                select id, scopes, last_used_at from identity.api_keys
                where store_id = $1 and key_hash = $2 and revoked_at is null and (expires_at is null or expires_at > $3)
            ), due as (
                select k.id from identity.api_keys k join found using (id)
                where k.store_id = $1 and (found.last_used_at is null or found.last_used_at < $4)
                for no key update of k skip locked
            ), noted as (
                update identity.api_keys k set last_used_at = $3 from due where k.store_id = $1 and k.id = due.id
            )
            select id, scopes from found
            """,
            Sql.Uuid(scope.StoreId), Sql.Bytes(HashOf(key)), Sql.Time(now), Sql.Time(now - UseIsNotedEvery)));
        if (!await answer.Rows.ReadAsync(ct))
        {
            return null;
        }

        var scopes = answer.Rows.GetFieldValue<string[]>(1);
        return new ClaimsPrincipal(new ClaimsIdentity(
            [
                new Claim(AccessClaims.Key, PublicId.Format(PublicId.ApiKey, answer.Rows.GetGuid(0))),
                new Claim(AccessTokens.StoreClaim, PublicId.Format(PublicId.Store, scope.StoreId)),
                .. scopes.Select(s => new Claim(AccessClaims.Scope, s)),
            ],
            "ApiKey"));
    }

    private static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
