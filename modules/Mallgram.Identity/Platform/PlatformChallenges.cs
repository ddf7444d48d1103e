using System.Security.Cryptography;
using Mallgram.Identity.SecondFactors;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Npgsql;

namespace Mallgram.Identity.Platform;

/// <summary>
/// What <see cref="Challenges"/> are to people: the wait between two steps, and the count of wrong answers, five of one challenge and ten
/// of one administrator in an hour. Counted before an answer is looked at, one at a time, so that parallel guesses get no more.
/// </summary>
internal sealed class PlatformChallenges(PlatformDatabase database, IDataProtectionProvider protection, TimeProvider clock)
{
    private const int PerChallenge = 5;
    private const int PerHour = 10;
    private const int IdBytes = 16;
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private const string TakeTurn = "select pg_advisory_xact_lock(hashtextextended('platform second factor ' || $1::text, 0))";

    // A right answer is an attempt too, and none of those that count.
    private const string Wrong =
        "select sum(attempts - (used_at is not null)::int), min(created_at) from identity.platform_challenges "
        + "where administrator_id = $1 and created_at > $2";

    private readonly IDataProtector _protector = protection.CreateProtector("Mallgram.Identity.PlatformChallenge");

    /// <returns>The sealed challenge.</returns>
    public async Task<string> OpenAsync(Guid administratorId, CancellationToken ct)
    {
        var (id, now) = (PublicId.New(clock), clock.GetUtcNow());
        await database.ExecuteAsync(ct, Insert(id, administratorId, attempts: 0, now));
        return WebEncoders.Base64UrlEncode(_protector.Protect([.. id.ToByteArray(), .. administratorId.ToByteArray()]));
    }

    /// <summary>Counts an answer to a challenge that is about to be looked at.</summary>
    /// <exception cref="ProblemException">401 <c>invalid_challenge</c>, 429 <c>too_many_wrong_codes</c>.</exception>
    public async Task<(Guid Id, Guid AdministratorId)> TakeAsync(string token, CancellationToken ct)
    {
        var (id, administratorId) = Unseal(token);
        var now = clock.GetUtcNow();
        await using var transaction = await database.BeginAsync(Guid.Empty, ct);
        await TakeTurnAsync(transaction, administratorId, now, ct);
        var taken = await transaction.ExecuteAsync(ct, Sql.Command(
            """
            update identity.platform_challenges set attempts = attempts + 1
            where id = $1 and administrator_id = $2 and used_at is null and attempts < $3 and expires_at > $4
            """,
            Sql.Uuid(id), Sql.Uuid(administratorId), Sql.Int(PerChallenge), Sql.Time(now)));
        if (taken == 0)
        {
            throw new ProblemException(SecondFactorProblems.InvalidChallenge);
        }

        await transaction.CommitAsync(ct);
        return (id, administratorId);
    }

    /// <summary>Counts an answer of an administrator who is signed in.</summary>
    /// <exception cref="ProblemException">429 <c>too_many_wrong_codes</c>.</exception>
    public async Task<Guid> TakeProofAsync(Guid administratorId, CancellationToken ct)
    {
        var (id, now) = (PublicId.New(clock), clock.GetUtcNow());
        await using var transaction = await database.BeginAsync(Guid.Empty, ct);
        await TakeTurnAsync(transaction, administratorId, now, ct);
        await transaction.ExecuteAsync(ct, Insert(id, administratorId, attempts: 1, now));
        await transaction.CommitAsync(ct);
        return id;
    }

    /// <summary>Spends a challenge after a right answer.</summary>
    /// <returns>False when it was spent at the same moment.</returns>
    public async Task<bool> SpendAsync(Guid id, CancellationToken ct) => await database.ExecuteAsync(ct, Sql.Command(
        "update identity.platform_challenges set used_at = $2 where id = $1 and used_at is null",
        Sql.Uuid(id), Sql.Time(clock.GetUtcNow()))) == 1;

    private static async Task TakeTurnAsync(StoreTransaction transaction, Guid administratorId, DateTimeOffset now, CancellationToken ct)
    {
        await using var rows = await transaction.QueryAsync(
            ct, Sql.Command(TakeTurn, Sql.Uuid(administratorId)), Sql.Command(Wrong, Sql.Uuid(administratorId), Sql.Time(now - Hour)));
        await rows.NextResultAsync(ct);
        await rows.ReadAsync(ct);
        if (!await rows.IsDBNullAsync(0, ct) && rows.GetInt64(0) >= PerHour)
        {
            var wait = rows.GetFieldValue<DateTimeOffset>(1) + Hour - now;
            throw new ProblemException(SecondFactorProblems.TooManyWrong, Math.Ceiling(wait.TotalSeconds)) { RetryAfter = wait };
        }
    }

    private static NpgsqlBatchCommand Insert(Guid id, Guid administratorId, int attempts, DateTimeOffset now) => Sql.Command(
        "insert into identity.platform_challenges (id, administrator_id, attempts, created_at, expires_at) values ($1, $2, $3, $4, $5)",
        Sql.Uuid(id), Sql.Uuid(administratorId), Sql.Int(attempts), Sql.Time(now), Sql.Time(now + Challenges.Lifetime));

    private (Guid Id, Guid AdministratorId) Unseal(string token)
    {
        try
        {
            var bytes = _protector.Unprotect(WebEncoders.Base64UrlDecode(token)).AsSpan();
            return (new Guid(bytes[..IdBytes]), new Guid(bytes[IdBytes..]));
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            throw new ProblemException(SecondFactorProblems.InvalidChallenge);
        }
    }
}
