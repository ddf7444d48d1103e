using System.Globalization;
using System.Net;
using Mallgram.Sandbox.AliExpress.Catalogue;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.AliExpress;

internal static class AliExpressEndpoints
{
    private static readonly string[] GetAndPost = [HttpMethods.Get, HttpMethods.Post];

    /// <exception cref="SandboxStartException">The catalogue file cannot be read.</exception>
    public static void AddAliExpress(this IServiceCollection services, SandboxOptions options, ILogger logger)
    {
        services.AddSingleton(options.AliExpress);
        services.AddSingleton(SupplierCatalogue.Load(options, logger));
        services.AddSingleton<CatalogueChanges>();
        services.AddSingleton<AliExpressFaults>();
        services.AddSingleton<AliExpressTokens>();
        services.AddSingleton<AliExpressQuota>();
        services.AddSingleton<AliExpressMethods>();
        services.AddSingleton<AliExpressPlatform>();
        services.AddSingleton<IProviderControls, AliExpressControls>();
    }

    public static void MapAliExpress(this IEndpointRouteBuilder app)
    {
        var platform = app.ServiceProvider.GetRequiredService<AliExpressPlatform>();
        var group = app.MapGroup("/aliexpress");
        group.MapMethods("/sync", GetAndPost, platform.SyncAsync);
        group.MapMethods("/rest/{**path}", GetAndPost, (HttpContext http, string? path) => platform.RestAsync(http, path));
        group.MapGet("/oauth/authorize", Authorize);
        group.MapGet("/images/{name}", Picture);
    }

    /// <summary>The consent page answers at once: the sandbox has one buyer and that buyer agrees.</summary>
    private static IResult Authorize(HttpContext http, AliExpressOptions options, TimeProvider clock)
    {
        var query = http.Request.Query;
        if (query["response_type"] != "code" || query["client_id"] != options.AppKey
            || !Uri.TryCreate(query["redirect_uri"], UriKind.Absolute, out var back) || !back.IsLoopback)
        {
            return Results.Text("response_type=code, a known client_id and a redirect_uri on this machine are needed", statusCode: 400);
        }

        var code = string.Create(CultureInfo.InvariantCulture, $"3_{options.AppKey}_{clock.GetUtcNow().ToUnixTimeMilliseconds():x}");
        var separator = back.Query.Length > 0 ? '&' : '?';
        return Results.Redirect($"{back.AbsoluteUri}{separator}code={code}&state={Uri.EscapeDataString(query["state"].ToString())}");
    }

    /// <summary>A plain picture that shows which item it belongs to.</summary>
    private static IResult Picture(string name, SupplierCatalogue catalogue)
    {
        var parts = name.Split('-', '.');
        if (parts.Length != 3 || parts[2] != "svg" || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || catalogue.Find(id) is not { } item)
        {
            return Results.NotFound();
        }

        var hue = (id + (number * 47)) % 360;
        var title = WebUtility.HtmlEncode(item.TitleEn.Length > 34 ? item.TitleEn[..34] + "…" : item.TitleEn);
        var svg = string.Create(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" role="img"><title>{title}</title>
            <rect width="600" height="600" fill="hsl({hue} 45% 88%)"/><circle cx="300" cy="250" r="140" fill="hsl({hue} 45% 62%)"/>
            <text x="300" y="500" font-family="sans-serif" font-size="26" text-anchor="middle"
              fill="hsl({hue} 45% 22%)">{title}</text></svg>
            """);
        return Results.Text(svg, "image/svg+xml");
    }
}
