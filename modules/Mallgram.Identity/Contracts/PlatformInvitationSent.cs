using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Mallgram.Identity.Contracts;

/// <summary>
/// Event <see cref="PeopleEvents.PlatformInvitation"/>, of no store: somebody is to administer the platform. Address and token are sealed.
/// </summary>
/// <param name="Language">Of the request that invited, since the invited person's is not known.</param>
/// <param name="ExpiresAt">UTC.</param>
public sealed record PlatformInvitationSent(Guid AdministratorId, string Language, DateTimeOffset ExpiresAt, string Sealed)
{
    private const string SealPurpose = "Mallgram.Identity.PlatformInvitationSent";

    /// <exception cref="CryptographicException">Sealed with a key that this installation no longer has.</exception>
    public PlatformInvitationToSend Open(IDataProtectionProvider protection) =>
        JsonSerializer.Deserialize<PlatformInvitationToSend>(protection.CreateProtector(SealPurpose).Unprotect(Sealed))
        ?? throw new JsonException("A sealed invitation is empty.");

    internal static string Seal(IDataProtectionProvider protection, PlatformInvitationToSend invitation) =>
        protection.CreateProtector(SealPurpose).Protect(JsonSerializer.Serialize(invitation));
}

/// <param name="Token">Lets its holder choose the password. Never logged.</param>
/// <param name="InvitedBy">Name of who invites.</param>
public sealed record PlatformInvitationToSend(string Email, string FullName, string Token, string InvitedBy);
