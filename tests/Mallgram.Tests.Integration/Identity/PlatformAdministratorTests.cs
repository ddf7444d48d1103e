using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Identity.SecondFactors;
using Mallgram.Kernel.Ids;
using Mallgram.Tests.Integration.Identity.Codes;
using Npgsql;

namespace Mallgram.Tests.Integration.Identity;

/// <summary>Platform administrators among themselves: invited, disabled, and with a second factor.</summary>
public sealed class PlatformAdministratorTests(CodesApp app) : IClassFixture<CodesApp>
{
    private const string Password = MallgramApp.AdministratorPassword;
    private const string Platform = "platform/";
    private const string LogIn = Platform + "auth/login";
    private const string Answer = LogIn + "/second-factor";
    private const string Accept = Platform + "auth/invitation";
    private const string Own = Platform + "me/second-factor";
    private const string All = Platform + "administrators";

    [Fact]
    public async Task Somebody_is_invited_by_mail_chooses_a_password_and_is_in()
    {
        var first = await TokenAsync(MallgramApp.AdministratorEmail);
        var email = CodesApp.NewEmail();
        foreach (var bad in new object[] { new { email, full_name = "" }, new { email = "no address", full_name = "N" }, new { } })
        {
            await app.RefusedAsync(422, "validation_failed", All, bad, first);
        }

        var invited = await app.DoneAsync(All, new { email, full_name = "Ngozi Okafor" }, first);
        Assert.Equal("invited", invited.GetProperty("status").GetString());
        Assert.Equal(72, (invited.GetProperty("invitation_expires_at").GetDateTimeOffset() - app.Now).TotalHours, 0.1);
        var mail = (await app.MailedAsync(email, "Administer the Mallgram platform"))[0].GetProperty("text").GetString()!;
        var token = TokenIn(mail);
        Assert.Contains("Administrator invites you", mail, StringComparison.Ordinal);
        await SameAsUnknownAsync(email, Password);
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            $"select count(*) from kernel.outbox where payload::text like '%{token}%' or payload::text like '%{email}%'"));
        Assert.Equal(0L, await app.Database.ScalarAsync<long>($"select count(*) from messaging.messages where recipient = '{email}'"));

        // Once more: the former link is void.
        using (var again = await app.PostAsync(All, new { email = email.ToUpperInvariant(), full_name = "Ngozi Okafor" }, first, "fr"))
        {
            Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        }

        var renewed = TokenIn((await app.MailedAsync(email, "Administrez la plateforme"))[0].GetProperty("text").GetString()!);
        await app.RefusedAsync(401, "invitation_invalid", Accept, new { token, password = CodesApp.Password });
        foreach (var easy in new[] { "short", "password1", "ngozi okafor", null })
        {
            var refused = await app.RefusedAsync(422, "validation_failed", Accept, new { token = renewed, password = easy });
            Assert.True(refused.GetProperty("errors").TryGetProperty("password", out _));
        }

        var session = await app.DoneAsync(Accept, new { token = renewed, password = CodesApp.Password });
        Assert.Equal("Ngozi Okafor", session.GetProperty("administrator").GetProperty("full_name").GetString());
        await ReachesAsync(CodesApp.TokenOf(session), HttpStatusCode.OK);
        await app.RefusedAsync(401, "invitation_invalid", Accept, new { token = renewed, password = CodesApp.Password });
        await TokenAsync(email, CodesApp.Password);
        await app.RefusedAsync(409, "administrator_exists", All, new { email, full_name = "Somebody" }, first);

        var row = await RowAsync(first, email);
        Assert.Equal(("active", false), (row.GetProperty("status").GetString(), row.GetProperty("second_factor").GetBoolean()));
        Assert.NotEqual(JsonValueKind.Null, row.GetProperty("last_sign_in_at").ValueKind);
        // Both deeds are on record, under both names, and nothing secret or personal is.
        var id = invited.GetProperty("id").GetString()!;
        var entries = await AuditAsync(id);
        Assert.Contains(entries, e => e.StartsWith(id + " update", StringComparison.Ordinal) && e.Contains("\"active\"", StringComparison.Ordinal));
        Assert.Contains(entries, e => e.Contains(" insert ", StringComparison.Ordinal) && e.Contains("\"invited\"", StringComparison.Ordinal));
        Assert.Contains(entries, e => e.Contains(" sign_in.succeeded ", StringComparison.Ordinal));
        Assert.DoesNotContain(entries, e => e.Contains("Ngozi", StringComparison.Ordinal) || e.Contains("\\\\x", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_invitation_lasts_three_days_and_disabling_takes_it_back()
    {
        var (late, withdrawn) = (CodesApp.NewEmail(), CodesApp.NewEmail());
        var first = await TokenAsync(MallgramApp.AdministratorEmail);
        await app.DoneAsync(All, new { email = late, full_name = "Late Comer" }, first);
        var other = await app.DoneAsync(All, new { email = withdrawn, full_name = "Not Wanted" }, first);
        var (lateToken, otherToken) = (
            TokenIn((await app.MailedAsync(late, "Administer"))[0].GetProperty("text").GetString()!),
            TokenIn((await app.MailedAsync(withdrawn, "Administer"))[0].GetProperty("text").GetString()!));
        await app.DoneAsync($"{All}/{other.GetProperty("id").GetString()}/disable", null, first);
        await app.RefusedAsync(401, "invitation_invalid", Accept, new { token = otherToken, password = CodesApp.Password });
        // Enabled again, there is still no password to come in by.
        await app.DoneAsync($"{All}/{other.GetProperty("id").GetString()}/enable", null, first);
        Assert.Equal("invited", (await RowAsync(first, withdrawn)).GetProperty("status").GetString());

        app.Pass(TimeSpan.FromHours(72.1));
        await app.RefusedAsync(401, "invitation_invalid", Accept, new { token = lateToken, password = CodesApp.Password });
    }

    [Fact]
    public async Task Who_is_disabled_is_out_at_once_and_acts_as_nobody()
    {
        var first = await TokenAsync(MallgramApp.AdministratorEmail);
        var (id, email) = await AddAsync();
        var token = await TokenAsync(email);
        await ReachesAsync(token, HttpStatusCode.OK);
        var acting = await ActAsync(token);
        var path = $"{All}/{PublicId.Format(PublicId.PlatformAdministrator, id)}";

        var own = await app.RefusedAsync(409, "own_account", path + "/disable", null, token);
        Assert.Contains("another administrator", own.GetProperty("detail").GetString(), StringComparison.Ordinal);
        await app.DoneAsync(path + "/disable", null, first);
        await ReachesAsync(token, HttpStatusCode.Unauthorized);
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            $"select count(*) from identity.impersonations where administrator_id = '{id}' and ended_at is null"));
        // Whether an impersonation was ended is known five seconds late at most.
        await Support.Eventually.GetAsync("the end of the impersonation", async () =>
        {
            using var me = await app.SendAsync(HttpMethod.Get, "auth/me", token: acting);
            return me.StatusCode == HttpStatusCode.Unauthorized ? me : null;
        });
        await SameAsUnknownAsync(email, Password);
        await app.DoneAsync(path + "/enable", null, first);
        await ReachesAsync(await TokenAsync(email), HttpStatusCode.OK);

        await app.RefusedAsync(404, "not_found", All + "/adm_00000000000000000000000000/disable", null, first);
        await app.RefusedAsync(404, "not_found", All + "/adm_00000000000000000000000000/enable", null, first);
        var entries = await AuditAsync(PublicId.Format(PublicId.PlatformAdministrator, id));
        Assert.Contains(entries, e => e.Contains("{\"status\": \"active\"} {\"status\": \"disabled\"}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_administrators_cannot_disable_each_other_and_one_always_stays()
    {
        var (one, two) = (await AddAsync(), await AddAsync());
        var tokens = new Dictionary<Guid, string> { [one.Id] = await TokenAsync(one.Email), [two.Id] = await TokenAsync(two.Email) };
        await app.Database.ExecuteAsync(
            $"create table held as select id from identity.platform_administrators where status = 'active' and id not in ('{one.Id}', '{two.Id}')");
        await app.Database.ExecuteAsync("update identity.platform_administrators set status = 'disabled' where id in (select id from held)");
        try
        {
            for (var round = 0; round < 8; round++)
            {
                var answers = await Task.WhenAll(
                    app.PostAsync(Disable(two.Id), null, tokens[one.Id]), app.PostAsync(Disable(one.Id), null, tokens[two.Id]));
                var statuses = answers.Select(a => a.StatusCode).ToList();
                Assert.Single(statuses, HttpStatusCode.NoContent);
                Assert.Contains(statuses.Single(s => s != HttpStatusCode.NoContent), new[] { HttpStatusCode.Conflict, HttpStatusCode.Unauthorized });
                Assert.Equal(1L, await app.Database.ScalarAsync<long>("select count(*) from identity.platform_administrators where status = 'active'"));
                var (winner, loser) = statuses[0] == HttpStatusCode.NoContent ? (one.Id, two.Id) : (two.Id, one.Id);
                using (var last = await app.PostAsync(Disable(winner), null, tokens[winner], "fr"))
                {
                    var problem = await CodesApp.ProblemAsync(last, 409, "last_administrator");
                    Assert.Contains("garder un administrateur", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
                }

                await app.DoneAsync($"{All}/{PublicId.Format(PublicId.PlatformAdministrator, loser)}/enable", null, tokens[winner]);
            }
        }
        finally
        {
            await app.Database.ExecuteAsync("update identity.platform_administrators set status = 'active' where id in (select id from held)");
            await app.Database.ExecuteAsync("drop table held");
        }

        static string Disable(Guid id) => $"{All}/{PublicId.Format(PublicId.PlatformAdministrator, id)}/disable";
    }

    [Fact]
    public async Task A_second_factor_is_asked_for_and_each_code_is_good_once()
    {
        var (id, email) = await AddAsync();
        var token = await TokenAsync(email);
        await app.RefusedAsync(422, "validation_failed", Own, new { }, token);
        var wrong = await app.RefusedAsync(422, "validation_failed", Own, new { password = "not it" }, token);
        Assert.True(wrong.GetProperty("errors").TryGetProperty("password", out _));
        var setUp = await app.DoneAsync(Own, new { password = Password }, token);
        var secret = setUp.GetProperty("secret").GetString()!;
        Assert.Equal(("totp", 32), (setUp.GetProperty("kind").GetString(), secret.Length));
        Assert.StartsWith("otpauth://totp/Mallgram%20platform:" + Uri.EscapeDataString(email), setUp.GetProperty("otpauth_uri").GetString());
        // Until it is confirmed, nothing is asked for; the secret is sealed.
        await TokenAsync(email);
        Assert.DoesNotContain(
            Convert.ToBase64String(SecondFactorTests.FromBase32(secret)),
            await app.Database.ScalarAsync<string>($"select secret from identity.platform_second_factors where administrator_id = '{id}'"), StringComparison.Ordinal);
        await app.RefusedAsync(422, "validation_failed", Own + "/confirm", new { code = CodesApp.Other(CodeOf(secret)) }, token);
        var first = CodeOf(secret);
        var recovery = (await app.DoneAsync(Own + "/confirm", new { code = first }, token)).GetProperty("recovery_codes")
            .EnumerateArray().Select(c => c.GetString()!).ToList();
        Assert.Equal(10, recovery.Distinct().Count());
        await app.RefusedAsync(409, "second_factor_exists", Own, new { password = Password }, token);
        using (var shown = await app.SendAsync(HttpMethod.Get, Own, token: token))
        {
            var view = await shown.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal((1, 10), (view.GetProperty("data").GetArrayLength(), view.GetProperty("recovery_codes_left").GetInt32()));
        }

        await SameAsUnknownAsync(email, "wrong");
        var asked = await app.DoneAsync(LogIn, new { email, password = Password });
        Assert.Equal(["second_factor"], asked.EnumerateObject().Select(m => m.Name));
        Assert.Equal(["totp", "recovery"], asked.GetProperty("second_factor").GetProperty("methods").EnumerateArray().Select(m => m.GetString()));
        var challenge = ChallengeOf(asked);
        await ReachesAsync(challenge, HttpStatusCode.Unauthorized);
        // The code that confirmed is used up; so is one that signed in, by however many at once.
        await app.RefusedAsync(401, "invalid_code", Answer, new { challenge, method = "totp", code = first });
        await app.RefusedAsync(422, "validation_failed", Answer, new { challenge, method = "email", code = first });
        app.Pass(TimeSpan.FromSeconds(30));
        var code = CodeOf(secret);
        var challenges = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            challenges.Add(await ChallengeAsync(email));
        }

        var answers = await AllAtOnceAsync(id, challenges.Select(c => (object)new { challenge = c, method = "totp", code }));
        var session = await Assert.Single(answers, a => a.IsSuccessStatusCode).Content.ReadFromJsonAsync<JsonElement>();
        await ReachesAsync(CodesApp.TokenOf(session), HttpStatusCode.OK);

        // A recovery code lets in once, and a challenge is spent by it.
        await app.DoneAsync(Answer, new { challenge, method = "recovery", code = recovery[0].ToUpperInvariant() });
        await app.RefusedAsync(401, "invalid_challenge", Answer, new { challenge, method = "recovery", code = recovery[1] });
        await app.RefusedAsync(401, "invalid_code", Answer, new { challenge = await ChallengeAsync(email), method = "recovery", code = recovery[0] });
        var old = await ChallengeAsync(email);
        app.Pass(TimeSpan.FromMinutes(5.1));
        await app.RefusedAsync(401, "invalid_challenge", Answer, new { challenge = old, method = "recovery", code = recovery[1] });

        var entries = await AuditAsync(PublicId.Format(PublicId.PlatformAdministrator, id));
        Assert.Contains(
            entries, e => e.Contains(" identity.platform_second_factors ", StringComparison.Ordinal) && e.Contains("\"secret\": \"[hidden]\"", StringComparison.Ordinal));
        foreach (var action in new[] { " sign_in.second_factor_asked ", " sign_in.succeeded ", " sign_in.failed " })
        {
            Assert.Contains(entries, e => e.Contains(action, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Wrong_codes_are_limited_for_a_challenge_and_for_an_hour()
    {
        var (_, email) = await AddAsync();
        var (secret, _) = await EnrolAsync(email);
        app.Pass(TimeSpan.FromSeconds(30));
        var challenge = await ChallengeAsync(email);
        var guesses = await Task.WhenAll(Enumerable.Range(1, 12).Select(n =>
            app.PostAsync(Answer, new { challenge, method = "totp", code = CodesApp.Other(CodeOf(secret), 17 * n) })));
        Assert.Equal(5, (await Task.WhenAll(guesses.Select(async g => (await g.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString())))
            .Count(c => c == "invalid_code"));
        await app.RefusedAsync(401, "invalid_challenge", Answer, new { challenge, method = "totp", code = CodeOf(secret) });
        var second = await ChallengeAsync(email);
        for (var n = 1; n <= 5; n++)
        {
            await app.RefusedAsync(401, "invalid_code", Answer, new { challenge = second, method = "totp", code = CodesApp.Other(CodeOf(secret), 31 * n) });
        }

        var third = await ChallengeAsync(email);
        using (var refused = await app.PostAsync(Answer, new { challenge = third, method = "totp", code = CodeOf(secret) }))
        {
            await CodesApp.ProblemAsync(refused, 429, "too_many_wrong_codes");
            Assert.True(refused.Headers.RetryAfter?.Delta > TimeSpan.FromMinutes(50));
        }

        app.Pass(TimeSpan.FromMinutes(61));
        await app.DoneAsync(Answer, new { challenge = await ChallengeAsync(email), method = "totp", code = CodeOf(secret) });
    }

    [Fact]
    public async Task It_is_removed_by_password_and_code_or_by_another_administrator()
    {
        var (id, email) = await AddAsync();
        var (secret, recovery) = await EnrolAsync(email);
        app.Pass(TimeSpan.FromSeconds(30));
        var token = CodesApp.TokenOf(await app.DoneAsync(Answer, new { challenge = await ChallengeAsync(email), method = "totp", code = CodeOf(secret) }));
        app.Pass(TimeSpan.FromSeconds(30));
        foreach (var (body, field) in new (object, string)[]
        {
            (new { password = Password }, "code"), (new { code = CodeOf(secret) }, "password"), (new { password = "not it", code = CodeOf(secret) }, "password"),
            (new { password = Password, code = CodesApp.Other(CodeOf(secret)) }, "code"),
        })
        {
            using var refused = await app.SendAsync(HttpMethod.Delete, Own, body, token);
            var problem = await CodesApp.ProblemAsync(refused, 422, "validation_failed");
            Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
        }

        using (var removed = await app.SendAsync(HttpMethod.Delete, Own, new { password = Password, code = CodeOf(secret) }, token))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        await TokenAsync(email);
        Assert.Equal(0L, await app.Database.ScalarAsync<long>($"select count(*) from identity.platform_recovery_codes where administrator_id = '{id}'"));

        // Lost with the device: nobody does it to themselves, somebody else does.
        (secret, recovery) = await EnrolAsync(email);
        token = CodesApp.TokenOf(await app.DoneAsync(Answer, new { challenge = await ChallengeAsync(email), method = "recovery", code = recovery[0] }));
        var path = $"{All}/{PublicId.Format(PublicId.PlatformAdministrator, id)}/second-factor";
        using (var own = await app.SendAsync(HttpMethod.Delete, path, token: token))
        {
            await CodesApp.ProblemAsync(own, 409, "own_account");
        }

        var open = await ChallengeAsync(email);
        var first = await TokenAsync(MallgramApp.AdministratorEmail);
        using (var removed = await app.SendAsync(HttpMethod.Delete, path, token: first))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        using (var nobody = await app.SendAsync(HttpMethod.Delete, All + "/adm_00000000000000000000000000/second-factor", token: first))
        {
            await CodesApp.ProblemAsync(nobody, 404, "not_found");
        }

        await app.RefusedAsync(401, "invalid_code", Answer, new { challenge = open, method = "recovery", code = recovery[1] });
        await TokenAsync(email);
        var administrator = (await RowAsync(first, MallgramApp.AdministratorEmail)).GetProperty("id").GetString();
        Assert.Contains(
            await AuditAsync(PublicId.Format(PublicId.PlatformAdministrator, id)),
            e => e.StartsWith(administrator + " delete identity.platform_second_factors", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_is_disabled_between_the_steps_stays_outside()
    {
        var (id, email) = await AddAsync();
        var (_, recovery) = await EnrolAsync(email);
        var challenge = await ChallengeAsync(email);
        await app.DoneAsync(
            $"{All}/{PublicId.Format(PublicId.PlatformAdministrator, id)}/disable", null, await TokenAsync(MallgramApp.AdministratorEmail));
        await app.RefusedAsync(401, "invalid_challenge", Answer, new { challenge, method = "recovery", code = recovery[0] });
    }

    [Fact]
    public async Task Services_of_stores_have_no_right_to_the_tables()
    {
        Assert.Equal("", await app.Database.ScalarAsync<string>(
            """
            select coalesce(string_agg(t || ' ' || p, ', '), '') from
                unnest(array['platform_administrators', 'platform_second_factors', 'platform_recovery_codes', 'platform_challenges']) t,
                unnest(array['select', 'insert', 'update', 'delete']) p
            where has_table_privilege('mallgram_app', 'identity.' || t, p)
            """));
    }

    /// <summary>Sends answers and lets none of them change the factor until all have read it.</summary>
    private async Task<HttpResponseMessage[]> AllAtOnceAsync(Guid administratorId, IEnumerable<object> answers)
    {
        await using var connection = new NpgsqlConnection(app.Database.Administrator + ";Pooling=false");
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand(
            $"select from identity.platform_second_factors where administrator_id = '{administratorId}' for update", connection, transaction);
        await hold.ExecuteNonQueryAsync();
        var sent = answers.Select(a => app.PostAsync(Answer, a)).ToList();
        await Support.Eventually.GetAsync("all answers at the factor", async () =>
            await app.Database.ScalarAsync<long>(
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%platform_second_factors set last_step%'") == sent.Count
                ? "all" : null);
        await transaction.CommitAsync();
        return await Task.WhenAll(sent);
    }

    /// <summary>An administrator with the first one's password.</summary>
    private async Task<(Guid Id, string Email)> AddAsync()
    {
        var (id, email) = (Guid.NewGuid(), CodesApp.NewEmail());
        await app.Database.ExecuteAsync(
            $"""
            insert into identity.platform_administrators (id, email, full_name, password_hash)
            select '{id}', '{email}', 'Added', password_hash from identity.platform_administrators where email = '{MallgramApp.AdministratorEmail}'
            """);
        return (id, email);
    }

    /// <summary>Signs in without a second factor.</summary>
    private async Task<string> TokenAsync(string email, string password = Password) =>
        CodesApp.TokenOf(await app.DoneAsync(LogIn, new { email, password }));

    private async Task<string> ChallengeAsync(string email) => ChallengeOf(await app.DoneAsync(LogIn, new { email, password = Password }));

    private async Task<(string Secret, List<string> Recovery)> EnrolAsync(string email)
    {
        var token = await TokenAsync(email);
        var secret = (await app.DoneAsync(Own, new { password = Password }, token)).GetProperty("secret").GetString()!;
        var confirmed = await app.DoneAsync(Own + "/confirm", new { code = CodeOf(secret) }, token);
        return (secret, [.. confirmed.GetProperty("recovery_codes").EnumerateArray().Select(c => c.GetString()!)]);
    }

    /// <summary>A refusal that does not tell the address from one that nobody has.</summary>
    private async Task SameAsUnknownAsync(string email, string password)
    {
        var unknown = await app.RefusedAsync(401, "invalid_credentials", LogIn, new { email = "nobody@mallgram.test", password = "x" });
        var known = await app.RefusedAsync(401, "invalid_credentials", LogIn, new { email, password });
        Assert.Equal(unknown.GetProperty("detail").GetString(), known.GetProperty("detail").GetString());
        Assert.Equal(unknown.EnumerateObject().Select(m => m.Name), known.EnumerateObject().Select(m => m.Name));
    }

    private async Task ReachesAsync(string token, HttpStatusCode expected)
    {
        using var me = await app.SendAsync(HttpMethod.Get, Platform + "me", token: token);
        Assert.Equal(expected, me.StatusCode);
    }

    /// <summary>Acts as the default store's owner.</summary>
    private async Task<string> ActAsync(string token)
    {
        var store = PublicId.Format(PublicId.Store, await app.Database.ScalarAsync<Guid>("select id from stores.stores where slug = 'mallgram'"));
        var owner = PublicId.Format(PublicId.User, await app.Database.ScalarAsync<Guid>(
            $"select u.id from identity.users u join stores.stores s on s.id = u.store_id and s.slug = 'mallgram' where u.email = '{MallgramApp.AdministratorEmail}'"));
        var acting = CodesApp.TokenOf(await app.DoneAsync(
            $"{Platform}stores/{store}/impersonations", new { user_id = owner, reason = "A test that ends early", minutes = 10 }, token));
        using var me = await app.SendAsync(HttpMethod.Get, "auth/me", token: acting);
        Assert.Equal(HttpStatusCode.OK, me.StatusCode);
        return acting;
    }

    private async Task<JsonElement> RowAsync(string token, string email)
    {
        using var answer = await app.SendAsync(HttpMethod.Get, All, token: token);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("data").EnumerateArray()
            .Single(a => string.Equals(a.GetProperty("email").GetString(), email, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Entries about an administrator: who, what, before and after.</summary>
    private Task<string[]> AuditAsync(string administrator) => app.Database.ScalarAsync<string[]>(
        $"""
        select coalesce(array_agg(actor || ' ' || action || ' ' || object || ' ' || coalesce(before::text, '') || ' ' || coalesce(after::text, '')), '{"{}"}')
        from kernel.audit_log where store_id is null and object like 'identity.platform_%' and object_id = '{IdOf(administrator)}'
        """);

    private static Guid IdOf(string administrator) =>
        PublicId.TryParse(PublicId.PlatformAdministrator, administrator, out var id) ? id : throw new FormatException(administrator);

    private static string ChallengeOf(JsonElement answer) => answer.GetProperty("second_factor").GetProperty("challenge").GetString()!;

    private static string TokenIn(string mail) =>
        mail.Split('\n').Select(line => line.Trim()).Single(line => line.Length == 43 && !line.Contains(' ', StringComparison.Ordinal));

    private string CodeOf(string secret) => Totp.CodeOf(SecondFactorTests.FromBase32(secret), Totp.StepOf(app.Now));
}
