using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Mallgram.Identity.Contracts;

/// <summary>Event <see cref="PeopleEvents.Invitation"/>: somebody is to join the staff. Address and token are sealed.</summary>
/// <param name="Role">One of <see cref="Roles"/>.</param>
/// <param name="Language">The store's, since the invited person's is not known.</param>
/// <param name="ExpiresAt">UTC.</param>
public sealed record InvitationSent(Guid InvitationId, string Role, string Language, DateTimeOffset ExpiresAt, string Sealed)
{
    private const string SealPurpose = "Mallgram.Identity.InvitationSent";

    /// <exception cref="CryptographicException">Sealed with a key that this installation no longer has.</exception>
    public InvitationToSend Open(IDataProtectionProvider protection) =>
        JsonSerializer.Deserialize<InvitationToSend>(protection.CreateProtector(SealPurpose).Unprotect(Sealed))
        ?? throw new JsonException("A sealed invitation is empty.");

    internal static string Seal(IDataProtectionProvider protection, InvitationToSend invitation) =>
        protection.CreateProtector(SealPurpose).Protect(JsonSerializer.Serialize(invitation));
}

/// <param name="Token">Lets its holder join. Never logged.</param>
/// <param name="InvitedBy">Name of who invites; null: the platform or a program.</param>
public sealed record InvitationToSend(string Email, string Token, string? InvitedBy);
