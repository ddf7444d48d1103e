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

    // What the list of leaks lacks: runs of digits and letters, first names, and what people of this shop would think of.
    private static readonly string[] Local =
    [
        "0123456789", "87654321", "987654321", "12341234", "abcdefgh", "michelle", "jennifer", "jetaime1", "password!", "p@ssword",
        "administrator", "admin1234", "mallgram", "mallgram1", "mallgram123", "cameroun", "cameroon", "nigeria1", "southafrica", "douala237",
    ];

    private static readonly FrozenSet<string> Common = Leaked().Concat(Local).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

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

    private static IEnumerable<string> Leaked()
    {
        using var reader = new StreamReader(typeof(PasswordRules).Assembly.GetManifestResourceStream("common-passwords.txt")!);
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                yield return line;
            }
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
