using Mallgram.Catalog.Pricing;
using Mallgram.Kernel;

namespace Mallgram.Tests.Unit.Catalog;

public sealed class PriceRuleTests
{
    [Theory]
    [InlineData("10", "17.35", 40, 100, 0, "ZAR", 24_300)] // 242.90 up to a whole rand
    [InlineData("10", "17.35", 40, 100, 99, "ZAR", 24_299)]
    [InlineData("10", "17.357142857", 40, 100, 99, "ZAR", 24_399)] // 243.00 is above 242.99
    [InlineData("10", "565.48", 40, 50, 0, "XOF", 7_950)] // no minor unit
    [InlineData("0.01", "1", 0, 100, 0, "USD", 100)]
    [InlineData("1.00", "1", 0, 100, 0, "USD", 100)] // exact stays exact
    [InlineData("1.001", "1", 0, 1, 0, "USD", 101)]
    public void A_price_is_cost_times_rate_plus_mark_up_rounded_up(
        string cost, string rate, int markup, long step, long ending, string currency, long expected) => Assert.Equal(
        expected,
        new PriceRule(markup, step, ending).Price(Number(cost), Number(rate), Currency.Of(currency)));

    [Theory]
    [InlineData("0"), InlineData("-1"), InlineData("0.009"), InlineData("1000000.01"), InlineData("79228162514264337593543950335")]
    public void Absurd_costs_have_no_price(string cost) => Assert.Null(new PriceRule(40, 100, 0).Price(Number(cost), 17m, Currency.Of("ZAR")));

    [Fact]
    public void Rounding_never_eats_the_margin_and_never_adds_more_than_a_step()
    {
        var random = new Random(7);
        for (var i = 0; i < 10_000; i++)
        {
            var step = random.Next(1, 500);
            var rule = new PriceRule(random.Next(0, 200), step, random.Next(0, step));
            var cost = random.Next(1, 1_000_000) / 100m;
            var rate = random.Next(1, 200_000) / 1000m;
            var exact = cost * rate * (1 + (rule.MarkupPercent / 100)) * 100;
            var price = rule.Price(cost, rate, Currency.Of("ZAR"))!.Value;
            Assert.True(price >= exact, $"{price} < {exact}");
            Assert.Equal(rule.Ending, price % step);
            Assert.True(price <= Math.Max(exact + step + 1, step + rule.Ending), $"{price} is more than a step above {exact}");
        }
    }

    private static decimal Number(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
