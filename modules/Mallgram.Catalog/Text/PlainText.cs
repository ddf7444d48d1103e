using System.Globalization;
using System.Net;
using System.Text;
using Mallgram.Catalog.Import;

namespace Mallgram.Catalog.Text;

/// <summary>Cleans what strangers wrote, and folds text for keys, sorts and slugs.</summary>
internal static class PlainText
{
    private const int MaxSlugLength = 60;

    /// <summary>One line without markup or control characters; empty when nothing is left.</summary>
    public static string Line(string? text, int maxLength) => Cut(Collapse(FromHtml(text, lineBreaks: false), lineBreaks: false), maxLength);

    /// <summary>Plain text with line breaks where the markup had blocks; null when nothing is left.</summary>
    public static string? Block(string? html, int maxLength)
    {
        var text = Cut(Collapse(FromHtml(html, lineBreaks: true), lineBreaks: true), maxLength);
        return text.Length == 0 ? null : text;
    }

    /// <summary>
    /// What somebody typed, on one line; null when nothing is left. Control characters would be refused by the database, a lone half of a
    /// surrogate pair too.
    /// </summary>
    public static string? Typed(string sent)
    {
        var text = sent.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? string.Concat(sent.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)).Trim()
            : sent.Trim();
        return text.Length == 0 ? null : text;
    }

    /// <summary>Words for looking up: folded, single spaces, no signs but those inside words.</summary>
    public static string Words(string text) => string.Join(
        ' ', Fold(text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(w => w.Trim('"', '.', ',', ';', ':', '!', '?', '(', ')', '-', '+', '*'))
            .Where(w => w.Length > 0));

    /// <summary>Lower case without accents, for comparison and sorting: <c>Écouteurs à l'œil</c> → <c>ecouteurs a l'oeil</c>.</summary>
    public static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        foreach (var c in WellFormed(text).Normalize(NormalizationForm.FormD))
        {
            switch (c)
            {
                case 'œ' or 'Œ':
                    folded.Append("oe");
                    break;
                case 'æ' or 'Æ':
                    folded.Append("ae");
                    break;
                case 'ß':
                    folded.Append("ss");
                    break;
                default:
                    if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark)
                    {
                        folded.Append(char.ToLowerInvariant(c));
                    }

                    break;
            }
        }

        return folded.ToString();
    }

    /// <summary>ASCII letters and digits joined by hyphens, at most 60 characters; <c>item</c> when the text has none.</summary>
    public static string Slug(string text)
    {
        var slug = new StringBuilder(MaxSlugLength);
        foreach (var c in Fold(text))
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                slug.Append(c);
            }
            else if (slug.Length > 0 && slug[^1] != '-')
            {
                slug.Append('-');
            }

            if (slug.Length >= MaxSlugLength)
            {
                break;
            }
        }

        var trimmed = slug.ToString().Trim('-');
        // Names in other scripts stay apart: brands are told by their slug.
        return trimmed.Length > 0 ? trimmed : string.IsNullOrWhiteSpace(text) ? "item" : "item-" + StableCode.Of(8, text.Trim());
    }

    private static string FromHtml(string? html, bool lineBreaks)
    {
        if (string.IsNullOrEmpty(html))
        {
            return "";
        }

        // Entities may hide tags, even twice over: what decodes to a tag is a tag.
        var text = html;
        for (var round = 0; round < 3; round++)
        {
            var stripped = WebUtility.HtmlDecode(Strip(text, lineBreaks));
            if (stripped == text)
            {
                break;
            }

            text = stripped;
        }

        return Strip(text, lineBreaks);
    }

    private static string Strip(string text, bool lineBreaks)
    {
        if (!text.Contains('<', StringComparison.Ordinal))
        {
            return text;
        }

        var plain = new StringBuilder(text.Length);
        var i = 0;
        while (i < text.Length)
        {
            if (text[i] != '<' || i + 1 >= text.Length || !(char.IsAsciiLetter(text[i + 1]) || text[i + 1] is '/' or '!' or '?'))
            {
                plain.Append(text[i++]);
                continue;
            }

            var name = TagName(text, i + 1);
            var end = string.CompareOrdinal(text, i, "<!--", 0, 4) == 0 ? After(text, "-->", i) : AfterTag(text, i);
            // What stands in these is not for readers.
            if (name is "script" or "style" or "iframe" or "template" or "noscript")
            {
                var close = text.IndexOf("</" + name, end, StringComparison.OrdinalIgnoreCase);
                end = close < 0 ? text.Length : AfterTag(text, close);
            }

            plain.Append(lineBreaks && IsBlock(name) ? '\n' : ' ');
            if (lineBreaks && name == "li")
            {
                plain.Append("- ");
            }

            i = end;
        }

        return plain.ToString();
    }

    private static string TagName(string text, int start)
    {
        var end = start;
        while (end < text.Length && end - start < 12 && char.IsAsciiLetterOrDigit(text[end]))
        {
            end++;
        }

        return text[start..end].ToLowerInvariant();
    }

    private static bool IsBlock(string name) =>
        name is "" or "p" or "div" or "section" or "br" or "li" or "ul" or "ol" or "tr" or "table"
            or "h1" or "h2" or "h3" or "h4" or "h5" or "h6";

    /// <summary>
    /// Position after the tag that starts at <paramref name="start"/>; quotes may hold a <c>&gt;</c>. An open end swallows the rest.
    /// </summary>
    private static int AfterTag(string text, int start)
    {
        var quote = '\0';
        for (var i = start + 1; i < text.Length; i++)
        {
            var c = text[i];
            if (quote != '\0')
            {
                quote = c == quote ? '\0' : quote;
            }
            else if (c is '"' or '\'' && text[i - 1] == '=')
            {
                quote = c;
            }
            else if (c == '>')
            {
                return i + 1;
            }
        }

        return text.Length;
    }

    private static int After(string text, string mark, int start)
    {
        var found = text.IndexOf(mark, start, StringComparison.OrdinalIgnoreCase);
        return found < 0 ? text.Length : found + mark.Length;
    }

    private static string Collapse(string text, bool lineBreaks)
    {
        var clean = new StringBuilder(text.Length);
        var gap = '\0';
        foreach (var c in WellFormed(text))
        {
            if (char.IsWhiteSpace(c) || char.IsControl(c) || c is '\u200B' or '\uFEFF')
            {
                gap = gap == '\n' || (lineBreaks && c == '\n') ? '\n' : ' ';
                continue;
            }

            if (gap != '\0' && clean.Length > 0)
            {
                clean.Append(gap);
            }

            gap = '\0';
            clean.Append(c);
        }

        return clean.ToString();
    }

    /// <summary>A lone half of a surrogate pair cannot be stored as UTF-8.</summary>
    private static string WellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            }
        }

        return text;
    }

    private static string Cut(string text, int maxLength)
    {
        if (text.Length <= maxLength)
        {
            return text;
        }

        var length = char.IsHighSurrogate(text[maxLength - 1]) ? maxLength - 1 : maxLength;
        return text[..length].TrimEnd();
    }
}
