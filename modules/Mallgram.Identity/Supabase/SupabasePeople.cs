using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Identity.Supabase;

/// <summary>Who a foreign identity is here.</summary>
internal sealed record SupabasePerson(Guid Id, string Role);

/// <summary>Maps the subjects of a Supabase project onto people of the current store.</summary>
internal sealed class SupabasePeople(StoreDatabase database, StoreScope scope, SupabaseCache cache, TimeProvider clock)
{
    /// <summary>
    /// On first sight an identity becomes a new customer, or the existing one of the same address when that address is proven on both
    /// sides: here, and by the project. On any other terms who registers a stranger's address at the project, or registered it here
    /// without proof, would get into that stranger's account; an address that is not proven is therefore not even noted.
    /// Role and state are at most five seconds old.
    /// </summary>
    /// <returns>Null when the person may not sign in.</returns>
    public async ValueTask<SupabasePerson?> FindOrAddAsync(SupabaseProject project, SupabaseToken token, CancellationToken ct)
    {
        var key = (scope.StoreId, token.Issuer, token.Subject);
        if (cache.TryGet(key, out SupabasePerson? known))
        {
            return known;
        }

        var found = await FindAsync(token, ct);
        if (found is null or { Status: "erased" })
        {
            await AddAsync(project, token, ct);
            found = await FindAsync(token, ct);
        }

        return found is { Status: "active" } ? cache.Keep(key, new SupabasePerson(found.Id, found.Role)) : null;
    }

    private async Task<FoundPerson?> FindAsync(SupabaseToken token, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select u.id, u.role, u.status from identity.external_identities e
            join identity.users u on u.store_id = e.store_id and u.id = e.user_id
            where e.store_id = $1 and e.issuer = $2 and e.subject = $3
            """,
            Sql.Uuid(scope.StoreId), Sql.Text(token.Issuer), Sql.Text(token.Subject)));
        return await answer.Rows.ReadAsync(ct)
            ? new FoundPerson(answer.Rows.GetGuid(0), answer.Rows.GetString(1), answer.Rows.GetString(2))
            : null;
    }

    /// <summary>Of parallel calls for one identity one adds; the others find what it added.</summary>
    private async Task AddAsync(SupabaseProject project, SupabaseToken token, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var email = token.EmailIsVerified || project.ConfirmsAddresses ? token.Email : null;
        var phone = token.PhoneIsVerified || project.ConfirmsAddresses ? token.Phone : null;
        await using var transaction = await database.BeginAsync(ct);
        await transaction.ExecuteAsync(
            ct,
            Sql.Command(
                "select pg_advisory_xact_lock(hashtextextended($1, 0))",
                Sql.Text($"supabase {scope.StoreId:N} {email ?? phone ?? token.Issuer + " " + token.Subject}")),
            // An erased person stays erased: the identity begins anew.
            Sql.Command(
                """
                delete from identity.external_identities e using identity.users u
                where e.store_id = $1 and e.issuer = $2 and e.subject = $3 and u.store_id = e.store_id and u.id = e.user_id and u.status = 'erased'
                """,
                Sql.Uuid(scope.StoreId), Sql.Text(token.Issuer), Sql.Text(token.Subject)),
            Sql.Command(
                """
                with same as (
                    select id from identity.users
                    where store_id = $1 and status <> 'erased' and role in ('customer', 'affiliate')
                      and ((email_key = $4 and email_verified_at is not null) or (phone = $5 and phone_verified_at is not null))
                    order by (email_key = $4) desc nulls last limit 1
                ), linked as (
                    update identity.users u set signs_in_elsewhere = true, last_sign_in_at = $8 from same
                    where u.store_id = $1 and u.id = same.id
                    returning u.id
                ), added as (
                    insert into identity.users (store_id, id, email, email_verified_at, phone, phone_verified_at, full_name, language, role,
                        signs_in_elsewhere, last_sign_in_at)
                    select $1, $6, address, case when address is not null then $8 end, number, case when number is not null then $8 end, $7, $9,
                           'customer', true, $8
                    from (select
                        case when not exists (select from identity.users where store_id = $1 and email_key = $4) then $4 end as address,
                        case when not exists (select from identity.users where store_id = $1 and phone = $5) then $5 end as number) free
                    where not exists (select from same)
                      and not exists (select from identity.external_identities where store_id = $1 and issuer = $2 and subject = $3)
                    on conflict do nothing
                    returning id
                )
                insert into identity.external_identities (store_id, issuer, subject, user_id)
                select $1, $2, $3, id from linked union all select $1, $2, $3, id from added
                on conflict do nothing
                """,
                Sql.Uuid(scope.StoreId), Sql.Text(token.Issuer), Sql.Text(token.Subject), Sql.Text(email), Sql.Text(phone),
                Sql.Uuid(PublicId.New(clock)), Sql.Text(token.Name ?? (scope.Language == "fr" ? "Client" : "Customer")), Sql.Time(now),
                Sql.Text(scope.Language)));
        await transaction.CommitAsync(ct);
    }

    private sealed record FoundPerson(Guid Id, string Role, string Status);
}
