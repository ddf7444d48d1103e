using System.Security.Cryptography;
using System.Text;
using Mallgram.Identity.Access;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Npgsql;

namespace Mallgram.Identity.Staff;

/// <param name="Status"><c>open</c>, <c>accepted</c>, <c>expired</c> or <c>revoked</c>.</param>
/// <param name="InvitedBy"><c>usr_…</c>; null: the platform or a program.</param>
internal sealed record InvitationView(
    string Id, string Email, string Role, string Status, string? InvitedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt,
    DateTimeOffset? AcceptedAt);

/// <summary>Invitations to the staff. The token travels by mail only and is kept as SHA-256.</summary>
internal sealed class Invitations(
    StoreDatabase database, StoreScope scope, CurrentStore current, OutboxWriter outbox, IDataProtectionProvider protection, IStoreRoom room,
    TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    public const string Columns = "id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at";
    private const int TokenBytes = 32;

    public static readonly ProblemCode NotFound = new("invitation_not_found", 404,
        "This store has no such open invitation.", "Cette boutique n'a pas cette invitation en attente.");

    private static readonly ProblemCode AlreadyInvited = new("already_invited", 409,
        "There is an open invitation to this address. Send it again, or revoke it first.",
        "Une invitation à cette adresse est en attente. Renvoyez-la ou révoquez-la d'abord.");

    private static readonly ProblemCode AlreadyStaff = new("already_staff", 409,
        "Somebody with this address works for the store already, or was disabled; change their role or status instead.",
        "Une personne avec cette adresse travaille déjà pour la boutique, ou a été désactivée ; changez plutôt son rôle ou son statut.");

    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <exception cref="ProblemException">403, 409 or 422.</exception>
    public async Task<InvitationView> CreateAsync(string? email, string? role, StaffCaller caller, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(email, "email", Contact.MaxEmailLength);
        var address = errors.Any ? null : Contact.ReadEmail(email!, "email", errors);
        if (!RolePermissions.IsStaff(role))
        {
            errors.Add("role", "is one of " + string.Join(", ", RolePermissions.Staff), "est l'un de " + string.Join(", ", RolePermissions.Staff));
        }

        errors.ThrowIfAny();
        caller.MustReach(role!);
        await room.RequireAsync(StoreMeters.Staff, 1, ct);
        var (id, now, token) = (PublicId.New(clock), clock.GetUtcNow(), NewToken());
        await using var transaction = await database.BeginAsync(ct);
        await using (var taken = await transaction.QueryAsync(
            ct,
            Sql.Command(
                """
                update identity.invitations set revoked_at = $3
                where store_id = $1 and lower(email) = lower($2) and accepted_at is null and revoked_at is null and expires_at <= $3
                """,
                Sql.Uuid(scope.StoreId), Sql.Text(address), Sql.Time(now)),
            Sql.Command(
                """
                select from identity.users
                where store_id = $1 and email_key = lower($2) and (role not in ('customer', 'affiliate') or status <> 'active')
                """,
                Sql.Uuid(scope.StoreId), Sql.Text(address))))
        {
            if (await taken.ReadAsync(ct))
            {
                throw new ProblemException(AlreadyStaff);
            }
        }

        var view = new InvitationView(
            PublicId.Format(PublicId.Invitation, id), address!, role!, "open",
            caller.UserId is { } user ? PublicId.Format(PublicId.User, user) : null, now, now + Lifetime, AcceptedAt: null);
        try
        {
            await transaction.ExecuteAsync(
                ct,
                Sql.Command(
                    """
                    insert into identity.invitations (store_id, id, email, role, token_hash, invited_by, created_at, expires_at)
                    values ($1, $2, $3, $4, $5, $6, $7, $8)
                    """,
                    Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(address), Sql.Text(role), Sql.Bytes(HashOf(token)), Sql.Uuid(caller.UserId),
                    Sql.Time(now), Sql.Time(view.ExpiresAt)),
                await EventAsync(transaction, id, address!, role!, token, view.ExpiresAt, caller, ct));
        }
        catch (PostgresException e) when (e.ConstraintName == "invitations_open")
        {
            throw new ProblemException(AlreadyInvited);
        }

        await transaction.CommitAsync(ct);
        return view;
    }

    /// <summary>Mails a new token, good for the whole time again; the former one is void.</summary>
    public async Task ResendAsync(Guid id, StaffCaller caller, CancellationToken ct)
    {
        var (now, token) = (clock.GetUtcNow(), NewToken());
        await using var transaction = await database.BeginAsync(ct);
        string email, role;
        await using (var row = await transaction.QueryAsync(ct, Sql.Command(
            """
            update identity.invitations set token_hash = $3, expires_at = $4
            where store_id = $1 and id = $2 and accepted_at is null and revoked_at is null returning email, role
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Bytes(HashOf(token)), Sql.Time(now + Lifetime))))
        {
            (email, role) = await row.ReadAsync(ct) ? (row.GetString(0), row.GetString(1)) : throw new ProblemException(NotFound);
        }

        caller.MustReach(role);
        await transaction.ExecuteAsync(ct, await EventAsync(transaction, id, email, role, token, now + Lifetime, caller, ct));
        await transaction.CommitAsync(ct);
    }

    public async Task RevokeAsync(Guid id, CancellationToken ct)
    {
        var ended = await database.ExecuteAsync(ct, Sql.Command(
            "update identity.invitations set revoked_at = $3 where store_id = $1 and id = $2 and accepted_at is null and revoked_at is null",
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Time(clock.GetUtcNow())));
        if (ended == 0)
        {
            throw new ProblemException(NotFound);
        }
    }

    public static InvitationView Read(NpgsqlDataReader row, DateTimeOffset now)
    {
        var (expires, accepted) = (row.GetFieldValue<DateTimeOffset>(5), row.IsDBNull(6) ? (DateTimeOffset?)null : row.GetFieldValue<DateTimeOffset>(6));
        var status = accepted is not null ? "accepted" : !row.IsDBNull(7) ? "revoked" : expires <= now ? "expired" : "open";
        return new InvitationView(
            PublicId.Format(PublicId.Invitation, row.GetGuid(0)), row.GetString(1), row.GetString(2), status,
            row.IsDBNull(3) ? null : PublicId.Format(PublicId.User, row.GetGuid(3)), row.GetFieldValue<DateTimeOffset>(4), expires, accepted);
    }

    private async Task<NpgsqlBatchCommand> EventAsync(
        StoreTransaction transaction, Guid id, string email, string role, string token, DateTimeOffset expiresAt, StaffCaller caller,
        CancellationToken ct)
    {
        string? name = null;
        if (caller.UserId is { } user)
        {
            await using var row = await transaction.QueryAsync(ct, Sql.Command(
                "select full_name from identity.users where store_id = $1 and id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(user)));
            name = await row.ReadAsync(ct) ? row.GetString(0) : null;
        }

        return outbox.Add(scope.StoreId, PeopleEvents.Invitation, new InvitationSent(
            id, role, current.Store.Language, expiresAt, InvitationSent.Seal(protection, new InvitationToSend(email, token, name))));
    }

    public static string NewToken() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(TokenBytes));
}
