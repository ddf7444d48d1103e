using System.Security.Cryptography;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;

namespace Mallgram.Identity.SecondFactors;

/// <param name="Method">What came first: <c>password</c>, <c>code</c> or <c>switch</c>.</param>
/// <param name="Spent">Channel that the first step used up; null after a password.</param>
internal sealed record Challenge(Guid Id, Guid UserId, string Method, string? Spent);

/// <summary>
/// The wait between two steps, and the count of wrong answers: five of one challenge and ten of one person in an hour. Counted in the
/// database before an answer is looked at, person by person in turn, so that parallel guesses get no more.
/// </summary>
internal sealed class Challenges(StoreDatabase database, StoreScope scope, IDataProtectionProvider protection, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private const int PerChallenge = 5;
    private const int PerHour = 10;
    private const int IdBytes = 16;
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private const string TakeTurn = "select pg_advisory_xact_lock(hashtextextended($1::text || ' second factor ' || $2::text, 0))";

    // A right answer is an attempt too, and none of those that count.
    private const string Wrong =
        "select sum(attempts - (used_at is not null)::int), min(created_at) from identity.second_factor_challenges "
        + "where store_id = $1 and user_id = $2 and created_at > $3";

    private readonly IDataProtector _protector = protection.CreateProtector("Mallgram.Identity.SecondFactorChallenge");

    /// <returns>The sealed challenge.</returns>
    public async Task<string> OpenAsync(Guid userId, string method, string? spent, CancellationToken ct)
    {
        var (id, now) = (PublicId.New(clock), clock.GetUtcNow());
        await database.ExecuteAsync(ct, Insert(id, userId, method, spent, attempts: 0, now));
        return WebEncoders.Base64UrlEncode(_protector.Protect([.. scope.StoreId.ToByteArray(), .. id.ToByteArray(), .. userId.ToByteArray()]));
    }

    /// <summary>Reads a challenge without counting an answer.</summary>
    /// <exception cref="ProblemException">401 <c>invalid_challenge</c>.</exception>
    public async Task<Challenge> ReadAsync(string token, CancellationToken ct)
    {
        var (id, userId) = Unseal(token);
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select method, spent from identity.second_factor_challenges
            where store_id = $1 and id = $2 and used_at is null and attempts < $3 and expires_at > $4
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Int(PerChallenge), Sql.Time(clock.GetUtcNow())));
        return await answer.Rows.ReadAsync(ct)
            ? new Challenge(id, userId, answer.Rows.GetString(0), await answer.Rows.IsDBNullAsync(1, ct) ? null : answer.Rows.GetString(1))
            : throw new ProblemException(SecondFactorProblems.InvalidChallenge);
    }

    /// <summary>Counts an answer to a challenge that is about to be looked at.</summary>
    /// <exception cref="ProblemException">401 <c>invalid_challenge</c>, 429 <c>too_many_wrong_codes</c>.</exception>
    public async Task<Challenge> TakeAsync(string token, CancellationToken ct)
    {
        var (id, userId) = Unseal(token);
        var now = clock.GetUtcNow();
        await using var transaction = await database.BeginAsync(ct);
        await TakeTurnAsync(transaction, userId, now, ct);
        Challenge challenge;
        await using (var row = await transaction.QueryAsync(ct, Sql.Command(
            """
            update identity.second_factor_challenges set attempts = attempts + 1
            where store_id = $1 and id = $2 and used_at is null and attempts < $3 and expires_at > $4
            returning method, spent
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Int(PerChallenge), Sql.Time(now))))
        {
            challenge = await row.ReadAsync(ct)
                ? new Challenge(id, userId, row.GetString(0), await row.IsDBNullAsync(1, ct) ? null : row.GetString(1))
                : throw new ProblemException(SecondFactorProblems.InvalidChallenge);
        }

        await transaction.CommitAsync(ct);
        return challenge;
    }

    /// <summary>Counts an answer of someone who is signed in.</summary>
    /// <exception cref="ProblemException">429 <c>too_many_wrong_codes</c>.</exception>
    public async Task<Guid> TakeProofAsync(Guid userId, CancellationToken ct)
    {
        var (id, now) = (PublicId.New(clock), clock.GetUtcNow());
        await using var transaction = await database.BeginAsync(ct);
        await TakeTurnAsync(transaction, userId, now, ct);
        await transaction.ExecuteAsync(ct, Insert(id, userId, "proof", spent: null, attempts: 1, now));
        await transaction.CommitAsync(ct);
        return id;
    }

    /// <summary>Spends a challenge after a right answer.</summary>
    /// <returns>False when it was spent at the same moment.</returns>
    public async Task<bool> SpendAsync(Guid id, CancellationToken ct) => await database.ExecuteAsync(ct, Sql.Command(
        "update identity.second_factor_challenges set used_at = $3 where store_id = $1 and id = $2 and used_at is null",
        Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Time(clock.GetUtcNow()))) == 1;

    private async Task TakeTurnAsync(StoreTransaction transaction, Guid userId, DateTimeOffset now, CancellationToken ct)
    {
        await using var rows = await transaction.QueryAsync(
            ct,
            Sql.Command(TakeTurn, Sql.Uuid(scope.StoreId), Sql.Uuid(userId)),
            Sql.Command(Wrong, Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Time(now - Hour)));
        await rows.NextResultAsync(ct);
        await rows.ReadAsync(ct);
        if (!await rows.IsDBNullAsync(0, ct) && rows.GetInt64(0) >= PerHour)
        {
            var wait = rows.GetFieldValue<DateTimeOffset>(1) + Hour - now;
            throw new ProblemException(SecondFactorProblems.TooManyWrong, Math.Ceiling(wait.TotalSeconds)) { RetryAfter = wait };
        }
    }

    private Npgsql.NpgsqlBatchCommand Insert(Guid id, Guid userId, string method, string? spent, int attempts, DateTimeOffset now) => Sql.Command(
        """
        insert into identity.second_factor_challenges (store_id, id, user_id, method, spent, attempts, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Uuid(userId), Sql.Text(method), Sql.Text(spent), Sql.Int(attempts), Sql.Time(now),
        Sql.Time(now + Lifetime));

    private (Guid Id, Guid UserId) Unseal(string token)
    {
        try
        {
            var bytes = _protector.Unprotect(WebEncoders.Base64UrlDecode(token)).AsSpan();
            if (new Guid(bytes[..IdBytes]) == scope.StoreId)
            {
                return (new Guid(bytes[IdBytes..(2 * IdBytes)]), new Guid(bytes[(2 * IdBytes)..]));
            }
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            // Not one of ours: answered below like any other that is not in force.
        }

        throw new ProblemException(SecondFactorProblems.InvalidChallenge);
    }
}
