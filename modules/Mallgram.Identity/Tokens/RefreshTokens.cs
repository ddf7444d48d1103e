using System.Security.Cryptography;
using System.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Mallgram.Identity.Tokens;

/// <summary>
/// Refresh tokens with rotation (RFC 9700 section 4.14): good once each; a second use ends the whole session, whose id is their family.
/// </summary>
internal sealed partial class RefreshTokens(
    StoreDatabase database, StoreScope scope, IOptions<TokenOptions> options, TimeProvider clock, ILogger<RefreshTokens> logger)
{
    private const int Bytes = 32;

    /// <summary>The first token of a session, and the statements that keep it. Drops the person's long expired tokens by the way.</summary>
    public (string Token, NpgsqlBatchCommand[] Statements) Issue(Guid userId, Guid sessionId)
    {
        var (token, now) = (NewToken(), clock.GetUtcNow());
        return (token,
        [
            Sql.Command(
                "delete from identity.refresh_tokens where store_id = $1 and user_id = $2 and expires_at < $3",
                Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Time(now.AddDays(-1))),
            Sql.Command(
                """
                insert into identity.refresh_tokens (store_id, id, user_id, family, token_hash, created_at, expires_at)
                values ($1, $2, $3, $4, $5, $6, $7)
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(PublicId.New(clock)), Sql.Uuid(userId), Sql.Uuid(sessionId), Sql.Bytes(Hash(token)),
                Sql.Time(now), Sql.Time(now + options.Value.RefreshTokenLifetime)),
        ]);
    }

    /// <summary>
    /// Spends a token and adds the next of its session, in one guarded statement: of parallel calls with one token exactly one wins. A call
    /// that was under way when the token was spent merely lost a race; one that began later is a reuse and ends the session.
    /// </summary>
    /// <param name="arrivedAt">When the request reached this process.</param>
    /// <returns>The person's id, the session and the next token; null when the token is unknown, spent, expired or revoked.</returns>
    public async Task<(Guid UserId, Guid SessionId, string Next)?> RotateAsync(string token, DateTimeOffset arrivedAt, CancellationToken ct)
    {
        var (next, now) = (NewToken(), clock.GetUtcNow());
        Guid family;
        bool reused;
        await using (var answer = await database.QueryAsync(ct, Sql.Command(
            """
            with seen as (
                select family, user_id, used_at from identity.refresh_tokens where store_id = $1 and token_hash = $2
            ), spent as (
                update identity.refresh_tokens set used_at = $3
                where store_id = $1 and token_hash = $2 and used_at is null and revoked_at is null and expires_at > $3
                returning user_id, family
            ), added as (
                insert into identity.refresh_tokens (store_id, id, user_id, family, token_hash, created_at, expires_at)
                select $1, $4, user_id, family, $5, $3, $6 from spent
            ), touched as (
                update identity.sessions s set last_used_at = $3 from spent where s.store_id = $1 and s.id = spent.family
            )
            select seen.family, seen.user_id, spent.family is not null, seen.used_at < $7 from seen left join spent on true
            """,
            Sql.Uuid(scope.StoreId), Sql.Bytes(Hash(token)), Sql.Time(now), Sql.Uuid(PublicId.New(clock)), Sql.Bytes(Hash(next)),
            Sql.Time(now + options.Value.RefreshTokenLifetime), Sql.Time(arrivedAt))))
        {
            if (!await answer.Rows.ReadAsync(ct))
            {
                return null;
            }

            if (answer.Rows.GetBoolean(2))
            {
                return (answer.Rows.GetGuid(1), answer.Rows.GetGuid(0), next);
            }

            family = answer.Rows.GetGuid(0);
            reused = !answer.Rows.IsDBNull(3) && answer.Rows.GetBoolean(3);
        }

        if (reused)
        {
            LogReused(PublicId.Format(PublicId.Session, family));
            await EndAsync(family, ct);
        }

        return null;
    }

    /// <summary>Ends the sign-in that the token belongs to. An unknown token is no error.</summary>
    public async Task RevokeAsync(string token, CancellationToken ct)
    {
        Guid family;
        await using (var answer = await database.QueryAsync(ct, Sql.Command(
            "select family from identity.refresh_tokens where store_id = $1 and token_hash = $2",
            Sql.Uuid(scope.StoreId), Sql.Bytes(Hash(token)))))
        {
            if (!await answer.Rows.ReadAsync(ct))
            {
                return;
            }

            family = answer.Rows.GetGuid(0);
        }

        await EndAsync(family, ct);
    }

    private Task<int> EndAsync(Guid sessionId, CancellationToken ct) =>
        database.ExecuteAsync(ct, Sql.Command("select identity.end_session($1, $2)", Sql.Uuid(scope.StoreId), Sql.Uuid(sessionId)));

    private static string NewToken() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(Bytes));

    // The token is 256 random bits, so a plain hash cannot be searched; equality is decided by the index on the hash.
    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    [LoggerMessage(LogLevel.Warning, "A refresh token of {Session} was used a second time; the session has ended")]
    private partial void LogReused(string session);
}
