using System.Text;
using Mallgram.Identity.SecondFactors;

namespace Mallgram.Tests.Unit.Identity;

public sealed class TotpTests
{
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("12345678901234567890");

    /// <summary>RFC 6238 appendix B, SHA-1.</summary>
    [Theory]
    [InlineData(59, "94287082")]
    [InlineData(1111111109, "07081804")]
    [InlineData(1111111111, "14050471")]
    [InlineData(1234567890, "89005924")]
    [InlineData(2000000000, "69279037")]
    [InlineData(20000000000, "65353130")]
    public void The_published_vectors_hold(long seconds, string code)
    {
        var step = Totp.StepOf(DateTimeOffset.FromUnixTimeSeconds(seconds));
        Assert.Equal(code, Totp.CodeOf(Secret, step, digits: 8));
        Assert.Equal(code[2..], Totp.CodeOf(Secret, step));
    }

    /// <summary>RFC 4226 appendix D.</summary>
    [Theory]
    [InlineData(0, "755224")]
    [InlineData(1, "287082")]
    [InlineData(4, "338314")]
    [InlineData(9, "520489")]
    public void So_do_those_of_the_counter(long step, string code) => Assert.Equal(code, Totp.CodeOf(Secret, step));

    [Theory]
    [InlineData(-2, false)]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void Clocks_may_be_one_step_apart(int steps, bool matches)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_015);
        var step = Totp.StepOf(now) + steps;
        Assert.Equal(matches ? step : null, Totp.Match(Secret, Totp.CodeOf(Secret, step), now, lastStep: 0));
    }

    [Fact]
    public void A_step_that_was_used_is_good_no_more_and_older_ones_neither()
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_015);
        var step = Totp.StepOf(now);
        Assert.Null(Totp.Match(Secret, Totp.CodeOf(Secret, step), now, lastStep: step));
        Assert.Null(Totp.Match(Secret, Totp.CodeOf(Secret, step - 1), now, lastStep: step));
        Assert.Equal(step + 1, Totp.Match(Secret, Totp.CodeOf(Secret, step + 1), now, lastStep: step));
    }

    [Theory]
    [InlineData("")]
    [InlineData("12345")]
    [InlineData("1234567")]
    [InlineData("１２３４５６")]
    public void What_is_no_code_matches_nothing(string code) =>
        Assert.Null(Totp.Match(Secret, code, DateTimeOffset.FromUnixTimeSeconds(1_800_000_015), lastStep: 0));

    /// <summary>RFC 4648 section 10.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Secrets_are_written_in_base_32(string text, string encoded) => Assert.Equal(encoded, Totp.Base32(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void The_address_for_apps_names_shop_and_person() => Assert.Equal(
        "otpauth://totp/DakarCaf%C3%A9:ama%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=DakarCaf%C3%A9&algorithm=SHA1&digits=6&period=30",
        Totp.Uri("DakarCafé", "ama@example.org", Secret));

    [Fact]
    public void Recovery_codes_differ_and_are_the_same_however_they_are_typed()
    {
        var codes = RecoveryCodes.New();
        Assert.Equal(RecoveryCodes.Count, codes.Distinct().Count());
        Assert.All(codes, c => Assert.Matches("^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$", c));
        Assert.Equal(RecoveryCodes.Normal("01101-abcde"), RecoveryCodes.Normal(" o1L OI-ABCDE "));
    }
}
