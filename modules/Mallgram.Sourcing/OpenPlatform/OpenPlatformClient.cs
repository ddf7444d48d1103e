using System.Globalization;
using System.Net;
using System.Text.Json;
using Mallgram.Sourcing.Suppliers;
using Microsoft.Extensions.Logging;

namespace Mallgram.Sourcing.OpenPlatform;

/// <summary>
/// Calls of an open platform of the AliExpress and Alibaba.com family: signs them, keeps to the budget, tells faults apart, repeats what
/// may heal. All calls here only read, so repeating is safe.
/// </summary>
internal sealed partial class OpenPlatformClient(
    HttpClient http, OpenPlatformOptions options, CallBudget budget, TimeProvider clock, ILogger<OpenPlatformClient> logger)
{
    /// <summary>With pauses of 0.3 s doubling each time, longer in all than a circuit breaker stays open.</summary>
    private const int Attempts = 6;

    /// <summary>"Too fast" so many times in a row is no matter of a second any more.</summary>
    private const int PausesForSpeed = 60;

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(300);

    /// <param name="api">A method of <c>/sync</c> by its dotted name, or an interface below <c>/rest</c> by its path.</param>
    /// <returns>The answer; dispose the document.</returns>
    /// <exception cref="SupplierException">See <see cref="SupplierFault"/>.</exception>
    public Task<JsonDocument> CallAsync(
        string api, string? accessToken, IEnumerable<(string Name, string Value)> parameters, CancellationToken ct)
    {
        var sent = parameters.ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        if (accessToken is not null)
        {
            sent["access_token"] = accessToken;
        }

        if (api.StartsWith('/'))
        {
            return SendAsync("rest" + api, path: api, sent, api, ct);
        }

        sent["method"] = api;
        sent["simplify"] = "true";
        sent["format"] = "json";
        return SendAsync("sync", path: "", sent, api, ct);
    }

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
            catch (OpenPlatformFaultException e) when (e.IsTooFast)
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
            catch (OpenPlatformFaultException e)
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
            ["app_key"] = options.AppKey,
            ["sign_method"] = "sha256",
            // Signed anew each time: the platform refuses calls that are two hours old.
            ["timestamp"] = clock.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
        };
        sent["sign"] = OpenPlatformSignature.Sha256(sent, options.AppSecret, path);
        using var form = new FormUrlEncodedContent(sent);
        using var answer = await http.PostAsync(new Uri(address, UriKind.Relative), form, ct);
        if (answer.StatusCode == HttpStatusCode.TooManyRequests)
        {
            throw OpenPlatformFaultException.TooFast(answer.Headers.RetryAfter?.Delta);
        }

        if (!answer.IsSuccessStatusCode)
        {
            // A page of a proxy in between; faults of the platform itself come with 200.
            var isOurs = (int)answer.StatusCode is >= 400 and < 500 and not 408;
            throw new OpenPlatformFaultException(
                isOurs ? SupplierFault.Refused : SupplierFault.Unavailable,
                string.Create(CultureInfo.InvariantCulture, $"http_{(int)answer.StatusCode}"),
                string.Create(CultureInfo.InvariantCulture, $"HTTP status {(int)answer.StatusCode}."));
        }

        await using var body = await answer.Content.ReadAsStreamAsync(ct);
        var document = await JsonDocument.ParseAsync(body, default, ct);
        try
        {
            return OpenPlatformJson.Read(document.RootElement, root =>
            {
                OpenPlatformJson.ThrowIfFault(root);
                return document;
            });
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
internal sealed class OpenPlatformFaultException(SupplierFault fault, string code, string message) : Exception(message)
{
    public SupplierFault Fault { get; } = fault;

    public string Code { get; } = code;

    public bool IsTooFast { get; private init; }

    public TimeSpan? BanTime { get; private init; }

    public static OpenPlatformFaultException TooFast(TimeSpan? banTime) =>
        new(SupplierFault.Unavailable, "ApiCallLimit", "Called too often.") { IsTooFast = true, BanTime = banTime };
}
