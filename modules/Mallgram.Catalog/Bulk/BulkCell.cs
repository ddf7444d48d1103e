using System.Text;

namespace Mallgram.Catalog.Bulk;

/// <summary>How values are written into one cell and read back.</summary>
internal static class BulkCell
{
    /// <summary>Empties a field; an empty cell leaves it as it is.</summary>
    public const string Clear = "[clear]";

    private const string FormulaStarts = "=+-@\t\r";

    /// <summary>Joins values with <c>|</c>; a <c>|</c> or backslash inside one gets a backslash before it.</summary>
    public static string Join(IEnumerable<string> values) => string.Join('|', values.Select(v => Escape(v, '|')));

    /// <summary>Joins pairs to <c>Color=Blue|Size=M</c>.</summary>
    public static string JoinPairs(IEnumerable<KeyValuePair<string, string>> pairs) =>
        string.Join('|', pairs.Select(p => Escape(p.Key, '|', '=') + "=" + Escape(p.Value, '|')));

    /// <summary>Takes apart what <see cref="Join"/> wrote; values are trimmed, empty ones left out.</summary>
    public static List<string> Split(string cell) =>
        [.. SplitRaw(cell, '|').Select(v => Unescape(v).Trim()).Where(v => v.Length > 0)];

    /// <returns>Null when a part has no <c>=</c>, no name or no value.</returns>
    public static List<KeyValuePair<string, string>>? SplitPairs(string cell)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var part in SplitRaw(cell, '|').Where(p => !string.IsNullOrWhiteSpace(p)))
        {
            var sides = SplitRaw(part, '=');
            var (name, value) = (Unescape(sides[0]).Trim(), Unescape(string.Join('=', sides.Skip(1))).Trim());
            if (name.Length == 0 || value.Length == 0)
            {
                return null;
            }

            pairs.Add(KeyValuePair.Create(name, value));
        }

        return pairs;
    }

    /// <summary>
    /// Puts an apostrophe before what a spreadsheet would run as a formula, as OWASP's "CSV Injection" advises; also before one that starts
    /// with apostrophes, so that <see cref="Unguard"/> gives back exactly what was there.
    /// </summary>
    public static string Guard(string text) => LooksLikeFormula(text.TrimStart('\'')) ? "'" + text : text;

    /// <summary>Takes the apostrophe of <see cref="Guard"/> off again.</summary>
    public static string Unguard(string cell) => cell.StartsWith('\'') && LooksLikeFormula(cell.TrimStart('\'')) ? cell[1..] : cell;

    private static bool LooksLikeFormula(string text) => text.Length > 0 && FormulaStarts.Contains(text[0], StringComparison.Ordinal);

    private static string Escape(string value, params ReadOnlySpan<char> separators)
    {
        if (value.AsSpan().IndexOfAny(separators) < 0 && !value.Contains('\\', StringComparison.Ordinal))
        {
            return value;
        }

        var escaped = new StringBuilder(value.Length + 8);
        foreach (var c in value)
        {
            if (c == '\\' || separators.Contains(c))
            {
                escaped.Append('\\');
            }

            escaped.Append(c);
        }

        return escaped.ToString();
    }

    private static List<string> SplitRaw(string text, char separator)
    {
        var parts = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == separator)
            {
                parts.Add(text[start..i]);
                start = i + 1;
            }
        }

        parts.Add(text[start..]);
        return parts;
    }

    private static string Unescape(string part)
    {
        if (!part.Contains('\\', StringComparison.Ordinal))
        {
            return part;
        }

        var plain = new StringBuilder(part.Length);
        for (var i = 0; i < part.Length; i++)
        {
            if (part[i] == '\\' && i + 1 < part.Length)
            {
                i++;
            }

            plain.Append(part[i]);
        }

        return plain.ToString();
    }
}
