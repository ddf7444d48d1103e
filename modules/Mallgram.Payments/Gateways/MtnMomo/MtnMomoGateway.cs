using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Kernel;
using Microsoft.Extensions.Options;

namespace Mallgram.Payments.Gateways.MtnMomo;

/// <summary>
/// MTN MoMo Collections: the buyer gets a prompt on the phone. The provider answers 202 at once, reports once without a signature and
/// never again, so polling is the truth and the callback a hint.
/// </summary>
internal sealed class MtnMomoGateway(IHttpClientFactory http, MtnMomoTokens tokens, IOptions<MtnMomoOptions> options) : IPaymentGateway
{
    public const string HttpClientName = "mtn_momo";

    private const int LargestAnswer = 64 * 1024;

    public string Code => "mtn_momo";

    public IReadOnlyCollection<string> Methods { get; } = ["mobile_money"];

    public bool Supports(string method, Currency currency, string country) =>
        method == "mobile_money" && MtnMomoWire.TargetEnvironment(currency, msisdn: null, options.Value.TargetEnvironments) is not null;

    public async Task<GatewayStart> StartAsync(GatewayCharge charge, CancellationToken ct)
    {
        var body = new MomoRequestToPay(
            charge.Amount.ToMajorText(), charge.Amount.Currency.Code, charge.Description,
            new MomoParty("MSISDN", charge.PayerPhone ?? throw new ArgumentException("Mobile money needs the payer's number.", nameof(charge))),
            charge.Description, charge.Description);
        var (status, answer) = await SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, "collection/v1_0/requesttopay") { Content = JsonContent.Create(body) };
                request.Headers.Add("X-Reference-Id", charge.Reference.ToString());
                request.Headers.Add("X-Callback-Url", charge.CallbackAddress.AbsoluteUri);
                return request;
            },
            charge,
            ct);
        return status switch
        {
            // 409: it has this reference already, so an earlier call got through.
            HttpStatusCode.Accepted or HttpStatusCode.Conflict => new GatewayStart.ApproveOnPhone(new LocalText(
                "Approve the payment on your phone: a request from MTN MoMo is on its way.",
                "Approuvez le paiement sur votre téléphone : une demande MTN MoMo arrive.")),
            HttpStatusCode.BadRequest or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.UnprocessableEntity =>
                new GatewayStart.Refused(DeclineCodes.GatewayRefused, Word(answer) ?? $"HTTP {(int)status}"),
            // Mistakes of configuration come as 500 with one of these words: nothing was taken.
            HttpStatusCode.InternalServerError when Word(answer) is { } word and
                ("NOT_ALLOWED" or "NOT_ALLOWED_TARGET_ENVIRONMENT" or "INVALID_CALLBACK_URL_HOST" or "INVALID_CURRENCY") =>
                new GatewayStart.Refused(DeclineCodes.GatewayRefused, word),
            _ => throw new GatewayUnavailableException($"MTN MoMo answered HTTP {(int)status} to a request to pay."),
        };
    }

    public async Task<GatewayReading> ReadAsync(GatewayCharge charge, CancellationToken ct)
    {
        var (status, answer) = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, $"collection/v1_0/requesttopay/{charge.Reference}"), charge, ct);
        return status switch
        {
            HttpStatusCode.OK => MtnMomoWire.Read(answer),
            HttpStatusCode.NotFound => new GatewayReading.Unknown(),
            _ => throw new GatewayUnavailableException($"MTN MoMo answered HTTP {(int)status} to a status request."),
        };
    }

    private async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(Func<HttpRequestMessage> create, GatewayCharge charge, CancellationToken ct)
    {
        string? refused = null;
        while (true)
        {
            var token = await tokens.GetAsync(refused, ct);
            using var request = create();
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Headers.Add("Ocp-Apim-Subscription-Key", options.Value.SubscriptionKey);
            request.Headers.Add(
                "X-Target-Environment",
                MtnMomoWire.TargetEnvironment(charge.Amount.Currency, charge.PayerPhone, options.Value.TargetEnvironments)
                    ?? throw new ArgumentException($"MTN MoMo takes no {charge.Amount.Currency}.", nameof(charge)));
            try
            {
                using var answer = await http.CreateClient(HttpClientName).SendAsync(request, ct);
                if (answer.StatusCode == HttpStatusCode.Unauthorized && refused is null)
                {
                    // An ended token and a wrong key look the same: try once with a new token.
                    refused = token;
                    continue;
                }

                await answer.Content.LoadIntoBufferAsync(LargestAnswer, ct);
                return (answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(ct));
            }
            catch (HttpRequestException e)
            {
                throw new GatewayUnavailableException("MTN MoMo did not answer.", e);
            }
        }
    }

    private static string? Word(byte[] body)
    {
        try
        {
            return body.Length == 0 ? null : JsonSerializer.Deserialize<MomoError>(body)?.Code;
        }
        catch (JsonException)
        {
            // Error bodies of the provider's front layer may be anything; the status then says what there is to know.
            return null;
        }
    }
}
