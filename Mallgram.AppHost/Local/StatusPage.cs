using System.Globalization;
using System.Net;
using System.Text;
using Mallgram.AppHost.Run;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Mallgram.AppHost.Local;

/// <summary>What runs, in which state, and what it said last. Shows, changes nothing; where Aspire would show its dashboard.</summary>
internal sealed class StatusPage : IAsyncDisposable
{
    private const string Style = """
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1c2733}
        table{border-collapse:collapse}
        td,th{text-align:left;padding:.3rem 1.2rem .3rem 0;border-bottom:1px solid #e3e8ee}
        .healthy,.finished{color:#137333}.starting,.absent{color:#6b7785}.unhealthy,.exited{color:#b3261e;font-weight:600}
        pre{background:#f5f7f9;padding:1rem;overflow:auto;font-size:13px}
        """;

    private readonly WebApplication site;

    private StatusPage(WebApplication site) => this.site = site;

    /// <param name="lastLines">Of a resource, by name; empty for one that does not exist.</param>
    public static async Task<StatusPage> StartAsync(int port, Func<RunRecord> record, Func<string, IReadOnlyList<string>> lastLines)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        // Not by URL: a launch profile sets ASPNETCORE_URLS for Aspire's dashboard.
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        app.Use((context, next) =>
        {
            // A name that a stranger's DNS points to 127.0.0.1 would let their page read the logs.
            if (context.Request.Host.Host is "127.0.0.1" or "localhost")
            {
                return next(context);
            }
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return Task.CompletedTask;
        });
        app.MapGet("/status.json", () => Results.Json(new { record().Ready, record().Resources }, RunRecord.Json));
        app.MapGet("/", (string? log) =>
            Results.Content(Page(record(), log, log is null ? [] : lastLines(log)), "text/html", Encoding.UTF8));
        await app.StartAsync();
        return new StatusPage(app);
    }

    public async ValueTask DisposeAsync() => await site.DisposeAsync();

    private static string Page(RunRecord record, string? log, IReadOnlyList<string> lines)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=3><title>Mallgram</title>");
        page.Append(CultureInfo.InvariantCulture, $"<style>{Style}</style><h1>Mallgram</h1>");
        page.Append("<table><tr><th>Resource<th>State<th>Address<th>Process<th>");
        foreach (var resource in record.Resources)
        {
            Row(page, resource.Name, resource.State, resource.Url, resource.Pid, resource.Detail, linked: true);
            foreach (var replica in resource.Replicas ?? [])
            {
                Row(page, replica.Name, replica.State, replica.Url, replica.Pid, null, linked: false);
            }
        }
        page.Append("</table>");
        if (log is not null)
        {
            page.Append(CultureInfo.InvariantCulture, $"<h2>{Html(log)}</h2><pre>{Html(string.Join('\n', lines))}</pre>");
        }
        return page.ToString();
    }

    private static void Row(StringBuilder page, string name, ResourceState state, string? url, int? pid, string? detail, bool linked)
    {
        var shown = linked ? $"<a href=\"/?log={Uri.EscapeDataString(name)}\">{Html(name)}</a>" : "&emsp;" + Html(name);
        var isLink = url?.StartsWith("http", StringComparison.Ordinal) == true;
        var address = isLink ? $"<a href=\"{Html(url!)}\">{Html(url!)}</a>" : Html(url ?? "");
        var word = RunRecord.Word(state);
        page.Append(CultureInfo.InvariantCulture, $"<tr><td>{shown}<td class={word}>{word}<td>{address}<td>{pid}<td>{Html(detail ?? "")}");
    }

    private static string Html(string text) => WebUtility.HtmlEncode(text);
}
