using System.Collections.Concurrent;
using System.Reflection;
using HandlebarsDotNet;

namespace Mallgram.Messaging.Email;

/// <summary>What a mail says, filled in.</summary>
internal sealed record RenderedEmail(string Subject, string Text, string Html);

/// <summary>The store's theme, as far as mails show it.</summary>
/// <param name="Primary">Colour of the heading, <c>#rrggbb</c>.</param>
/// <param name="Logo">Public address of an image; null: the name in letters.</param>
internal sealed record MailLook(string Primary, string? Logo, string? Footer);

/// <summary>
/// Templates are <c>Templates/&lt;name&gt;.&lt;language&gt;.txt.hbs</c>, whose first line is the subject, and <c>….html.hbs</c>. Values are
/// HTML-encoded in the HTML part only.
/// </summary>
internal static class EmailTemplates
{
    private static readonly ConcurrentDictionary<string, HandlebarsTemplate<object, object>> Compiled = new(StringComparer.Ordinal);

    private static readonly IHandlebars Html = Handlebars.Create();

    private static readonly IHandlebars Text = Handlebars.Create(new HandlebarsConfiguration { NoEscape = true });

    /// <param name="model">Every name a template uses must be there.</param>
    /// <param name="look">How the store's mails look: templates write its names with an @.</param>
    public static RenderedEmail Render(string name, string language, object model, MailLook? look = null)
    {
        var text = Compiled.GetOrAdd($"{name}.{language}.txt.hbs", static file => Text.Compile(Load(file)))(model, look);
        var html = Compiled.GetOrAdd($"{name}.{language}.html.hbs", static file => Html.Compile(Load(file)))(model, look);
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        return new RenderedEmail(text[..end].Trim(), text[(end + 1)..].TrimStart('\n'), html);
    }

    private static string Load(string file)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(file)
            ?? throw new InvalidOperationException($"There is no template {file}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
