using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.AppHost.Backing;
using Mallgram.Kernel.Http.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mallgram.Tests.Integration.Stores;

/// <summary>
/// An Api whose platform administrator can sign in, and the outside world of a merchant's domain: a resolver that answers DNS over HTTPS
/// and a web server, both of them one small host. Every name under <c>example.test</c> leads to it.
/// </summary>
public sealed class StoresApp : MallgramApp
{
    private readonly int _port = FreePort.Next();
    private WebApplication? _outside;

    protected override bool Synchronised => false;

    /// <summary>TXT records by name, more than one apart by a bar.</summary>
    internal ConcurrentDictionary<string, string> Records { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Contents by host and path.</summary>
    internal ConcurrentDictionary<string, string> Pages { get; } = new(StringComparer.Ordinal);

    internal int OutsidePort => _port;

    protected override IEnumerable<string> ServiceSettings =>
    [
        $"--Stores:Domains:DnsOverHttps=http://127.0.0.1:{_port}/dns-query",
        $"--Stores:Domains:FilePort={_port}",
        // The tests of one class share an address.
        "--Identity:Attempts:PerAddress=10000",
        "--Identity:Attempts:PerAccount=1000",
    ];

    protected override void Configure(WebApplicationBuilder builder) =>
        builder.Services.AddKeyedSingleton("domains", (_, _) => new PublicInternet(
            new[] { "proven.example.test", "redirected.example.test", "www.example.test" }.Select(host => $"{host}:{_port}"),
            (host, _) => Task.FromResult<IPAddress[]>(host.EndsWith(".example.test", StringComparison.Ordinal) ? [IPAddress.Loopback] : [])));

    public override async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder([$"--urls=http://127.0.0.1:{_port}"]);
        builder.Logging.ClearProviders();
        _outside = builder.Build();
        _outside.MapGet("/dns-query", (string name, string type) => Records.TryGetValue(name, out var text) && type == "TXT"
            ? Results.Json(
                new { Status = 0, Answer = text.Split('|').Select(t => new { name, type = 16, TTL = 60, data = $"\"{t}\"" }) },
                new JsonSerializerOptions(), "application/dns-json")
            : Results.Text("""{"Status":3}""", "application/dns-json"));
        _outside.MapFallback((HttpRequest request) => Pages.TryGetValue(request.Host.Host + request.Path, out var page)
            ? page.StartsWith("http", StringComparison.Ordinal) ? Results.Redirect(page) : Results.Text(page)
            : Results.NotFound());
        await _outside.StartAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        if (_outside is not null)
        {
            await _outside.DisposeAsync();
        }
    }

    /// <summary>A client signed in as the platform's administrator.</summary>
    internal async Task<HttpClient> SignInPlatformAsync()
    {
        var client = new HttpClient { BaseAddress = Http.BaseAddress };
        using var answer = await client.PostAsJsonAsync(
            "/api/v1/platform/auth/login", new { email = AdministratorEmail, password = AdministratorPassword });
        var session = await answer.JsonAsync(HttpStatusCode.OK);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", session.Text("access_token"));
        return client;
    }

    /// <summary>Creates a store and gives it an owner with the first administrator's address and password.</summary>
    /// <returns>Public id.</returns>
    internal async Task<string> CreateStoreAsync(HttpClient platform, string slug, string preset = "mallgram")
    {
        using var answer = await platform.PostAsJsonAsync("/api/v1/platform/stores", preset == "blank"
            ? (object)new { slug, name = "Shop " + slug, preset, currency = "XAF", country = "CM", language = "fr" }
            : new { slug, name = "Shop " + slug, preset });
        var id = (await answer.JsonAsync(HttpStatusCode.Created)).Text("id");
        await Database.ExecuteAsync(
            $"""
            insert into identity.users (store_id, id, email, full_name, password_hash, language, role, email_verified_at)
            select (select id from stores.stores where slug = '{slug}'), gen_random_uuid(), u.email, 'Owner', u.password_hash, 'en', 'owner', now()
            from identity.users u join stores.stores s on s.id = u.store_id and s.slug = 'mallgram' where u.email = '{AdministratorEmail}'
            """);
        return id;
    }

    internal HttpClient Shopper(string store)
    {
        var client = new HttpClient { BaseAddress = Http.BaseAddress };
        client.DefaultRequestHeaders.Add("X-Store", store);
        return client;
    }
}

internal static class Answers
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage answer, HttpStatusCode expected)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == expected, $"{(int)answer.StatusCode} instead of {(int)expected}: {text}");
        return JsonElement.Parse(text);
    }

    public static async Task<JsonElement> GetJsonAsync(this HttpClient client, string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
        return await answer.JsonAsync(expected);
    }

    public static async Task<JsonElement> SendAsync(
        this HttpClient client, string method, string path, object? body, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative))
        {
            Content = body is null ? null : JsonContent.Create(body),
        };
        using var answer = await client.SendAsync(request);
        if (expected == HttpStatusCode.NoContent)
        {
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.StatusCode == expected, $"{(int)answer.StatusCode} instead of 204: {text}");
            return default;
        }

        return await answer.JsonAsync(expected);
    }

    public static string Text(this JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
