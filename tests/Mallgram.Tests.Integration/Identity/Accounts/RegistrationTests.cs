using System.Net;
using System.Text;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Identity.Accounts;

public sealed class RegistrationTests(AccountsApp app) : IClassFixture<AccountsApp>
{
    [Fact]
    public async Task Whoever_registers_is_signed_in_at_once_and_proves_the_address_by_the_mailed_code()
    {
        var email = AccountsApp.NewEmail();

        var session = await app.RegisterAsync(email);

        Assert.Equal("customer", session.GetProperty("user").GetProperty("role").GetString());
        Assert.Equal(email, session.GetProperty("user").GetProperty("email").GetString());
        Assert.Equal(900, session.GetProperty("expires_in").GetInt32());
        Assert.False(session.GetProperty("user").GetProperty("email_verified").GetBoolean());
        Assert.NotEmpty(session.GetProperty("refresh_token").GetString()!);
        Assert.Equal(email, (await app.GetAsync("me", AccountsApp.AccessToken(session))).GetProperty("email").GetString());

        var code = await app.CodeMailedAsync(email);
        using var wrong = await app.PostAsync("verify-email", new { email, code = AccountsApp.Other(code) });
        await wrong.ProblemAsync(401, "invalid_code");
        using var right = await app.PostAsync("verify-email", new { email = email.ToUpperInvariant(), code });
        Assert.Equal(HttpStatusCode.NoContent, right.StatusCode);
        using var again = await app.PostAsync("verify-email", new { email, code });
        await again.ProblemAsync(401, "invalid_code");
        Assert.True((await app.LogInAsync(email)).GetProperty("user").GetProperty("email_verified").GetBoolean());
    }

    [Fact]
    public async Task A_phone_number_is_one_account_however_it_is_written()
    {
        var phone = "+2782" + Random.Shared.Next(1_000_000, 9_999_999);
        var national = "0" + phone[3..5] + " " + phone[5..8] + " " + phone[8..];

        var session = await app.RegisterAsync(phone: national);

        Assert.Equal(phone, session.GetProperty("user").GetProperty("phone").GetString());
        Assert.Null(session.GetProperty("user").GetProperty("email").GetString());
        using var signedIn = await app.PostAsync("login", new { phone, password = AccountsApp.Password });
        await signedIn.JsonAsync(HttpStatusCode.OK);
        using var twice = await app.PostAsync(
            "register", new { phone = "00" + phone[1..], password = AccountsApp.Password, full_name = "Somebody Else" });
        await twice.ProblemAsync(422, "registration_refused");
    }

    [Fact]
    public async Task An_address_belongs_to_one_account_of_a_store_and_to_another_of_each_other_store()
    {
        var (email, phone) = (AccountsApp.NewEmail(), AccountsApp.NewPhone());
        var first = await app.RegisterAsync(email, phone);

        foreach (var taken in new object[]
        {
            new { email = email.ToUpperInvariant(), password = AccountsApp.Password, full_name = "Kofi" },
            new { phone, password = AccountsApp.Password, full_name = "Kofi" },
            new { email = AccountsApp.NewEmail(), phone, password = AccountsApp.Password, full_name = "Kofi" },
        })
        {
            using var refused = await app.PostAsync("register", taken);
            await refused.ProblemAsync(422, "registration_refused");
        }

        var elsewhere = await app.RegisterAsync(email, phone, store: "dakarcafe");
        Assert.NotEqual(AccountsApp.UserId(first), AccountsApp.UserId(elsewhere));
        // The token of one store is no sign-in at the other.
        using var me = await app.SendAsync(HttpMethod.Get, "me", token: AccountsApp.AccessToken(elsewhere));
        await me.ProblemAsync(401, "unauthenticated");
    }

    [Theory]
    [InlineData("""{ "password": "Baobab-am-Fluss-42", "full_name": "Ama" }""", "email")]
    [InlineData("""{ "email": "ama", "password": "Baobab-am-Fluss-42", "full_name": "Ama" }""", "email")]
    [InlineData("""{ "email": "ama@éxample.org", "password": "Baobab-am-Fluss-42", "full_name": "Ama" }""", "email")]
    [InlineData("""{ "email": "Ama <ama@example.org>", "password": "Baobab-am-Fluss-42", "full_name": "Ama" }""", "email")]
    [InlineData("""{ "email": "a\u0000b@example.org", "password": "Baobab-am-Fluss-42", "full_name": "Ama" }""", "email")]
    [InlineData("""{ "phone": "call me", "password": "Baobab-am-Fluss-42", "full_name": "Ama" }""", "phone")]
    [InlineData("""{ "phone": "+2", "password": "Baobab-am-Fluss-42", "full_name": "Ama" }""", "phone")]
    [InlineData("""{ "email": "short@example.org", "password": "abcdefg", "full_name": "Ama" }""", "password")]
    [InlineData("""{ "email": "common@example.org", "password": "Password123", "full_name": "Ama" }""", "password")]
    [InlineData("""{ "email": "common@example.org", "password": "aaaaaaaaaaaa", "full_name": "Ama" }""", "password")]
    [InlineData("""{ "email": "ama.mensah@example.org", "password": "Ama.Mensah2026!", "full_name": "Ama" }""", "password")]
    [InlineData("""{ "email": "nul@example.org", "password": "Baobab\u0000am-Fluss-42", "full_name": "Ama" }""", "password")]
    [InlineData("""{ "phone": "+237670123456", "password": "237670123456", "full_name": "Ama" }""", "password")]
    [InlineData("""{ "email": "name@example.org", "password": "Baobab-am-Fluss-42" }""", "full_name")]
    [InlineData("""{ "email": "name@example.org", "password": "Baobab-am-Fluss-42", "full_name": "A\u0007" }""", "full_name")]
    [InlineData("""{ "email": "name@example.org", "password": "Baobab-am-Fluss-42", "full_name": "Ama", "language": "de" }""", "language")]
    public async Task What_is_wrong_is_named(string body, string field)
    {
        using var answer = await app.PostAsync("register", new StringContent(body, Encoding.UTF8, "application/json"));

        var problem = await answer.ProblemAsync(422, "validation_failed");

        Assert.Equal([field], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Theory]
    [InlineData("register", """{ "email": "x@example.org", "password": "\ud800 am Fluss 42", "full_name": "\ud800" }""")]
    [InlineData("login", """{ "email": "x@example.org", "password": "\ud800" }""")]
    [InlineData("login", """{ "email": ["x"], "password": {} }""")]
    [InlineData("reset-password", """{ "email": 7 }""")]
    [InlineData("forgot-password", "[]")]
    [InlineData("verify-email", "null")]
    public async Task Rubbish_is_refused_and_nothing_breaks(string path, string body)
    {
        using var answer = await app.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.True((int)answer.StatusCode is 400 or 401 or 422, $"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    [Fact]
    public async Task Who_registers_at_the_same_moment_with_one_address_gets_one_account()
    {
        var email = AccountsApp.NewEmail();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => app.PostAsync(
            "register", new { email, password = AccountsApp.Password, full_name = "Ama" })));

        Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        Assert.Equal(7, answers.Count(a => a.StatusCode == HttpStatusCode.UnprocessableEntity));
    }
}

/// <summary>With the limits as they ship.</summary>
public sealed class RegistrationLimitTests(RegistrationLimitTests.StrictApp app) : IClassFixture<RegistrationLimitTests.StrictApp>
{
    [Fact]
    public async Task Asking_who_has_an_account_by_registering_is_slowed_down_and_registering_is_not()
    {
        var taken = AccountsApp.NewEmail();
        for (var i = 0; i < 12; i++)
        {
            await app.RegisterAsync(i == 0 ? taken : AccountsApp.NewEmail());
        }

        for (var i = 0; i < 10; i++)
        {
            using var refused = await app.PostAsync("register", new { email = taken, password = AccountsApp.Password, full_name = "Ama" });
            await refused.ProblemAsync(422, "registration_refused");
        }

        using var slowed = await app.PostAsync("register", new { email = taken, password = AccountsApp.Password, full_name = "Ama" });
        await slowed.ProblemAsync(429, "too_many_registrations");
        Assert.InRange(slowed.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
    }

    public sealed class StrictApp : AccountsApp
    {
        protected override IEnumerable<string> ServiceSettings => [];
    }
}
