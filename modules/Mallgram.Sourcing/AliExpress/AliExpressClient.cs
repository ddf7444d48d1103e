using System.Globalization;
using System.Net;
using System.Text.Json;
using Mallgram.Sourcing.Suppliers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Sourcing.AliExpress;

/// <summary>
/// Calls of the AliExpress open platform: signs them, keeps to the budget, tells faults apart, repeats what may heal. All calls here only
/// read, so repeating is safe.
/// </summary>
internal sealed partial class AliExpressClient(
    HttpClient http, IOptions<AliExpressOptions> options, CallBudget budget, TimeProvider clock, ILogger<AliExpressClient> logger)
{
    /// <summary>With pauses of 0.3 s doubling each time, longer in all than a circuit breaker stays open.</summary>
    private const int Attempts = 6;

    /// <summary>"Too fast" so many times in a row is no matter of a second any more.</summary>
    private const int PausesForSpeed = 60;

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(300);

    /// <summary>A business method on <c>/sync</c>.</summary>
    /// <returns>The member <c>…_response</c> of the answer; dispose the document.</returns>
    /// <exception cref="SupplierException">See <see cref="SupplierFault"/>.</exception>
    public Task<JsonDocument> CallAsync(string method, string? accessToken, CancellationToken ct, params (string Name, string Value)[] parameters)
    {
        var sent = new Dictionary<string, string>(StringComparer.Ordinal) { ["method"] = method, ["simplify"] = "true", ["format"] = "json" };
        if (accessToken is not null)
        {
            sent["access_token"] = accessToken;
        }

        foreach (var (name, value) in parameters)
        {
            sent[name] = value;
        }

        return SendAsync("sync", path: "", sent, method, ct);
    }

    /// <summary>A system interface below <c>/rest</c>.</summary>
    /// <param name="path">With a leading slash: <c>/auth/token/create</c>.</param>
    /// <inheritdoc cref="CallAsync" path="/exception"/>
    public Task<JsonDocument> CallSystemAsync(string path, CancellationToken ct, params (string Name, string Value)[] parameters) =>
        SendAsync("rest" + path, path, parameters.ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal), path, ct);

    private async Task<JsonDocument> SendAsync(string address, string path, Dictionary<string, string> parameters, string api, CancellationToken ct)
    {
        var pauses = 0;
        for (var attempt = 1; ; attempt++)
        {
            await budget.SpendAsync(ct);
            SupplierException fault;
            try
            {
                return await SendOnceAsync(address, path, parameters, ct);
            }
            catch (AliExpressFaultException e) when (e.IsTooFast)
            {
                if (++pauses > PausesForSpeed)
                {
                    throw new SupplierException(SupplierFault.QuotaUsedUp, e.Code, $"{api}: {e.Message}", e);
                }

                // The ban lasts as long as the platform says, a second when it says nothing; it does not count as a failed attempt.
                budget.PauseFor(e.BanTime ?? TimeSpan.FromSeconds(1));
                attempt--;
                continue;
            }
            catch (AliExpressFaultException e)
            {
                fault = new SupplierException(e.Fault, e.Code, $"{api}: {e.Message}", e);
            }
            catch (JsonException e)
            {
                fault = new SupplierException(
                    SupplierFault.Unreadable, "unreadable_answer", $"{api}: the answer is no JSON of the expected shape.", e);
            }
            catch (Exception e) when (!ct.IsCancellationRequested
                && e is HttpRequestException or IOException or TimeoutException or TaskCanceledException)
            {
                fault = new SupplierException(SupplierFault.Unavailable, "unreachable", $"{api}: {e.Message}", e);
            }

            if (attempt >= Attempts || fault.Fault is not (SupplierFault.Unavailable or SupplierFault.Unreadable))
            {
                throw fault;
            }

            LogRetry(api, fault.Code, attempt);
            await Task.Delay(FirstBackoff * Math.Pow(2, attempt - 1) * (0.5 + Random.Shared.NextDouble()), clock, ct);
        }
    }

    private async Task<JsonDocument> SendOnceAsync(string address, string path, Dictionary<string, string> parameters, CancellationToken ct)
    {
        var sent = new Dictionary<string, string>(parameters, StringComparer.Ordinal)
        {
            ["app_key"] = options.Value.AppKey,
            ["sign_method"] = "sha256",
            // Signed anew each time: the platform refuses calls that are two hours old.
            ["timestamp"] = clock.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
        };
        sent["sign"] = AliExpressSignature.Sha256(sent, options.Value.AppSecret, path);
        using var form = new FormUrlEncodedContent(sent);
        using var answer = await http.PostAsync(new Uri(address, UriKind.Relative), form, ct);
        if (answer.StatusCode == HttpStatusCode.TooManyRequests)
        {
            throw AliExpressFaultException.TooFast(answer.Headers.RetryAfter?.Delta);
        }

        if (!answer.IsSuccessStatusCode)
        {
            // A page of a proxy in between; faults of the platform itself come with 200.
            var isOurs = (int)answer.StatusCode is >= 400 and < 500 and not 408;
            throw new AliExpressFaultException(
                isOurs ? SupplierFault.Refused : SupplierFault.Unavailable,
                string.Create(CultureInfo.InvariantCulture, $"http_{(int)answer.StatusCode}"),
                string.Create(CultureInfo.InvariantCulture, $"HTTP status {(int)answer.StatusCode}."));
        }

        await using var body = await answer.Content.ReadAsStreamAsync(ct);
        var document = await JsonDocument.ParseAsync(body, default, ct);
        try
        {
            AliExpressWire.ThrowIfFault(document.RootElement);
            return document;
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    [LoggerMessage(LogLevel.Debug, "{Api} failed with {Code} in attempt {Attempt}, trying again")]
    private partial void LogRetry(string api, string code, int attempt);
}

/// <summary>A fault that the platform reported, sorted by what can be done about it.</summary>
internal sealed class AliExpressFaultException(SupplierFault fault, string code, string message) : Exception(message)
{
    public SupplierFault Fault { get; } = fault;

    public string Code { get; } = code;

    public bool IsTooFast { get; private init; }

    public TimeSpan? BanTime { get; private init; }

    public static AliExpressFaultException TooFast(TimeSpan? banTime) =>
        new(SupplierFault.Unavailable, "ApiCallLimit", "Called too often.") { IsTooFast = true, BanTime = banTime };
}
