using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.OpenExchangeRates;

/// <summary>Open Exchange Rates: <c>/openexchangerates/api/latest.json</c>, what one US dollar is worth.</summary>
/// <remarks>https://docs.openexchangerates.org/reference/latest-json, https://docs.openexchangerates.org/reference/errors</remarks>
internal static class OpenExchangeRatesEndpoints
{
    public static void AddExchangeRates(this IServiceCollection services, SandboxOptions options)
    {
        services.AddSingleton(options.ExchangeRates);
        services.AddSingleton<RateTable>();
        services.AddSingleton<IProviderControls, ExchangeRatesControls>();
    }

    public static void MapExchangeRates(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/openexchangerates/api");
        api.MapGet("/latest.json", Latest);
        api.MapGet("/{**rest}", () => Error(404, "not_found", "Oops! That resource does not exist."));
    }

    private static IResult Latest(
        HttpContext http, ExchangeRatesOptions options, RateTable table, Counters counters, TimeProvider clock)
    {
        counters.Add("rates.call");
        if (table.Failures.Take())
        {
            return Results.Text("<html><body>503 Service Temporarily Unavailable</body></html>", "text/html", statusCode: 503);
        }

        if (table.Garbage.Take())
        {
            return Results.Text("""{"disclaimer": "Usage subject to terms", "base": "USD", "rates": {"ZAR": "a lot", "NGN": -1, "KES": 1""", "application/json");
        }

        var query = http.Request.Query;
        var appId = query["app_id"].ToString();
        if (appId.Length == 0)
        {
            appId = http.Request.Headers.Authorization.ToString() is var header && header.StartsWith("Token ", StringComparison.Ordinal)
                ? header["Token ".Length..]
                : "";
        }

        if (appId.Length == 0)
        {
            return Error(401, "missing_app_id",
                "No App ID provided. Please sign up at https://openexchangerates.org/signup, or contact support@openexchangerates.org.");
        }

        if (appId != options.AppId)
        {
            return Error(401, "invalid_app_id",
                "Invalid App ID provided - please sign up at https://openexchangerates.org/signup, or contact support@openexchangerates.org.");
        }

        var currency = query["base"].ToString() is { Length: > 0 } given ? given.ToUpperInvariant() : "USD";
        if (table.Rate(currency) is not { } one)
        {
            return Error(400, "invalid_base", "Invalid `base` currency provided.");
        }

        var wanted = query["symbols"].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var rates = new SortedDictionary<string, decimal>(StringComparer.Ordinal);
        foreach (var code in wanted.Length == 0 ? RateTable.Currencies : wanted.Select(c => c.ToUpperInvariant()))
        {
            if (table.Rate(code) is { } rate)
            {
                rates[code] = currency == "USD" ? rate : Math.Round(rate / one, 6, MidpointRounding.AwayFromZero);
            }
        }

        var now = clock.GetUtcNow();
        return Results.Json(new
        {
            disclaimer = "Usage subject to terms: https://openexchangerates.org/terms",
            license = "https://openexchangerates.org/license",
            // Published on the hour.
            timestamp = now.ToUnixTimeSeconds() / 3600 * 3600,
            @base = currency,
            rates,
        });
    }

    private static IResult Error(int status, string message, string description) =>
        Results.Json(new { error = true, status, message, description }, statusCode: status);
}

/// <summary>Units of each currency in one US dollar.</summary>
internal sealed class RateTable
{
    private static readonly FrozenDictionary<string, decimal> Published = new Dictionary<string, decimal>
    {
        ["USD"] = 1m,
        ["ZAR"] = 18.2145m,
        ["XAF"] = 605.3m,
        ["XOF"] = 605.3m,
        ["NGN"] = 1540.5m,
        ["KES"] = 129.25m,
        ["GHS"] = 12.35m,
        ["INR"] = 84.12m,
        ["EUR"] = 0.9228m,
        ["GBP"] = 0.787m,
        ["CNY"] = 7.142m,
        ["UGX"] = 3680m,
        ["RWF"] = 1365m,
        ["GNF"] = 8620m,
        ["BIF"] = 2950m,
        ["TZS"] = 2480m,
        ["ZMW"] = 26.4m,
        ["SZL"] = 18.2145m,
        ["LRD"] = 190.5m,
        ["SSP"] = 1302.6m,
        ["MAD"] = 9.86m,
        ["EGP"] = 48.7m,
        ["TND"] = 3.09m,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, decimal> _set = new(StringComparer.Ordinal);

    public static IEnumerable<string> Currencies => Published.Keys;

    public Countdown Failures { get; } = new();

    public Countdown Garbage { get; } = new();

    public int Changed => _set.Count;

    public decimal? Rate(string currency) =>
        _set.TryGetValue(currency, out var rate) || Published.TryGetValue(currency, out rate) ? rate : null;

    public void Set(string currency, decimal rate) => _set[currency] = rate;

    public void Reset()
    {
        _set.Clear();
        Failures.Set(0);
        Garbage.Set(0);
    }
}

internal sealed class ExchangeRatesControls(RateTable table) : IProviderControls
{
    public string Provider => "rates";

    public string Title => "Exchange rates";

    public IReadOnlyList<ControlAction> Actions { get; } =
    [
        new("set", "Change a rate.", [new("currency", "ZAR", "ISO 4217 code"), new("rate", null, "its units in one US dollar")], a =>
        {
            var currency = a.Text("currency").ToUpperInvariant();
            if (table.Rate(currency) is null || currency == "USD")
            {
                throw new ControlArgumentException($"'currency' must be one of {string.Join(", ", RateTable.Currencies.Where(c => c != "USD").Order(StringComparer.Ordinal))}.");
            }

            var rate = a.Number("rate", 0.000001m, 1_000_000_000);
            table.Set(currency, rate);
            return string.Create(CultureInfo.InvariantCulture, $"1 USD is {rate} {currency}");
        }),
        new("fail", "Answer 503 to the next calls.", [new("count", "1", "number of calls")], a =>
        {
            table.Failures.Set(a.Count("count"));
            return string.Create(CultureInfo.InvariantCulture, $"{table.Failures.Left} calls will fail");
        }),
        new("garbage", "Send a truncated body with impossible rates for the next calls.", [new("count", "1", "number of calls")], a =>
        {
            table.Garbage.Set(a.Count("count"));
            return string.Create(CultureInfo.InvariantCulture, $"{table.Garbage.Left} bodies will be spoilt");
        }),
        new("reset", "Back to the published rates.", [], _ =>
        {
            table.Reset();
            return "as at the start";
        }),
    ];

    public object State() => new { rates_changed = table.Changed, failures_left = table.Failures.Left, garbage_left = table.Garbage.Left };
}
