using System.Globalization;
using System.Text.Json;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.Phones;

/// <summary>Takes text messages at <c>/sms</c> and shows them like phones at <c>/phones</c>; tests read <c>/phones/{number}/messages</c>.</summary>
internal static class PhoneEndpoints
{
    private const int LongestText = 1600;

    public static void AddPhones(this IServiceCollection services)
    {
        services.AddSingleton<TextStore>();
        services.AddSingleton<IProviderControls, PhoneControls>();
    }

    public static void MapPhones(this IEndpointRouteBuilder app)
    {
        app.MapPost("/sms", TakeAsync);
        app.MapGet("/phones", List);
        app.MapGet("/phones/{number}", Show);
        app.MapGet("/phones/{number}/messages", (string number, TextStore store) => SandboxJson.Ok(new
        {
            Data = OfNumber(store, number).Select(m => new { m.Id, m.To, m.From, m.Text, m.Reference, m.ReceivedAt }),
        }));
        app.MapDelete("/phones", (TextStore store) =>
        {
            store.Clear();
            return Results.NoContent();
        });
        app.MapPost("/phones/clear", (TextStore store) =>
        {
            store.Clear();
            return Results.Redirect("/phones");
        });
    }

    private static async Task<IResult> TakeAsync(HttpContext http, TextStore store)
    {
        if (store.Refusals.Take())
        {
            return SandboxJson.Refused("Refused, as the controls say.", store.RefusalStatus);
        }

        SentText? sent;
        try
        {
            sent = await JsonSerializer.DeserializeAsync<SentText>(http.Request.Body, SandboxJson.Options, http.RequestAborted);
        }
        catch (JsonException)
        {
            return SandboxJson.Refused("The body must be JSON: {\"to\", \"from\", \"text\", \"reference\"}.");
        }

        if (sent is not { To: { } to } || !IsNumber(to))
        {
            return SandboxJson.Refused("'to' must be an E.164 number: + and 7 to 15 digits.", StatusCodes.Status422UnprocessableEntity);
        }

        if (sent is not { Text: { Length: > 0 and <= LongestText } text, Reference: { Length: > 0 and <= 200 } reference })
        {
            return SandboxJson.Refused(
                string.Create(CultureInfo.InvariantCulture, $"'text' (1 to {LongestText} characters) and 'reference' (1 to 200) are required."),
                StatusCodes.Status422UnprocessableEntity);
        }

        var message = store.Add(to, sent.From ?? "", text, reference);
        return Results.Json(new { message.Id }, SandboxJson.Options, statusCode: StatusCodes.Status202Accepted);
    }

    private static IResult List(TextStore store)
    {
        var phones = store.All.GroupBy(m => m.To).Select(g => (Number: g.Key, Count: g.Count(), Newest: g.Last()))
            .OrderByDescending(p => p.Newest.ReceivedAt).ToList();
        var page = new PageBody();
        page.Line("<form method=\"post\" action=\"/phones/clear\"><button class=\"reject\">Delete all</button></form>");
        if (phones.Count == 0)
        {
            page.Line("<p class=\"quiet\">No text message was sent.</p>");
        }

        page.Line("<ul class=\"mails\">");
        foreach (var (number, count, newest) in phones)
        {
            page.Line("<li><a href=\"/phones/").Text(number).Line("\"><strong>").Text(number).Line("</strong><br>").Text(newest.Text)
                .Line("<br><span class=\"quiet\">")
                .Text(string.Create(CultureInfo.InvariantCulture, $"{count} messages · {Time(newest)}")).Line("</span></a></li>");
        }

        page.Line("</ul>");
        return Page.Html("Phones", page);
    }

    private static IResult Show(string number, TextStore store)
    {
        var page = new PageBody();
        page.Line("<p><a href=\"/phones/").Text(number).Line("\">Refresh</a> · <a href=\"/phones/").Text(number)
            .Line("/messages\">JSON</a></p><ol class=\"phone\">");
        foreach (var message in OfNumber(store, number))
        {
            page.Line("<li><span class=\"quiet\">").Text($"{message.From} · {Time(message)}").Line("</span><p>").Text(message.Text)
                .Line("</p></li>");
        }

        page.Line("</ol>");
        return Page.Html(number, page);
    }

    // Newest first. A plus that was not escaped in a query or path may come as a space; the digits say which number is meant.
    private static IEnumerable<StoredText> OfNumber(TextStore store, string number)
    {
        var wanted = "+" + number.TrimStart('+', ' ');
        return store.All.Reverse().Where(m => m.To == wanted);
    }

    private static bool IsNumber(string text) =>
        text.Length is >= 8 and <= 16 && text[0] == '+' && text[1] != '0' && text.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;

    private static string Time(StoredText message) => message.ReceivedAt.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private sealed record SentText(string? To, string? From, string? Text, string? Reference);
}
