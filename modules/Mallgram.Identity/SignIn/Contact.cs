using System.Net.Mail;
using Mallgram.Kernel;
using Mallgram.Kernel.Problems;

namespace Mallgram.Identity.SignIn;

/// <summary>The address that somebody signs in by: an e-mail address or a phone number, never both.</summary>
/// <param name="Phone">E.164.</param>
internal sealed record Contact(string? Email, string? Phone)
{
    public const int MaxEmailLength = 254;
    private const int MaxPhoneLength = 32;

    /// <summary>For limits and codes: the same however the address was written.</summary>
    public string Key => Phone ?? Email!.ToLowerInvariant();

    public bool IsEmail => Email is not null;

    /// <summary>Reads exactly one of the two.</summary>
    /// <param name="country">ISO alpha-2 of the store, for numbers in the national way.</param>
    /// <returns>Null when something was added to <paramref name="errors"/>.</returns>
    public static Contact? Read(string? email, string? phone, string country, FieldErrors errors)
    {
        var (hasEmail, hasPhone) = (!string.IsNullOrWhiteSpace(email), !string.IsNullOrWhiteSpace(phone));
        if (hasEmail == hasPhone)
        {
            errors.Add(
                "email", "give an e-mail address or a phone number, one of the two", "donnez une adresse e-mail ou un numéro de téléphone, l'un des deux");
            return null;
        }

        return hasEmail
            ? ReadEmail(email!, "email", errors) is { } address ? new Contact(address, Phone: null) : null
            : ReadPhone(phone!, country, "phone", errors) is { } number ? new Contact(Email: null, number) : null;
    }

    /// <summary>ASCII only: mail servers between here and there need not take more (RFC 6531).</summary>
    public static string? ReadEmail(string text, string field, FieldErrors errors)
    {
        var email = text.Trim();
        if (email.Length <= MaxEmailLength && email.All(c => c is > ' ' and <= '~' and not ('<' or '>' or ',' or ';' or '"'))
            && MailAddress.TryCreate(email, out var parsed) && parsed.Address == email)
        {
            return email;
        }

        errors.Add(field, "is not an e-mail address", "n'est pas une adresse e-mail");
        return null;
    }

    /// <returns>E.164.</returns>
    public static string? ReadPhone(string text, string country, string field, FieldErrors errors)
    {
        if (text.Length <= MaxPhoneLength && PhoneNumber.TryParseE164(text, country, out var number))
        {
            return number;
        }

        errors.Add(field, "is not a phone number with its country code", "n'est pas un numéro de téléphone avec son indicatif");
        return null;
    }
}
