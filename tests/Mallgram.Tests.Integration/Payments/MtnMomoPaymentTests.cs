using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Payments;

public sealed class MtnMomoPaymentTests(MallgramApp app) : IClassFixture<MallgramApp>, IAsyncLifetime
{
    private readonly Shopper _shopper = new(app.Http);

    public Task InitializeAsync() => ResetAsync();

    public Task DisposeAsync() => ResetAsync();

    [Theory]
    [InlineData("en", "Your order {0} is confirmed"), InlineData("fr", "Votre commande {0} est confirmée")]
    public async Task An_approved_prompt_pays_the_order_once_and_mails_the_buyer_in_their_language(string language, string subject)
    {
        var shopper = new Shopper(app.Http, language: language);
        var order = await shopper.OrderAsync(2);
        var payment = await StartAsync(shopper, order);
        Assert.Equal("requires_action", payment.GetProperty("status").GetString());
        Assert.Equal("approve_on_phone", payment.GetProperty("next_action").GetProperty("type").GetString());
        Assert.Equal(order.GetProperty("total").ToString(), payment.GetProperty("amount").ToString());

        var paid = await shopper.UntilOrderAsync(order, "paid");

        Assert.Equal("paid", paid.GetProperty("payment_status").GetString());
        Assert.Equal("succeeded", (await shopper.ReadPaymentAsync(payment)).GetProperty("status").GetString());
        var mails = await Eventually.GetAsync("the mail", async () => await app.MailsToAsync(shopper.Email) is { Length: > 0 } found ? found : null);
        Assert.Equal(string.Format(System.Globalization.CultureInfo.InvariantCulture, subject, order.GetProperty("number").GetString()), mails[0].GetProperty("subject").GetString());
        Assert.Contains(order.GetProperty("total").GetProperty("formatted").GetString()!, mails[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Single(mails.Select(m => m.GetProperty("message_id").GetString()).Distinct());
        await AssertLedgerAsync(order, "store_payable");
        Assert.Equal(1, await CountAsync($"orders.order_history where to_status = 'paid' and order_id = '{IdOf(order)}'"));
        Assert.Equal(1, await CountAsync($"catalog.reservations where status = 'committed' and order_id = '{IdOf(order)}'"));
    }

    [Fact]
    public async Task A_payment_whose_callback_never_came_is_settled_by_the_job()
    {
        await app.ControlAsync("mtn-momo", new { action = "drop_callback" });
        var order = await _shopper.OrderAsync();
        var payment = await StartAsync(_shopper, order);
        await Eventually.HoldsAsync("the job settles it", async () =>
        {
            await app.RunJobAsync("settle-pending-payments");
            return (await _shopper.ReadPaymentAsync(payment)).GetProperty("status").GetString() == "succeeded";
        });
        Assert.Equal("paid", (await _shopper.ReadOrderAsync(order)).GetProperty("status").GetString());
        Assert.Equal(1, await CountAsync($"payments.events where type = 'charge_succeeded' and source = 'poll' and payment_id = '{IdOf(payment)}'"));
    }

    [Fact]
    public async Task Verify_asks_the_gateway_at_once()
    {
        await app.ControlAsync("mtn-momo", new { action = "drop_callback" });
        var order = await _shopper.OrderAsync();
        var payment = await StartAsync(_shopper, order);
        await Eventually.HoldsAsync("verified", async () =>
        {
            using var answer = await _shopper.PostAsync($"/api/v1/payments/{payment.GetProperty("id").GetString()}/verify", body: null);
            return (await answer.JsonAsync(HttpStatusCode.OK)).GetProperty("status").GetString() == "succeeded";
        });
        Assert.Equal("paid", (await _shopper.ReadOrderAsync(order)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Repeated_callbacks_change_nothing_more()
    {
        await app.ControlAsync("mtn-momo", new { action = "duplicate_callback", times = 6 });
        var order = await _shopper.OrderAsync();
        await StartAsync(_shopper, order);
        await _shopper.UntilOrderAsync(order, "paid");
        await QuietAsync();
        Assert.Equal(1, await CountAsync($"orders.order_history where to_status = 'paid' and order_id = '{IdOf(order)}'"));
        Assert.Equal(1, await CountAsync($"kernel.outbox where type = 'orders.order_paid' and payload ->> 'order_id' = '{IdOf(order)}'"));
        await AssertLedgerAsync(order, "store_payable");
        Assert.Single((await app.MailsToAsync(_shopper.Email)).Select(m => m.GetProperty("message_id").GetString()).Distinct());
    }

    [Theory]
    [InlineData("url"), InlineData("reference"), InlineData("status")]
    public async Task A_forged_callback_pays_nothing(string how)
    {
        await app.ControlAsync("mtn-momo", new { action = "manual", on = "on" });
        await app.ControlAsync("mtn-momo", new { action = "forge_callback", how });
        var order = await _shopper.OrderAsync();
        var payment = await StartAsync(_shopper, order);
        // The forgery is on its way now; what proves that it was dealt with is a genuine one that comes after it.
        await Eventually.HoldsAsync("the forgery came", async () => await CountAsync($"kernel.inbox where event_key like '{payment.GetProperty("id").GetString()}%'") > 0);
        await QuietAsync();
        Assert.Equal("pending", (await _shopper.ReadOrderAsync(order)).GetProperty("status").GetString());
        Assert.Equal(0, await CountAsync($"payments.ledger_transfers where payment_id = '{IdOf(payment)}'"));
    }

    [Fact]
    public async Task Callbacks_by_strangers_get_precise_answers_and_change_nothing()
    {
        var order = await _shopper.OrderAsync();
        await app.ControlAsync("mtn-momo", new { action = "manual", on = "on" });
        var payment = await StartAsync(_shopper, order);
        var id = payment.GetProperty("id").GetString();
        var success = """{"status":"SUCCESSFUL","amount":"1","currency":"ZAR","financialTransactionId":"1"}""";
        await ExpectAsync(HttpMethod.Post, "/api/v1/payments/webhook/mtn_momo", success, 401, "signature_invalid");
        await ExpectAsync(HttpMethod.Put, $"/api/v1/payments/webhook/mtn_momo/{id}/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", success, 401, "signature_invalid");
        await ExpectAsync(HttpMethod.Put, $"/api/v1/payments/webhook/mtn_momo/{id}/%3B--%20not-base64", success, 401, "signature_invalid");
        await ExpectAsync(HttpMethod.Put, "/api/v1/payments/webhook/mtn_momo/pay_01h455vb4pex5vsknk084sn02q/AAAA", success, 404, "payment_not_found");
        await ExpectAsync(HttpMethod.Post, "/api/v1/payments/webhook/nobody", success, 404, "gateway_unknown");
        await ExpectAsync(HttpMethod.Post, "/api/v1/payments/webhook?gateway=nobody", success, 404, "gateway_unknown");
        await ExpectAsync(HttpMethod.Put, $"/api/v1/payments/webhook/mtn_momo/{id}/AAAA", "{\"status\":", 400, "malformed_json");
        await ExpectAsync(HttpMethod.Put, $"/api/v1/payments/webhook/mtn_momo/{id}/AAAA", new string('x', 70_000), 413, "body_too_large");
        await QuietAsync();
        Assert.Equal("pending", (await _shopper.ReadOrderAsync(order)).GetProperty("status").GetString());
        Assert.Equal("requires_action", (await _shopper.ReadPaymentAsync(payment)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task An_amount_that_differs_goes_to_review_and_is_booked_as_due_back()
    {
        await app.ControlAsync("mtn-momo", new { action = "underpay", percent = 50 });
        var order = await _shopper.OrderAsync();
        var payment = await StartAsync(_shopper, order);
        await _shopper.UntilPaymentAsync(payment, "needs_review");
        var read = await _shopper.ReadOrderAsync(order);
        Assert.Equal(("pending", "needs_review"), (read.GetProperty("status").GetString(), read.GetProperty("payment_status").GetString()));
        await QuietAsync();
        Assert.Empty(await app.MailsToAsync(_shopper.Email));
        Assert.Equal(1, await CountAsync($"payments.ledger_transfers where credit_account = 'refunds_due' and payment_id = '{IdOf(payment)}'"));
    }

    [Theory]
    [InlineData("46733123451", "failed", "user_rejected"), InlineData("46733123452", "expired", "not_approved_in_time"), InlineData("46733123455", "failed", "payer_not_found")]
    public async Task A_payment_that_fails_says_why_and_the_order_can_be_paid_again(string phone, string status, string declineCode)
    {
        var order = await _shopper.OrderAsync();
        var payment = await StartAsync(_shopper, order, phone);
        var ended = await _shopper.UntilPaymentAsync(payment, status);
        Assert.Equal(declineCode, ended.GetProperty("decline_code").GetString());
        Assert.Equal("failed", (await _shopper.ReadOrderAsync(order)).GetProperty("payment_status").GetString());
        await StartAsync(_shopper, order);
        await _shopper.UntilOrderAsync(order, "paid");
    }

    [Fact]
    public async Task One_order_has_one_payment_under_way()
    {
        await app.ControlAsync("mtn-momo", new { action = "manual", on = "on" });
        var order = await _shopper.OrderAsync();
        await StartAsync(_shopper, order);
        using var second = await _shopper.PayAsync(order);
        await second.ProblemAsync(409, "payment_in_progress");
    }

    [Fact]
    public async Task A_paid_order_cannot_be_paid_again()
    {
        var order = await _shopper.OrderAsync();
        await StartAsync(_shopper, order);
        await _shopper.UntilOrderAsync(order, "paid");
        using var again = await _shopper.PayAsync(order);
        await again.ProblemAsync(409, "order_already_paid");
    }

    [Fact]
    public async Task The_same_key_never_prompts_twice()
    {
        var order = await _shopper.OrderAsync();
        var key = Guid.NewGuid().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var answer = await _shopper.PayAsync(order, key: key);
            return (answer.StatusCode, Body: await answer.Content.ReadAsStringAsync());
        }));
        Assert.All(answers, a => Assert.Contains(a.StatusCode, new[] { HttpStatusCode.Created, HttpStatusCode.Conflict }));
        Assert.Equal(1, await CountAsync($"payments.intents where order_id = '{IdOf(order)}'"));
        await _shopper.UntilOrderAsync(order, "paid");
        using var replay = await _shopper.PayAsync(order, key: key);
        Assert.Equal("true", replay.Headers.GetValues("Idempotent-Replayed").Single());
    }

    [Fact]
    public async Task When_the_answer_is_lost_the_same_key_goes_on_with_the_same_payment()
    {
        await app.ControlAsync("mtn-momo", new { action = "lose_answer" });
        var order = await _shopper.OrderAsync();
        var key = Guid.NewGuid().ToString();
        using var lost = await _shopper.PayAsync(order, key: key);
        var problem = await lost.ProblemAsync(503, "payment_provider_unavailable");
        Assert.True(problem.GetProperty("retryable").GetBoolean());
        using var again = await _shopper.PayAsync(order, key: key);
        var payment = await again.JsonAsync(HttpStatusCode.Created);
        Assert.Equal(problem.GetProperty("payment_id").GetString(), payment.GetProperty("id").GetString());
        await _shopper.UntilOrderAsync(order, "paid");
        await AssertLedgerAsync(order, "store_payable");
    }

    [Fact]
    public async Task A_gateway_that_is_away_says_so_and_the_order_stays_payable()
    {
        var order = await _shopper.OrderAsync();
        await app.ControlAsync("mtn-momo", new { action = "down", ms = 60000 });
        using var down = await _shopper.PayAsync(order, key: "down-" + IdOf(order));
        await down.ProblemAsync(503, "payment_provider_unavailable");
        Assert.NotNull(down.Headers.RetryAfter);
        await app.ControlAsync("mtn-momo", new { action = "down", ms = 0 });
        using var again = await _shopper.PayAsync(order, key: "down-" + IdOf(order));
        await again.JsonAsync(HttpStatusCode.Created);
        await _shopper.UntilOrderAsync(order, "paid");
    }

    [Theory]
    [InlineData("""{"order_id":"ord_01h455vb4pex5vsknk084sn02q","method":"mobile_money"}""", 404, "order_not_found")]
    [InlineData("""{"order_id":"$O","method":"teleport"}""", 422, "validation_failed")]
    [InlineData("""{"order_id":"$O","method":"mobile_money","phone":"call me"}""", 422, "validation_failed")]
    [InlineData("""{"order_id":"$O","method":"card"}""", 422, "payment_method_not_available")]
    [InlineData("""{"order_id":"$O","method":"mobile_money","gateway":"paypal","phone":"+27820000001"}""", 422, "gateway_not_available")]
    [InlineData("""{"method":"mobile_money"}""", 422, "validation_failed")]
    [InlineData("""{"order_id":7}""", 400, "malformed_json")]
    public async Task A_bad_start_gets_a_precise_answer_and_starts_nothing(string json, int status, string code)
    {
        var order = await _shopper.OrderAsync();
        var before = await CountAsync("payments.intents");
        using var answer = await _shopper.PostAsync(
            "/api/v1/payments/initialize",
            new StringContent(json.Replace("$O", order.GetProperty("id").GetString(), StringComparison.Ordinal), Encoding.UTF8, "application/json"),
            Guid.NewGuid().ToString());
        await answer.ProblemAsync(status, code);
        Assert.Equal(before, await CountAsync("payments.intents"));
    }

    [Fact]
    public async Task A_payment_that_is_not_there_is_not_found()
    {
        using var unknown = await app.Http.GetAsync("/api/v1/payments/status/pay_01h455vb4pex5vsknk084sn02q");
        await unknown.ProblemAsync(404, "payment_not_found");
        using var rubbish = await app.Http.GetAsync("/api/v1/payments/status/%27%3B--");
        await rubbish.ProblemAsync(404, "payment_not_found");
    }

    [Fact]
    public async Task Order_and_payment_can_start_in_one_call()
    {
        var body = _shopper.OrderBody(Shopper.VariantOf(await _shopper.AnyProductAsync()));
        body["payment"] = new { method = "mobile_money", phone = "+27820000001" };
        var key = Guid.NewGuid().ToString();
        using var answer = await _shopper.PlaceAsync(body, key);
        var order = await answer.JsonAsync(HttpStatusCode.Created);
        Assert.Equal("mtn_momo", order.GetProperty("payment").GetProperty("gateway").GetString());
        using var replay = await _shopper.PlaceAsync(body, key);
        Assert.Equal(await answer.Content.ReadAsStringAsync(), await replay.Content.ReadAsStringAsync());
        await _shopper.UntilOrderAsync(order, "paid");
        Assert.Equal(1, await CountAsync($"payments.intents where order_id = '{IdOf(order)}'"));
    }

    [Fact]
    public async Task The_store_s_methods_are_listed()
    {
        var methods = await _shopper.GetAsync("/api/v1/payments/methods?country=ZA&currency=ZAR&amount=1000");
        Assert.Contains(methods.GetProperty("data").EnumerateArray(), m =>
            m.GetProperty("method").GetString() == "mobile_money" && m.GetProperty("gateway").GetString() == "mtn_momo");
        using var bad = await app.Http.GetAsync("/api/v1/payments/methods?currency=FCFA");
        await bad.ProblemAsync(422, "validation_failed");
    }

    private static async Task<JsonElement> StartAsync(Shopper shopper, JsonElement order, string phone = "+27820000001")
    {
        using var answer = await shopper.PayAsync(order, phone);
        return await answer.JsonAsync(HttpStatusCode.Created);
    }

    private async Task ExpectAsync(HttpMethod method, string path, string body, int status, string code)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using var answer = await app.Http.SendAsync(request);
        await answer.ProblemAsync(status, code);
    }

    private async Task AssertLedgerAsync(JsonElement order, string credit)
    {
        Assert.Equal(
            order.GetProperty("total").GetProperty("amount").GetInt64(),
            (long)await app.Database.ScalarAsync<decimal>(
                $"""
                select sum(l.amount) from payments.ledger_transfers l join payments.intents i on i.id = l.payment_id
                where i.order_id = '{IdOf(order)}' and l.credit_account = '{credit}' and l.debit_account = 'gateway_clearing:mtn_momo'
                """));
        Assert.Equal(0m, await app.Database.ScalarAsync<decimal>("select coalesce(sum(balance), 0) from payments.ledger_balances"));
    }

    /// <summary>Every recorded event has been delivered.</summary>
    private Task QuietAsync() => Eventually.HoldsAsync(
        "an empty outbox", async () => await CountAsync("kernel.outbox where processed_at is null and dead_at is null") == 0);

    private async Task<int> CountAsync(string from) => (int)await app.Database.ScalarAsync<long>("select count(*) from " + from);

    private static Guid IdOf(JsonElement view)
    {
        var id = view.GetProperty("id").GetString()!;
        Assert.True(Mallgram.Kernel.Ids.PublicId.TryParse(id[..3], id, out var guid));
        return guid;
    }

    private async Task ResetAsync()
    {
        using var answer = await app.SandboxHttp.PostAsJsonAsync("/control/mtn-momo", new { action = "reset" });
        answer.EnsureSuccessStatusCode();
    }
}
