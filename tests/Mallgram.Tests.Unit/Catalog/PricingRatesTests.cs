using Mallgram.Catalog.Pricing;

namespace Mallgram.Tests.Unit.Catalog;

/// <summary>Which fetched rates are believed.</summary>
public sealed class PricingRatesTests
{
    private static readonly Dictionary<string, decimal> Known = new(StringComparer.Ordinal) { ["ZAR"] = 17.35m, ["EUR"] = 0.86207m, ["XAF"] = 565.48m };

    [Theory]
    [InlineData("ZAR", "18.2145", null)]
    [InlineData("ZAR", "20.82", null)] // 20 % more
    [InlineData("ZAR", "20.83", "jump")]
    [InlineData("ZAR", "13.87", "jump")]
    [InlineData("ZAR", "0", "absurd")]
    [InlineData("ZAR", "-17.35", "absurd")]
    [InlineData("ZAR", "1000001", "absurd")]
    [InlineData("ZAR", null, "missing")]
    [InlineData("NGN", "1540.5", null)] // not known before
    [InlineData("XAF", "570", null)] // 661.2 to the known euro: providers round
    [InlineData("XAF", "600", "off_peg")] // 696 to the euro
    [InlineData("XOF", "700", "off_peg")]
    public void A_rate_is_believed_when_it_is_near_the_known_one_and_francs_are_near_their_peg(string code, string? offered, string? reason)
    {
        decimal? rate = offered is null ? null : decimal.Parse(offered, System.Globalization.CultureInfo.InvariantCulture);
        var (accepted, refused) = FetchExchangeRates.Judge(new Dictionary<string, decimal?> { [code] = rate }, Known, 20);
        Assert.Equal(reason, refused.SingleOrDefault()?.Reason);
        Assert.Equal(reason is null, accepted.ContainsKey(code));
        Assert.Equal(reason is null ? null : "USD/" + code, refused.SingleOrDefault()?.Pair);
    }

    [Fact]
    public void Francs_are_measured_against_the_euro_of_the_same_answer()
    {
        var offered = new Dictionary<string, decimal?> { ["XAF"] = 605.3m, ["EUR"] = 0.9228m, ["XOF"] = 565m };
        var (accepted, refused) = FetchExchangeRates.Judge(offered, Known, 20);
        Assert.Equal(["EUR", "XAF"], accepted.Keys);
        Assert.Equal(("USD/XOF", "off_peg"), (refused.Single().Pair, refused.Single().Reason));
    }
}
