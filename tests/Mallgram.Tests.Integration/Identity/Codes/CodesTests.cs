using System.Net;
using System.Text.Json;

namespace Mallgram.Tests.Integration.Identity.Codes;

public sealed class CodesTests(CodesApp app) : IClassFixture<CodesApp>
{
    [Fact]
    public async Task A_new_phone_is_registered_by_its_code_and_known_the_next_time()
    {
        var phone = CodesApp.NewPhone();
        var sent = await app.DoneAsync("auth/otp", new { phone });
        Assert.Equal(60, sent.GetProperty("resend_after_seconds").GetInt32());
        Assert.InRange(sent.GetProperty("expires_at").GetDateTimeOffset() - app.Now, TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10));
        var code = await app.TextedAsync(phone);
        await app.RefusedAsync(401, "invalid_code", "auth/verify-otp", new { phone, code = CodesApp.Other(code) });

        // As people write it, with the country code all the same.
        var first = await app.DoneAsync("auth/verify-otp", new { phone = phone.Insert(4, " ").Insert(7, "-"), code, full_name = "Ngozi Okafor" });
        var user = first.GetProperty("user");
        Assert.Equal((phone, "Ngozi Okafor", "customer", true), (
            user.GetProperty("phone").GetString(), user.GetProperty("full_name").GetString(), user.GetProperty("role").GetString(),
            user.GetProperty("phone_verified").GetBoolean()));
        Assert.NotEmpty(CodesApp.TokenOf(first));
        Assert.NotEmpty(first.GetProperty("refresh_token").GetString()!);
        await app.RefusedAsync(401, "invalid_code", "auth/verify-otp", new { phone, code });

        app.Pass(TimeSpan.FromSeconds(61));
        Assert.Equal(CodesApp.UserOf(first), CodesApp.UserOf(await app.SignInByPhoneAsync(phone)));
    }

    [Fact]
    public async Task An_email_address_works_as_well_and_the_mail_speaks_the_language_of_the_request()
    {
        var email = CodesApp.NewEmail();
        using var asked = await app.PostAsync("auth/otp", new { email = email.ToUpperInvariant() }, language: "fr");
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var mail = (await app.MailedAsync(email, "Votre code de connexion à Mallgram"))[0];
        Assert.Contains("valable 10 minutes", mail.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Contains(CodesApp.CodeIn(mail), mail.GetProperty("html").GetString(), StringComparison.Ordinal);

        var session = await app.DoneAsync("auth/verify-otp", new { email, code = CodesApp.CodeIn(mail) });
        Assert.True(session.GetProperty("user").GetProperty("email_verified").GetBoolean());

        // A person's own language goes before the request's.
        app.Pass(TimeSpan.FromSeconds(61));
        await app.Database.ExecuteAsync($"update identity.users set language = 'en' where lower(email) = '{email}'");
        using var again = await app.PostAsync("auth/otp", new { email }, language: "fr");
        Assert.Single(await app.MailedAsync(email, "Your code to sign in to Mallgram"));
    }

    [Fact]
    public async Task Fifty_guesses_at_once_get_five_tries()
    {
        var phone = CodesApp.NewPhone();
        await app.DoneAsync("auth/otp", new { phone });
        var code = await app.TextedAsync(phone);
        var answers = await Task.WhenAll(Enumerable.Range(1, 50).Select(n => app.PostAsync("auth/verify-otp", new { phone, code = CodesApp.Other(code, n) })));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Unauthorized, a.StatusCode));
        Assert.Equal(5, await app.Database.ScalarAsync<int>($"select max(attempts) from identity.one_time_codes where destination = '{phone}'"));
        await app.RefusedAsync(401, "invalid_code", "auth/verify-otp", new { phone, code });
    }

    [Fact]
    public async Task The_right_code_twenty_times_at_once_is_one_sign_in()
    {
        var phone = CodesApp.NewPhone();
        await app.DoneAsync("auth/otp", new { phone });
        var code = await app.TextedAsync(phone);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => app.PostAsync("auth/verify-otp", new { phone, code })));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
        Assert.Equal(1L, await app.Database.ScalarAsync<long>($"select count(*) from identity.users where phone = '{phone}'"));
    }

    [Fact]
    public async Task A_code_ends_after_ten_minutes_and_when_a_newer_one_is_sent()
    {
        var phone = CodesApp.NewPhone();
        await app.DoneAsync("auth/otp", new { phone });
        var late = await app.TextedAsync(phone);
        app.Pass(TimeSpan.FromMinutes(10));
        await app.RefusedAsync(401, "invalid_code", "auth/verify-otp", new { phone, code = late });

        await app.DoneAsync("auth/otp", new { phone });
        var older = await app.TextedAsync(phone, 2);
        app.Pass(TimeSpan.FromSeconds(61));
        await app.DoneAsync("auth/otp", new { phone });
        var newest = await app.TextedAsync(phone, 3);
        if (older != newest)
        {
            await app.RefusedAsync(401, "invalid_code", "auth/verify-otp", new { phone, code = older });
        }

        await app.DoneAsync("auth/verify-otp", new { phone, code = newest });
    }

    [Fact]
    public async Task Codes_are_sent_once_a_minute_and_five_times_an_hour_however_many_ask_at_once()
    {
        var phone = CodesApp.NewPhone();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => app.PostAsync("auth/otp", new { phone })));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Accepted);
        var refused = answers.First(a => a.StatusCode != HttpStatusCode.Accepted);
        await CodesApp.ProblemAsync(refused, 429, "too_many_codes");
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));

        for (var n = 2; n <= 5; n++)
        {
            app.Pass(TimeSpan.FromSeconds(61));
            await app.DoneAsync("auth/otp", new { phone });
        }

        app.Pass(TimeSpan.FromSeconds(61));
        using var sixth = await app.PostAsync("auth/otp", new { phone });
        await CodesApp.ProblemAsync(sixth, 429, "too_many_codes");
        Assert.InRange(sixth.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(50), TimeSpan.FromMinutes(60));
        app.Pass(sixth.Headers.RetryAfter!.Delta!.Value);
        await app.DoneAsync("auth/otp", new { phone });
    }

    [Fact]
    public async Task A_strangers_number_answers_like_a_known_one_and_gets_nothing()
    {
        var (known, stranger) = (CodesApp.NewPhone(), CodesApp.NewPhone());
        await app.SignInByPhoneAsync(known);
        var shapes = new List<string>();
        foreach (var phone in new[] { stranger, known })
        {
            var sent = await app.DoneAsync("auth/forgot-password", new { phone });
            var again = await app.RefusedAsync(429, "too_many_codes", "auth/forgot-password", new { phone });
            var guess = await app.RefusedAsync(
                401, "invalid_code", "auth/reset-password", new { phone, code = "000000", password = "Karite-Nuss-17-im-Hof" });
            shapes.Add(Shape(sent) + Shape(again) + Shape(guess) + guess.GetProperty("detail"));
            Assert.Equal(1, await app.Database.ScalarAsync<int>(
                $"select attempts from identity.one_time_codes where destination = '{phone}' and purpose = 'reset_password'"));
        }

        Assert.Equal(shapes[0], shapes[1]);
        // The stranger's event came first, so it has been handled when the other one has.
        await app.TextedAsync(known, 2);
        Assert.Empty(await app.TextsToAsync(stranger));
    }

    [Fact]
    public async Task The_code_stands_nowhere_in_clear()
    {
        var (phone, email) = (CodesApp.NewPhone(), CodesApp.NewEmail());
        await app.DoneAsync("auth/otp", new { phone });
        await app.DoneAsync("auth/otp", new { email });
        var texted = await app.TextedAsync(phone);
        var mailed = CodesApp.CodeIn((await app.MailedAsync(email, "code"))[0]);
        await app.DoneAsync("auth/verify-otp", new { phone, code = texted });
        await app.DoneAsync("auth/verify-otp", new { email, code = mailed });

        foreach (var code in new[] { texted, mailed })
        {
            // Between letters of a UUID or a time, six digits may be met by chance; as a word of their own they would be the code.
            Assert.Equal(0L, await app.Database.ScalarAsync<long>(
                $@"select (select count(*) from kernel.outbox o where o::text ~ '\m{code}\M')
                 + (select count(*) from identity.one_time_codes c where (to_jsonb(c) - 'created_at' - 'expires_at' - 'used_at')::text ~ '\m{code}\M')
                 + (select count(*) from messaging.messages m where (to_jsonb(m) - 'created_at' - 'sent_at')::text ~ '\m{code}\M')"));
            Assert.DoesNotContain(app.Logged, line => System.Text.RegularExpressions.Regex.IsMatch(
                line, $@"(?<![\w.]){code}(?!\w)", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        }

        foreach (var personal in new[] { phone, email })
        {
            Assert.Equal(0L, await app.Database.ScalarAsync<long>($"select count(*) from kernel.outbox o where payload::text like '%{personal}%'"));
        }

        Assert.NotEmpty(app.Logged);
    }

    [Fact]
    public async Task One_confirms_ones_own_number_and_no_other()
    {
        var (phone, other) = (CodesApp.NewPhone(), CodesApp.NewPhone());
        var session = await app.DoneAsync("auth/register", new { phone, password = CodesApp.Password, full_name = "Ama Mensah" });
        var token = CodesApp.TokenOf(session);
        await app.RefusedAsync(401, "unauthenticated", "auth/otp", new { phone, purpose = "verify_phone" });
        await app.RefusedAsync(422, "validation_failed", "auth/otp", new { phone = other, purpose = "verify_phone" }, token);

        // Registration has sent one a moment ago; the next one must not overtake it.
        await app.TextedAsync(phone);
        app.Pass(TimeSpan.FromSeconds(61));
        await app.DoneAsync("auth/otp", new { phone, purpose = "verify_phone" }, token);
        var code = await app.TextedAsync(phone, 2);
        await app.RefusedAsync(401, "invalid_code", "auth/verify-otp", new { phone, code });
        using var confirmed = await app.PostAsync("auth/verify-otp", new { phone, code, purpose = "verify_phone" }, token);
        Assert.Equal(HttpStatusCode.NoContent, confirmed.StatusCode);
        Assert.True(await app.Database.ScalarAsync<bool>($"select phone_verified_at is not null from identity.users where phone = '{phone}'"));
        await app.DoneAsync("auth/login", new { phone, password = CodesApp.Password });
    }

    [Fact]
    public async Task Whoever_registers_a_strangers_number_is_out_once_the_stranger_proves_it()
    {
        var phone = CodesApp.NewPhone();
        var squatter = await app.DoneAsync("auth/register", new { phone, email = CodesApp.NewEmail(), password = CodesApp.Password, full_name = "Eve" });
        await app.TextedAsync(phone);
        var owner = await app.SignInByPhoneAsync(phone);

        Assert.Equal(CodesApp.UserOf(squatter), CodesApp.UserOf(owner));
        Assert.Equal(JsonValueKind.Null, owner.GetProperty("user").GetProperty("email").ValueKind);
        await app.RefusedAsync(401, "invalid_credentials", "auth/login", new { phone, password = CodesApp.Password });
        await app.RefusedAsync(
            401, "invalid_refresh_token", "auth/refresh", new { refresh_token = squatter.GetProperty("refresh_token").GetString() });
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"phone":"+237670000001","email":"a@example.org"}""")]
    [InlineData("""{"phone":"12"}""")]
    [InlineData("""{"email":"a@b\r\nBcc: c@example.org"}""")]
    [InlineData("""{"email":"a@example.org","purpose":"reset_password"}""")]
    public async Task Rubbish_is_told_by_field(string body)
    {
        using var answer = await app.PostAsync("auth/otp", JsonDocument.Parse(body).RootElement);
        var problem = await CodesApp.ProblemAsync(answer, 422, "validation_failed");
        Assert.NotEmpty(problem.GetProperty("errors").EnumerateObject());
    }

    private static string Shape(JsonElement element) => string.Join(',', element.EnumerateObject().Select(p => p.Name));
}

/// <summary>An installation without text messages.</summary>
public sealed class CodesWithoutPhonesTests(CodesWithoutPhonesTests.App app) : IClassFixture<CodesWithoutPhonesTests.App>
{
    [Fact]
    public async Task A_code_to_a_phone_is_refused_with_what_to_set()
    {
        var problem = await app.RefusedAsync(422, "channel_unavailable", "auth/otp", new { phone = CodesApp.NewPhone() });
        Assert.Contains("Messaging:Sms:BaseAddress", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        await app.DoneAsync("auth/otp", new { email = CodesApp.NewEmail() });
    }

    public sealed class App : CodesApp
    {
        protected override IEnumerable<string> ServiceSettings => [.. base.ServiceSettings, "--Messaging:Sms:BaseAddress="];
    }
}
