using System.Security.Cryptography;
using Microsoft.Extensions.FileProviders;

namespace Mallgram.Web.Admin;

/// <summary>Addresses of files under <c>wwwroot</c> that change with their content, so that browsers may keep them for good.</summary>
internal sealed class AssetUrls
{
    private const string Version = "v";
    private static readonly string[] Used = ["app.css", "app.js", "favicon.svg", "lib/htmx.js", "lib/htmx-sse.js", "lib/tabler.css"];
    private readonly Dictionary<string, string> _urls;

    /// <exception cref="InvalidOperationException">A file is missing: not built here, or started in another folder.</exception>
    public AssetUrls(IWebHostEnvironment environment) =>
        _urls = Used.ToDictionary(
            path => path, path => $"/{path}?{Version}={HashOf(environment.WebRootFileProvider.GetFileInfo(path), path)}");

    public string this[string path] => _urls[path];

    /// <summary>How files are served: for good under an address from here, otherwise checked each time.</summary>
    public static readonly StaticFileOptions Serving = new()
    {
        OnPrepareResponse = context => context.Context.Response.Headers.CacheControl =
            context.Context.Request.Query.ContainsKey(Version) ? "public, max-age=31536000, immutable" : "no-cache",
    };

    private static string HashOf(IFileInfo file, string path)
    {
        if (!file.Exists)
        {
            throw new InvalidOperationException(
                $"wwwroot/{path} is missing. Build the project (it needs Node.js with npm) and start it in its own folder.");
        }

        using var stream = file.CreateReadStream();
        return Convert.ToHexStringLower(SHA256.HashData(stream))[..12];
    }
}
