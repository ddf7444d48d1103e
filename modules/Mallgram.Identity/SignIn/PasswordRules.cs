using System.Collections.Frozen;
using Mallgram.Kernel.Problems;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.SignIn;

/// <summary>
/// What a new password must be: long enough and not what a guesser tries first (NIST SP 800-63B section 5.1.1.2: no rules of digits and
/// signs, no forced changes).
/// </summary>
internal sealed class PasswordRules(IOptions<PasswordOptions> options)
{
    /// <summary>A part of an address or name shorter than this may occur in a password by chance.</summary>
    private const int OwnLength = 4;

    // The commonest of eight characters or more in published leaks, and what people of this shop would think of.
    private static readonly FrozenSet<string> Common = new[]
    {
        "12345678", "123456789", "1234567890", "0123456789", "87654321", "987654321", "11111111", "00000000", "88888888", "12341234",
        "123123123", "12121212", "11223344", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "q1w2e3r4", "qwertyui", "qwertyuiop", "qwerty12",
        "qwerty123", "qwerty1234", "asdfghjk", "asdfghjkl", "zxcvbnm1", "abcd1234", "abc12345", "abcdefgh", "a1b2c3d4", "aa123456",
        "password", "password1", "password12", "password123", "password!", "passw0rd", "p@ssw0rd", "p@ssword", "motdepasse", "azertyui",
        "azertyuiop", "azerty123", "iloveyou", "jetaime1", "sunshine", "princess", "football", "baseball", "superman", "starwars",
        "michelle", "jennifer", "trustno1", "whatever", "welcome1", "welcome123", "letmein1", "changeme", "administrator", "admin123",
        "admin1234", "computer", "internet", "samsung1", "liverpool", "arsenal1", "chelsea1", "barcelona", "mallgram", "mallgram1",
        "mallgram123", "godisgood", "blessing", "cameroun", "cameroon", "nigeria1", "southafrica", "douala237",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <param name="own">The person's addresses and names: none of them may be the password, nor what stands before the @ of an address.</param>
    public void Check(string? password, string field, FieldErrors errors, params ReadOnlySpan<string?> own)
    {
        if (string.IsNullOrEmpty(password))
        {
            errors.Add(field, "is required", "est obligatoire");
            return;
        }

        var least = options.Value.MinLength;
        if (password.Length < least)
        {
            errors.Add(field, $"must have at least {least} characters", $"doit avoir au moins {least} caractères");
        }

        errors.AtMost(password, field, Passwords.MaxLength);
        if (password.Contains('\0', StringComparison.Ordinal))
        {
            errors.Add(field, "must not hold the character NUL", "ne doit pas contenir le caractère NUL");
        }

        if (Common.Contains(password) || password.Distinct().Count() < 4 || IsOwn(password, own))
        {
            errors.Add(
                field, "is too easy to guess: it is common, or made of your own address or name",
                "est trop facile à deviner : il est courant, ou fait de votre propre adresse ou nom");
        }
    }

    private static bool IsOwn(string password, ReadOnlySpan<string?> own)
    {
        foreach (var text in own)
        {
            if (text is null)
            {
                continue;
            }

            var local = text.Split('@')[0];
            if (password.Equals(text, StringComparison.OrdinalIgnoreCase)
                || (local.Length >= OwnLength && password.Trim('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '!', '.').Equals(local, StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return false;
    }
}
