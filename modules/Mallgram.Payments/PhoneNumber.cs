using System.Diagnostics.CodeAnalysis;
using Mallgram.Kernel;

namespace Mallgram.Payments;

/// <summary>Phone numbers as mobile money wants them: country code and digits, no plus (MSISDN, ITU-T E.164: at most 15 digits).</summary>
internal static class PhoneNumber
{
    /// <param name="text">As people write it: <c>+237 6 70 00 00 01</c>, <c>00237…</c>, <c>0670…</c>.</param>
    /// <param name="country">ISO alpha-2; gives the country code of a number written in the national way.</param>
    public static bool TryParse(string text, string country, [NotNullWhen(true)] out string? msisdn)
    {
        msisdn = null;
        var trimmed = text.Trim();
        if (trimmed.Length is 0 or > 32 || trimmed.AsSpan(1).IndexOfAnyExcept("0123456789 -.()/") >= 0 || !(trimmed[0] is '+' or '(' || char.IsAsciiDigit(trimmed[0])))
        {
            return false;
        }

        var digits = string.Concat(trimmed.Where(char.IsAsciiDigit));
        var international = trimmed[0] == '+';
        if (!international && digits.StartsWith("00", StringComparison.Ordinal))
        {
            digits = digits[2..];
            international = true;
        }

        // A national number: with a trunk zero, or too short to hold a country code.
        if (!international && (digits.StartsWith('0') || digits.Length <= 9) && Country.TryFind(country, out var known))
        {
            digits = known.CallingCode + digits.TrimStart('0');
        }

        if (digits.Length is < 8 or > 15 || digits[0] == '0')
        {
            return false;
        }

        msisdn = digits;
        return true;
    }
}
