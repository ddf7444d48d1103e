namespace Mallgram.Sandbox.MtnMomo;

/// <summary>
/// Values of <c>X-Target-Environment</c> and the one currency each takes. Source: https://momodeveloper.mtn.com/api-documentation.
/// </summary>
internal static class MomoMarkets
{
    private static readonly Dictionary<string, string> Currencies = new(StringComparer.Ordinal)
    {
        ["sandbox"] = "EUR",
        ["mtnuganda"] = "UGX",
        ["mtnghana"] = "GHS",
        ["mtnivorycoast"] = "XOF",
        ["mtnzambia"] = "ZMW",
        ["mtncameroon"] = "XAF",
        ["mtnbenin"] = "XOF",
        ["mtncongo"] = "XAF",
        ["mtnswaziland"] = "SZL",
        ["mtnguineaconakry"] = "GNF",
        ["mtnsouthafrica"] = "ZAR",
        ["mtnliberia"] = "LRD",
        ["mtnrwanda"] = "RWF",
        ["mtnnigeria"] = "NGN",
        ["mtnsouthsudan"] = "SSP",
        ["mtnguineabissau"] = "XOF",
    };

    public static string? CurrencyOf(string environment) => Currencies.GetValueOrDefault(environment);
}
