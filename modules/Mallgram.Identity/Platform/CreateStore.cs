using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Staff;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.DataProtection;

namespace Mallgram.Identity.Platform;

/// <param name="Invited">Whether an owner was invited.</param>
internal sealed record CreatedStore(string Id, string Slug, string Name, string Preset, string Currency, string Country, string Language, bool Invited);

/// <summary>Creates a store with what every module needs for it, and invites its owner, in one transaction.</summary>
internal sealed class CreateStore(
    IStoreCreation creation, PlatformDatabase database, OutboxWriter outbox, IDataProtectionProvider protection, TimeProvider clock)
{
    /// <exception cref="ProblemException">409 <c>slug_taken</c>; 422.</exception>
    public async Task<CreatedStore> RunAsync(NewStoreRequest request, CancellationToken ct)
    {
        string? owner = null;
        if (request.OwnerEmail is not null)
        {
            var errors = new FieldErrors();
            owner = Contact.ReadEmail(request.OwnerEmail, "owner_email", errors);
            errors.ThrowIfAny();
        }

        var store = creation.Check(request);
        await using var transaction = await database.BeginAsync(store.Id, ct);
        await creation.AddAsync(transaction, store, request.Plan, ct);
        if (owner is not null)
        {
            await InviteAsync(transaction, store, owner, ct);
        }

        await transaction.CommitAsync(ct);
        return new CreatedStore(
            PublicId.Format(PublicId.Store, store.Id), store.Slug, store.Name, store.Preset, store.Currency.Code, store.Country, store.Language,
            owner is not null);
    }

    private async Task InviteAsync(StoreTransaction transaction, NewStore store, string owner, CancellationToken ct)
    {
        var (id, now, token) = (PublicId.New(clock), clock.GetUtcNow(), Invitations.NewToken());
        var expiresAt = now + Invitations.Lifetime;
        await transaction.ExecuteAsync(
            ct,
            Sql.Command(
                """
                insert into identity.invitations (store_id, id, email, role, token_hash, created_at, expires_at)
                values ($1, $2, $3, $4, $5, $6, $7)
                """,
                Sql.Uuid(store.Id), Sql.Uuid(id), Sql.Text(owner), Sql.Text(Roles.Owner), Sql.Bytes(Invitations.HashOf(token)), Sql.Time(now),
                Sql.Time(expiresAt)),
            outbox.Add(store.Id, PeopleEvents.Invitation, new InvitationSent(
                id, Roles.Owner, store.Language, expiresAt,
                InvitationSent.Seal(protection, new InvitationToSend(owner, token, InvitedBy: null)))));
    }
}
