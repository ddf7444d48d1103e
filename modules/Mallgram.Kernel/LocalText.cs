namespace Mallgram.Kernel;

/// <summary>One sentence in the two languages that people are served in.</summary>
public readonly record struct LocalText(string English, string French)
{
    /// <param name="language"><c>fr</c> for French, anything else is English.</param>
    public string In(string language) => language == "fr" ? French : English;

    /// <summary>Fills <c>{0}</c>… in both languages with invariant formatting.</summary>
    public LocalText With(params object?[] values) => new(
        string.Format(System.Globalization.CultureInfo.InvariantCulture, English, values),
        string.Format(System.Globalization.CultureInfo.InvariantCulture, French, values));
}
