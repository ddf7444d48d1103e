using System.Globalization;
using System.Text.Json;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;

namespace Mallgram.Catalog.Merchandising;

/// <summary>
/// Which members a body has: a member that is null is emptied, one that is missing stays as it is (RFC 7396). A name that means nothing is
/// an error, so that a typing mistake is not taken for a change.
/// </summary>
internal sealed class SentFields
{
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    private SentFields()
    {
    }

    public static SentFields Of<T>(JsonBody<T> body, FieldErrors errors)
        where T : class
    {
        var known = MallgramJson.Options.GetTypeInfo(typeof(T)).Properties.Select(p => p.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var sent = new SentFields();
        using var document = JsonDocument.Parse(body.Bytes);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            sent._names.Add(member.Name);
            if (!known.Contains(member.Name))
            {
                errors.Add(member.Name.Length > 60 ? member.Name[..60] : member.Name, "is not a field here", "n'est pas un champ ici");
            }
        }

        return sent;
    }

    public bool Has(string name) => _names.Contains(name);
}

/// <summary>Checks that several bodies share. Texts are cleaned of markup as those of suppliers are.</summary>
internal static class FieldChecks
{
    /// <summary>One line; required.</summary>
    public static string Name(this FieldErrors errors, string? text, string field, int maxLength)
    {
        errors.AtMost(text, field, maxLength);
        var line = PlainText.Line(text, maxLength);
        if (line.Length == 0)
        {
            errors.Add(field, "is required", "est obligatoire");
        }

        return line;
    }

    /// <summary>One line, or null when empty.</summary>
    public static string? Line(this FieldErrors errors, string? text, string field, int maxLength)
    {
        errors.AtMost(text, field, maxLength);
        return PlainText.Line(text, maxLength) is { Length: > 0 } line ? line : null;
    }

    /// <summary>Plain text with line breaks, or null when empty.</summary>
    public static string? Block(this FieldErrors errors, string? text, string field, int maxLength)
    {
        errors.AtMost(text, field, maxLength);
        return PlainText.Block(text, maxLength);
    }

    public static void Between(this FieldErrors errors, long? number, string field, long least, long most)
    {
        if (number < least || number > most)
        {
            errors.Add(
                field,
                string.Create(CultureInfo.InvariantCulture, $"must be {least} to {most}"),
                string.Create(CultureInfo.InvariantCulture, $"doit être de {least} à {most}"));
        }
    }

    public static string? Slug(this FieldErrors errors, string? text, string field)
    {
        if (text is not null && (text.Length is 0 or > 100 || !System.Text.RegularExpressions.Regex.IsMatch(
            text, "^[a-z0-9]+(-[a-z0-9]+)*$", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))))
        {
            errors.Add(
                field, "must be lower-case letters, digits and single hyphens, at most 100",
                "doit être fait de minuscules, chiffres et tirets simples, au plus 100");
        }

        return text;
    }

    /// <summary>An https address or an uploaded image. Whether the file exists is for the caller to ask.</summary>
    public static void Image(this FieldErrors errors, string? source, string field)
    {
        if (source is not null && !IsImage(source))
        {
            errors.Add(field, "must be an https address or file:fil_…", "doit être une adresse https ou file:fil_…");
        }
    }

    public static Guid? Id(this FieldErrors errors, string prefix, string? text, string field)
    {
        if (text is null)
        {
            return null;
        }

        if (PublicId.TryParse(prefix, text, out var id))
        {
            return id;
        }

        errors.Add(field, "does not exist in this store", "n'existe pas dans cette boutique");
        return null;
    }

    public static void Throw(string field, string english, string french)
    {
        var errors = new FieldErrors();
        errors.Add(field, english, french);
        errors.ThrowIfAny();
    }

    private static bool IsImage(string source) =>
        source.Length <= 2000 && !source.Any(char.IsControl)
        && (FileOf(source) is not null
            || (Uri.TryCreate(source, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0));

    /// <summary>The file a source names; null for every other source.</summary>
    public static Guid? FileOf(string source) =>
        source.StartsWith("file:", StringComparison.Ordinal) && PublicId.TryParse(PublicId.File, source[5..], out var id) ? id : null;
}
