using System.Text.Json;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Privacy;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Identity.Profile;

/// <summary>
/// The account itself. Its row stays, without anything personal: orders and history refer to it, and whoever made something has an id there.
/// </summary>
internal sealed class AccountData(StoreDatabase database, StoreScope scope) : IPersonalData
{
    public string Name => "account";

    public async Task<long> CountAsync(DataSubject person, CancellationToken ct) => await database.ReadCountAsync(
        Sql.Command("select count(*) from identity.users where store_id = $1 and id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(person.UserId)), ct);

    public Task<JsonElement> ExportAsync(DataSubject person, CancellationToken ct) => database.ReadJsonAsync(
        Sql.Command(
            """
            select jsonb_build_object(
                'profile', (
                    select jsonb_build_object('email', email, 'email_verified_at', email_verified_at, 'phone', phone, 'phone_verified_at',
                        phone_verified_at, 'pending_email', pending_email, 'pending_phone', pending_phone, 'full_name', full_name, 'language',
                        language, 'role', role, 'status', status, 'created_at', created_at, 'updated_at', updated_at, 'last_sign_in_at',
                        last_sign_in_at, 'password_changed_at', password_changed_at, 'preferences', jsonb_build_object('currency', currency,
                        'channels', channels, 'delivery_time', delivery_time, 'marketing', marketing))
                    from identity.users where store_id = $1 and id = $2),
                'addresses', (
                    select coalesce(jsonb_agg(to_jsonb(a) - '{store_id,user_id,id}'::text[] order by a.id), '[]')
                    from identity.addresses a where a.store_id = $1 and a.user_id = $2),
                'sessions', (
                    select coalesce(jsonb_agg(to_jsonb(s) - '{store_id,user_id,id}'::text[] order by s.id), '[]')
                    from identity.sessions s where s.store_id = $1 and s.user_id = $2),
                'sign_ins', (
                    select coalesce(jsonb_agg(to_jsonb(s) - '{store_id,user_id,id}'::text[] order by s.at), '[]')
                    from identity.sign_ins s where s.store_id = $1 and s.user_id = $2),
                'codes', (
                    select coalesce(jsonb_agg(jsonb_build_object('purpose', c.purpose, 'destination', c.destination, 'created_at', c.created_at)
                        order by c.created_at), '[]')
                    from identity.one_time_codes c where c.store_id = $1 and c.user_id = $2),
                'second_factors', (
                    select coalesce(jsonb_agg(jsonb_build_object('kind', f.kind, 'confirmed_at', f.confirmed_at)), '[]')
                    from identity.second_factors f where f.store_id = $1 and f.user_id = $2),
                'external_identities', (
                    select coalesce(jsonb_agg(jsonb_build_object('issuer', e.issuer, 'subject', e.subject, 'created_at', e.created_at)), '[]')
                    from identity.external_identities e where e.store_id = $1 and e.user_id = $2),
                'impersonations', (
                    select coalesce(jsonb_agg(jsonb_build_object('reason', i.reason, 'from', i.created_at, 'until',
                        coalesce(i.ended_at, i.expires_at))), '[]')
                    from identity.impersonations i where i.store_id = $1 and i.user_id = $2),
                'api_keys_made', (
                    select coalesce(jsonb_agg(jsonb_build_object('name', k.name, 'prefix', k.prefix, 'created_at', k.created_at)), '[]')
                    from identity.api_keys k where k.store_id = $1 and k.created_by = $2),
                'invitations', (
                    select coalesce(jsonb_agg(jsonb_build_object('email', i.email, 'role', i.role, 'created_at', i.created_at)), '[]')
                    from identity.invitations i
                    where i.store_id = $1 and lower(i.email) = (select email_key from identity.users where store_id = $1 and id = $2)))
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(person.UserId)),
        ct);

    public Task EraseAsync(DataSubject person, StoreTransaction transaction, CancellationToken ct)
    {
        var tables = new[]
        {
            "refresh_tokens", "sessions", "sign_ins", "one_time_codes", "second_factors", "second_factor_challenges", "recovery_codes", "addresses",
            "external_identities",
        };
        return transaction.ExecuteAsync(
            ct,
            [
                .. tables.Select(t => Sql.Command(
                    $"delete from identity.{t} where store_id = $1 and user_id = $2", Sql.Uuid(transaction.StoreId), Sql.Uuid(person.UserId))),
                // Codes that strangers asked for to the same addresses name no person.
                Sql.Command(
                    """
                    delete from identity.one_time_codes where store_id = $1 and destination in (
                        select unnest(array[email_key, phone, lower(pending_email), pending_phone]) from identity.users
                        where store_id = $1 and id = $2)
                    """,
                    Sql.Uuid(transaction.StoreId), Sql.Uuid(person.UserId)),
                Sql.Command(
                    """
                    delete from identity.invitations
                    where store_id = $1 and lower(email) = (select email_key from identity.users where store_id = $1 and id = $2)
                    """,
                    Sql.Uuid(transaction.StoreId), Sql.Uuid(person.UserId)),
                Sql.Command(
                    "delete from kernel.idempotency_keys where store_id = $1 and caller = $2",
                    Sql.Uuid(transaction.StoreId), Sql.Text(PublicId.Format(PublicId.User, person.UserId))),
                Sql.Command(
                    """
                    update identity.users set status = 'erased', role = 'customer', email = null, phone = null, full_name = 'Erased',
                        password_hash = null, email_verified_at = null, phone_verified_at = null, pending_email = null, pending_phone = null,
                        currency = null, channels = '{}', delivery_time = null, marketing = false, failed_attempts = 0, locked_until = null,
                        password_changed_at = null, last_sign_in_at = null
                    where store_id = $1 and id = $2
                    """,
                    Sql.Uuid(transaction.StoreId), Sql.Uuid(person.UserId)),
            ]);
    }
}
