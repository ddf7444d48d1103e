using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Sandbox.AliExpress;

/// <summary>
/// The AliExpress open platform: business methods at <c>/aliexpress/sync</c>, system interfaces at <c>/aliexpress/rest</c> with the path
/// in the address or in <c>method</c>.
/// </summary>
internal sealed class AliExpressPlatform(
    [FromKeyedServices(AliExpressControls.Code)] OpenPlatformGateway gateway, AliExpressOptions options, AliExpressMethods methods)
{
    public async Task SyncAsync(HttpContext http)
    {
        if (await gateway.ReadAsync(http, nestedFaults: true) is not { } call)
        {
            return;
        }

        using var answer = new AnswerWriter(call.Simplify, gateway.Faults.BareSingle);
        await (Sync(http, call, answer) is { } fault
            ? gateway.SendFaultAsync(http, fault, nested: true)
            : gateway.SendAsync(http, answer));
    }

    public async Task RestAsync(HttpContext http, string? path)
    {
        if (await gateway.ReadAsync(http, nestedFaults: false) is not { } call)
        {
            return;
        }

        using var answer = new AnswerWriter(simplify: true, bareSingle: false);
        var api = string.IsNullOrEmpty(path) ? call.Text("method") ?? "" : "/" + path.TrimEnd('/');
        await (Rest(call, api, answer) is { } fault
            ? gateway.SendFaultAsync(http, fault, nested: false)
            : gateway.SendAsync(http, answer));
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

        if (gateway.Refuse(call, name, path: "", method.NeedsToken) is { } refusal)
        {
            return refusal;
        }

        var json = answer.Json;
        json.WriteStartObject();
        json.WriteStartObject(method.RootKey);
        if (method.Run(new MethodCall(call, answer, Pictures.Root(http, options.ImageBaseUrl, AliExpressControls.Code))) is { } fault)
        {
            return fault;
        }

        json.WriteString("request_id"u8, gateway.NextRequestId());
        json.WriteEndObject();
        json.WriteEndObject();
        return null;
    }

    private GatewayFault? Rest(CallParameters call, string api, AnswerWriter answer)
    {
        if (!OpenPlatformGateway.IsTokenCall(api))
        {
            return GatewayFault.ApiPath;
        }

        if ((gateway.Refuse(call, api, path: api, needsToken: false) ?? gateway.RefuseToken(call, api)) is { } refusal)
        {
            return refusal;
        }

        WriteTokens(answer, withAccount: !api.Contains("/security/", StringComparison.Ordinal));
        return null;
    }

    private void WriteTokens(AnswerWriter answer, bool withAccount)
    {
        var (access, accessExpires) = gateway.Tokens.Issue(OpenPlatformTokens.Kind.Access);
        var (refresh, refreshExpires) = gateway.Tokens.Issue(OpenPlatformTokens.Kind.Refresh);
        var json = answer.Json;
        json.WriteStartObject();
        json.WriteString("access_token"u8, access);
        json.WriteString("refresh_token"u8, refresh);
        json.WriteNumber("expires_in"u8, gateway.Options.AccessTokenSeconds);
        json.WriteNumber("refresh_expires_in"u8, gateway.Options.RefreshTokenSeconds);
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
        json.WriteString("request_id"u8, gateway.NextRequestId());
        json.WriteEndObject();
    }
}
