using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Pricing;
using Mallgram.Kernel;
using static Mallgram.Tests.Unit.Catalog.PricingBooks;

namespace Mallgram.Tests.Unit.Catalog;

/// <summary>Examples worked out by hand; the sums stand beside them.</summary>
public sealed class PriceBookTests
{
    [Fact]
    public void South_Africa_pays_freight_by_weight_duty_VAT_and_the_gateway()
    {
        // 10.00 USD × 17.35 = 173.50; buffer 2 % 3.47; freight 5.00 + 0.4 kg × 80.00 = 37.00; so far 213.97
        // duty 20 % of 213.97 = 42.794; VAT 15 % of 256.764 = 38.5146; so far 295.2786; (295.2786 + 1.00) / 0.97 = 305.4418 → 305.45
        var landed = Book(Rule(40), SouthAfrica).Land(SouthAfrica, 10m, "USD", 400);
        Assert.Equal(new LandedCost(17_350, 347, 3_700, 4_280, 3_851, 1_017), landed);
        Assert.Equal(30_545, landed!.Value.Total);

        // 173.50 + 40 % is less than that, so the landed cost decides: up to the next price that ends in 99 cents.
        var price = Book(Rule(40), SouthAfrica).PriceVariant(Item(10m, grams: 400)).Prices.Single();
        Assert.Equal(new MadePrice("ZAR", 1, 30_599, null, 30_545, UsdZar, DefaultRule), price);

        // A margin of 20 % of the price: 305.45 / 0.8 = 381.8125.
        var withMargin = Book(Rule(40) with { MinMarginPercent = 20 }, SouthAfrica).PriceVariant(Item(10m, grams: 400)).Prices.Single();
        Assert.Equal(38_199, withMargin.Amount);
    }

    [Fact]
    public void Cameroon_has_no_minor_unit_and_an_unknown_weight_counts_as_the_markets()
    {
        // 4.20 USD × 565.48 = 2 375.016; buffer → 2 422.51632; freight 300 + 0.5 kg × 2 500 → 3 972.51632; duty 10 % → 4 369.767952;
        // VAT 19.25 % → 5 210.94828276; / 0.975 → 5 344.56 → 5 345 francs. Mark-up 150 %: 5 937.54 → 5 950.
        var book = Book(Rule(150), Cameroon);
        Assert.Equal(new LandedCost(2_376, 47, 1_550, 397, 841, 134), book.Land(Cameroon, 4.20m, "USD", weightGrams: null));
        Assert.Equal(new MadePrice("XAF", 1, 5_950, null, 5_345, UsdXaf, DefaultRule), book.PriceVariant(Item(4.20m)).Prices.Single());
    }

    [Fact]
    public void Ghana_pays_VAT_and_levies_on_the_same_base()
    {
        // 25.00 USD × 11.05 = 276.25; buffer → 281.775; VAT 15 + NHIL 2.5 + GETFund 2.5 → 338.13; (338.13 + 0.50) / 0.97 = 349.1031 → 349.11
        // Margin 10 %: 349.11 / 0.9 = 387.90, above 276.25 × 1.4 = 386.75 → 388.00.
        var price = Book(Rule(40) with { MinMarginPercent = 10 }, Ghana).PriceVariant(Item(25m)).Prices.Single();
        Assert.Equal((38_800, 34_911), (price.Amount, price.LandedCost));
    }

    [Fact]
    public void Tax_that_a_market_does_not_cover_and_a_buffer_on_ones_own_currency_cost_nothing()
    {
        var landed = Book(Rule(0), SouthAfrica with { CoversTax = false }).Land(SouthAfrica with { CoversTax = false }, 100m, "ZAR", 0)!.Value;
        Assert.Equal((0, 0), (landed.FxBuffer, landed.Tax));
        Assert.Equal(new MadePrice("ZAR", 1, 10_000, null, 10_000, RateId: null, DefaultRule), Book(Rule(0), Plain).PriceVariant(Item(100m, "ZAR")).Prices.Single());
    }

    [Theory]
    [InlineData("USD", "USD", "1")]
    [InlineData("USD", "ZAR", "17.35")] // the pair's own
    [InlineData("CNY", "USD", "0.1405481377")] // 1 / 7.115
    [InlineData("CNY", "ZAR", "2.4385101897")] // 17.35 / 7.115, over the dollar
    [InlineData("EUR", "ZAR", null)] // only francs are known of the euro here, and they are no pivot
    public void A_rate_is_the_pairs_the_inverse_or_leads_over_the_dollar_or_euro(string from, string to, string? expected) => Assert.Equal<decimal?>(
        expected is null ? null : decimal.Parse(expected, System.Globalization.CultureInfo.InvariantCulture),
        Rates.Find(from, to) is { } found ? decimal.Round(found.Rate, 10) : null);

    [Fact]
    public void A_rate_over_a_pivot_names_the_leg_of_the_suppliers_currency()
    {
        var price = Book(Rule(0), Plain with { Currency = Currency.Of("XAF") }).PriceVariant(Item(100m, "CNY")).Prices.Single();
        Assert.Equal(UsdCny, price.RateId);
        Assert.Equal(7_948, price.Amount); // 100 / 7.115 × 565.48 = 7 947.72
    }

    [Fact]
    public void The_first_rule_that_fits_by_priority_is_used_and_the_default_one_last()
    {
        var category = Guid.NewGuid();
        var cheap = Rule(100) with { Id = Guid.NewGuid(), IsDefault = false, Priority = 5, CostTo = 17_350 };
        var inCategory = Rule(200) with { Id = Guid.NewGuid(), IsDefault = false, Priority = 9, Categories = new HashSet<Guid> { category } };
        var unwanted = Rule(900) with { Id = Guid.NewGuid(), IsDefault = false, Priority = 50, Supplier = "alibaba" };
        var book = new PriceBook([Plain], [Rule(40) with { Priority = 99 }, cheap, unwanted, inCategory], Rates);
        Assert.Equal(cheap.Id, book.PriceVariant(Item(9.99m)).Prices.Single().RuleId);
        Assert.Equal(DefaultRule, book.PriceVariant(Item(10m)).Prices.Single().RuleId); // 173.50 is no longer in the band
        Assert.Equal(inCategory.Id, book.PriceVariant(Item(9.99m) with { CategoryId = category }).Prices.Single().RuleId);
    }

    [Fact]
    public void One_unit_is_retail_and_more_are_wholesale_to_rules()
    {
        var wholesale = Rule(10) with { Id = Guid.NewGuid(), IsDefault = false, Channel = "b2b", Priority = 1 };
        var book = new PriceBook([Plain], [Rule(50), wholesale], Rates);
        var input = Item(10m, "ZAR") with { Costs = [new CostBreak(1, 10m, null), new CostBreak(20, 8m, null)] };
        Assert.Equal([(1, 1_500L), (20, 880L)], book.PriceVariant(input).Prices.Select(p => (p.MinQuantity, p.Amount)));
    }

    [Fact]
    public void An_amount_added_and_the_rules_own_rounding_are_of_the_stores_currency()
    {
        var rule = Rule(0) with { AmountAdded = 1_735, RoundingStep = 1000, Ending = 999 };
        var prices = Book(rule, Plain, Cameroon with { IsDefault = false, TaxPercent = 0, DutyPercent = 0, FreightPerItem = 0, FreightPerKg = 0, FxBufferPercent = 0, GatewayFeePercent = 0 })
            .PriceVariant(Item(10m)).Prices;
        Assert.Equal(19_999, prices.Single(p => p.Currency == "ZAR").Amount); // 173.50 + 17.35 = 190.85
        Assert.Equal(6_250, prices.Single(p => p.Currency == "XAF").Amount); // 5 654.8 + 17.35 ZAR = 565.48 → 6 220.28, by 50
    }

    [Fact]
    public void A_list_cost_makes_the_struck_through_price_by_the_same_rule()
    {
        Assert.Equal((1_400, 2_800L), Pair(Item(10m, "ZAR", listCost: 20m)));
        Assert.Equal((1_400, null), Pair(Item(10m, "ZAR", listCost: 10m))); // not above the price
        static (long, long?) Pair(PricingInput input)
        {
            var price = Book(Rule(40), Plain).PriceVariant(input).Prices.Single();
            return (price.Amount, price.CompareAt);
        }
    }

    [Fact]
    public void A_bulk_discount_is_off_the_retail_price_but_never_below_landed_cost()
    {
        PricingInput Input(decimal discount) => Item(10m, "ZAR") with
        {
            Costs = [new CostBreak(1, 10m, null), new CostBreak(50, 9m, null)],
            Offers = [new OfferTerms("b2c", 1, null), new OfferTerms("b2b", 10, discount)],
        };
        var prices = Book(Rule(40), Plain).PriceVariant(Input(12.5m)).Prices.ToDictionary(p => p.MinQuantity);
        Assert.Equal([1, 10, 50], prices.Keys.Order());
        Assert.Equal(1_225, prices[10].Amount); // 14.00 less 12.5 %
        Assert.Equal(1_260, prices[50].Amount); // a cost of its own: 9.00 + 40 %
        Assert.Equal(1_000, Book(Rule(40), Plain).PriceVariant(Input(90)).Prices.Single(p => p.MinQuantity == 10).Amount);
    }

    [Fact]
    public void Every_offer_has_a_price_at_its_smallest_order_and_less_is_not_sold()
    {
        var input = Item(10m, "ZAR") with
        {
            Costs = [new CostBreak(5, 10m, null), new CostBreak(20, 9m, null)],
            Offers = [new OfferTerms("b2b", 12, null)],
        };
        Assert.Equal([(12, 1_400L), (20, 1_260L)], Prices(input)); // 12 costs what 5 do
        Assert.Equal([(5, 1_400L), (20, 1_260L)], Prices(input with { Offers = [new OfferTerms("b2c", 1, null), new OfferTerms("b2b", 5, null)] }));
        Assert.Equal(SkipReasons.NoPrice, Book(Rule(40), Plain).PriceVariant(input with { Offers = [new OfferTerms("b2c", 1, null)] }).SkipReason);
        Assert.Equal(SkipReasons.NoPrice, Book(Rule(40), Plain).PriceVariant(input with { Offers = [] }).SkipReason);
        static IEnumerable<(int, long)> Prices(PricingInput input) =>
            Book(Rule(40), Plain).PriceVariant(input).Prices.OrderBy(p => p.MinQuantity).Select(p => (p.MinQuantity, p.Amount));
    }

    [Fact]
    public void Without_a_rate_to_the_stores_own_market_there_is_no_price_and_to_another_one_it_is_left_out()
    {
        var book = Book(Rule(40), Plain, Plain with { Currency = Currency.Of("NGN"), IsDefault = false });
        Assert.Equal(["ZAR"], book.PriceVariant(Item(10m)).Prices.Select(p => p.Currency));
        var none = book.PriceVariant(Item(10m, "JPY"));
        Assert.Equal((SkipReasons.NoRate, "JPY to ZAR", 0), (none.SkipReason, none.Detail, none.Prices.Count));
    }

    [Theory]
    [InlineData("0"), InlineData("-1"), InlineData("0.009"), InlineData("1000000.01"), InlineData("79228162514264337593543950335")]
    public void Absurd_costs_have_no_price(string cost)
    {
        var input = Item(decimal.Parse(cost, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(SkipReasons.PriceAbsurd, Book(Rule(40), Plain).PriceVariant(input).SkipReason);
    }

    [Fact]
    public void A_store_without_default_market_or_rule_cannot_price()
    {
        Assert.Throws<InvalidOperationException>(() => new PriceBook([Plain with { IsDefault = false }], [Rule(0)], Rates));
        Assert.Throws<InvalidOperationException>(() => new PriceBook([Plain], [Rule(0) with { IsDefault = false }], Rates));
    }
}
