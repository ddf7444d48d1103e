using Mallgram.Identity.Contracts;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace Mallgram.Identity.SignIn;

/// <summary>Who signed in, and the tokens of the session.</summary>
/// <param name="ExpiresIn">Life of the access token, seconds.</param>
internal sealed record SessionView(PersonView User, string AccessToken, string RefreshToken, int ExpiresIn);

/// <summary>Sign-ins under way. The only place that hands out tokens to people of a store.</summary>
internal sealed class Sessions(
    StoreDatabase database, StoreScope scope, AccessTokens accessTokens, RefreshTokens refreshTokens, SignInHistory history,
    OutboxWriter outbox, TimeProvider clock)
{
    /// <summary>
    /// Starts a session for a person who has proven who they are; the caller has asked for a second factor where there is one. Unlocks the
    /// account.
    /// </summary>
    /// <param name="person">As read before the proof: a password changed since then makes it void.</param>
    /// <param name="method"><c>password</c>, <c>code</c>, <c>registration</c>, <c>invitation</c> or <c>switch</c>.</param>
    /// <param name="secondFactor">Whether a second factor was given too.</param>
    /// <exception cref="ProblemException">
    /// 403 <c>account_disabled</c>; 401 <c>invalid_credentials</c> when password or status changed meanwhile.
    /// </exception>
    public async Task<SessionView> StartAsync(Person person, string method, bool secondFactor, HttpContext context, CancellationToken ct)
    {
        if (!person.IsActive)
        {
            await history.FailedAsync(person, MethodOfHistory(method), "disabled", context, ct);
            throw new ProblemException(SignInProblems.AccountDisabled);
        }

        var (id, now, device) = (PublicId.New(clock), clock.GetUtcNow(), ClientDevice.Of(context));
        var (refreshToken, issue) = refreshTokens.Issue(person.Id, id);
        await using var transaction = await database.BeginAsync(ct);
        bool newDevice;
        // The person's row first: a password reset takes it too before it ends sessions, so that none slips past it.
        await using (var rows = await transaction.QueryAsync(
            ct,
            [
                Sql.Command(
                    """
                    update identity.users set last_sign_in_at = $3, failed_attempts = 0, locked_until = null
                    where store_id = $1 and id = $2 and status = 'active' and password_changed_at is not distinct from $4
                        and ($6 <> 'password' or locked_until is null or locked_until <= $3)
                    returning exists (select from identity.sessions s where s.store_id = $1 and s.user_id = $2)
                        and not exists (
                            select from identity.sessions s
                            where s.store_id = $1 and s.user_id = $2 and s.user_agent is not distinct from $5)
                    """,
                    Sql.Uuid(scope.StoreId), Sql.Uuid(person.Id), Sql.Time(now), Sql.Time(person.PasswordChangedAt),
                    Sql.Text(device.UserAgent), Sql.Text(method)),
                Sql.Command(
                    """
                    insert into identity.sessions (store_id, id, user_id, method, second_factor, address, user_agent, created_at, last_used_at)
                    values ($1, $2, $3, $4, $5, $6::inet, $7, $8, $8)
                    """,
                    Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Uuid(person.Id), Sql.Text(method), Sql.Bool(secondFactor),
                    Sql.Text(device.Address), Sql.Text(device.UserAgent), Sql.Time(now)),
                .. issue,
                .. history.Entries(person, method, "succeeded", secondFactor, context),
            ]))
        {
            if (!await rows.ReadAsync(ct))
            {
                throw new ProblemException(SignInProblems.InvalidCredentials);
            }

            newDevice = rows.GetBoolean(0);
            while (await rows.NextResultAsync(ct))
            {
                // Errors of later statements surface only when their results are reached.
            }
        }

        if (newDevice)
        {
            await transaction.ExecuteAsync(
                ct, [outbox.Add(scope.StoreId, PeopleEvents.SecurityNotice, new SecurityNotice(person.Id, SecurityNotice.NewDevice))]);
        }

        await transaction.CommitAsync(ct);
        return View(person, id, refreshToken);
    }

    /// <summary>New tokens of a session under way.</summary>
    /// <param name="id">The session.</param>
    public SessionView View(Person person, Guid id, string refreshToken) => new(
        PersonView.Of(person), accessTokens.Issue(person.Id, scope.StoreId, person.Role, id), refreshToken, accessTokens.LifetimeSeconds);

    /// <summary>Ends a person's sessions: their refresh tokens are void at once, access tokens run out.</summary>
    /// <param name="kept">The session to keep; null ends all.</param>
    public Task EndAllAsync(Guid userId, Guid? kept, CancellationToken ct) => database.ExecuteAsync(ct, EndAll(userId, kept));

    /// <summary><see cref="EndAllAsync"/> for a transaction that has written the person's row before.</summary>
    public NpgsqlBatchCommand EndAll(Guid userId, Guid? kept) => Sql.Command(
        "select identity.end_sessions($1, $2, $3)", Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Uuid(kept));

    private static string MethodOfHistory(string method) => method is "password" ? method : "code";
}
