using System.Net;
using System.Text.Json;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Orders;

/// <summary>Money that comes when the stock is no longer held.</summary>
public sealed class LatePaymentTests(MallgramApp app) : IClassFixture<MallgramApp>, IAsyncLifetime
{
    private readonly Shopper _shopper = new(app.Http);

    public Task InitializeAsync() => app.ControlAsync("mtn-momo", new { action = "manual", on = "on" });

    public Task DisposeAsync() => app.ControlAsync("mtn-momo", new { action = "manual", on = "off" });

    [Fact]
    public async Task Stock_that_is_still_there_is_taken_again_and_committed()
    {
        var order = await PromptedOrderAsync();
        await ReleaseAsync(order);
        await ApproveAsync(order);
        var paid = await _shopper.UntilOrderAsync(order, "paid");
        Assert.Equal("paid", paid.GetProperty("payment_status").GetString());
        Assert.Equal(1L, await CountAsync($"catalog.reservations where status = 'committed' and order_id = '{IdOf(order)}'"));
        Assert.Equal(1L, await CountAsync($"kernel.outbox where type = 'orders.order_paid' and payload ->> 'order_id' = '{IdOf(order)}'"));
    }

    [Fact]
    public async Task Where_the_stock_is_gone_the_money_is_kept_and_the_order_waits_for_a_person()
    {
        var order = await PromptedOrderAsync();
        await ReleaseAsync(order);
        var variant = await app.Database.ScalarAsync<Guid>($"select variant_id from orders.order_items where order_id = '{IdOf(order)}'");
        var onHand = await app.Database.ScalarAsync<int>($"select on_hand from catalog.stock where variant_id = '{variant}'");
        await app.Database.ExecuteAsync($"update catalog.stock set on_hand = reserved where variant_id = '{variant}'");
        await ApproveAsync(order);
        var paid = await _shopper.UntilOrderAsync(order, "paid");
        Assert.Equal("needs_review", paid.GetProperty("payment_status").GetString());
        Assert.NotEqual(JsonValueKind.Null, paid.GetProperty("paid_at").ValueKind);
        Assert.Equal(1L, await CountAsync(
            $"orders.order_history where order_id = '{IdOf(order)}' and actor = 'payments' and cause like 'out_of_stock_after_payment: % × var_%'"));
        Assert.Equal(1L, await CountAsync($"kernel.outbox where type = 'orders.order_needs_review' and payload ->> 'order_id' = '{IdOf(order)}'"));
        Assert.Equal(0L, await CountAsync($"kernel.outbox where type = 'orders.order_paid' and payload ->> 'order_id' = '{IdOf(order)}'"));
        Assert.Equal(order.GetProperty("total").GetProperty("amount").GetInt64(), await app.Database.ScalarAsync<long>(
            $"""
            select t.amount from payments.ledger_transfers t join payments.intents i on i.id = t.payment_id
            where i.order_id = '{IdOf(order)}' and i.status = 'succeeded' and t.credit_account = 'store_payable'
            """));

        using var staff = await app.SignInStaffAsync();
        var path = $"/api/v1/admin/orders/{order.GetProperty("id").GetString()}/stock";
        using (var still = await staff.PostAsync(path, content: null))
        {
            await still.ProblemAsync(409, "out_of_stock");
        }

        await app.Database.ExecuteAsync($"update catalog.stock set on_hand = {onHand} where variant_id = '{variant}'");
        using (var done = await staff.PostAsync(path, content: null))
        {
            Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
        }

        Assert.Equal("paid", (await _shopper.ReadOrderAsync(order)).GetProperty("payment_status").GetString());
        Assert.Equal(1L, await CountAsync($"kernel.outbox where type = 'orders.order_paid' and payload ->> 'order_id' = '{IdOf(order)}'"));
        using var again = await staff.PostAsync(path, content: null);
        await again.ProblemAsync(409, "order_not_short");
    }

    [Fact]
    public async Task Starting_a_payment_keeps_the_hold_for_longer_than_the_prompt()
    {
        var order = await _shopper.OrderAsync();
        await app.Database.ExecuteAsync($"update catalog.reservations set expires_at = now() + interval '10 seconds' where order_id = '{IdOf(order)}'");
        using var started = await _shopper.PayAsync(order);
        var payment = await started.JsonAsync(HttpStatusCode.Created);
        Assert.True(await app.Database.ScalarAsync<bool>(
            $"select min(expires_at) > '{payment.GetProperty("expires_at").GetDateTimeOffset():O}' from catalog.reservations where order_id = '{IdOf(order)}'"));
    }

    [Fact]
    public async Task Nobody_is_asked_to_pay_for_what_others_bought_meanwhile()
    {
        var order = await _shopper.OrderAsync();
        await ReleaseAsync(order);
        var variant = await app.Database.ScalarAsync<Guid>($"select variant_id from orders.order_items where order_id = '{IdOf(order)}'");
        var onHand = await app.Database.ScalarAsync<int>($"select on_hand from catalog.stock where variant_id = '{variant}'");
        await app.Database.ExecuteAsync($"update catalog.stock set on_hand = reserved where variant_id = '{variant}'");
        using (var refused = await _shopper.PayAsync(order))
        {
            await refused.ProblemAsync(409, "out_of_stock");
        }

        Assert.Equal(0L, await CountAsync($"payments.intents where order_id = '{IdOf(order)}'"));
        await app.Database.ExecuteAsync($"update catalog.stock set on_hand = {onHand} where variant_id = '{variant}'");
        using var started = await _shopper.PayAsync(order);
        await started.JsonAsync(HttpStatusCode.Created);
        Assert.Equal(1L, await CountAsync($"catalog.reservations where status = 'held' and order_id = '{IdOf(order)}'"));
    }

    private static Guid IdOf(JsonElement order) =>
        Mallgram.Kernel.Ids.PublicId.TryParse("ord", order.GetProperty("id").GetString(), out var id) ? id : throw new InvalidOperationException();

    private async Task<JsonElement> PromptedOrderAsync()
    {
        var order = await _shopper.OrderAsync();
        using var started = await _shopper.PayAsync(order);
        await started.JsonAsync(HttpStatusCode.Created);
        return order;
    }

    /// <summary>As the job does once the hold is past its time.</summary>
    private async Task ReleaseAsync(JsonElement order)
    {
        await app.Database.ExecuteAsync($"update catalog.reservations set expires_at = now() - interval '1 second' where order_id = '{IdOf(order)}'");
        await app.RunJobAsync("release-expired-holds");
        Assert.Equal(0L, await CountAsync($"catalog.reservations where status = 'held' and order_id = '{IdOf(order)}'"));
    }

    private async Task ApproveAsync(JsonElement order)
    {
        var reference = await app.Database.ScalarAsync<Guid>($"select reference from payments.intents where order_id = '{IdOf(order)}'");
        using var answer = await app.SandboxHttp.PostAsync($"/mtn-momo/phone/{reference}/approve", content: null);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private Task<long> CountAsync(string from) => app.Database.ScalarAsync<long>("select count(*) from " + from);
}
