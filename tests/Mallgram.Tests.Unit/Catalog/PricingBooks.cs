using Mallgram.Catalog.Pricing;
using Mallgram.Kernel;

namespace Mallgram.Tests.Unit.Catalog;

/// <summary>Price books of tests, with rates of November 2026 and round numbers elsewhere.</summary>
internal static class PricingBooks
{
    public static readonly Guid UsdZar = Guid.Parse("00000000-0000-7000-8000-0000000000a1");
    public static readonly Guid UsdXaf = Guid.Parse("00000000-0000-7000-8000-0000000000a2");
    public static readonly Guid UsdCny = Guid.Parse("00000000-0000-7000-8000-0000000000a3");
    public static readonly Guid EurXaf = Guid.Parse("00000000-0000-7000-8000-0000000000a4");
    public static readonly Guid UsdGhs = Guid.Parse("00000000-0000-7000-8000-0000000000a5");
    public static readonly Guid DefaultRule = Guid.Parse("00000000-0000-7000-8000-0000000000b0");

    /// <summary>Freight, duty and taxes of nothing, prices to the minor unit.</summary>
    public static readonly Market Plain = new(
        Currency.Of("ZAR"), "ZA", IsDefault: true, RoundingStep: 1, Ending: 0, FreightPerItem: 0, FreightPerKg: 0, DefaultWeightGrams: 500,
        DutyPercent: 0, TaxPercent: 0, CoversTax: true, FxBufferPercent: 0, GatewayFeePercent: 0, GatewayFeeFixed: 0);

    public static readonly Market SouthAfrica = Plain with
    {
        RoundingStep = 100,
        Ending = 99,
        FreightPerItem = 500,
        FreightPerKg = 8000,
        DutyPercent = 20,
        TaxPercent = 15,
        FxBufferPercent = 2,
        GatewayFeePercent = 3,
        GatewayFeeFixed = 100,
    };

    public static readonly Market Cameroon = Plain with
    {
        Currency = Currency.Of("XAF"),
        Country = "CM",
        RoundingStep = 50,
        FreightPerItem = 300,
        FreightPerKg = 2500,
        DutyPercent = 10,
        TaxPercent = 19.25m,
        FxBufferPercent = 2,
        GatewayFeePercent = 2.5m,
    };

    public static readonly Market Ghana = Plain with
    {
        Currency = Currency.Of("GHS"),
        Country = "GH",
        RoundingStep = 100,
        TaxPercent = 20,
        FxBufferPercent = 2,
        GatewayFeePercent = 3,
        GatewayFeeFixed = 50,
    };

    public static RateTable Rates
    {
        get
        {
            var rates = new RateTable();
            rates.Add("USD", "ZAR", 17.35m, UsdZar);
            rates.Add("USD", "XAF", 565.48m, UsdXaf);
            rates.Add("USD", "CNY", 7.115m, UsdCny);
            rates.Add("EUR", "XAF", 655.957m, EurXaf);
            rates.Add("USD", "GHS", 11.05m, UsdGhs);
            return rates;
        }
    }

    public static PricingRule Rule(decimal markup) => new(
        DefaultRule, IsDefault: true, Priority: 0, Supplier: null, Categories: null, Channel: null, CostFrom: null, CostTo: null, markup,
        AmountAdded: 0, MinMarginPercent: null, RoundingStep: null, Ending: null);

    public static PriceBook Book(PricingRule rule, params Market[] markets) => new(markets, [rule], Rates);

    /// <summary>One unit at one cost, sold singly.</summary>
    public static PricingInput Item(decimal cost, string currency = "USD", decimal? listCost = null, int? grams = null) =>
        new("aliexpress", CategoryId: null, grams, currency, [new CostBreak(1, cost, listCost)], [new OfferTerms("b2c", 1, BulkDiscountPercent: null)]);
}
