using System.Globalization;
using System.Security.Cryptography;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Codes;

/// <param name="ExpiresAt">UTC.</param>
internal sealed record CodeSent(DateTimeOffset ExpiresAt, TimeSpan ResendAfter);

/// <param name="UserId">Whom the code was sent to; null when nobody had the destination at that time.</param>
internal sealed record CodeCheck(bool Valid, Guid? UserId);

/// <summary>
/// Codes of six digits that prove an e-mail address or a phone number. Only the newest of a purpose and destination counts, it is good
/// once, and every replica counts guesses and sendings in the database. A destination that nobody has takes the same work.
/// </summary>
internal sealed class OneTimeCodes(
    StoreDatabase database,
    StoreScope scope,
    OutboxWriter outbox,
    ICodeChannels channels,
    CodeKeys keys,
    IDataProtectionProvider protection,
    IOptions<OneTimeCodeOptions> options,
    TimeProvider clock)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    // What strangers can ask for must not use up the codes of someone who stands between password and second factor.
    private static readonly string[] Open =
        [CodePurposes.SignIn, CodePurposes.VerifyEmail, CodePurposes.VerifyPhone, CodePurposes.ResetPassword];

    /// <summary>Makes a code and has it delivered soon by the outbox.</summary>
    /// <param name="purpose">One of <see cref="CodePurposes"/>.</param>
    /// <param name="channel">One of <see cref="CodeChannels"/>.</param>
    /// <param name="destination">E-mail address (case does not matter) or E.164 number.</param>
    /// <param name="userId">Null when nobody has the destination: nothing is delivered, save for a first sign-in.</param>
    /// <exception cref="ProblemException">422 <c>channel_unavailable</c>, or 429 <c>too_many_codes</c>.</exception>
    public async Task<CodeSent> SendAsync(string purpose, string channel, string destination, Guid? userId, CancellationToken ct)
    {
        if (!channels.CanSend(channel))
        {
            throw new ProblemException(CodeProblems.ChannelUnavailable, channel, $"Messaging:{(channel == CodeChannels.Sms ? "Sms:BaseAddress" : "Smtp:Host")}");
        }

        var (settings, now) = (options.Value, clock.GetUtcNow());
        var (address, expiresAt) = (Normal(destination), now + settings.Lifetime);
        var code = RandomNumberGenerator.GetInt32(1_000_000).ToString("D6", CultureInfo.InvariantCulture);
        var request = new CodeRequested(
            userId, purpose, channel, scope.Language, expiresAt, CodeRequested.Seal(protection, new CodeToSend(address, code)));

        await using var transaction = await database.BeginAsync(ct);
        if (await WaitAsync(transaction, purpose, address, now, ct) is { } wait)
        {
            throw new ProblemException(CodeProblems.TooManyCodes, Math.Ceiling(wait.TotalSeconds)) { RetryAfter = wait };
        }

        await transaction.ExecuteAsync(
            ct,
            Sql.Command(
                """
                insert into identity.one_time_codes (store_id, id, purpose, channel, destination, user_id, code_hash, created_at, expires_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(PublicId.New(clock)), Sql.Text(purpose), Sql.Text(channel), Sql.Text(address), Sql.Uuid(userId),
                Sql.Bytes(keys.OneTime(scope.StoreId, purpose, address, code)), Sql.Time(now), Sql.Time(expiresAt)),
            outbox.Add(scope.StoreId, PeopleEvents.CodeRequested, request));
        await transaction.CommitAsync(ct);
        return new CodeSent(expiresAt, settings.ResendAfter);
    }

    /// <summary>Tries a code. Counting and spending are one guarded statement, so parallel guesses get no more tries than others.</summary>
    public async Task<CodeCheck> CheckAsync(string purpose, string destination, string code, CancellationToken ct)
    {
        var address = Normal(destination);
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            with newest as (
                select id from identity.one_time_codes where store_id = $1 and purpose = $2 and destination = $3
                order by created_at desc limit 1
            )
            update identity.one_time_codes c set attempts = c.attempts + 1, used_at = case when c.code_hash = $4 then $5 end
            from newest
            where c.store_id = $1 and c.id = newest.id and c.used_at is null and c.attempts < $6 and c.expires_at > $5
            returning c.used_at is not null, c.user_id
            """,
            Sql.Uuid(scope.StoreId), Sql.Text(purpose), Sql.Text(address), Sql.Bytes(keys.OneTime(scope.StoreId, purpose, address, code.Trim())),
            Sql.Time(clock.GetUtcNow()), Sql.Int(options.Value.Attempts)));
        return await answer.Rows.ReadAsync(ct) && answer.Rows.GetBoolean(0)
            ? new CodeCheck(true, await answer.Rows.IsDBNullAsync(1, ct) ? null : answer.Rows.GetGuid(1))
            : new CodeCheck(false, UserId: null);
    }

    // The lock makes calls for one destination take turns; it ends with the transaction.
    private async Task<TimeSpan?> WaitAsync(StoreTransaction transaction, string purpose, string address, DateTimeOffset now, CancellationToken ct)
    {
        await using var row = await transaction.QueryAsync(
            ct,
            Sql.Command(
                "select pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2, 0))", Sql.Uuid(scope.StoreId), Sql.Text(address)),
            Sql.Command(
                """
                select max(created_at) filter (where purpose = $3), count(*), min(created_at) from identity.one_time_codes
                where store_id = $1 and purpose = any($4) and destination = $2 and created_at > $5
                """,
                Sql.Uuid(scope.StoreId), Sql.Text(address), Sql.Text(purpose), Sql.Texts(Open.Contains(purpose, StringComparer.Ordinal) ? Open : [purpose]),
                Sql.Time(now - Hour)));
        await row.NextResultAsync(ct);
        await row.ReadAsync(ct);
        if (await row.IsDBNullAsync(2, ct))
        {
            return null;
        }

        // What was sent while this call waited for its turn came after it began: counted from there, the wait would be longer than it is.
        now = clock.GetUtcNow();
        var resend = await row.IsDBNullAsync(0, ct) ? TimeSpan.Zero : row.GetFieldValue<DateTimeOffset>(0) + options.Value.ResendAfter - now;
        var hour = row.GetInt64(1) < options.Value.PerHour ? TimeSpan.Zero : row.GetFieldValue<DateTimeOffset>(2) + Hour - now;
        var wait = resend > hour ? resend : hour;
        return wait > TimeSpan.Zero ? wait : null;
    }

    private static string Normal(string destination) => destination.Trim().ToLowerInvariant();
}
