using System.Globalization;
using System.Net;
using System.Text.Json;
using Mallgram.Sandbox;
using Mallgram.Sandbox.MtnMomo;

namespace Mallgram.Tests.Unit.Sandbox;

public sealed class MomoTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "mallgram-momo-" + Guid.NewGuid().ToString("N"));
    private readonly SetClock _clock = new(new DateTimeOffset(2026, 3, 1, 10, 0, 0, TimeSpan.Zero));

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("\"1500\"", "\"Order 1\"", true)]
    [InlineData("\"15.50\"", "\"Commande payée\"", true)]
    [InlineData("\"0\"", "\"Order\"", false)]
    [InlineData("\"-1\"", "\"Order\"", false)]
    [InlineData("\"1e3\"", "\"Order\"", false)]
    [InlineData("\" 1\"", "\"Order\"", false)]
    [InlineData("\"1,000\"", "\"Order\"", false)]
    [InlineData("1500", "\"Order\"", false)]
    [InlineData("\"1500\"", "\"it's\"", false)]
    [InlineData("\"1500\"", "17", false)]
    public void A_request_is_read_strictly(string amount, string message, bool accepted)
    {
        using var body = JsonDocument.Parse(
            $$$"""
            {"amount":{{{amount}}},"currency":"XAF","payer":{"partyIdType":"MSISDN","partyId":"237670000001"},"payerMessage":{{{message}}}}
            """);

        var (request, fault) = MomoRequestToPay.Read(body.RootElement);

        Assert.Equal(accepted, request is not null);
        Assert.Equal(accepted, fault is null);
    }

    [Theory]
    [InlineData("46733123450", "INTERNAL_PROCESSING_ERROR")]
    [InlineData("46733123451", "APPROVAL_REJECTED")]
    [InlineData("46733123452", "EXPIRED")]
    [InlineData("46733123455", "PAYER_NOT_FOUND")]
    [InlineData("46733123463", "COULD_NOT_PERFORM_TRANSACTION")]
    public void Published_numbers_fail_with_their_reason(string msisdn, string reason)
    {
        var plan = Faults().PlanFor(msisdn);

        Assert.Equal((MomoStatus.Failed, reason), (plan.Outcome, plan.Reason));
    }

    [Fact]
    public void Other_numbers_succeed_and_one_waits_for_ever()
    {
        Assert.Equal(MomoStatus.Successful, Faults().PlanFor("237670000001").Outcome);
        Assert.Equal(MomoStatus.Successful, Faults().PlanFor("46733123453").Outcome);
        Assert.Equal(30_000, Faults().PlanFor("46733123453").DecisionDelayMs);
        Assert.Equal(MomoStatus.Pending, Faults().PlanFor("46733123454").Outcome);
    }

    [Fact]
    public void A_change_applies_to_the_payments_it_was_made_for()
    {
        var faults = Faults();
        faults.Change("drop_callback", 1, p => p with { CallbackCopies = 0 });
        faults.Change("underpay", 0, p => p with { PaidPercent = 50 });

        var (first, second) = (faults.PlanFor("237670000001"), faults.PlanFor("237670000001"));

        Assert.Equal((0, 50), (first.CallbackCopies, first.PaidPercent));
        Assert.Equal((1, 50), (second.CallbackCopies, second.PaidPercent));
        faults.Reset();
        Assert.Equal(100, faults.PlanFor("237670000001").PaidPercent);
    }

    [Theory]
    [InlineData("1500", 50, "750")]
    [InlineData("1501", 50, "750")]
    [InlineData("10.01", 50, "5.00")]
    [InlineData("1500", 100, "1500")]
    public void Underpaying_keeps_the_amounts_form(string amount, int percent, string reported)
    {
        var payment = Payment("00000000-0000-4000-8000-000000000001") with
        {
            Amount = amount,
            Plan = new MomoPlan { PaidPercent = percent },
        };

        using var body = JsonDocument.Parse(MomoWire.Status(payment, "string"));

        Assert.Equal(reported, body.RootElement.GetProperty("amount").GetString());
    }

    [Theory]
    [InlineData("string", "\"APPROVAL_REJECTED\"")]
    [InlineData("object", """{"code":"APPROVAL_REJECTED","message":"approval rejected"}""")]
    public void A_reason_comes_in_either_shape(string shape, string expected)
    {
        var payment = Payment("00000000-0000-4000-8000-000000000001") with { Status = MomoStatus.Failed, Reason = "APPROVAL_REJECTED" };

        using var body = JsonDocument.Parse(MomoWire.Status(payment, shape));

        Assert.Equal(expected, body.RootElement.GetProperty("reason").GetRawText());
    }

    [Fact]
    public void A_restart_forgets_nothing_and_a_torn_line_is_cut_off()
    {
        var options = new SandboxOptions { DataDirectory = _folder };
        using (var ledger = new MomoLedger(options, _clock))
        {
            Assert.True(ledger.Add(Payment("00000000-0000-4000-8000-000000000001")));
            Assert.True(ledger.Add(Payment("00000000-0000-4000-8000-000000000002")));
            Assert.NotNull(ledger.Decide("00000000-0000-4000-8000-000000000001", MomoStatus.Successful, null));
            Assert.True(ledger.StartCallback("00000000-0000-4000-8000-000000000001"));
            Assert.True(ledger.AddUser(new MomoApiUser("u1", "shop.example", null)));
            Assert.Throws<SandboxStartException>(() => new MomoLedger(options, _clock));
        }

        File.AppendAllText(Path.Combine(_folder, "mtn-momo.jsonl"), "{\"payment\":{\"reference_id\":\"000");
        for (var start = 0; start < 2; start++)
        {
            using var again = new MomoLedger(options, _clock);
            Assert.Equal(2, again.Count);
            Assert.Equal(MomoStatus.Successful, again.Payment("00000000-0000-4000-8000-000000000001")!.Status);
            Assert.NotNull(again.Payment("00000000-0000-4000-8000-000000000001")!.FinancialTransactionId);
            Assert.False(again.StartCallback("00000000-0000-4000-8000-000000000001"));
            Assert.Equal("00000000-0000-4000-8000-000000000002", Assert.Single(again.Open()).ReferenceId);
            Assert.False(again.Add(Payment("00000000-0000-4000-8000-000000000001")));
            Assert.Equal("shop.example", again.User("u1")!.ProviderCallbackHost);
        }
    }

    [Fact]
    public void A_payment_is_decided_once()
    {
        using var ledger = new MomoLedger(new SandboxOptions(), _clock);
        ledger.Add(Payment("00000000-0000-4000-8000-000000000001"));

        Assert.NotNull(ledger.Decide("00000000-0000-4000-8000-000000000001", MomoStatus.Failed, "EXPIRED"));
        Assert.Null(ledger.Decide("00000000-0000-4000-8000-000000000001", MomoStatus.Successful, null));
        Assert.Equal("EXPIRED", ledger.Payment("00000000-0000-4000-8000-000000000001")!.Reason);
    }

    [Fact]
    public void A_bearer_token_outlives_a_restart_and_ends_on_time()
    {
        var options = new SandboxOptions();
        using var ledger = new MomoLedger(options, _clock);
        var token = new MomoTokens(options.MtnMomo, ledger, _clock).Issue(ledger.User(options.MtnMomo.ApiUser)!);
        var tokens = new MomoTokens(options.MtnMomo, ledger, _clock);

        Assert.Equal(options.MtnMomo.ApiUser, tokens.Read(token)?.Id);
        Assert.Null(tokens.Read(token[..^1] + (token[^1] == '0' ? '1' : '0')));
        Assert.Null(tokens.Read("zz.zz"));
        Assert.Null(tokens.Read(""));
        _clock.Now += TimeSpan.FromSeconds(options.MtnMomo.AccessTokenSeconds);
        Assert.Null(tokens.Read(token));
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("172.31.0.1", true)]
    [InlineData("192.168.1.1", true)]
    [InlineData("fd00::1", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("8.8.8.8", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("2001:4860:4860::8888", false)]
    public void Callbacks_stay_on_private_networks(string address, bool allowed) =>
        Assert.Equal(allowed, PrivateNetwork.Contains(IPAddress.Parse(address)));

    private MomoFaults Faults() => new(new MtnMomoOptions(), _clock);

    private MomoPayment Payment(string reference) => new()
    {
        ReferenceId = reference,
        ApiUser = "u",
        Environment = "mtncameroon",
        Amount = 1500.ToString(CultureInfo.InvariantCulture),
        Currency = "XAF",
        PartyIdType = "MSISDN",
        PartyId = "237670000001",
        CallbackUrl = "http://127.0.0.1:1/cb",
        CreatedAt = _clock.Now,
        Plan = new MomoPlan(),
    };
}
