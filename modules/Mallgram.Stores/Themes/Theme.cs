using System.Globalization;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;
using Npgsql;

namespace Mallgram.Stores.Themes;

/// <summary>Colours, each <c>#rrggbb</c>.</summary>
/// <param name="Primary">Buttons, headings of mails.</param>
/// <param name="OnPrimary">Text on it.</param>
internal sealed record ThemeColours(string? Primary, string? OnPrimary, string? Background, string? Text, string? Accent);

/// <summary>How the store looks. A row of <c>stores.themes</c>.</summary>
internal sealed record Theme(ThemeColours Colours, Guid? LogoFileId, string? MailFooter, string? MailFooterFr)
{
    public const string Select =
        """
        select primary_colour, on_primary, background, text_colour, accent, logo_file_id, mail_footer, mail_footer_fr
        from stores.themes where store_id = $1
        """;

    public static readonly Theme Default = new(
        new ThemeColours(StoreLook.Default.Primary, StoreLook.Default.OnPrimary, "#ffffff", "#1d2733", "#b45309"),
        LogoFileId: null, MailFooter: null, MailFooterFr: null);

    public static Theme Read(NpgsqlDataReader row) => new(
        new ThemeColours(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4)),
        row.IsDBNull(5) ? null : row.GetGuid(5), row.IsDBNull(6) ? null : row.GetString(6), row.IsDBNull(7) ? null : row.GetString(7));
}

/// <param name="Text">Of text on the background, 1 to 21.</param>
/// <param name="OnPrimary">Of text on the primary colour.</param>
internal sealed record ThemeContrast(double Text, double OnPrimary);

internal sealed record ThemeView(
    ThemeColours Colours, ThemeContrast Contrast, string? LogoFileId, string? LogoUrl, string? MailFooter, string? MailFooterFr)
{
    public static ThemeView Of(Theme theme, IStorePictures pictures) => new(
        theme.Colours,
        new ThemeContrast(
            ColourContrast.Of(theme.Colours.Text!, theme.Colours.Background!), ColourContrast.Of(theme.Colours.OnPrimary!, theme.Colours.Primary!)),
        theme.LogoFileId is { } id ? PublicId.Format(PublicId.File, id) : null,
        theme.LogoFileId is { } file ? pictures.AddressOf(file) : null,
        theme.MailFooter,
        theme.MailFooterFr);
}

/// <summary>The whole theme; colours left out get the platform's.</summary>
/// <param name="LogoFileId">An uploaded image of purpose <c>product_image</c>; null: none.</param>
/// <param name="MailFooter">English; likewise <c>mail_footer_fr</c> French.</param>
internal sealed record ThemeRequest(ThemeColours? Colours, string? LogoFileId, string? MailFooter, string? MailFooterFr)
{
    /// <exception cref="ProblemException">422: no colours, or text that people cannot read.</exception>
    public async Task<Theme> CheckAsync(IStorePictures pictures, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var given = Colours ?? new ThemeColours(Primary: null, OnPrimary: null, Background: null, Text: null, Accent: null);
        var standard = Theme.Default.Colours;
        var colours = new ThemeColours(
            Colour(errors, given.Primary, standard.Primary!, "primary"),
            Colour(errors, given.OnPrimary, standard.OnPrimary!, "on_primary"),
            Colour(errors, given.Background, standard.Background!, "background"),
            Colour(errors, given.Text, standard.Text!, "text"),
            Colour(errors, given.Accent, standard.Accent!, "accent"));
        errors.ThrowIfAny();
        Readable(errors, colours.Text!, colours.Background!, "text");
        Readable(errors, colours.OnPrimary!, colours.Primary!, "on_primary");
        Guid? logo = null;
        if (LogoFileId is not null)
        {
            if (PublicId.TryParse(PublicId.File, LogoFileId, out var id) && await pictures.FindAddressAsync(id, ct) is not null)
            {
                logo = id;
            }
            else
            {
                errors.Add("logo_file_id", "is no uploaded image of this store", "n'est pas une image de cette boutique");
            }
        }

        errors.AtMost(MailFooter, "mail_footer", 500);
        errors.AtMost(MailFooterFr, "mail_footer_fr", 500);
        errors.ThrowIfAny();
        return new Theme(colours, logo, MailFooter, MailFooterFr);
    }

    private static string Colour(FieldErrors errors, string? given, string standard, string field)
    {
        var colour = (given ?? standard).ToLowerInvariant();
        if (colour.Length != 7 || colour[0] != '#' || !colour.AsSpan(1).ContainsOnlyHex())
        {
            errors.Add("colours." + field, "must be written as #rrggbb", "doit s'écrire #rrvvbb");
        }

        return colour;
    }

    private static void Readable(FieldErrors errors, string text, string ground, string field)
    {
        if (ColourContrast.Of(text, ground) < ColourContrast.Least)
        {
            errors.Add(
                "colours." + field,
                string.Create(CultureInfo.InvariantCulture, $"has a contrast of {ColourContrast.Of(text, ground)} to what is below it; {ColourContrast.Least} is the least"),
                string.Create(
                    CultureInfo.InvariantCulture, $"a un contraste de {ColourContrast.Of(text, ground)} avec son fond ; le minimum est {ColourContrast.Least}"));
        }
    }
}

/// <summary>Contrast ratio of two colours: WCAG 2.2, definitions of relative luminance and contrast ratio.</summary>
internal static class ColourContrast
{
    /// <summary>Success criterion 1.4.3 (AA) for text of normal size.</summary>
    public const double Least = 4.5;

    /// <returns>1 to 21, cut to two decimals.</returns>
    public static double Of(string colour, string other)
    {
        var (a, b) = (Luminance(colour), Luminance(other));
        return Math.Floor((Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05) * 100) / 100;
    }

    public static bool ContainsOnlyHex(this ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (!char.IsAsciiHexDigit(character))
            {
                return false;
            }
        }

        return true;
    }

    private static double Luminance(string colour) =>
        (0.2126 * Channel(colour, 1)) + (0.7152 * Channel(colour, 3)) + (0.0722 * Channel(colour, 5));

    private static double Channel(string colour, int start)
    {
        var value = int.Parse(colour.AsSpan(start, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }
}
