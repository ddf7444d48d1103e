using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Mallgram.Catalog.Pricing;

/// <summary>Settings under <c>Catalog:ExchangeRates</c>: where rates come from. Without an app id none are fetched.</summary>
internal sealed class ExchangeRateOptions
{
    /// <summary>Root of the provider's API, ending in a slash.</summary>
    /// <value>https://openexchangerates.org/api/</value>
    [Required]
    public Uri BaseAddress { get; set; } = new("https://openexchangerates.org/api/");

    /// <summary>The account's app id. Never logged.</summary>
    public string? AppId { get; set; }

    /// <summary>A rate that differs by more percent from the newest stored one is kept out until a person raises this for a run.</summary>
    /// <value>20</value>
    [Range(0.1, 10_000)]
    public decimal MaxChangePercent { get; set; } = 20;

    /// <summary>Longest wait for the provider.</summary>
    /// <value>15 seconds.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);
}

/// <param name="AsOf">UTC day of the rates.</param>
/// <param name="Rates">Units of a currency for one US dollar; null where the provider sent no usable number.</param>
internal sealed record FetchedRates(DateOnly AsOf, IReadOnlyDictionary<string, decimal?> Rates);

/// <summary>The provider did not answer with rates; the message says why, without the app id.</summary>
internal sealed class ExchangeRateException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Open Exchange Rates, <c>GET latest.json</c> (docs.openexchangerates.org): rates against the US dollar, which every plan has as base.
/// </summary>
internal sealed class OpenExchangeRates(HttpClient http, IOptions<ExchangeRateOptions> options, TimeProvider clock)
{
    public const string Source = "openexchangerates";

    /// <summary>For the client's buffer: larger is no answer of the provider.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <param name="symbols">ISO 4217 codes.</param>
    /// <exception cref="ExchangeRateException">No answer, a refusal, or no rates in it.</exception>
    public async Task<FetchedRates> FetchAsync(IReadOnlyCollection<string> symbols, CancellationToken ct)
    {
        var settings = options.Value;
        var address = new Uri(
            settings.BaseAddress,
            $"latest.json?app_id={Uri.EscapeDataString(settings.AppId!)}&base=USD&symbols={string.Join(',', symbols)}");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(settings.Timeout);
        try
        {
            using var answer = await http.GetAsync(address, limit.Token);
            using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(limit.Token));
            return Read(answer.StatusCode, json.RootElement, symbols);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new ExchangeRateException($"The exchange rate provider did not answer within {settings.Timeout.TotalSeconds:0} seconds.");
        }
        catch (HttpRequestException e)
        {
            throw new ExchangeRateException($"The exchange rate provider cannot be reached: {e.Message}", e);
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new ExchangeRateException("The exchange rate provider's answer is no JSON of the expected shape.", e);
        }
    }

    private FetchedRates Read(HttpStatusCode status, JsonElement json, IReadOnlyCollection<string> symbols)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new ExchangeRateException("The exchange rate provider's answer is no JSON object.");
        }

        if (status != HttpStatusCode.OK)
        {
            var word = json.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String ? message.GetString()! : "";
            throw new ExchangeRateException($"The exchange rate provider refused: {(int)status} {(word.Length <= 60 ? word : word[..60])}".TrimEnd());
        }

        if (!json.TryGetProperty("base", out var from) || !from.ValueEquals("USD"))
        {
            throw new ExchangeRateException("The exchange rate provider's rates are not for one US dollar.");
        }

        if (!json.TryGetProperty("rates", out var rates) || rates.ValueKind != JsonValueKind.Object)
        {
            throw new ExchangeRateException("The exchange rate provider's answer has no rates.");
        }

        return new FetchedRates(AsOf(json), symbols.ToDictionary(s => s, s => Rate(rates, s), StringComparer.Ordinal));
    }

    private DateOnly AsOf(JsonElement json)
    {
        var now = clock.GetUtcNow();
        // A clock that is a little off is no reason to do without rates; a day that has not begun or is long gone is.
        if (json.TryGetProperty("timestamp", out var stamp) && stamp.ValueKind == JsonValueKind.Number && stamp.TryGetInt64(out var seconds)
            && seconds > now.AddDays(-7).ToUnixTimeSeconds() && seconds < now.AddHours(1).ToUnixTimeSeconds())
        {
            var day = DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime);
            var today = DateOnly.FromDateTime(now.UtcDateTime);
            return day < today ? day : today;
        }

        throw new ExchangeRateException("The exchange rate provider's answer is from no day of the last week.");
    }

    private static decimal? Rate(JsonElement rates, string symbol) =>
        rates.TryGetProperty(symbol, out var rate) && rate.ValueKind == JsonValueKind.Number
        && decimal.TryParse(rate.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
