using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.AliExpress;

/// <summary>
/// The AliExpress open platform: business methods at <c>/aliexpress/sync</c>, system interfaces at <c>/aliexpress/rest</c> with the path
/// in the address or in <c>method</c>. Checks, in this order: parameters, app key, timestamp, signature, quota, token.
/// </summary>
internal sealed class AliExpressPlatform(
    AliExpressOptions options,
    AliExpressTokens tokens,
    AliExpressQuota quota,
    AliExpressMethods methods,
    AliExpressFaults faults,
    Counters counters,
    TimeProvider clock)
{
    private static readonly TimeSpan TimestampWindow = TimeSpan.FromSeconds(7200);

    private int _requests;

    public async Task SyncAsync(HttpContext http)
    {
        if (await ReadAsync(http) is not { } call || await faults.ApplyAsync(http, counters))
        {
            return;
        }

        using var answer = new AnswerWriter(call.Simplify, faults.BareSingle);
        if (Sync(http, call, answer) is { } fault)
        {
            counters.Add("aliexpress.fault." + fault.Code);
            using var refusal = new AnswerWriter(simplify: true, bareSingle: false);
            WriteSyncFault(refusal, fault);
            await SendAsync(http, refusal);
            return;
        }

        await SendAsync(http, answer);
    }

    public async Task RestAsync(HttpContext http, string? path)
    {
        if (await ReadAsync(http) is not { } call || await faults.ApplyAsync(http, counters))
        {
            return;
        }

        using var answer = new AnswerWriter(simplify: true, bareSingle: false);
        var api = string.IsNullOrEmpty(path) ? call.Text("method") ?? "" : "/" + path.TrimEnd('/');
        if (Rest(call, api, answer) is { } fault)
        {
            counters.Add("aliexpress.fault." + fault.Code);
            using var refusal = new AnswerWriter(simplify: true, bareSingle: false);
            refusal.Json.WriteStartObject();
            refusal.Json.WriteString("type"u8, fault.Type);
            refusal.Json.WriteString("code"u8, fault.Code);
            refusal.Json.WriteString("message"u8, fault.Message);
            refusal.Json.WriteString("request_id"u8, NextRequestId());
            refusal.Json.WriteEndObject();
            await SendAsync(http, refusal);
            return;
        }

        await SendAsync(http, answer);
    }

    private GatewayFault? Sync(HttpContext http, CallParameters call, AnswerWriter answer)
    {
        if (call.Text("method") is not { } name)
        {
            return GatewayFault.Missing("method");
        }

        if (methods.Find(name) is not { } method)
        {
            return GatewayFault.ApiPath;
        }

        counters.Add("aliexpress.call." + name);
        if (Refuse(call, name, path: "") is { } refusal)
        {
            return refusal;
        }

        var token = call.Text("access_token") ?? call.Text("session");
        if (token is null && method.NeedsToken)
        {
            return GatewayFault.Missing("access_token");
        }

        if (token is not null && !tokens.IsValid(AliExpressTokens.Kind.Access, token))
        {
            return GatewayFault.AccessToken;
        }

        var json = answer.Json;
        json.WriteStartObject();
        json.WriteStartObject(method.RootKey);
        if (method.Run(new MethodCall(call, answer, ImageBase(http))) is { } fault)
        {
            return fault;
        }

        json.WriteString("request_id"u8, NextRequestId());
        json.WriteEndObject();
        json.WriteEndObject();
        return null;
    }

    private GatewayFault? Rest(CallParameters call, string api, AnswerWriter answer)
    {
        if (api is not ("/auth/token/create" or "/auth/token/refresh" or "/auth/token/security/create" or "/auth/token/security/refresh"))
        {
            return GatewayFault.ApiPath;
        }

        counters.Add("aliexpress.call." + api);
        if (Refuse(call, api, path: api) is { } refusal)
        {
            return refusal;
        }

        if (api.EndsWith("/create", StringComparison.Ordinal))
        {
            if (call.Text("code") is not { } code)
            {
                return GatewayFault.Missing("code");
            }

            if (!code.StartsWith($"3_{options.AppKey}_", StringComparison.Ordinal))
            {
                return GatewayFault.AuthorizationCode;
            }
        }
        else if (call.Text("refresh_token") is not { } refresh)
        {
            return GatewayFault.Missing("refresh_token");
        }
        else if (!tokens.IsValid(AliExpressTokens.Kind.Refresh, refresh))
        {
            return GatewayFault.RefreshToken;
        }

        WriteTokens(answer, withAccount: !api.Contains("/security/", StringComparison.Ordinal));
        return null;
    }

    private GatewayFault? Refuse(CallParameters call, string api, string path)
    {
        foreach (var required in (ReadOnlySpan<string>)["app_key", "timestamp", "sign_method", "sign"])
        {
            if (call.Text(required) is null)
            {
                return GatewayFault.Missing(required);
            }
        }

        if (call["app_key"] != options.AppKey)
        {
            return GatewayFault.AppKey;
        }

        if (!TryTimestamp(call["timestamp"], out var sent) || (clock.GetUtcNow() - sent).Duration() > TimestampWindow)
        {
            return GatewayFault.Timestamp;
        }

        var expected = call["sign_method"] switch
        {
            "sha256" => AliExpressSignature.Sha256(call, options.AppSecret, path),
            "md5" when path.Length == 0 => AliExpressSignature.Md5(call, options.AppSecret),
            _ => "",
        };
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(call["sign"])))
        {
            return GatewayFault.Signature;
        }

        return quota.Take(api) switch
        {
            AliExpressQuota.Verdict.TooFast => GatewayFault.TooFast,
            AliExpressQuota.Verdict.DayUsedUp => GatewayFault.DayUsedUp,
            _ => null,
        };
    }

    /// <summary>Epoch milliseconds or an ISO time; a time without a zone is UTC.</summary>
    private static bool TryTimestamp(string text, out DateTimeOffset time)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
        {
            var known = milliseconds < 253_402_300_800_000;
            time = known ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : default;
            return known;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }

    private static async ValueTask<CallParameters?> ReadAsync(HttpContext http)
    {
        try
        {
            return await CallParameters.ReadAsync(http.Request, http.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return null;
        }
    }

    private void WriteTokens(AnswerWriter answer, bool withAccount)
    {
        var (access, accessExpires) = tokens.Issue(AliExpressTokens.Kind.Access);
        var (refresh, refreshExpires) = tokens.Issue(AliExpressTokens.Kind.Refresh);
        var json = answer.Json;
        json.WriteStartObject();
        json.WriteString("access_token"u8, access);
        json.WriteString("refresh_token"u8, refresh);
        json.WriteNumber("expires_in"u8, options.AccessTokenSeconds);
        json.WriteNumber("refresh_expires_in"u8, options.RefreshTokenSeconds);
        json.WriteNumber("expire_time"u8, accessExpires.ToUnixTimeMilliseconds());
        json.WriteNumber("refresh_token_valid_time"u8, refreshExpires.ToUnixTimeMilliseconds());
        if (withAccount)
        {
            json.WriteString("account"u8, "buyer@sandbox.mallgram.test");
            json.WriteString("account_id"u8, "7063844");
            json.WriteString("account_platform"u8, "buyerApp");
            json.WriteString("user_nick"u8, "mallgram-sandbox");
        }

        json.WriteString("user_id"u8, "200042360");
        json.WriteString("seller_id"u8, "200042360");
        json.WriteString("havana_id"u8, "133636586439");
        json.WriteString("sp"u8, "ae");
        json.WriteString("locale"u8, "zh_CN");
        json.WriteString("code"u8, "0");
        json.WriteString("request_id"u8, NextRequestId());
        json.WriteEndObject();
    }

    private void WriteSyncFault(AnswerWriter answer, GatewayFault fault)
    {
        var json = answer.Json;
        json.WriteStartObject();
        json.WriteStartObject("error_response"u8);
        json.WriteString("type"u8, fault.Type);
        json.WriteString("code"u8, fault.Code);
        json.WriteString("msg"u8, fault.Message);
        if (fault.SubCode is not null)
        {
            json.WriteString("sub_code"u8, fault.SubCode);
            json.WriteString("sub_msg"u8, fault.SubMessage);
        }

        json.WriteString("request_id"u8, NextRequestId());
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private async Task SendAsync(HttpContext http, AnswerWriter answer)
    {
        var body = faults.Mangle(answer.Written);
        http.Response.ContentType = "application/json;charset=UTF-8";
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    private string ImageBase(HttpContext http) =>
        options.ImageBaseUrl.Length > 0 ? options.ImageBaseUrl : $"{http.Request.Scheme}://{http.Request.Host}/aliexpress/images";

    private string NextRequestId()
    {
        var number = Interlocked.Increment(ref _requests) & 0xFFFF;
        return string.Create(CultureInfo.InvariantCulture, $"2101145f{clock.GetUtcNow().ToUnixTimeMilliseconds()}{number:x4}");
    }
}
