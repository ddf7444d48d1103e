using System.Text;
using System.Text.Encodings.Web;

namespace Mallgram.Sandbox.Control;

/// <summary>HTML being written: <see cref="Line"/> takes markup, <see cref="Text"/> takes anything and escapes it.</summary>
internal sealed class PageBody
{
    private readonly StringBuilder _html = new();

    public PageBody Line(string markup)
    {
        _html.Append(markup);
        return this;
    }

    public PageBody Text(string? text)
    {
        _html.Append(HtmlEncoder.Default.Encode(text ?? ""));
        return this;
    }

    public override string ToString() => _html.ToString();
}

/// <summary>The frame every page of the sandbox stands in.</summary>
internal static class Page
{
    private const string Policy =
        "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'";

    private static readonly (string Href, string Label)[] Links =
        [("/", "Sandbox"), ("/mailbox", "Mailbox"), ("/phones", "Phones"), ("/mtn-momo/phone", "MoMo phone"), ("/control", "Controls")];

    public static IResult Html(string title, PageBody body)
    {
        var page = new PageBody();
        page.Line("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">")
            .Line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>").Text(title)
            .Line("</title><link rel=\"stylesheet\" href=\"/sandbox.css\"></head><body><nav>");
        foreach (var (href, label) in Links)
        {
            page.Line($"<a href=\"{href}\">{label}</a>");
        }

        page.Line("</nav><main><h1>").Text(title).Line("</h1>").Line(body.ToString()).Line("</main></body></html>");
        return new PageResult(page.ToString(), Policy);
    }

    /// <summary>Foreign HTML on its own: no script, no forms, an origin of its own.</summary>
    public static IResult Foreign(string html) =>
        new PageResult(html, "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: http: https:");

    private sealed class PageResult(string html, string policy) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.ContentSecurityPolicy = policy;
            httpContext.Response.Headers.XContentTypeOptions = "nosniff";
            httpContext.Response.Headers.CacheControl = "no-store";
            httpContext.Response.ContentType = "text/html; charset=utf-8";
            return httpContext.Response.WriteAsync(html, httpContext.RequestAborted);
        }
    }
}
