using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.DataProtection;

namespace Mallgram.Identity.Contracts;

/// <summary>Event <see cref="PeopleEvents.SecurityNotice"/>: something that a person is told about, in case it was not them.</summary>
/// <param name="Kind">One of the words below; stored, never rename.</param>
/// <param name="SealedEmail">Address to tell instead of the person's present one, made by <see cref="SealEmail"/>.</param>
public sealed record SecurityNotice(
    Guid UserId, string Kind, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? SealedEmail = null)
{
    public const string PasswordChanged = "password_changed";

    /// <summary>A sign-in from a device that none of the earlier ones came from.</summary>
    public const string NewDevice = "new_device";

    /// <summary>Goes to the former address.</summary>
    public const string EmailChanged = "email_changed";

    public const string SecondFactorRemoved = "second_factor_removed";

    /// <summary>Too many wrong passwords in a row.</summary>
    public const string Locked = "locked";

    private const string SealPurpose = "Mallgram.Identity.SecurityNotice";

    /// <exception cref="CryptographicException">Sealed with a key that this installation no longer has.</exception>
    public string? FormerEmail(IDataProtectionProvider protection) =>
        SealedEmail is null ? null : protection.CreateProtector(SealPurpose).Unprotect(SealedEmail);

    internal static string SealEmail(IDataProtectionProvider protection, string email) => protection.CreateProtector(SealPurpose).Protect(email);
}
