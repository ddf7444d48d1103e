using System.Diagnostics.CodeAnalysis;

namespace Mallgram.Kernel;

/// <summary>Phone numbers as people write them, made one: country code and digits (ITU-T E.164: at most 15 digits).</summary>
public static class PhoneNumber
{
    // No country here has numbers of more than ten digits without the country code, nor of less than eleven with it.
    private const int LongestNational = 10;

    // Their numbers begin with a zero that belongs to them: Benin 01…, Côte d'Ivoire 07…, Congo 06….
    private static readonly string[] KeepZero = ["BJ", "CG", "CI"];

    /// <param name="text"><c>+237 6 70 00 00 01</c>, <c>00237…</c>, <c>0821234567</c>.</param>
    /// <param name="country">ISO alpha-2; gives the country code of a number written in the national way.</param>
    /// <param name="msisdn">Without the plus, as mobile money wants it.</param>
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

        if (!international && (digits.StartsWith('0') || digits.Length <= LongestNational) && Country.TryFind(country, out var known))
        {
            digits = known.CallingCode + (KeepZero.Contains(country, StringComparer.Ordinal) ? digits : digits.TrimStart('0'));
        }

        if (digits.Length is < 8 or > 15 || digits[0] == '0')
        {
            return false;
        }

        msisdn = digits;
        return true;
    }

    /// <summary><see cref="TryParse"/> with the plus, as accounts keep it.</summary>
    public static bool TryParseE164(string text, string country, [NotNullWhen(true)] out string? number)
    {
        number = TryParse(text, country, out var msisdn) ? "+" + msisdn : null;
        return number is not null;
    }
}
