using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Mallgram.Identity.Contracts;

/// <summary>Events about people.</summary>
public static class PeopleEvents
{
    /// <summary>Payload: <see cref="Contracts.CodeRequested"/>.</summary>
    public const string CodeRequested = "identity.code_requested";

    /// <summary>Payload: <see cref="Contracts.SecurityNotice"/>.</summary>
    public const string SecurityNotice = "identity.security_notice";

    /// <summary>Payload: <see cref="InvitationSent"/>.</summary>
    public const string Invitation = "identity.invitation";

    /// <summary>Payload: <see cref="PlatformInvitationSent"/>.</summary>
    public const string PlatformInvitation = "identity.platform_invitation";
}

/// <summary>What a one-time code is for. Stored; never rename.</summary>
public static class CodePurposes
{
    /// <summary>Signs in, or registers whoever is new.</summary>
    public const string SignIn = "sign_in";

    public const string VerifyEmail = "verify_email";
    public const string VerifyPhone = "verify_phone";
    public const string ResetPassword = "reset_password";
    public const string SecondFactor = "second_factor";
}

/// <summary>How a code travels. Stored; never rename.</summary>
public static class CodeChannels
{
    public const string Email = "email";

    /// <summary>A text message to a phone.</summary>
    public const string Sms = "sms";
}

/// <summary>Which channels this installation can send codes by. Implemented where messages are sent.</summary>
public interface ICodeChannels
{
    /// <param name="channel">One of <see cref="CodeChannels"/>.</param>
    bool CanSend(string channel);
}

/// <summary>Somebody wants a code. The destination and the code are sealed: outbox rows stay readable to operators.</summary>
/// <param name="UserId">Null: nobody has the address; then only a code for <see cref="CodePurposes.SignIn"/> is sent.</param>
/// <param name="Language">Of the request; a known person's own goes before it.</param>
/// <param name="ExpiresAt">UTC. A code that is late is not sent.</param>
public sealed record CodeRequested(Guid? UserId, string Purpose, string Channel, string Language, DateTimeOffset ExpiresAt, string Sealed)
{
    private const string SealPurpose = "Mallgram.Identity.CodeRequested";

    /// <summary>Whether there is anybody to send it to.</summary>
    public bool IsWanted => UserId is not null || Purpose == CodePurposes.SignIn;

    /// <exception cref="CryptographicException">Sealed with a key that this installation no longer has.</exception>
    public CodeToSend Open(IDataProtectionProvider protection) =>
        JsonSerializer.Deserialize<CodeToSend>(protection.CreateProtector(SealPurpose).Unprotect(Sealed))
        ?? throw new JsonException("A sealed code is empty.");

    internal static string Seal(IDataProtectionProvider protection, CodeToSend code) =>
        protection.CreateProtector(SealPurpose).Protect(JsonSerializer.Serialize(code));
}

/// <param name="Destination">E-mail address or E.164 number.</param>
/// <param name="Code">Six digits. Never logged.</param>
public sealed record CodeToSend(string Destination, string Code);
