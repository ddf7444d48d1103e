using System.Globalization;
using System.Text;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.Mail;

/// <summary>The mailbox for people at <c>/mailbox</c> and for tests at <c>/mailbox.json</c>.</summary>
internal static class MailboxEndpoints
{
    private const int OnPage = 200;

    public static void AddMail(this IServiceCollection services)
    {
        services.AddSingleton<MailStore>();
        services.AddSingleton<MailFaults>();
        services.AddSingleton<IProviderControls, MailControls>();
        services.AddSingleton<SmtpServer>();
        services.AddHostedService(s => s.GetRequiredService<SmtpServer>());
    }

    public static void MapMail(this IEndpointRouteBuilder app)
    {
        app.MapGet("/mailbox", List);
        app.MapGet("/mailbox.json", ListJson);
        app.MapGet("/mailbox/{id}", Show);
        app.MapGet("/mailbox/{id}/html", (string id, MailStore store) =>
            store.Find(id) is { } mail ? Page.Foreign(mail.Parsed().Html) : Results.NotFound());
        app.MapGet("/mailbox/{id}/raw", (string id, MailStore store) =>
            store.Find(id) is { } mail ? Results.Bytes(mail.Raw, "text/plain; charset=utf-8") : Results.NotFound());
        app.MapDelete("/mailbox", (MailStore store) =>
        {
            store.Clear();
            return Results.NoContent();
        });
        app.MapPost("/mailbox/clear", (MailStore store) =>
        {
            store.Clear();
            return Results.Redirect("/mailbox");
        });
    }

    private static IResult ListJson(MailStore store, string? to, string? subject, string? limit)
    {
        var most = 50;
        if (!string.IsNullOrEmpty(limit)
            && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most is < 1 or > 1000))
        {
            return SandboxJson.Refused("'limit' must be a whole number from 1 to 1000.");
        }

        var data = Filtered(store, to, subject).Take(most).Select(mail => new
        {
            mail.Id,
            mail.Parsed().MessageId,
            From = mail.Parsed().From is { Length: > 0 } from ? from : mail.From,
            mail.To,
            mail.Parsed().Subject,
            mail.Parsed().Text,
            mail.Parsed().Html,
            mail.ReceivedAt,
        });
        return SandboxJson.Ok(new { Data = data });
    }

    private static IResult List(MailStore store, string? to, string? subject)
    {
        var mails = Filtered(store, to, subject).Take(OnPage).ToList();
        var page = new PageBody();
        page.Line("<form method=\"get\" class=\"row\"><input name=\"to\" placeholder=\"To\" value=\"").Text(to)
            .Line("\"><input name=\"subject\" placeholder=\"Subject\" value=\"").Text(subject)
            .Line("\"><button>Search</button></form>")
            .Line("<form method=\"post\" action=\"/mailbox/clear\"><button class=\"reject\">Delete all</button></form>");
        page.Line("<p class=\"quiet\">").Text(FormattableString.Invariant($"{mails.Count} of {store.All.Count} messages, newest first. "))
            .Line("<a href=\"/mailbox.json\">JSON</a></p><ul class=\"mails\">");
        foreach (var mail in mails)
        {
            page.Line("<li><a href=\"/mailbox/").Text(mail.Id).Line("\"><strong>").Text(Titled(mail.Parsed().Subject)).Line("</strong><br>")
                .Text(string.Join(", ", mail.To)).Line("<br><span class=\"quiet\">").Text($"{Time(mail)} · {mail.Parsed().MessageId}")
                .Line("</span></a></li>");
        }

        page.Line("</ul>");
        return Page.Html("Mailbox", page);
    }

    private static IResult Show(string id, MailStore store)
    {
        if (store.Find(id) is not { } mail)
        {
            return Results.NotFound();
        }

        var parsed = mail.Parsed();
        var page = new PageBody();
        page.Line("<dl>");
        foreach (var (name, value) in new[]
        {
            ("To", string.Join(", ", mail.To)), ("Envelope from", mail.From), ("From", parsed.From), ("Date", parsed.Date),
            ("Received", Time(mail)), ("Message-ID", parsed.MessageId),
        })
        {
            page.Line("<dt>").Text(name).Line("</dt><dd>").Text(value).Line("</dd>");
        }

        page.Line("</dl>");
        if (parsed.Html.Length > 0)
        {
            page.Line("<h2>HTML</h2><iframe sandbox title=\"HTML part\" src=\"/mailbox/").Text(id).Line("/html\"></iframe>");
        }

        if (parsed.Text.Length > 0)
        {
            page.Line("<h2>Text</h2><pre>").Text(parsed.Text).Line("</pre>");
        }

        page.Line("<details><summary>Raw</summary><p><a href=\"/mailbox/").Text(id).Line("/raw\">As a file</a></p><pre>")
            .Text(Encoding.UTF8.GetString(mail.Raw)).Line("</pre></details>");
        return Page.Html(Titled(parsed.Subject), page);
    }

    private static IEnumerable<StoredMail> Filtered(MailStore store, string? to, string? subject)
    {
        var mails = store.All;
        for (var i = mails.Count - 1; i >= 0; i--)
        {
            var mail = mails[i];
            if ((string.IsNullOrEmpty(to) || mail.To.Any(t => t.Contains(to, StringComparison.OrdinalIgnoreCase)))
                && (string.IsNullOrEmpty(subject) || mail.Parsed().Subject.Contains(subject, StringComparison.OrdinalIgnoreCase)))
            {
                yield return mail;
            }
        }
    }

    private static string Titled(string subject) => subject.Length == 0 ? "(no subject)" : subject;

    private static string Time(StoredMail mail) => mail.ReceivedAt.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
