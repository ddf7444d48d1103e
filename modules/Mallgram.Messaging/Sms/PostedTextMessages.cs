using System.Net;
using System.Net.Http.Json;
using Mallgram.Kernel.Http;
using Microsoft.Extensions.Options;

namespace Mallgram.Messaging.Sms;

/// <summary>
/// Posts <c>{to, from, text, reference}</c> as JSON to <c>Messaging:Sms:BaseAddress</c>. Any 2xx is "taken"; 408, 429 and 5xx are "later";
/// what else it says is "never".
/// </summary>
internal sealed class PostedTextMessages(IHttpClientFactory http, IOptions<SmsOptions> options) : ITextMessages
{
    public const string HttpClientName = "sms";

    public async Task SendAsync(TextMessage message, CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(options.Value.Timeout);
        try
        {
            using var answer = await http.CreateClient(HttpClientName)
                .PostAsJsonAsync(options.Value.BaseAddress, message, MallgramJson.Options, timeout.Token);
            if (answer.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
            {
                throw new HttpRequestException($"The text message was not taken (HTTP {(int)answer.StatusCode}).");
            }

            if (!answer.IsSuccessStatusCode)
            {
                throw new TextRefusedException($"The text message was refused (HTTP {(int)answer.StatusCode}).");
            }
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"The text message was not taken within {options.Value.Timeout.TotalSeconds:F0} s.", e);
        }
    }
}
