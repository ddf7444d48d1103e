using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.SignIn;

/// <summary>
/// Locks an account after too many wrong passwords in a row, counted in the database, so on all replicas together. Whoever guesses cannot
/// tell: a locked account answers like a wrong password. The person is told by mail. Codes and a password reset open it again.
/// </summary>
internal sealed class SignInRules(
    StoreDatabase database, StoreScope scope, SignInHistory history, OutboxWriter outbox, IOptions<SignInAttemptsOptions> options, TimeProvider clock)
{
    public bool IsLocked(Person person) => person.LockedUntil > clock.GetUtcNow();

    /// <summary>Counts a refusal and writes it down.</summary>
    /// <param name="person">Null: nobody to count for.</param>
    /// <param name="right">The password was right but the account is locked: no guess to count.</param>
    public async Task RefusedAsync(Person? person, bool right, HttpContext context, CancellationToken ct)
    {
        if (person is null)
        {
            return;
        }

        var entries = history.Entries(person, "password", IsLocked(person) ? "locked" : "wrong_password", secondFactor: false, context);
        await using var transaction = await database.BeginAsync(ct);
        if (!right && await CountAsync(transaction, person, ct))
        {
            entries = [.. entries, outbox.Add(scope.StoreId, PeopleEvents.SecurityNotice, new SecurityNotice(person.Id, SecurityNotice.Locked))];
        }

        await transaction.ExecuteAsync(ct, [.. entries]);
        await transaction.CommitAsync(ct);
    }

    /// <summary>A lock that has run out starts the count anew.</summary>
    /// <returns>Whether this attempt locked the account: the one that reached the number, of many at a time.</returns>
    private async Task<bool> CountAsync(StoreTransaction transaction, Person person, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var row = await transaction.QueryAsync(ct, Sql.Command(
            """
            update identity.users set
                failed_attempts = case when locked_until <= $3 then 1 else failed_attempts + 1 end,
                locked_until = case
                    when locked_until > $3 then locked_until
                    when locked_until is null and failed_attempts + 1 >= $4 then $5
                end
            where store_id = $1 and id = $2
            returning failed_attempts = $4 and locked_until is not null
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(person.Id), Sql.Time(now), Sql.Int(options.Value.LockAfter), Sql.Time(now + options.Value.LockFor)));
        return await row.ReadAsync(ct) && row.GetBoolean(0);
    }
}
