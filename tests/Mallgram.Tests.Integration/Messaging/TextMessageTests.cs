using Mallgram.Tests.Integration.Identity.Codes;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Messaging;

/// <summary>Text messages on their way through the outbox, with a receiver that refuses now and then.</summary>
public sealed class TextMessageTests(CodesApp app) : IClassFixture<CodesApp>
{
    [Fact]
    public async Task A_receiver_that_is_away_for_a_moment_gets_the_message_once_in_the_end()
    {
        var phone = CodesApp.NewPhone();
        await app.ControlAsync("sms", new { action = "refuse", count = 1, status = 503 });
        await app.DoneAsync("auth/otp", new { phone });
        await TriedAsync(phone);
        await app.Database.ExecuteAsync($"update kernel.outbox set available_at = now() where id = {EventOf(phone)}");
        var code = await app.TextedAsync(phone);
        await SettledAsync(phone, "sent");
        Assert.Single(await app.TextsToAsync(phone));
        await app.DoneAsync("auth/verify-otp", new { phone, code });
    }

    [Fact]
    public async Task A_message_that_is_refused_for_good_is_not_tried_again()
    {
        var phone = CodesApp.NewPhone();
        await app.ControlAsync("sms", new { action = "refuse", count = 1, status = 422 });
        await app.DoneAsync("auth/otp", new { phone });
        await SettledAsync(phone, "refused");
        await Eventually.HoldsAsync("event done", async () => await app.Database.ScalarAsync<bool>(
            $"select processed_at is not null and attempts = 1 from kernel.outbox where id = {EventOf(phone)}"));
        Assert.Empty(await app.TextsToAsync(phone));
    }

    [Fact]
    public async Task A_code_that_is_too_late_is_not_sent()
    {
        var phone = CodesApp.NewPhone();
        await app.ControlAsync("sms", new { action = "refuse", count = 1, status = 500 });
        await app.DoneAsync("auth/otp", new { phone });
        await TriedAsync(phone);
        app.Pass(TimeSpan.FromMinutes(11));
        await app.Database.ExecuteAsync($"update kernel.outbox set available_at = now() where id = {EventOf(phone)}");
        await Eventually.HoldsAsync("event done", async () => await app.Database.ScalarAsync<bool>(
            $"select processed_at is not null from kernel.outbox where id = {EventOf(phone)}"));
        Assert.Empty(await app.TextsToAsync(phone));
    }

    // The event holds no number in clear; the claim of the message names both.
    private static string EventOf(string phone) => $"(select event_id from messaging.messages where recipient = '{phone}')";

    private Task TriedAsync(string phone) => Eventually.HoldsAsync("a failed try", async () => await app.Database.ScalarAsync<bool>(
        $"select exists (select from kernel.outbox where id = {EventOf(phone)} and last_error like '%HTTP 50%')"));

    private Task SettledAsync(string phone, string status) => Eventually.HoldsAsync(status, async () => await app.Database.ScalarAsync<bool>(
        $"select exists (select from messaging.messages where recipient = '{phone}' and channel = 'sms' and status = '{status}' and subject is null)"));
}
