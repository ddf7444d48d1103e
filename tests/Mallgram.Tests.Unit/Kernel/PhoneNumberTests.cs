using FsCheck;
using FsCheck.Fluent;
using Mallgram.Kernel;

namespace Mallgram.Tests.Unit.Kernel;

public sealed class PhoneNumberTests
{
    [Theory]
    [InlineData("+237 6 70 00 00 01", "ZA", "237670000001")]
    [InlineData("00237670000001", "ZA", "237670000001")]
    [InlineData("670000001", "CM", "237670000001")]
    [InlineData("082 000 0001", "ZA", "27820000001")]
    [InlineData("(0)82-000-0001", "ZA", "27820000001")]
    [InlineData("98765 43210", "IN", "919876543210")]
    [InlineData("0803 123 4567", "NG", "2348031234567")]
    [InlineData("07 07 12 34 56", "CI", "2250707123456")]
    [InlineData("01 97 12 34 56", "BJ", "2290197123456")]
    [InlineData("46733123453", "CM", "46733123453")]
    [InlineData("+46733123453", "CM", "46733123453")]
    public void Numbers_become_MSISDNs(string text, string country, string expected)
    {
        Assert.True(PhoneNumber.TryParse(text, country, out var msisdn));
        Assert.Equal(expected, msisdn);
    }

    [Theory]
    [InlineData("+"), InlineData("call me"), InlineData("+1234"), InlineData("12345678901234567890"), InlineData("+23767000000a"), InlineData("   ")]
    [InlineData("6700;00001")]
    public void What_is_no_number_is_refused(string text) => Assert.False(PhoneNumber.TryParse(text, "XX", out _));

    [Fact]
    public void Whatever_comes_in_what_goes_out_is_8_to_15_digits() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
            !PhoneNumber.TryParse(text.Get, "CM", out var msisdn) || (msisdn.Length is >= 8 and <= 15 && msisdn.All(char.IsAsciiDigit)))
            .QuickCheckThrowOnFailure();
}
