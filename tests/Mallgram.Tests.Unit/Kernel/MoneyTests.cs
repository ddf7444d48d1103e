using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;

namespace Mallgram.Tests.Unit.Kernel;

public sealed class MoneyTests
{
    private static readonly JsonSerializerOptions InPieces = new(MallgramJson.Options) { DefaultBufferSize = 17 };

    private static readonly Arbitrary<Currency> AnyCurrency = Gen.Elements(Currency.All.ToArray()).ToArbitrary();

    [Theory]
    [InlineData("XAF", 0), InlineData("XOF", 0), InlineData("UGX", 0), InlineData("GNF", 0), InlineData("RWF", 0), InlineData("BIF", 0)]
    [InlineData("ZAR", 2), InlineData("NGN", 2), InlineData("KES", 2), InlineData("GHS", 2), InlineData("INR", 2), InlineData("TND", 3)]
    public void Exponents_are_those_of_ISO_4217(string code, int exponent) => Assert.Equal(exponent, Currency.Of(code).Exponent);

    [Theory]
    [InlineData("FCFA"), InlineData("zar"), InlineData(""), InlineData(null), InlineData("CFA"), InlineData("ZAR ")]
    public void Names_that_are_no_ISO_code_are_refused(string? code) => Assert.False(Currency.TryFind(code, out _));

    [Theory]
    [InlineData(129900, "ZAR", "R 1 299,00")]
    [InlineData(15000, "XAF", "15 000 FCFA")]
    [InlineData(5, "ZAR", "R 0,05")]
    [InlineData(-123456789, "NGN", "-₦1,234,567.89")]
    [InlineData(0, "XOF", "0 FCFA")]
    [InlineData(long.MinValue, "XAF", "-9 223 372 036 854 775 808 FCFA")]
    public void Amounts_are_printed_as_people_write_them(long minor, string currency, string expected) =>
        Assert.Equal(expected, Money.Of(minor, currency).ToString());

    [Fact]
    public void XAF_and_XOF_never_add_up() =>
        Assert.Throws<CurrencyMismatchException>(() => Money.Of(1000, "XAF") + Money.Of(1000, "XOF"));

    [Fact]
    public void Arithmetic_never_wraps_around()
    {
        Assert.Throws<OverflowException>(() => Money.Of(long.MaxValue, "ZAR") + Money.Of(1, "ZAR"));
        Assert.Throws<OverflowException>(() => Money.Of(long.MaxValue / 2, "ZAR") * 3);
    }

    [Fact]
    public void Major_text_goes_there_and_back_for_every_currency_and_amount() =>
        Prop.ForAll(AnyCurrency, ArbMap.Default.ArbFor<long>(), (currency, minor) =>
        {
            var money = new Money(minor, currency);
            return Money.TryParseMajor(money.ToMajorText(), currency) == money;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Json_goes_there_and_back_for_every_currency_and_amount() =>
        Prop.ForAll(AnyCurrency, ArbMap.Default.ArbFor<long>(), (currency, minor) =>
        {
            var money = new Money(minor, currency);
            return JsonSerializer.Deserialize<Money>(JsonSerializer.Serialize(money, MallgramJson.Options), MallgramJson.Options) == money;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("12.345", "ZAR"), InlineData("12.5", "XAF"), InlineData("1e3", "ZAR"), InlineData("12,50", "ZAR"), InlineData("", "ZAR")]
    [InlineData("9999999999999999999", "ZAR"), InlineData("1.99 - 2.99", "ZAR"), InlineData("NaN", "ZAR")]
    public void Text_that_is_no_exact_amount_is_refused(string text, string currency) =>
        Assert.Null(Money.TryParseMajor(text, Currency.Of(currency)));

    [Theory]
    [InlineData(1000, "USD", "18.25", "ZAR", 18250)]
    [InlineData(333, "USD", "605.5", "XAF", 2016)] // 3.33 × 605.5 = 2016.315 francs
    [InlineData(1, "XAF", "0.0305", "ZAR", 3)] // 3.05 cents
    [InlineData(50, "XOF", "0.03", "ZAR", 150)]
    public void Conversion_rounds_once_to_the_target(long minor, string from, string rate, string to, long expected) =>
        Assert.Equal(
            Money.Of(expected, to),
            Money.Of(minor, from).Convert(decimal.Parse(rate, System.Globalization.CultureInfo.InvariantCulture), Currency.Of(to)));

    [Theory]
    [InlineData("""{"amount":1.5,"currency":"ZAR"}"""), InlineData("""{"amount":"100","currency":"ZAR"}"""), InlineData("""{"amount":100,"currency":"FCFA"}""")]
    [InlineData("""{"amount":100}"""), InlineData("""{"currency":"ZAR"}"""), InlineData("100")]
    public void Json_that_is_no_money_is_refused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Money>(json, MallgramJson.Options));

    [Fact]
    public async Task A_long_list_of_amounts_is_read_in_pieces()
    {
        var json = MallgramJson.ToJson(Enumerable.Range(0, 2000).Select(i => Money.Of(i, "ZAR")));
        var read = await JsonSerializer.DeserializeAsync<List<Money>>(
            new MemoryStream(Encoding.UTF8.GetBytes(json)), InPieces);
        Assert.Equal(Enumerable.Range(0, 2000).Select(i => Money.Of(i, "ZAR")), read);
    }
}
