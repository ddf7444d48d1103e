using System.Text.Json;

namespace Mallgram.Sandbox.Control;

/// <summary>Index page, control page and control API. An action is posted as JSON or as a form to <c>/control/{provider}</c>.</summary>
internal static class ControlEndpoints
{
    public static void MapControl(this IEndpointRouteBuilder app)
    {
        app.MapGet("/", Index);
        app.MapGet("/sandbox.css", () =>
            Results.Stream(typeof(ControlEndpoints).Assembly.GetManifestResourceStream("sandbox.css")!, "text/css"));
        app.MapGet("/control", Show);
        app.MapGet("/control/state", State);
        app.MapPost("/control/{provider}", RunAsync).DisableAntiforgery();
    }

    private static IResult State(IEnumerable<IProviderControls> providers, Counters counters)
    {
        var data = providers.ToDictionary(p => p.Provider.Replace('-', '_'), p => p.State(), StringComparer.Ordinal);
        data["counters"] = counters.Snapshot();
        return SandboxJson.Ok(new { Data = data });
    }

    private static async Task<IResult> RunAsync(HttpContext http, string provider, IEnumerable<IProviderControls> providers)
    {
        if (providers.FirstOrDefault(p => p.Provider == provider) is not { } controls)
        {
            return SandboxJson.Refused($"There is no provider '{provider}'.", StatusCodes.Status404NotFound);
        }

        var fromPage = http.Request.HasFormContentType;
        try
        {
            var given = fromPage ? await FormAsync(http) : await BodyAsync(http);
            var name = given.GetValueOrDefault("action") ?? "";
            if (controls.Actions.FirstOrDefault(a => a.Name == name) is not { } action)
            {
                throw new ControlArgumentException($"'action' must be one of {string.Join(", ", controls.Actions.Select(a => a.Name))}.");
            }

            var unknown = given.Keys.FirstOrDefault(k => k != "action" && action.Parameters.All(p => p.Name != k));
            if (unknown is not null)
            {
                throw new ControlArgumentException($"'{name}' has no parameter '{unknown}'.");
            }

            var result = action.Run(new ControlArguments(action, given));
            return fromPage
                ? Results.Redirect($"/control?done={Uri.EscapeDataString($"{controls.Title}, {name}: {result}")}")
                : SandboxJson.Ok(new { Data = new { Provider = provider, Action = name, Result = result } });
        }
        catch (ControlArgumentException e)
        {
            return fromPage
                ? Results.Redirect($"/control?done={Uri.EscapeDataString("Refused. " + e.Message)}")
                : SandboxJson.Refused(e.Message);
        }
    }

    private static async Task<Dictionary<string, string>> FormAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        return form.ToDictionary(f => f.Key, f => f.Value.ToString(), StringComparer.Ordinal);
    }

    private static async Task<Dictionary<string, string>> BodyAsync(HttpContext http)
    {
        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            if (body.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new ControlArgumentException("The body must be a JSON object.");
            }

            return body.RootElement.EnumerateObject().ToDictionary(
                p => p.Name,
                p => p.Value.ValueKind switch
                {
                    JsonValueKind.String => p.Value.GetString()!,
                    JsonValueKind.Number => p.Value.GetRawText(),
                    JsonValueKind.True => "on",
                    JsonValueKind.False => "off",
                    JsonValueKind.Null => "",
                    _ => throw new ControlArgumentException($"'{p.Name}' must be text, a number, true or false."),
                },
                StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new ControlArgumentException("The body must be a JSON object with each name once.");
        }
    }

    private static IResult Index(SandboxOptions options, IEnumerable<IProviderControls> providers, IServiceProvider services)
    {
        var page = new PageBody();
        page.Line("<p>Stand-ins for outside providers. They speak the real protocols; ")
            .Line("production code differs in base addresses and keys only.</p><dl>");
        foreach (var (what, where) in new[]
        {
            ("AliExpress open platform", "/aliexpress/sync, /aliexpress/rest, /aliexpress/oauth/authorize"),
            ("Alibaba.com open platform", "/alibaba/rest, /alibaba/oauth/authorize"),
            ("Product pictures", "/aliexpress/img/{item}-{number}.png, /alibaba/img/…, smaller as ….png_220x220.png"),
            ("Open Exchange Rates", "/openexchangerates/api/latest.json"),
            ("MTN MoMo Collections", "/mtn-momo/collection, /mtn-momo/v1_0/apiuser"),
            ("Text messages", "/sms"),
            ("SMTP", FormattableString.Invariant($"{options.SmtpHost}:{services.GetRequiredService<Mail.SmtpServer>().Port}")),
            ("Kept in", options.DataDirectory.Length > 0
                ? Path.GetFullPath(options.DataDirectory)
                : "memory only (Sandbox:DataDirectory is not set)"),
            ("AliExpress catalogue", options.Catalogue.Length == 0
                ? FormattableString.Invariant($"generated, {options.CatalogueSize} items")
                : options.Catalogue),
            ("Alibaba.com catalogue", FormattableString.Invariant($"generated, {options.WholesaleSize} items")),
        })
        {
            page.Line("<dt>").Text(what).Line("</dt><dd>").Text(where).Line("</dd>");
        }

        page.Line("</dl><ul><li><a href=\"/mailbox\">Mailbox</a>: mails that were sent</li>")
            .Line("<li><a href=\"/phones\">Phones</a>: text messages that were sent</li>")
            .Line("<li><a href=\"/mtn-momo/phone\">MoMo phone</a>: approve or reject mobile money prompts</li>")
            .Line("<li><a href=\"/control\">Controls</a>: make ").Text(string.Join(", ", providers.Select(p => p.Title)))
            .Line(" misbehave</li>")
            .Line("<li><a href=\"/control/state\">State and counters</a> as JSON</li></ul>");
        return Page.Html("Mallgram sandbox", page);
    }

    private static IResult Show(IEnumerable<IProviderControls> providers, string? done)
    {
        var page = new PageBody();
        if (!string.IsNullOrEmpty(done))
        {
            page.Line("<p class=\"done\">").Text(done).Line("</p>");
        }

        page.Line("<p>Each button posts its fields. The same as JSON: <code>POST /control/{provider}</code> with ")
            .Line("<code>{\"action\":\"…\", …}</code>; a parameter left out takes the value shown. ")
            .Line("<a href=\"/control/state\">State and counters</a></p>");
        foreach (var provider in providers)
        {
            page.Line("<h2>").Text(provider.Title).Line(" <code>/control/").Text(provider.Provider).Line("</code></h2>");
            foreach (var action in provider.Actions)
            {
                page.Line("<form method=\"post\" class=\"card\" action=\"/control/").Text(provider.Provider)
                    .Line("\"><h3><code>").Text(action.Name).Line("</code></h3><p>").Text(action.Summary)
                    .Line("</p><input type=\"hidden\" name=\"action\" value=\"").Text(action.Name).Line("\">");
                foreach (var parameter in action.Parameters)
                {
                    page.Line("<label><code>").Text(parameter.Name).Line("</code> <span class=\"quiet\">").Text(parameter.Meaning)
                        .Line("</span><input name=\"").Text(parameter.Name).Line("\" value=\"").Text(parameter.Default)
                        .Line(parameter.Default is null ? "\" required></label>" : "\"></label>");
                }

                page.Line("<button>").Text(action.Name.Replace('_', ' ')).Line("</button></form>");
            }
        }

        return Page.Html("Controls", page);
    }
}
