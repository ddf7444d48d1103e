using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Mallgram.AppHost.Backing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Mallgram.Tests.Integration.Security;

/// <summary>Where a Supabase project publishes its keys.</summary>
internal sealed class KeyServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    public KeyServer()
    {
        var builder = WebApplication.CreateSlimBuilder([$"--urls=http://127.0.0.1:{Port}"]);
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.MapGet("/auth/v1/.well-known/jwks.json", () =>
        {
            Requests++;
            return IsDown ? Results.StatusCode(503) : Results.Text(new JsonObject { ["keys"] = Keys.DeepClone() }.ToJsonString(), "application/json");
        });
    }

    public int Port { get; } = FreePort.Next();

    public string Issuer => $"http://127.0.0.1:{Port}/auth/v1";

    public int Requests { get; private set; }

    public bool IsDown { get; set; }

    public JsonArray Keys { get; set; } = [];

    public Task StartAsync() => _app.StartAsync();

    public static JsonObject Of(ECDsa key, string id)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["kid"] = id, ["alg"] = "ES256", ["use"] = "sig", ["x"] = Text(point.X!), ["y"] = Text(point.Y!) };
    }

    public static JsonObject Of(RSA key, string id, string use = "sig")
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return new JsonObject { ["kty"] = "RSA", ["kid"] = id, ["alg"] = "RS256", ["use"] = use, ["n"] = Text(parameters.Modulus!), ["e"] = Text(parameters.Exponent!) };
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
