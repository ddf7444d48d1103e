using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>
/// What the platforms of the family have in common: parameters, app key, timestamp, signature, quota and token are checked in this order;
/// tokens are made and renewed; faults come with HTTP 200, nested on <c>/sync</c> and flat on <c>/rest</c>.
/// </summary>
internal sealed class OpenPlatformGateway(string provider, OpenPlatformOptions options, Counters counters, TimeProvider clock)
{
    private static readonly TimeSpan TimestampWindow = TimeSpan.FromSeconds(7200);

    private int _requests;

    public OpenPlatformOptions Options { get; } = options;

    public OpenPlatformTokens Tokens { get; } = new(options, clock);

    public OpenPlatformQuota Quota { get; } = new(options, clock);

    public OpenPlatformFaults Faults { get; } = new();

    /// <summary>The call's parameters; null when it has been answered already, because it cannot be read or is to fail.</summary>
    public async ValueTask<CallParameters?> ReadAsync(HttpContext http, bool nestedFaults)
    {
        CallParameters call;
        try
        {
            call = await CallParameters.ReadAsync(http.Request, http.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return null;
        }

        if (Faults.Slow is { Ticks: > 0 } delay)
        {
            await Task.Delay(delay, http.RequestAborted);
        }

        if (!Faults.TakesFailure(out var status))
        {
            return call;
        }

        counters.Add(provider + ".failed_on_purpose");
        if (status > 0)
        {
            http.Response.StatusCode = status;
            await http.Response.WriteAsync("<html><body>gateway error</body></html>", http.RequestAborted);
        }
        else
        {
            await SendFaultAsync(http, GatewayFault.ServiceDown, nestedFaults);
        }

        return null;
    }

    /// <summary>Counts the call and says why it is refused; null when it is not.</summary>
    /// <param name="path">What the signature has in front: of an interface of <c>/rest</c>.</param>
    public GatewayFault? Refuse(CallParameters call, string api, string path, bool needsToken)
    {
        counters.Add(provider + ".call." + api);
        foreach (var required in (ReadOnlySpan<string>)["app_key", "timestamp", "sign_method", "sign"])
        {
            if (call.Text(required) is null)
            {
                return GatewayFault.Missing(required);
            }
        }

        if (call["app_key"] != Options.AppKey)
        {
            return GatewayFault.AppKey;
        }

        if (!TryTimestamp(call["timestamp"], out var sent) || (clock.GetUtcNow() + Faults.ClockSkew - sent).Duration() > TimestampWindow)
        {
            return GatewayFault.Timestamp;
        }

        var expected = call["sign_method"] switch
        {
            "sha256" => OpenPlatformSignature.Sha256(call, Options.AppSecret, path),
            "md5" when path.Length == 0 => OpenPlatformSignature.Md5(call, Options.AppSecret),
            _ => "",
        };
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(call["sign"])))
        {
            return GatewayFault.Signature;
        }

        var fault = Quota.Take(api) switch
        {
            OpenPlatformQuota.Verdict.TooFast => GatewayFault.TooFast,
            OpenPlatformQuota.Verdict.DayUsedUp => GatewayFault.DayUsedUp,
            _ => null,
        };
        if (fault is not null)
        {
            return fault;
        }

        var token = call.Text("access_token") ?? call.Text("session");
        return token is null
            ? needsToken ? GatewayFault.Missing("access_token") : null
            : Tokens.IsValid(OpenPlatformTokens.Kind.Access, token) ? null : GatewayFault.AccessToken;
    }

    /// <summary>Whether <paramref name="api"/> makes or renews tokens.</summary>
    public static bool IsTokenCall(string api) =>
        api is "/auth/token/create" or "/auth/token/refresh" or "/auth/token/security/create" or "/auth/token/security/refresh";

    /// <summary>Why a checked call of <see cref="IsTokenCall"/> gets no tokens; null when it does.</summary>
    public GatewayFault? RefuseToken(CallParameters call, string api)
    {
        if (api.EndsWith("/create", StringComparison.Ordinal))
        {
            return call.Text("code") is not { } code
                ? GatewayFault.Missing("code")
                : code.StartsWith($"3_{Options.AppKey}_", StringComparison.Ordinal) ? null : GatewayFault.AuthorizationCode;
        }

        return call.Text("refresh_token") is not { } refresh
            ? GatewayFault.Missing("refresh_token")
            : Tokens.IsValid(OpenPlatformTokens.Kind.Refresh, refresh) ? null : GatewayFault.RefreshToken;
    }

    /// <summary>The consent page answers at once: the sandbox has one buyer and that buyer agrees.</summary>
    public IResult Authorize(HttpContext http)
    {
        var query = http.Request.Query;
        if (query["response_type"] != "code" || query["client_id"] != Options.AppKey
            || !Uri.TryCreate(query["redirect_uri"], UriKind.Absolute, out var back) || !back.IsLoopback)
        {
            return Results.Text("response_type=code, a known client_id and a redirect_uri on this machine are needed", statusCode: 400);
        }

        var code = string.Create(CultureInfo.InvariantCulture, $"3_{Options.AppKey}_{clock.GetUtcNow().ToUnixTimeMilliseconds():x}");
        var separator = back.Query.Length > 0 ? '&' : '?';
        return Results.Redirect($"{back.AbsoluteUri}{separator}code={code}&state={Uri.EscapeDataString(query["state"].ToString())}");
    }

    public async Task SendFaultAsync(HttpContext http, GatewayFault fault, bool nested)
    {
        counters.Add(provider + ".fault." + fault.Code);
        using var answer = new AnswerWriter(simplify: true, bareSingle: false);
        var json = answer.Json;
        json.WriteStartObject();
        if (nested)
        {
            json.WriteStartObject("error_response"u8);
        }

        json.WriteString("type"u8, fault.Type);
        json.WriteString("code"u8, fault.Code);
        json.WriteString(nested ? "msg"u8 : "message"u8, fault.Message);
        if (fault.SubCode is not null)
        {
            json.WriteString("sub_code"u8, fault.SubCode);
            json.WriteString("sub_msg"u8, fault.SubMessage);
        }

        json.WriteString("request_id"u8, NextRequestId());
        if (nested)
        {
            json.WriteEndObject();
        }

        json.WriteEndObject();
        await SendAsync(http, answer);
    }

    public async Task SendAsync(HttpContext http, AnswerWriter answer)
    {
        var body = Faults.Mangle(answer.Written);
        http.Response.ContentType = "application/json;charset=UTF-8";
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }

    public string NextRequestId()
    {
        var number = Interlocked.Increment(ref _requests) & 0xFFFF;
        return string.Create(CultureInfo.InvariantCulture, $"2101145f{clock.GetUtcNow().ToUnixTimeMilliseconds()}{number:x4}");
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
}
