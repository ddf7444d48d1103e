using FsCheck;
using FsCheck.Fluent;
using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Pricing;
using Mallgram.Kernel;
using static Mallgram.Tests.Unit.Catalog.PricingBooks;

namespace Mallgram.Tests.Unit.Catalog;

/// <summary>What holds for every rule, market and cost.</summary>
public sealed class PricePropertyTests
{
    private sealed record Case(PricingRule Rule, Market Market, PricingInput Input);

    private static readonly Arbitrary<Case> Cases = Arb.From(
        from currency in Gen.Elements("ZAR", "XAF", "GHS")
        from step in Gen.Choose(1, 5000)
        from ending in Gen.Choose(0, step - 1)
        from freight in Gen.Choose(0, 20_000)
        from perKg in Gen.Choose(0, 20_000)
        from duty in Gen.Choose(0, 45)
        from tax in Gen.Choose(0, 2500)
        from buffer in Gen.Choose(0, 10)
        from fee in Gen.Choose(0, 4900)
        from fixedFee in Gen.Choose(0, 500)
        from markup in Gen.Choose(0, 30_000)
        from added in Gen.Choose(-5000, 5000)
        from margin in Gen.Choose(0, 9400)
        from cents in Gen.Frequency((9, Gen.Choose(1, 100_000)), (1, Gen.Choose(1, 100_000_000)))
        from grams in Gen.Choose(0, 30_000)
        from bulk in Gen.Choose(0, 9900)
        let market = Plain with
        {
            Currency = Currency.Of(currency),
            RoundingStep = step,
            Ending = ending,
            FreightPerItem = freight,
            FreightPerKg = perKg,
            DutyPercent = duty,
            TaxPercent = tax / 100m,
            FxBufferPercent = buffer,
            GatewayFeePercent = fee / 100m,
            GatewayFeeFixed = fixedFee,
        }
        let input = Item(cents / 100m, grams: grams) with
        {
            Offers = [new OfferTerms("b2c", 1, null), new OfferTerms("b2b", 10, bulk / 100m)],
        }
        select new Case(Rule(markup / 100m) with { AmountAdded = added, MinMarginPercent = margin / 100m }, market, input));

    [Fact]
    public void A_price_is_never_below_landed_cost_and_fits_step_and_ending() => Prop.ForAll(Cases, c =>
    {
        foreach (var price in Book(c.Rule, c.Market).PriceVariant(c.Input).Prices)
        {
            Assert.True(price.Amount >= price.LandedCost && price.Amount > 0, $"{price.Amount} < {price.LandedCost}");
            Assert.Equal(c.Market.Ending, price.Amount % c.Market.RoundingStep);
            Assert.True(price.CompareAt is null || price.CompareAt > price.Amount);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_margin_asked_for_stays_at_one_unit() => Prop.ForAll(Cases, c =>
    {
        var price = Book(c.Rule, c.Market).PriceVariant(c.Input).Prices.First(p => p.MinQuantity == 1);
        Assert.True(price.Amount - price.LandedCost >= price.Amount * c.Rule.MinMarginPercent!.Value / 100);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_parts_of_landed_cost_are_not_negative_and_add_up() => Prop.ForAll(Cases, c =>
    {
        var (cost, grams) = (c.Input.Costs[0].Cost, c.Input.WeightGrams!.Value);
        var landed = Book(c.Rule, c.Market).Land(c.Market, cost, "USD", grams)!.Value;
        Assert.All(new[] { landed.Goods, landed.FxBuffer, landed.Freight, landed.Duty, landed.Tax, landed.GatewayFee }, part => Assert.True(part >= 0));

        // The definition, written out at once.
        var m = c.Market;
        var goods = cost * Rates.Find("USD", m.Currency.Code)!.Value.Rate * m.Currency.MinorPerMajor * (1 + (m.FxBufferPercent / 100));
        var dutied = (goods + m.FreightPerItem + (m.FreightPerKg * grams / 1000m)) * (1 + (m.DutyPercent / 100));
        var exact = ((dutied * (1 + (m.TaxPercent / 100))) + m.GatewayFeeFixed) / (1 - (m.GatewayFeePercent / 100));
        Assert.InRange(landed.Total - exact, -0.000001m, 1.000001m);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_higher_cost_never_makes_a_lower_price() => Prop.ForAll(Cases, Gen.Choose(0, 10_000).ToArbitrary(), (c, more) =>
    {
        var book = Book(c.Rule, c.Market);
        var dearer = c.Input with { Costs = [c.Input.Costs[0] with { Cost = Math.Min(c.Input.Costs[0].Cost + (more / 100m), 1_000_000m) }] };
        foreach (var (low, high) in book.PriceVariant(c.Input).Prices.Zip(book.PriceVariant(dearer).Prices))
        {
            Assert.True(low.Amount <= high.Amount && low.LandedCost <= high.LandedCost);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_same_input_gives_the_same_prices() => Prop.ForAll(Cases, c =>
        Assert.Equal(Book(c.Rule, c.Market).PriceVariant(c.Input).Prices, Book(c.Rule, c.Market).PriceVariant(c.Input).Prices))
        .QuickCheckThrowOnFailure();

    [Fact]
    public void Nothing_overflows_whatever_the_figures() => Prop.ForAll(
        Gen.Elements(0m, 0.01m, 1m, 1_000_000m, 79228162514264337593543950335m, -79228162514264337593543950335m, 0.0000000000000000000000000001m)
            .Four().ToArbitrary(),
        Gen.Elements(0L, 1L, long.MaxValue, long.MinValue).Two().ToArbitrary(),
        (numbers, amounts) =>
        {
            var (cost, rate, markup, added) = (numbers.Item1, numbers.Item2, numbers.Item3, amounts.Item1);
            var rates = new RateTable();
            rates.Add("USD", "ZAR", rate == 0 ? 1 : rate, UsdZar);
            var market = Plain with { FreightPerItem = amounts.Item2, DutyPercent = numbers.Item4, RoundingStep = 100, Ending = 99 };
            var result = new PriceBook([market], [Rule(markup) with { AmountAdded = added }], rates).PriceVariant(Item(cost, listCost: markup));
            Assert.True(result.SkipReason is null ? result.Prices.Count == 1 : result.SkipReason == SkipReasons.PriceAbsurd);
        }).QuickCheckThrowOnFailure();
}
