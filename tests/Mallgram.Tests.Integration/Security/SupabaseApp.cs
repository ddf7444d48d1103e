using System.Buffers.Text;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Security;

/// <summary>An installation whose default store may name a Supabase project, with that project's keys.</summary>
public sealed class SupabaseApp : MallgramApp
{
    /// <summary>Of tests only; no token is signed by it anywhere else.</summary>
    public const string Secret = "mallgram-test-secret-at-least-32-bytes!!";

    public const string OurSecret = "a-signing-key-for-tests-that-is-long-enough-000";

    protected override bool Synchronised => false;

    protected override IEnumerable<string> ServiceSettings =>
    [
        $"--Identity:Supabase:AllowedHosts:0=127.0.0.1:{Server.Port}", "--Edge:RateLimits:PerMinute=100000000",
        "--Edge:RateLimits:PerHour=100000000", "--Edge:RateLimits:SignInsPerMinute=1000000", "--Edge:RateLimits:RefusedPerMinute=1000000000",
        "--Identity:Attempts:PerAddress=10000",
    ];

    internal KeyServer Server { get; } = new();

    internal ShiftedClock Clock { get; } = new();

    internal ECDsa Ec { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    internal RSA Rsa { get; } = RSA.Create(2048);

    internal RSA ShortRsa { get; } = RSA.Create(1024);

    internal RSA AttackersRsa { get; } = RSA.Create(2048);

    public override async Task InitializeAsync()
    {
        Server.Keys = [KeyServer.Of(Ec, "ec-1"), KeyServer.Of(Rsa, "rsa-1"), KeyServer.Of(Rsa, "rsa-enc", "enc"), KeyServer.Of(ShortRsa, "rsa-short")];
        await Server.StartAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Server.DisposeAsync();
        Ec.Dispose();
        Rsa.Dispose();
        ShortRsa.Dispose();
        AttackersRsa.Dispose();
    }

    protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<TimeProvider>(Clock);

    internal async Task<JsonElement> NameProjectAsync(object project, HttpClient? by = null)
    {
        using var owner = by is null ? await SignInStaffAsync() : null;
        using var answer = await (by ?? owner!).PutAsJsonAsync("/api/v1/admin/sign-in/supabase", project);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    /// <summary>Whom a token signs in.</summary>
    internal async Task<(int Status, JsonElement Body)> MeAsync(string token, string store = "mallgram", string path = "/api/v1/auth/me")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("X-Store", store);
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, text.Length == 0 ? default : JsonElement.Parse(text));
    }

    internal JsonObject Claims(string subject) => new()
    {
        ["iss"] = Server.Issuer,
        ["sub"] = subject,
        ["aud"] = "authenticated",
        ["exp"] = Clock.GetUtcNow().AddHours(1).ToUnixTimeSeconds(),
        ["iat"] = Clock.GetUtcNow().ToUnixTimeSeconds(),
        ["email"] = "",
        ["phone"] = "",
        ["app_metadata"] = new JsonObject { ["provider"] = "email" },
        ["user_metadata"] = new JsonObject { ["full_name"] = "Ada" },
        ["role"] = "authenticated",
        ["is_anonymous"] = false,
    };

    /// <summary>A token of the project, signed by its shared secret.</summary>
    internal static string Sign(JsonObject claims)
    {
        var signed = Part(new JsonObject { ["alg"] = "HS256", ["typ"] = "JWT" }) + "." + Part(claims);
        return signed + "." + Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.ASCII.GetBytes(signed)));
    }

    /// <summary>A token of the project, signed by a published key.</summary>
    internal static string Sign(JsonObject claims, ECDsa key, string keyId)
    {
        var signed = Part(new JsonObject { ["alg"] = "ES256", ["kid"] = keyId, ["typ"] = "JWT" }) + "." + Part(claims);
        return signed + "." + Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256));
    }

    internal static string Part(JsonNode json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}

/// <summary>The system's clock, moved by a test.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    public TimeSpan Shift { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
}
