using System.Text;
using Mallgram.Kernel;
using Mallgram.Payments.Gateways;
using Mallgram.Payments.Gateways.MtnMomo;

namespace Mallgram.Tests.Unit.Payments;

public sealed class MtnMomoWireTests
{
    private static readonly Dictionary<string, string> NoOverrides = [];

    [Fact]
    public void Success_carries_amount_and_transaction()
    {
        var reading = Read("""
            {"amount":"100","currency":"XAF","externalId":"1","status":"SUCCESSFUL","financialTransactionId":"23503452",
             "payer":{"partyIdType":"MSISDN","partyId":"237670000001"}}
            """);
        Assert.Equal(new GatewayReading.Succeeded(Money.Of(100, "XAF"), "23503452"), reading);
    }

    [Fact]
    public void Numbers_may_come_as_numbers()
    {
        var reading = Read("""{"amount":12.5,"currency":"ZAR","status":"SUCCESSFUL","financialTransactionId":363440463}""");
        Assert.Equal(new GatewayReading.Succeeded(Money.Of(1250, "ZAR"), "363440463"), reading);
    }

    [Theory]
    [InlineData("FCFA"), InlineData("")]
    public void A_success_in_an_unknown_currency_has_no_amount(string currency)
    {
        var reading = Assert.IsType<GatewayReading.Succeeded>(Read($$"""{"amount":"100","currency":"{{currency}}","status":"SUCCESSFUL"}"""));
        Assert.Null(reading.Amount);
    }

    [Theory]
    [InlineData("\"APPROVAL_REJECTED\"", DeclineCodes.UserRejected)]
    [InlineData("""{"code":"PAYER_NOT_FOUND","message":"x"}""", DeclineCodes.PayerNotFound)]
    [InlineData("\"NOT_ENOUGH_FUNDS\"", DeclineCodes.InsufficientFunds)]
    [InlineData("\"INTERNAL_PROCESSING_ERROR\"", DeclineCodes.InsufficientFunds)]
    [InlineData("\"SOMETHING_NEW\"", DeclineCodes.GatewayRefused)]
    [InlineData("null", DeclineCodes.GatewayRefused)]
    public void Failures_become_decline_codes(string reason, string expected) =>
        Assert.Equal(expected, Assert.IsType<GatewayReading.Failed>(Read($$"""{"status":"FAILED","reason":{{reason}}}""")).DeclineCode);

    [Theory]
    [InlineData("""{"status":"FAILED","reason":"EXPIRED"}"""), InlineData("""{"status":"TIMEOUT"}""")]
    public void Prompts_that_ran_out_are_expired(string json) => Assert.IsType<GatewayReading.Expired>(Read(json));

    [Theory]
    [InlineData("PENDING"), InlineData("CREATED"), InlineData("ONGOING"), InlineData("A_WORD_OF_TOMORROW"), InlineData("successful")]
    public void Every_other_word_means_ask_again(string status) =>
        Assert.IsType<GatewayReading.Pending>(Read($$"""{"status":"{{status}}"}"""));

    [Theory]
    [InlineData(""), InlineData("<html>"), InlineData("[]"), InlineData("null"), InlineData("{}"), InlineData("""{"status":7}"""), InlineData("""{"status":"SUCC""")]
    public void What_is_no_status_is_never_a_word_to_rely_on(string body) =>
        Assert.Throws<GatewayUnavailableException>(() => Read(body));

    [Theory]
    [InlineData("ZAR", "27820000001", "mtnsouthafrica"), InlineData("XAF", "237670000001", "mtncameroon"), InlineData("XAF", "242060000001", "mtncongo")]
    [InlineData("XOF", "229970000001", "mtnbenin"), InlineData("XOF", "46733123453", "mtnivorycoast"), InlineData("EUR", "46733123453", "sandbox")]
    public void The_target_environment_follows_currency_and_number(string currency, string msisdn, string expected) =>
        Assert.Equal(expected, MtnMomoWire.TargetEnvironment(Currency.Of(currency), msisdn, NoOverrides));

    [Fact]
    public void A_currency_without_MTN_is_not_offered() => Assert.Null(MtnMomoWire.TargetEnvironment(Currency.Of("INR"), null, NoOverrides));

    private static GatewayReading Read(string json) => MtnMomoWire.Read(Encoding.UTF8.GetBytes(json));
}
