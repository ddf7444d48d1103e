using System.Buffers;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace Mallgram.ServiceDefaults.Redaction;

/// <summary>
/// Takes out of texts what must not leave the process: e-mail addresses, phone and card numbers, tokens, keys, values of parameters that
/// carry secrets, and the configured secrets themselves. Names and street addresses look like any other words; they are never logged.
/// </summary>
/// <remarks>
/// Errs to the safe side: ten to fifteen digits in a row are taken for a phone number, forty hexadecimal ones for a key. Trace ids (32
/// hexadecimal digits), UUIDs and public ids stay, because they are what one looks for in a log.
/// </remarks>
public sealed partial class Redactor
{
    private const int ShortestSecret = 12;
    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    /// <summary>Milliseconds for one pattern over one text, thousands of times what a line takes.</summary>
    private const int Patience = 250;

    private static readonly string[] SecretWords = ["password", "secret", "key", "token", "authorizationcode"];

    private readonly SearchValues<string>? _secrets;
    private readonly string[] _secretList = [];

    public Redactor()
    {
    }

    /// <param name="configuration">Its values whose names tell of a secret are taken out wherever they turn up, whatever they look like.</param>
    public Redactor(IConfiguration configuration)
    {
        _secretList =
        [
            .. configuration.AsEnumerable()
                .SelectMany(pair => SecretsIn(pair.Key, pair.Value))
                .Where(s => s.Length >= ShortestSecret).Distinct(StringComparer.Ordinal)
                // The longest first: one may hold another.
                .OrderByDescending(s => s.Length),
        ];
        _secrets = _secretList.Length > 0 ? SearchValues.Create(_secretList, StringComparison.Ordinal) : null;
    }

    /// <returns>The same instance when there was nothing to take out.</returns>
    public string Redact(string text)
    {
        try
        {
            return text.Length < 6 ? text : TakeOut(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return $"[{text.Length} characters withheld]";
        }
    }

    private string TakeOut(string text)
    {
        var result = text;
        if (_secrets is not null && result.AsSpan().ContainsAny(_secrets))
        {
            foreach (var secret in _secretList)
            {
                result = result.Replace(secret, "[secret]", StringComparison.Ordinal);
            }
        }

        if (result.AsSpan().ContainsAny('@', '%'))
        {
            result = Email().Replace(result, "[email]");
        }

        result = Bearer().Replace(result, "${scheme} [token]");
        result = NamedSecret().Replace(result, "${name}[hidden]");
        result = JsonWebToken().Replace(result, "[token]");
        result = KeyOfOurs().Replace(result, "[key]");
        if (result.AsSpan().ContainsAnyInRange('0', '9'))
        {
            result = NumericCode().Replace(result, "${name}[hidden]");
            result = Card().Replace(result, static m => IsCard(m.ValueSpan) ? "[card]" : m.Value);
            result = Phone().Replace(result, "[phone]");
            result = LongToken().Replace(result, static m => IsRandom(m.ValueSpan) ? "[token]" : m.Value);
        }

        return string.Equals(result, text, StringComparison.Ordinal) ? text : result;
    }

    /// <summary>The query of an address: values of parameters that are known to tell nothing about anybody stay.</summary>
    public static string RedactQuery(string query)
    {
        if (query.Length <= 1)
        {
            return query;
        }

        var start = query[0] == '?' ? "?" : "";
        return start + string.Join('&', query[start.Length..].Split('&').Select(pair =>
        {
            var end = pair.IndexOf('=', StringComparison.Ordinal);
            return end < 0 || PlainParameters.Contains(pair[..end]) ? pair : pair[..(end + 1)] + "*";
        }));
    }

    private static readonly HashSet<string> PlainParameters = new(StringComparer.Ordinal)
    {
        "limit", "sort", "channel", "in_stock", "include", "fields", "min_price", "max_price", "min_rating", "category", "brand", "currency",
        "country", "language", "status", "w", "job", "state",
    };

    private static IEnumerable<string> SecretsIn(string key, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return [];
        }

        var name = key[(key.LastIndexOf(':') + 1)..];
        if (key.StartsWith("ConnectionStrings:", StringComparison.OrdinalIgnoreCase))
        {
            return PasswordOfConnection().Matches(value).Select(m => m.Groups["value"].Value);
        }

        // A number in a list, as in Secrets:OldMasterKeys:0, is named by what stands before it.
        if (name.All(char.IsAsciiDigit))
        {
            var list = key[..^(name.Length + 1)];
            name = list[(list.LastIndexOf(':') + 1)..];
        }

        return Array.Exists(SecretWords, w => name.Contains(w, StringComparison.OrdinalIgnoreCase)) ? [value] : [];
    }

    /// <summary>Luhn's check over the digits, and a beginning that card schemes issue.</summary>
    private static bool IsCard(ReadOnlySpan<char> text)
    {
        Span<int> digits = stackalloc int[19];
        var count = 0;
        foreach (var c in text)
        {
            if (char.IsAsciiDigit(c))
            {
                if (count == digits.Length)
                {
                    return false;
                }

                digits[count++] = c - '0';
            }
        }

        var sum = 0;
        for (var i = 0; i < count; i++)
        {
            var digit = digits[count - 1 - i];
            sum += i % 2 == 0 ? digit : digit > 4 ? (digit * 2) - 9 : digit * 2;
        }

        return count >= 13 && digits[0] is >= 2 and <= 6 && sum % 10 == 0;
    }

    /// <summary>Random letters and digits change their kind every other character; words and names of code seldom do.</summary>
    private static bool IsRandom(ReadOnlySpan<char> text)
    {
        if (text.Length == 36 && Guid.TryParseExact(text, "D", out _))
        {
            return false;
        }

        var hexadecimal = text.IndexOfAnyExcept("0123456789abcdef") < 0;
        if (hexadecimal)
        {
            return text.Length >= 40;
        }

        var changes = 0;
        for (var i = 1; i < text.Length; i++)
        {
            changes += Kind(text[i]) != Kind(text[i - 1]) ? 1 : 0;
        }

        return changes * 3 >= text.Length;
    }

    private static int Kind(char c) => char.IsAsciiDigit(c) ? 0 : char.IsAsciiLetterUpper(c) ? 1 : char.IsAsciiLetterLower(c) ? 2 : 3;

    [GeneratedRegex(@"[A-Za-z0-9._%+'-]{1,64}(?:@|%40)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,24}", Options, Patience)]
    private static partial Regex Email();

    [GeneratedRegex(@"\b(?<scheme>Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", Options, Patience)]
    private static partial Regex Bearer();

    [GeneratedRegex(
        @"(?<name>(?<![A-Za-z])(?:access_?token|refresh_?token|id_?token|token|password|passwd|pwd|secret|client_?secret|app_?secret|api_?key|"
        + @"signature|sign|sig|challenge|session)""?\s?[=:]\s?""?|[?&](?:code|otp)=)(?!\[)[^\s&""',;)}]+", Options, Patience)]
    private static partial Regex NamedSecret();

    // Words such as a problem's code stay.
    [GeneratedRegex(@"(?<name>(?<![A-Za-z])(?:code|otp|pin)""?\s?(?:[=:]|is)?\s?""?)[0-9]{4,8}(?![0-9])", Options, Patience)]
    private static partial Regex NumericCode();

    [GeneratedRegex(@"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){0,3}", RegexOptions.None, Patience)]
    private static partial Regex JsonWebToken();

    [GeneratedRegex(@"\b(?:mgk|sk_live|sk_test|pk_live|rk_live)_[A-Za-z0-9_-]{8,}", RegexOptions.None, Patience)]
    private static partial Regex KeyOfOurs();

    [GeneratedRegex(@"(?<![A-Za-z0-9_-])[2-6](?:[ -]?[0-9]){12,18}(?![A-Za-z0-9_-])", RegexOptions.None, Patience)]
    private static partial Regex Card();

    [GeneratedRegex(
        @"(?:(?:\+|%2B)[0-9](?:[ .()/-]{0,2}[0-9]){6,14}|(?<![A-Za-z0-9_.:+-])[0-9]{10,15})(?![A-Za-z0-9_-])", Options, Patience)]
    private static partial Regex Phone();

    [GeneratedRegex(@"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32,}={0,2}(?![A-Za-z0-9_-])", RegexOptions.None, Patience)]
    private static partial Regex LongToken();

    [GeneratedRegex(@"(?:password|pwd)\s*=\s*(?<value>[^;]+)", Options, Patience)]
    private static partial Regex PasswordOfConnection();
}
