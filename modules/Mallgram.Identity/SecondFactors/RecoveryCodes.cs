using System.Security.Cryptography;

namespace Mallgram.Identity.SecondFactors;

/// <summary>Ten codes of 50 random bits for whoever lost the phone, each good once.</summary>
internal static class RecoveryCodes
{
    public const int Count = 10;

    private const int Half = 5;

    // Crockford's base 32: nothing that is read wrongly from paper.
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>As people see them: <c>3f9k2-m7q0z</c>.</summary>
    public static string[] New() =>
        [.. Enumerable.Range(0, Count).Select(_ => RandomNumberGenerator.GetString(Alphabet, 2 * Half).Insert(Half, "-"))];

    /// <summary>What is hashed, however it was typed.</summary>
    public static string Normal(string code) => string.Concat(code.ToLowerInvariant().Where(char.IsAsciiLetterOrDigit))
        .Replace('o', '0').Replace('i', '1').Replace('l', '1');
}
