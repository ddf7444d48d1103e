using Mallgram.Identity.Contracts;
using Mallgram.Identity.Registration;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Staff;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.DataProtection;

namespace Mallgram.Identity.Platform;

/// <param name="Status"><c>invited</c>, <c>active</c> or <c>disabled</c>.</param>
/// <param name="InvitationExpiresAt">Of who is invited; in the past: invite once more.</param>
internal sealed record AdministratorRow(
    string Id, string Email, string FullName, string Status, bool SecondFactor, DateTimeOffset? LastSignInAt, DateTimeOffset CreatedAt,
    DateTimeOffset? InvitationExpiresAt);

internal sealed record AdministratorList(IReadOnlyList<AdministratorRow> Data);

internal sealed record InviteAdministratorRequest(string? Email, string? FullName);

/// <summary>
/// What platform administrators do with each other. Each change locks all of their rows, a handful, and looks at the caller once more: two
/// of them cannot disable each other, and who was disabled a moment ago changes nothing more.
/// </summary>
internal sealed class ManageAdministrators(
    PlatformDatabase database, PlatformAdministrators administrators, OutboxWriter outbox, IDataProtectionProvider protection,
    StoreScope scope, TimeProvider clock)
{
    public static readonly TimeSpan InvitationLifetime = TimeSpan.FromHours(72);

    private static readonly ProblemCode Exists = new("administrator_exists", 409,
        "Somebody with this address administers the platform already, or was disabled; enable them instead.",
        "Une personne avec cette adresse administre déjà la plateforme, ou a été désactivée ; réactivez-la plutôt.");

    private static readonly ProblemCode Last = new("last_administrator", 409,
        "The platform must keep an active administrator.", "La plateforme doit garder un administrateur actif.");

    private static readonly ProblemCode OwnAccount = new("own_account", 409,
        "This is your own account: another administrator has to do it.",
        "C'est votre propre compte : un autre administrateur doit le faire.");

    /// <summary>All of them, the oldest first.</summary>
    public async Task<AdministratorList> ListAsync(CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select a.id, a.email, a.full_name, a.status, a.last_sign_in_at, a.created_at, a.invitation_expires_at,
                exists (select from identity.platform_second_factors f where f.administrator_id = a.id and f.confirmed_at is not null)
            from identity.platform_administrators a order by a.created_at, a.id
            """));
        var (rows, found) = (answer.Rows, new List<AdministratorRow>());
        while (await rows.ReadAsync(ct))
        {
            found.Add(new AdministratorRow(
                PublicId.Format(PublicId.PlatformAdministrator, rows.GetGuid(0)), rows.GetString(1), rows.GetString(2), rows.GetString(3),
                rows.GetBoolean(7), Time(4), rows.GetFieldValue<DateTimeOffset>(5), Time(6)));
        }

        return new AdministratorList(found);

        DateTimeOffset? Time(int column) => rows.IsDBNull(column) ? null : rows.GetFieldValue<DateTimeOffset>(column);
    }

    /// <summary>Mails somebody a link to choose a password. Once more for the same address: a new link; the former one is void.</summary>
    /// <exception cref="ProblemException">409 <c>administrator_exists</c>, 422.</exception>
    public async Task<AdministratorRow> InviteAsync(InviteAdministratorRequest request, Guid callerId, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(request.Email, "email", Contact.MaxEmailLength);
        var email = errors.Any ? null : Contact.ReadEmail(request.Email!, "email", errors);
        PersonName.Check(request.FullName, "full_name", errors);
        errors.ThrowIfAny();

        var (now, token, name) = (clock.GetUtcNow(), Invitations.NewToken(), request.FullName!.Trim());
        var expiresAt = now + InvitationLifetime;
        var caller = await administrators.FindActiveAsync(callerId, ct) ?? throw new ProblemException(CommonProblems.Unauthenticated);
        await using var transaction = await BeginAsync(ct);
        await LockAsync(transaction, callerId, ct);
        Guid id;
        DateTimeOffset createdAt;
        await using (var row = await transaction.QueryAsync(ct, Sql.Command(
            """
            insert into identity.platform_administrators as a
                (id, email, full_name, status, invitation_hash, invitation_expires_at, created_at)
            values ($1, $2, $3, 'invited', $4, $5, $6)
            on conflict (lower(email)) do update set email = excluded.email, full_name = excluded.full_name,
                invitation_hash = excluded.invitation_hash, invitation_expires_at = excluded.invitation_expires_at
            where a.status = 'invited'
            returning id, created_at
            """,
            Sql.Uuid(PublicId.New(clock)), Sql.Text(email), Sql.Text(name), Sql.Bytes(Invitations.HashOf(token)), Sql.Time(expiresAt),
            Sql.Time(now))))
        {
            (id, createdAt) = await row.ReadAsync(ct)
                ? (row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1))
                : throw new ProblemException(Exists);
        }

        await transaction.ExecuteAsync(ct, outbox.Add(storeId: null, PeopleEvents.PlatformInvitation, new PlatformInvitationSent(
            id, scope.Language, expiresAt,
            PlatformInvitationSent.Seal(protection, new PlatformInvitationToSend(email!, name, token, caller.FullName)))));
        await transaction.CommitAsync(ct);
        return new AdministratorRow(
            PublicId.Format(PublicId.PlatformAdministrator, id), email!, name, "invited", SecondFactor: false, LastSignInAt: null, createdAt,
            expiresAt);
    }

    /// <summary>
    /// Takes somebody's access away: at once in this process and within five seconds everywhere, whatever token they hold. Their invitation
    /// is void and whomever they act as, they no longer do.
    /// </summary>
    /// <exception cref="ProblemException">404; 409 <c>last_administrator</c> or <c>own_account</c>.</exception>
    public async Task DisableAsync(Guid id, Guid callerId, CancellationToken ct)
    {
        await using (var transaction = await BeginAsync(ct))
        {
            var all = await ReadLockedAsync(transaction, ct);
            var status = all.TryGetValue(id, out var known) ? known : throw new ProblemException(CommonProblems.NotFound);
            if (status == "active" && all.Values.Count(s => s == "active") == 1)
            {
                throw new ProblemException(Last);
            }

            MustBeActive(all, callerId);
            if (id == callerId)
            {
                throw new ProblemException(OwnAccount);
            }

            await transaction.ExecuteAsync(
                ct,
                Sql.Command(
                    """
                    update identity.platform_administrators set status = 'disabled', invitation_hash = null, invitation_expires_at = null
                    where id = $1 and status <> 'disabled'
                    """,
                    Sql.Uuid(id)),
                Sql.Command(
                    "update identity.impersonations set ended_at = $2 where administrator_id = $1 and ended_at is null and expires_at > $2",
                    Sql.Uuid(id), Sql.Time(clock.GetUtcNow())));
            await transaction.CommitAsync(ct);
        }

        administrators.Forget(id);
    }

    /// <summary>Gives it back, and takes off a lock after wrong passwords. Who never chose a password is still to be invited again.</summary>
    /// <exception cref="ProblemException">404.</exception>
    public async Task EnableAsync(Guid id, Guid callerId, CancellationToken ct)
    {
        await using (var transaction = await BeginAsync(ct))
        {
            await LockAsync(transaction, callerId, id, ct);
            await transaction.ExecuteAsync(ct, Sql.Command(
                """
                update identity.platform_administrators set status = case when password_hash is null then 'invited' else 'active' end,
                    failed_attempts = 0, locked_until = null
                where id = $1 and status = 'disabled'
                """,
                Sql.Uuid(id)));
            await transaction.CommitAsync(ct);
        }

        administrators.Forget(id);
    }

    /// <summary>For who lost the device and the recovery codes. Removing none is no error.</summary>
    /// <exception cref="ProblemException">404; 409 <c>own_account</c>, which is a matter of password and code.</exception>
    public async Task RemoveSecondFactorAsync(Guid id, Guid callerId, CancellationToken ct)
    {
        if (id == callerId)
        {
            throw new ProblemException(OwnAccount);
        }

        await using (var transaction = await BeginAsync(ct))
        {
            await LockAsync(transaction, callerId, id, ct);
            await transaction.ExecuteAsync(
                ct,
                Sql.Command("delete from identity.platform_recovery_codes where administrator_id = $1", Sql.Uuid(id)),
                Sql.Command("delete from identity.platform_second_factors where administrator_id = $1", Sql.Uuid(id)));
            await transaction.CommitAsync(ct);
        }

        administrators.Forget(id);
    }

    // Of nobody's store.
    private Task<StoreTransaction> BeginAsync(CancellationToken ct) => database.BeginAsync(Guid.Empty, ct);

    /// <exception cref="ProblemException">401, 404.</exception>
    private static async Task LockAsync(StoreTransaction transaction, Guid callerId, Guid id, CancellationToken ct)
    {
        if (!(await LockAsync(transaction, callerId, ct)).ContainsKey(id))
        {
            throw new ProblemException(CommonProblems.NotFound);
        }
    }

    /// <exception cref="ProblemException">401.</exception>
    private static async Task<Dictionary<Guid, string>> LockAsync(StoreTransaction transaction, Guid callerId, CancellationToken ct)
    {
        var all = await ReadLockedAsync(transaction, ct);
        MustBeActive(all, callerId);
        return all;
    }

    private static void MustBeActive(Dictionary<Guid, string> all, Guid callerId)
    {
        if (all.GetValueOrDefault(callerId) != "active")
        {
            throw new ProblemException(CommonProblems.Unauthenticated);
        }
    }

    /// <summary>Status by id, in the same order for everybody who locks.</summary>
    private static async Task<Dictionary<Guid, string>> ReadLockedAsync(StoreTransaction transaction, CancellationToken ct)
    {
        await using var rows = await transaction.QueryAsync(
            ct, Sql.Command("select id, status from identity.platform_administrators order by id for no key update"));
        var all = new Dictionary<Guid, string>();
        while (await rows.ReadAsync(ct))
        {
            all[rows.GetGuid(0)] = rows.GetString(1);
        }

        return all;
    }
}
