using System.Net;
using System.Text.Json;
using Mallgram.Identity.SecondFactors;
using Microsoft.AspNetCore.WebUtilities;

namespace Mallgram.Tests.Integration.Identity.Codes;

public sealed class SecondFactorTests(CodesApp app) : IClassFixture<CodesApp>
{
    [Fact]
    public async Task An_app_is_set_up_asked_for_at_sign_in_and_good_once_each_half_minute()
    {
        var email = CodesApp.NewEmail();
        var token = await app.AddCustomerAsync(email);
        var setUp = await app.DoneAsync("me/second-factors", new { kind = "totp" }, token);
        var secret = setUp.GetProperty("secret").GetString()!;
        Assert.Equal(32, secret.Length);
        Assert.StartsWith("otpauth://totp/Mallgram:" + Uri.EscapeDataString(email) + "?secret=" + secret, setUp.GetProperty("otpauth_uri").GetString());
        Assert.False(await app.Database.ScalarAsync<bool>(
            $"select exists (select from identity.second_factors where secret like '%{secret}%' or secret = '{Convert.ToBase64String(FromBase32(secret))}')"));

        // Not asked for before it is confirmed.
        CodesApp.TokenOf(await LogInAsync(email));
        await app.RefusedAsync(422, "validation_failed", "me/second-factors/totp/confirm", new { code = CodesApp.Other(CodeOf(secret)) }, token);
        var confirmed = await app.DoneAsync("me/second-factors/totp/confirm", new { code = CodeOf(secret) }, token);
        Assert.Equal(10, confirmed.GetProperty("recovery_codes").EnumerateArray().Select(c => c.GetString()).Distinct().Count());
        await app.RefusedAsync(409, "second_factor_exists", "me/second-factors", new { kind = "totp" }, token);

        var (challenge, methods) = Challenge(await LogInAsync(email));
        Assert.Equal(["totp", "recovery"], methods);
        await app.RefusedAsync(401, "invalid_code", "auth/second-factor", new { challenge, method = "totp", code = CodesApp.Other(CodeOf(secret)) });
        var code = CodeOf(secret);
        var session = await app.DoneAsync("auth/second-factor", new { challenge, method = "totp", code });
        Assert.Equal(email, session.GetProperty("user").GetProperty("email").GetString());
        Assert.True(await app.Database.ScalarAsync<bool>(
            $"select s.second_factor from identity.sessions s join identity.users u on u.id = s.user_id where u.email = '{email}' order by s.created_at desc limit 1"));
        await app.RefusedAsync(401, "invalid_challenge", "auth/second-factor", new { challenge, method = "totp", code });

        var (next, _) = Challenge(await LogInAsync(email));
        await app.RefusedAsync(401, "invalid_code", "auth/second-factor", new { challenge = next, method = "totp", code });
        app.Pass(TimeSpan.FromSeconds(31));
        await app.DoneAsync("auth/second-factor", new { challenge = next, method = "totp", code = CodeOf(secret) });

        var list = await ListAsync(token);
        Assert.Equal("totp", Assert.Single(list.GetProperty("data").EnumerateArray()).GetProperty("kind").GetString());
        Assert.Equal(10, list.GetProperty("recovery_codes_left").GetInt32());
    }

    [Fact]
    public async Task Fifty_answers_at_once_get_five_tries_and_ten_wrong_ones_an_hour_end_it()
    {
        var email = CodesApp.NewEmail();
        var (_, secret, _) = await WithAppAsync(email);
        for (var round = 1; round <= 2; round++)
        {
            var (challenge, _) = Challenge(await LogInAsync(email));
            var answers = await Task.WhenAll(Enumerable.Range(1, 50).Select(n => app.PostAsync(
                "auth/second-factor", new { challenge, method = "totp", code = CodesApp.Other(CodeOf(secret), 17 * n) })));
            Assert.All(answers, a => Assert.Contains(a.StatusCode, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests }));
            Assert.Equal(5L * round, await app.Database.ScalarAsync<long>(
                $"select sum(c.attempts) from identity.second_factor_challenges c join identity.users u on u.id = c.user_id where u.email = '{email}'"));
        }

        var (locked, _) = Challenge(await LogInAsync(email));
        var refused = await app.RefusedAsync(429, "too_many_wrong_codes", "auth/second-factor", new { challenge = locked, method = "totp", code = CodeOf(secret) });
        Assert.Contains("seconds", refused.GetProperty("detail").GetString(), StringComparison.Ordinal);

        app.Pass(TimeSpan.FromMinutes(61));
        var (open, _) = Challenge(await LogInAsync(email));
        await app.DoneAsync("auth/second-factor", new { challenge = open, method = "totp", code = CodeOf(secret) });
    }

    [Fact]
    public async Task The_right_answer_twenty_times_at_once_is_one_session()
    {
        var email = CodesApp.NewEmail();
        var (_, secret, recovery) = await WithAppAsync(email);
        var (challenge, _) = Challenge(await LogInAsync(email));
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => app.PostAsync(
            "auth/second-factor",
            n % 2 == 0 ? new { challenge, method = "totp", code = CodeOf(secret) } : new { challenge, method = "recovery", code = recovery[0] })));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_challenge_ends_after_five_minutes_and_is_of_one_store()
    {
        var email = CodesApp.NewEmail();
        var (_, secret, _) = await WithAppAsync(email);
        var (challenge, _) = Challenge(await LogInAsync(email));
        using var elsewhere = await app.PostAsync("auth/second-factor", new { challenge, method = "totp", code = CodeOf(secret) }, store: "dakarcafe");
        await CodesApp.ProblemAsync(elsewhere, 401, "invalid_challenge");
        app.Pass(TimeSpan.FromMinutes(5));
        await app.RefusedAsync(401, "invalid_challenge", "auth/second-factor", new { challenge, method = "totp", code = CodeOf(secret) });
        foreach (var rubbish in new[] { "x", "%00", challenge[..^4], WebEncoders.Base64UrlEncode(new byte[200]) })
        {
            await app.RefusedAsync(401, "invalid_challenge", "auth/second-factor", new { challenge = rubbish, method = "totp", code = "123456" });
            await app.RefusedAsync(401, "invalid_challenge", "auth/second-factor/send", new { challenge = rubbish, method = "sms" });
        }

        await app.RefusedAsync(422, "validation_failed", "auth/second-factor", new { challenge, method = "fax", code = "1" });
    }

    [Fact]
    public async Task A_phone_as_second_factor_stays_the_phone_it_was_set_up_with()
    {
        var (email, phone) = (CodesApp.NewEmail(), CodesApp.NewPhone());
        var token = await app.AddCustomerAsync(email, phone);
        await app.TextedAsync(phone);
        var setUp = await app.DoneAsync("me/second-factors", new { kind = "sms" }, token);
        Assert.Equal(phone[..6] + "…" + phone[^2..], setUp.GetProperty("destination").GetString());
        Assert.Equal(JsonValueKind.Null, setUp.GetProperty("secret").ValueKind);
        await app.DoneAsync("me/second-factors/sms/confirm", new { code = await app.TextedAsync(phone, 2) }, token);

        app.Pass(TimeSpan.FromSeconds(61));
        var thief = CodesApp.NewPhone();
        await app.Database.ExecuteAsync($"update identity.users set phone = '{thief}' where email = '{email}'");
        var (challenge, methods) = Challenge(await LogInAsync(email));
        Assert.Equal(["sms", "recovery"], methods);
        await app.RefusedAsync(422, "validation_failed", "auth/second-factor/send", new { challenge, method = "email" });
        await app.DoneAsync("auth/second-factor/send", new { challenge, method = "sms" });
        var code = await app.TextedAsync(phone, 3);
        Assert.Empty(await app.TextsToAsync(thief));
        await app.DoneAsync("auth/second-factor", new { challenge, method = "sms", code });
    }

    [Fact]
    public async Task The_channel_of_the_first_step_is_no_second_one()
    {
        var (email, phone) = (CodesApp.NewEmail(), CodesApp.NewPhone());
        var token = await app.AddCustomerAsync(email, phone);
        await app.TextedAsync(phone);
        await app.DoneAsync("me/second-factors", new { kind = "sms" }, token);
        var recovery = Recovery(await app.DoneAsync("me/second-factors/sms/confirm", new { code = await app.TextedAsync(phone, 2) }, token));
        app.Pass(TimeSpan.FromSeconds(61));

        var (challenge, methods) = Challenge(await app.SignInByPhoneAsync(phone));
        Assert.Equal(["recovery"], methods);
        await app.RefusedAsync(422, "validation_failed", "auth/second-factor/send", new { challenge, method = "sms" });
        await app.DoneAsync("auth/second-factor", new { challenge, method = "recovery", code = recovery[3] });
    }

    [Fact]
    public async Task A_mail_as_second_factor_says_so_and_another_persons_code_is_none()
    {
        var (email, other) = (CodesApp.NewEmail(), CodesApp.NewEmail());
        var token = await app.AddCustomerAsync(email);
        await app.DoneAsync("me/second-factors", new { kind = "email" }, token);
        var mail = (await app.MailedAsync(email, "Your security code for Mallgram"))[0];
        await app.DoneAsync("me/second-factors/email/confirm", new { code = CodesApp.CodeIn(mail) }, token);

        var others = await app.AddCustomerAsync(other);
        await app.DoneAsync("me/second-factors", new { kind = "email" }, others);
        var foreign = CodesApp.CodeIn((await app.MailedAsync(other, "Your security code for Mallgram"))[0]);
        var (challenge, methods) = Challenge(await LogInAsync(email));
        Assert.Equal(["email", "recovery"], methods);
        await app.RefusedAsync(401, "invalid_code", "auth/second-factor", new { challenge, method = "email", code = foreign });
        app.Pass(TimeSpan.FromSeconds(61));
        await app.DoneAsync("auth/second-factor/send", new { challenge, method = "email" });
        var code = CodesApp.CodeIn((await app.MailedAsync(email, "Your security code for Mallgram", 2))[0]);
        await app.DoneAsync("auth/second-factor", new { challenge, method = "email", code });
    }

    [Fact]
    public async Task A_recovery_code_is_good_once_however_it_is_typed_and_new_ones_end_the_old()
    {
        var email = CodesApp.NewEmail();
        var (token, _, recovery) = await WithAppAsync(email);
        var (first, _) = Challenge(await LogInAsync(email));
        await app.DoneAsync("auth/second-factor", new { challenge = first, method = "recovery", code = recovery[0].ToUpperInvariant().Replace("-", " ", StringComparison.Ordinal) });
        var (second, _) = Challenge(await LogInAsync(email));
        await app.RefusedAsync(401, "invalid_code", "auth/second-factor", new { challenge = second, method = "recovery", code = recovery[0] });
        Assert.Equal(9, (await ListAsync(token)).GetProperty("recovery_codes_left").GetInt32());

        await app.RefusedAsync(422, "validation_failed", "me/recovery-codes", new { }, token);
        await app.RefusedAsync(422, "validation_failed", "me/recovery-codes", new { password = "not it" }, token);
        var renewed = Recovery(await app.DoneAsync("me/recovery-codes", new { password = CodesApp.Password }, token));
        await app.RefusedAsync(401, "invalid_code", "auth/second-factor", new { challenge = second, method = "recovery", code = recovery[1] });
        await app.DoneAsync("auth/second-factor", new { challenge = second, method = "recovery", code = renewed[1] });
    }

    [Fact]
    public async Task Removing_needs_the_password_or_a_code_and_is_told_by_mail()
    {
        var email = CodesApp.NewEmail();
        var (token, secret, _) = await WithAppAsync(email);
        foreach (var wrong in new object[] { new { }, new { password = "not it" }, new { code = CodesApp.Other(CodeOf(secret)) } })
        {
            using var refused = await app.SendAsync(HttpMethod.Delete, "me/second-factors/totp", wrong, token);
            await CodesApp.ProblemAsync(refused, 422, "validation_failed");
        }

        Challenge(await LogInAsync(email));
        using var removed = await app.SendAsync(HttpMethod.Delete, "me/second-factors/totp", new { code = CodeOf(secret) }, token);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        CodesApp.TokenOf(await LogInAsync(email));
        var list = await ListAsync(token);
        Assert.Equal((0, 0), (list.GetProperty("data").GetArrayLength(), list.GetProperty("recovery_codes_left").GetInt32()));
        var mail = Assert.Single(await app.MailedAsync(email, "A second step of your sign-in to Mallgram was removed"));
        Assert.Contains("Ama Mensah", mail.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guesses_of_somebody_signed_in_are_counted_too()
    {
        var email = CodesApp.NewEmail();
        var (token, _, _) = await WithAppAsync(email);
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(n =>
            app.SendAsync(HttpMethod.Delete, "me/second-factors/totp", new { password = "guess " + n }, token)));
        Assert.Equal(10, answers.Count(a => a.StatusCode == HttpStatusCode.UnprocessableEntity));
        Assert.Equal(20, answers.Count(a => a.StatusCode == HttpStatusCode.TooManyRequests));
    }

    [Fact]
    public async Task Somebody_without_password_and_factor_proves_themselves_by_a_code_to_a_confirmed_number()
    {
        var phone = CodesApp.NewPhone();
        var token = CodesApp.TokenOf(await app.SignInByPhoneAsync(phone));
        await app.RefusedAsync(422, "validation_failed", "me/second-factors/email/send", null, token);
        await app.DoneAsync("me/second-factors/sms/send", null, token);
        var code = await app.TextedAsync(phone, 2);
        using var removed = await app.SendAsync(HttpMethod.Delete, "me/second-factors/email", new { code }, token);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
    }

    private async Task<JsonElement> LogInAsync(string email) => await app.DoneAsync("auth/login", new { email, password = CodesApp.Password });

    private static (string Challenge, string[] Methods) Challenge(JsonElement answer)
    {
        Assert.False(answer.TryGetProperty("access_token", out _));
        var asked = answer.GetProperty("second_factor");
        return (asked.GetProperty("challenge").GetString()!, [.. asked.GetProperty("methods").EnumerateArray().Select(m => m.GetString()!)]);
    }

    private async Task<(string Token, string Secret, string[] Recovery)> WithAppAsync(string email)
    {
        var token = await app.AddCustomerAsync(email);
        var secret = (await app.DoneAsync("me/second-factors", new { kind = "totp" }, token)).GetProperty("secret").GetString()!;
        return (token, secret, Recovery(await app.DoneAsync("me/second-factors/totp/confirm", new { code = CodeOf(secret) }, token)));
    }

    private async Task<JsonElement> ListAsync(string token)
    {
        using var answer = await app.SendAsync(HttpMethod.Get, "me/second-factors", token: token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
    }

    private static string[] Recovery(JsonElement answer) => [.. answer.GetProperty("recovery_codes").EnumerateArray().Select(c => c.GetString()!)];

    private string CodeOf(string secret) => Totp.CodeOf(FromBase32(secret), Totp.StepOf(app.Now));

    internal static byte[] FromBase32(string text)
    {
        var bytes = new List<byte>();
        var (buffer, bits) = (0, 0);
        foreach (var c in text)
        {
            buffer = (buffer << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(c, StringComparison.Ordinal);
            for (bits += 5; bits >= 8; bits -= 8)
            {
                bytes.Add((byte)(buffer >> (bits - 8)));
            }
        }

        return [.. bytes];
    }
}

/// <summary>Where staff must have a second factor.</summary>
public sealed class StaffSecondFactorTests(StaffSecondFactorTests.App app) : IClassFixture<StaffSecondFactorTests.App>
{
    [Fact]
    public async Task Staff_without_one_can_only_set_one_up()
    {
        var session = await app.DoneAsync(
            "auth/login", new { email = MallgramApp.AdministratorEmail, password = MallgramApp.AdministratorPassword });
        var token = CodesApp.TokenOf(session);
        using var refused = await app.SendAsync(HttpMethod.Get, "admin/orders", token: token);
        await CodesApp.ProblemAsync(refused, 403, "second_factor_required");
        using var me = await app.SendAsync(HttpMethod.Get, "auth/me", token: token);
        Assert.Equal(HttpStatusCode.OK, me.StatusCode);

        var secret = SecondFactorTests.FromBase32(
            (await app.DoneAsync("me/second-factors", new { kind = "totp" }, token)).GetProperty("secret").GetString()!);
        using var half = await app.SendAsync(HttpMethod.Get, "admin/orders", token: token);
        await CodesApp.ProblemAsync(half, 403, "second_factor_required");
        await app.DoneAsync("me/second-factors/totp/confirm", new { code = Totp.CodeOf(secret, Totp.StepOf(app.Now)) }, token);
        using var allowed = await app.SendAsync(HttpMethod.Get, "admin/orders", token: token);
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
    }

    [Fact]
    public async Task Customers_need_none()
    {
        var token = await app.AddCustomerAsync(CodesApp.NewEmail());
        using var answer = await app.SendAsync(HttpMethod.Get, "products", token: token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    public sealed class App : CodesApp
    {
        protected override IEnumerable<string> ServiceSettings => [.. base.ServiceSettings, "--Identity:RequireSecondFactorForStaff=true"];
    }
}
