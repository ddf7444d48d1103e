using System.Net.Mail;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;

namespace Mallgram.Identity.Platform;

/// <param name="Invited">Whether an owner was invited.</param>
internal sealed record CreatedStore(string Id, string Slug, string Name, string Preset, string Currency, string Country, string Language, bool Invited);

/// <summary>Creates a store with what every module needs for it, and invites its owner, in one transaction.</summary>
internal sealed class CreateStore(IStoreCreation creation, PlatformDatabase database)
{
    /// <exception cref="ProblemException">409 <c>slug_taken</c>; 422.</exception>
    public async Task<CreatedStore> RunAsync(NewStoreRequest request, CancellationToken ct)
    {
        var owner = request.OwnerEmail?.Trim();
        if (owner is not null && !(owner.Length <= 320 && MailAddress.TryCreate(owner, out var address) && address.Address == owner))
        {
            var errors = new FieldErrors();
            errors.Add("owner_email", "is no e-mail address", "n'est pas une adresse e-mail");
            errors.ThrowIfAny();
        }

        var store = creation.Check(request);
        await using var transaction = await database.BeginAsync(store.Id, ct);
        await creation.AddAsync(transaction, store, request.Plan, ct);
        await transaction.CommitAsync(ct);
        return new CreatedStore(
            PublicId.Format(PublicId.Store, store.Id), store.Slug, store.Name, store.Preset, store.Currency.Code, store.Country, store.Language,
            owner is not null);
    }
}
