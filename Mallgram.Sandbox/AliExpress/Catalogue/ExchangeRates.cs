namespace Mallgram.Sandbox.AliExpress.Catalogue;

/// <summary>
/// Fixed rates, so that the same catalogue always has the same prices. In US dollars: USD 1, GBP 1.27, EUR 1.08, CNY 0.14.
/// </summary>
internal static class ExchangeRates
{
    /// <summary>Answers name this currency when the caller asks for one without a rate.</summary>
    public const string Default = "USD";

    public static string Known(string? currency) => currency is "USD" or "GBP" or "EUR" or "CNY" ? currency : Default;

    /// <summary>Through US dollars, rounded once to two decimals, half away from zero, and never below 0.01.</summary>
    public static decimal Convert(decimal amount, string from, string to)
    {
        var converted = from == to ? amount : amount * InDollars(from) / InDollars(to);
        return Math.Max(0.01m, Math.Round(converted, 2, MidpointRounding.AwayFromZero));
    }

    private static decimal InDollars(string currency) => currency switch
    {
        "USD" => 1m,
        "GBP" => 1.27m,
        "EUR" => 1.08m,
        "CNY" => 0.14m,
        _ => throw new ArgumentOutOfRangeException(nameof(currency), currency, "no rate"),
    };
}
