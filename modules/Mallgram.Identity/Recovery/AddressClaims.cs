using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Identity.Recovery;

/// <summary>
/// Whose account an address is, once somebody who is not signed in has proven by a code that the address is theirs. Anybody can register
/// with somebody else's address, so an address that was never proven gives its account to nobody:
/// an account without any proven address goes over to whoever proves one, without the password, sessions, second factors and other address
/// that the one who registered it may have set; an account with another proven address keeps itself and loses the address.
/// </summary>
internal sealed class AddressClaims(StoreDatabase database, StoreScope scope, Sessions sessions, TimeProvider clock)
{
    /// <summary>Whether a code sent to the address can lead into the account.</summary>
    public static bool MayClaim(Person person, Contact contact) =>
        person.IsActive && (IsVerified(person, contact) || !(person.EmailVerified || person.PhoneVerified));

    /// <returns>The person whose address it is now, proven; null when nobody has it any more, so that it may be registered.</returns>
    public async Task<Person?> ClaimAsync(Contact contact, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var person = await ClaimAsync(transaction, contact, ct);
        await transaction.CommitAsync(ct);
        return person;
    }

    public async Task<Person?> ClaimAsync(StoreTransaction transaction, Contact contact, CancellationToken ct)
    {
        if (await ReadAsync(transaction, contact, ct) is not { } person)
        {
            return null;
        }

        if (IsVerified(person, contact) || !person.IsActive)
        {
            return person;
        }

        if (!MayClaim(person, contact))
        {
            await transaction.ExecuteAsync(ct, [Sql.Command(
                $"update identity.users set {(contact.IsEmail ? "email" : "phone")} = null where store_id = $1 and id = $2",
                Sql.Uuid(scope.StoreId), Sql.Uuid(person.Id))]);
            return null;
        }

        await transaction.ExecuteAsync(
            ct,
            [
                Sql.Command(
                    $"""
                    update identity.users set {(contact.IsEmail ? "email_verified_at = $3, phone = null" : "phone_verified_at = $3, email = null")},
                        password_hash = null, password_changed_at = $3
                    where store_id = $1 and id = $2
                    """,
                    Sql.Uuid(scope.StoreId), Sql.Uuid(person.Id), Sql.Time(clock.GetUtcNow())),
                Sql.Command(
                    "delete from identity.second_factors where store_id = $1 and user_id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(person.Id)),
                Sql.Command(
                    "delete from identity.recovery_codes where store_id = $1 and user_id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(person.Id)),
                sessions.EndAll(person.Id, kept: null),
            ]);
        return await ReadAsync(transaction, contact, ct);
    }

    private static bool IsVerified(Person person, Contact contact) => contact.IsEmail ? person.EmailVerified : person.PhoneVerified;

    // No key update: a refresh under way checks its foreign key against this row while it holds tokens that end_sessions will want.
    private async Task<Person?> ReadAsync(StoreTransaction transaction, Contact contact, CancellationToken ct)
    {
        await using var row = await transaction.QueryAsync(ct, [Sql.Command(
            $"""
            select {Person.Columns} from identity.users
            where store_id = $1 and {(contact.IsEmail ? "email_key = lower($2)" : "phone = $2")} for no key update
            """,
            Sql.Uuid(scope.StoreId), Sql.Text(contact.Email ?? contact.Phone))]);
        return await row.ReadAsync(ct) ? Person.From(row) : null;
    }
}
