using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.MtnMomo;

/// <summary>
/// MTN MoMo Collections at <c>/mtn-momo</c>: provisioning, token, request to pay, status, account holder, balance.
/// Source: https://momodeveloper.mtn.com/api-documentation.
/// </summary>
internal sealed class MomoEndpoints(
    MtnMomoOptions options, MomoLedger ledger, MomoTokens tokens, MomoFaults faults, Counters counters, TimeProvider clock)
{
    private const string SubscriptionHeader = "Ocp-Apim-Subscription-Key";

    public void Map(IEndpointRouteBuilder app)
    {
        var root = app.MapGroup("/mtn-momo");
        root.AddEndpointFilter(AvailabilityAsync);
        root.MapPost("/v1_0/apiuser", (Delegate)CreateUserAsync);
        root.MapPost("/v1_0/apiuser/{apiUser}/apikey", CreateKey);
        root.MapGet("/v1_0/apiuser/{apiUser}", ReadUser);
        root.MapPost("/collection/token", (Delegate)TokenAsync);
        root.MapPost("/collection/v1_0/requesttopay", (Delegate)RequestToPayAsync);
        root.MapGet("/collection/v1_0/requesttopay/{referenceId}", Status);
        root.MapPost("/collection/v1_0/requesttopay/{referenceId}/deliverynotification", DeliveryNotification);
        root.MapGet("/collection/v1_0/accountholder/{idType}/{id}/active", AccountHolderActive);
        root.MapGet("/collection/v1_0/account/balance", Balance);
    }

    private async ValueTask<object?> AvailabilityAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var (left, hang) = faults.Down();
        if (left > TimeSpan.Zero)
        {
            if (hang)
            {
                await Task.Delay(left, clock, context.HttpContext.RequestAborted);
            }

            return Fault(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable, try again later.");
        }

        var answer = await next(context);
        var request = context.HttpContext.Request;
        if (HttpMethods.IsPost(request.Method) && request.Path.Value!.EndsWith("/requesttopay", StringComparison.Ordinal)
            && faults.LoseThisAnswer())
        {
            counters.Add("mtn_momo.answers_lost");
            context.HttpContext.Abort();
        }

        return answer;
    }

    private async Task<IResult> CreateUserAsync(HttpContext http)
    {
        counters.Add("mtn_momo.call.apiuser");
        if (RefuseKey(http) is { } refusal)
        {
            return refusal;
        }

        var (body, fault) = await ReadJsonAsync(http);
        if (fault is not null)
        {
            return fault;
        }

        if (!IsUuid4(http.Request.Headers["X-Reference-Id"].ToString()))
        {
            return Fault(400, "BAD_REQUEST", "X-Reference-Id must be a UUID version 4.");
        }

        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("providerCallbackHost", out var host)
            || host.ValueKind != JsonValueKind.String || Uri.CheckHostName(host.GetString()) == UriHostNameType.Unknown)
        {
            return Fault(400, "BAD_REQUEST", "providerCallbackHost must be a host name, not a URL.");
        }

        return ledger.AddUser(new MomoApiUser(http.Request.Headers["X-Reference-Id"].ToString(), host.GetString()!, ApiKey: null))
            ? Results.StatusCode(201)
            : Fault(409, "RESOURCE_ALREADY_EXIST", "Duplicated reference id. Creation of resource failed.");
    }

    private IResult CreateKey(HttpContext http, string apiUser)
    {
        counters.Add("mtn_momo.call.apikey");
        if (RefuseKey(http) is { } refusal)
        {
            return refusal;
        }

        return ledger.User(apiUser) is { } user
            ? Json(201, new { ApiKey = ledger.NewApiKey(user) })
            : Fault(404, "RESOURCE_NOT_FOUND", "Requested resource was not found.");
    }

    private IResult ReadUser(HttpContext http, string apiUser)
    {
        counters.Add("mtn_momo.call.apiuser");
        if (RefuseKey(http) is { } refusal)
        {
            return refusal;
        }

        return ledger.User(apiUser) is { } user
            ? Json(200, new { user.ProviderCallbackHost, TargetEnvironment = "sandbox" })
            : Fault(404, "RESOURCE_NOT_FOUND", "Requested resource was not found.");
    }

    private async Task<IResult> TokenAsync(HttpContext http)
    {
        counters.Add("mtn_momo.call.token");
        if (RefuseKey(http) is { } refusal)
        {
            return refusal;
        }

        var first = new byte[1];
        if (await http.Request.Body.ReadAsync(first, http.RequestAborted) > 0)
        {
            return Fault(400, "BAD_REQUEST", "The body must be empty.");
        }

        return Basic(http) is { } user
            ? Json(200, new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["access_token"] = tokens.Issue(user),
                ["token_type"] = "access_token",
                ["expires_in"] = options.AccessTokenSeconds,
            })
            : Json(401, new { Error = "login_failed" });
    }

    private async Task<IResult> RequestToPayAsync(HttpContext http)
    {
        counters.Add("mtn_momo.call.requesttopay");
        if (Refuse(http, out var user) is { } refusal)
        {
            return refusal;
        }

        var referenceId = http.Request.Headers["X-Reference-Id"].ToString();
        if (!IsUuid4(referenceId))
        {
            return Fault(400, "BAD_REQUEST", "X-Reference-Id must be a UUID version 4.");
        }

        var environment = http.Request.Headers["X-Target-Environment"].ToString();
        if (MomoMarkets.CurrencyOf(environment) is not { } currency)
        {
            return Fault(500, "NOT_ALLOWED_TARGET_ENVIRONMENT", "Access to target environment is forbidden.");
        }

        if (RefuseCallback(http, user!, out var callbackUrl) is { } badCallback)
        {
            return badCallback;
        }

        var (body, fault) = await ReadJsonAsync(http);
        if (fault is not null)
        {
            return fault;
        }

        var (request, sentence) = MomoRequestToPay.Read(body);
        if (request is null)
        {
            return Fault(400, "BAD_REQUEST", sentence!);
        }

        if (ledger.Payment(referenceId) is not null)
        {
            return Duplicate();
        }

        if (request.Currency != currency)
        {
            return Fault(500, "INVALID_CURRENCY", "Currency not supported.");
        }

        var added = ledger.Add(new MomoPayment
        {
            ReferenceId = referenceId,
            ApiUser = user!.Id,
            Environment = environment,
            Amount = request.Amount,
            Currency = request.Currency,
            ExternalId = request.ExternalId,
            PartyIdType = request.PartyIdType,
            PartyId = request.PartyId,
            PayerMessage = request.PayerMessage,
            PayeeNote = request.PayeeNote,
            CallbackUrl = callbackUrl,
            CreatedAt = clock.GetUtcNow(),
            Plan = faults.PlanFor(request.PartyId),
        });
        return added ? Results.StatusCode(202) : Duplicate();
    }

    private IResult Status(HttpContext http, string referenceId)
    {
        counters.Add("mtn_momo.call.status");
        if (Refuse(http, out var user) is { } refusal)
        {
            return refusal;
        }

        return ledger.Payment(referenceId) is { } payment && string.Equals(payment.ApiUser, user!.Id, StringComparison.OrdinalIgnoreCase)
            ? Results.Bytes(MomoWire.Status(payment, faults.ReasonShape), "application/json")
            : Fault(404, "RESOURCE_NOT_FOUND", "Requested resource was not found.");
    }

    private IResult DeliveryNotification(HttpContext http, string referenceId)
    {
        counters.Add("mtn_momo.call.deliverynotification");
        return Refuse(http, out _) ?? (ledger.Payment(referenceId) is { Status: MomoStatus.Successful }
            ? Results.StatusCode(200)
            : Fault(404, "RESOURCE_NOT_FOUND", "Requested resource was not found."));
    }

    private IResult AccountHolderActive(HttpContext http, string idType, string id)
    {
        counters.Add("mtn_momo.call.accountholder");
        if (Refuse(http, out _) is { } refusal)
        {
            return refusal;
        }

        return idType.Equals("msisdn", StringComparison.OrdinalIgnoreCase) && id.All(char.IsAsciiDigit)
            ? Json(200, new { Result = id != "46733123455" })
            : Fault(400, "BAD_REQUEST", "Only accountholder/msisdn/{digits} is known here.");
    }

    private IResult Balance(HttpContext http)
    {
        counters.Add("mtn_momo.call.balance");
        if (Refuse(http, out _) is { } refusal)
        {
            return refusal;
        }

        return MomoMarkets.CurrencyOf(http.Request.Headers["X-Target-Environment"].ToString()) is { } currency
            ? Json(200, new { AvailableBalance = "1000", Currency = currency })
            : Fault(500, "NOT_ALLOWED_TARGET_ENVIRONMENT", "Access to target environment is forbidden.");
    }

    /// <summary>The gateway in front of the API has its own 401 body.</summary>
    private IResult? RefuseKey(HttpContext http)
    {
        var key = http.Request.Headers[SubscriptionHeader].ToString();
        return key == options.SubscriptionKey ? null : Json(401, new
        {
            StatusCode = 401,
            Message = key.Length == 0
                ? "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API."
                : "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
        });
    }

    private IResult? Refuse(HttpContext http, out MomoApiUser? user)
    {
        user = null;
        if (RefuseKey(http) is { } refusal)
        {
            return refusal;
        }

        var authorization = http.Request.Headers.Authorization.ToString();
        user = authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? tokens.Read(authorization[7..].Trim()) : null;
        return user is null ? Fault(401, "UNAUTHORIZED", "The access token is missing, invalid or expired.") : null;
    }

    private static IResult? RefuseCallback(HttpContext http, MomoApiUser user, out string? callbackUrl)
    {
        callbackUrl = null;
        if (!http.Request.Headers.TryGetValue("X-Callback-Url", out var given))
        {
            return null;
        }

        if (!Uri.TryCreate(given.ToString(), UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp)
        {
            return Fault(400, "BAD_REQUEST", "X-Callback-Url must be an http URL, or be left out.");
        }

        var registered = user.ProviderCallbackHost;
        var callable = !IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) || PrivateNetwork.Contains(address);
        if (!callable || (registered.Length > 0 && !string.Equals(url.Host, registered, StringComparison.OrdinalIgnoreCase)))
        {
            return Fault(500, "INVALID_CALLBACK_URL_HOST", "The callback URL host is not the registered providerCallbackHost.");
        }

        callbackUrl = url.AbsoluteUri;
        return null;
    }

    private MomoApiUser? Basic(HttpContext http)
    {
        var authorization = http.Request.Headers.Authorization.ToString();
        if (!authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        string pair;
        try
        {
            pair = Encoding.UTF8.GetString(Convert.FromBase64String(authorization[6..].Trim()));
        }
        catch (FormatException)
        {
            return null;
        }

        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && ledger.User(pair[..colon]) is { ApiKey: { } key } user
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(pair[(colon + 1)..]))
            ? user
            : null;
    }

    private static async Task<(JsonElement Body, IResult? Fault)> ReadJsonAsync(HttpContext http)
    {
        if (!http.Request.HasJsonContentType())
        {
            return (default, Fault(400, "BAD_REQUEST", "Content-Type must be application/json."));
        }

        try
        {
            using var document = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            return (document.RootElement.Clone(), null);
        }
        catch (JsonException)
        {
            return (default, Fault(400, "BAD_REQUEST", "The body is not JSON."));
        }
    }

    private static bool IsUuid4(string text) =>
        Guid.TryParseExact(text, "D", out var id) && id.Version == 4 && id.Variant is >= 8 and <= 11;

    private static IResult Duplicate() => Fault(409, "RESOURCE_ALREADY_EXIST", "Duplicated reference id. Creation of resource failed.");

    private static IResult Fault(int status, string code, string message) => Json(status, new { Code = code, Message = message });

    private static IResult Json(int status, object body) => Results.Json(body, MomoWire.Json, statusCode: status);
}
