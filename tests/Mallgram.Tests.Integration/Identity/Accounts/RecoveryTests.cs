using System.Net;
using Mallgram.Identity.Recovery;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Tenancy;
using Mallgram.Tests.Integration.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Identity.Accounts;

public sealed class RecoveryTests(AccountsApp app) : IClassFixture<AccountsApp>
{
    private const string NewPassword = "Karite-Nuss-17-im-Hof";
    private static readonly Guid Store = Guid.Parse("01930000-0000-7000-8000-000000000001");

    [Fact]
    public async Task A_forgotten_password_is_replaced_by_a_mailed_code_and_everyone_else_is_out()
    {
        var email = AccountsApp.NewEmail();
        var session = await app.RegisterAsync(email);
        await VerifyAsync(email);
        await app.Database.ExecuteAsync($"update identity.users set failed_attempts = 10, locked_until = now() + interval '1 day' where email = '{email}'");

        var code = await ForgetAsync(email, mails: 2);
        using var weak = await app.PostAsync("reset-password", new { email, code, password = "12345678" });
        await weak.ProblemAsync(422, "validation_failed");
        using var wrong = await app.PostAsync("reset-password", new { email, code = AccountsApp.Other(code), password = NewPassword });
        await wrong.ProblemAsync(401, "invalid_code");
        using var reset = await app.PostAsync("reset-password", new { email, code, password = NewPassword });
        Assert.Equal(HttpStatusCode.NoContent, reset.StatusCode);

        await app.EndedAsync(session);
        await app.RefusedAsync(email, AccountsApp.Password);
        await app.LogInAsync(email, NewPassword);
        using var twice = await app.PostAsync("reset-password", new { email, code, password = AccountsApp.Password });
        await twice.ProblemAsync(401, "invalid_code");
        Assert.Equal(1L, await app.Database.ScalarAsync<long>(
            $"select count(*) from kernel.outbox where payload ->> 'kind' = 'password_changed' and payload ->> 'user_id' = '{AccountsApp.UserId(session)}'"));
    }

    [Fact]
    public async Task Whether_anybody_has_the_address_is_not_told()
    {
        var (known, unknown) = (AccountsApp.NewEmail(), AccountsApp.NewEmail());
        await app.RegisterAsync(known);

        foreach (var email in new[] { known, unknown })
        {
            using var answer = await app.PostAsync("forgot-password", new { email });
            var sent = await answer.JsonAsync(HttpStatusCode.Accepted);
            Assert.Equal(["expires_at", "resend_after_seconds"], sent.EnumerateObject().Select(p => p.Name));
            using var soon = await app.PostAsync("forgot-password", new { email });
            await soon.ProblemAsync(429, "too_many_codes");
            using var guess = await app.PostAsync("reset-password", new { email, code = "000000", password = NewPassword });
            await guess.ProblemAsync(401, "invalid_code");
        }

        Assert.Empty(await app.MailsToAsync(unknown));
    }

    [Fact]
    public async Task Who_proves_an_address_that_a_stranger_registered_gets_it_without_anything_of_the_strangers()
    {
        var (email, phone) = (AccountsApp.NewEmail(), AccountsApp.NewPhone());
        var stranger = await app.RegisterAsync(email, phone);
        await app.Database.ExecuteAsync(
            $"""
            insert into identity.second_factors (store_id, user_id, kind, secret, confirmed_at)
            values ('{Store}', '{AccountsApp.UserId(stranger)}', 'totp', 'sealed', now())
            """);

        var code = await ForgetAsync(email, mails: 2);
        using var reset = await app.PostAsync("reset-password", new { email, code, password = NewPassword });
        Assert.Equal(HttpStatusCode.NoContent, reset.StatusCode);

        await app.EndedAsync(stranger);
        var mine = await app.LogInAsync(email, NewPassword);
        Assert.Null(mine.GetProperty("user").GetProperty("phone").GetString());
        Assert.True(mine.GetProperty("user").GetProperty("email_verified").GetBoolean());
    }

    [Fact]
    public async Task A_proven_account_is_not_opened_by_another_address_that_was_never_proven()
    {
        var (email, phone) = (AccountsApp.NewEmail(), AccountsApp.NewPhone());
        var owner = await app.RegisterAsync(email, phone);
        await VerifyAsync(email);

        // The code for the phone leads nowhere; a proof of the phone frees it for whoever has it.
        using var forgotten = await app.PostAsync("forgot-password", new { phone });
        await forgotten.JsonAsync(HttpStatusCode.Accepted);
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            $"select count(*) from identity.one_time_codes where purpose = 'reset_password' and destination = '{phone}' and user_id is not null"));
        Assert.Null(await ClaimAsync(new Contact(Email: null, phone)));
        Assert.Null((await app.LogInAsync(email)).GetProperty("user").GetProperty("phone").GetString());
        using var still = await app.RefreshAsync(owner);
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
        await app.RegisterAsync(phone: phone);
    }

    [Fact]
    public async Task A_proven_address_is_claimed_by_its_owner_without_loss()
    {
        var email = AccountsApp.NewEmail();
        var session = await app.RegisterAsync(email);
        await VerifyAsync(email);

        var claimed = await ClaimAsync(new Contact(email, Phone: null));

        Assert.Equal(AccountsApp.UserId(session), claimed?.Id);
        Assert.NotNull(claimed!.PasswordHash);
        using var still = await app.RefreshAsync(session);
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
        Assert.Null(await ClaimAsync(new Contact(AccountsApp.NewEmail(), Phone: null)));
    }

    [Fact]
    public async Task Who_is_signed_in_asks_for_another_code()
    {
        var email = AccountsApp.NewEmail();
        var token = AccountsApp.AccessToken(await app.RegisterAsync(email));
        await app.CodeMailedAsync(email);
        using var soon = await app.PostAsync("verify-email/send", body: null, token);
        await soon.ProblemAsync(429, "too_many_codes");
        using var guest = await app.PostAsync("verify-email/send", body: null);
        await guest.ProblemAsync(401, "unauthenticated");
        using var noPhone = await app.PostAsync("verify-phone/send", body: null, token);
        await noPhone.ProblemAsync(422, "validation_failed");

        app.Pass(TimeSpan.FromSeconds(61));
        using var sent = await app.PostAsync("verify-email/send", body: null, token);
        await sent.JsonAsync(HttpStatusCode.Accepted);
        using var verified = await app.PostAsync("verify-email", new { email, code = await app.CodeMailedAsync(email, mails: 2) });
        Assert.Equal(HttpStatusCode.NoContent, verified.StatusCode);
    }

    private async Task VerifyAsync(string email)
    {
        using var answer = await app.PostAsync("verify-email", new { email, code = await app.CodeMailedAsync(email) });
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    private async Task<string> ForgetAsync(string email, int mails)
    {
        app.Pass(TimeSpan.FromSeconds(61));
        using var answer = await app.PostAsync("forgot-password", new { email });
        await answer.JsonAsync(HttpStatusCode.Accepted);
        return await app.CodeMailedAsync(email, mails);
    }

    private async Task<Person?> ClaimAsync(Contact contact)
    {
        await using var services = app.Api.Services.CreateAsyncScope();
        services.ServiceProvider.GetRequiredService<StoreScope>().Set(Store);
        return await services.ServiceProvider.GetRequiredService<AddressClaims>().ClaimAsync(contact, CancellationToken.None);
    }
}
