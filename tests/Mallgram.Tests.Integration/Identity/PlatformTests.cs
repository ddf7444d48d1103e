using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Tests.Integration.Stores;

namespace Mallgram.Tests.Integration.Identity;

/// <summary>Platform administrators: apart from stores' people in both directions, and acting as them only in the open.</summary>
public sealed class PlatformTests(StoresApp app) : IClassFixture<StoresApp>
{
    private const string Reason = "Ticket 4711: the owner cannot find an order";

    [Fact]
    public async Task Tokens_of_stores_and_of_the_platform_are_nothing_to_each_other()
    {
        using var platform = await app.SignInPlatformAsync();
        Assert.Equal(MallgramApp.AdministratorEmail, (await platform.GetJsonAsync("/api/v1/platform/me")).Text("email"));
        foreach (var path in new[] { "/api/v1/auth/me", "/api/v1/admin/orders", "/api/v1/admin/stores", "/api/v1/admin/jobs" })
        {
            await platform.GetJsonAsync(path, HttpStatusCode.Unauthorized);
        }

        using var staff = await app.SignInStaffAsync();
        foreach (var path in new[] { "/me", "/stores", "/plans", "/impersonations" })
        {
            await staff.GetJsonAsync("/api/v1/platform" + path, HttpStatusCode.Unauthorized);
            await app.Http.GetJsonAsync("/api/v1/platform" + path, HttpStatusCode.Unauthorized);
        }
    }

    [Fact]
    public async Task Sign_in_says_nothing_about_who_exists_and_locks_after_ten_wrong_passwords()
    {
        await app.Database.ExecuteAsync(
            $"""
            insert into identity.platform_administrators (id, email, full_name, password_hash)
            select gen_random_uuid(), 'locked@mallgram.test', 'Locked', password_hash from identity.platform_administrators
            where email = '{MallgramApp.AdministratorEmail}' on conflict do nothing
            """);
        var unknown = await LogInAsync("nobody@mallgram.test", "wrong", HttpStatusCode.Unauthorized);
        var wrong = unknown;
        for (var i = 0; i < 10; i++)
        {
            wrong = await LogInAsync("locked@mallgram.test", "wrong", HttpStatusCode.Unauthorized);
        }

        Assert.Equal(Without(unknown), Without(wrong));
        var locked = await LogInAsync("locked@mallgram.test", MallgramApp.AdministratorPassword, HttpStatusCode.Unauthorized);
        Assert.Equal(Without(unknown), Without(locked));
        await app.Database.ExecuteAsync("update identity.platform_administrators set locked_until = now() - interval '1 second' where email = 'locked@mallgram.test'");
        await LogInAsync("locked@mallgram.test", MallgramApp.AdministratorPassword, HttpStatusCode.OK);
        await app.Database.ExecuteAsync("update identity.platform_administrators set status = 'disabled' where email = 'locked@mallgram.test'");
        await LogInAsync("locked@mallgram.test", MallgramApp.AdministratorPassword, HttpStatusCode.Unauthorized);
        await LogInAsync("", "", HttpStatusCode.UnprocessableEntity);
        Assert.True(await app.Database.ScalarAsync<bool>(
            "select exists (select from kernel.audit_log where action = 'sign_in.failed' and actor like 'adm_%' and store_id is null)"));
    }

    [Fact]
    public async Task Whoever_acts_as_somebody_says_why_and_is_seen_and_recorded()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = await app.CreateStoreAsync(platform, "acted-at");
        var person = (await platform.GetJsonAsync($"/api/v1/platform/stores/{id}/staff")).GetProperty("data")[0];
        var path = $"/api/v1/platform/stores/{id}/impersonations";
        foreach (var bad in new object[]
        {
            new { user_id = person.Text("id") }, new { user_id = person.Text("id"), reason = "too short" },
            new { user_id = person.Text("id"), reason = Reason, minutes = 61 }, new { reason = Reason },
        })
        {
            await platform.SendAsync("POST", path, bad, HttpStatusCode.UnprocessableEntity);
        }

        await platform.SendAsync("POST", path, new { user_id = "usr_00000000000000000000000000", reason = Reason }, HttpStatusCode.NotFound);
        var started = await platform.SendAsync("POST", path, new { user_id = person.Text("id"), reason = Reason, minutes = 60 }, HttpStatusCode.Created);
        using var acting = Acting("acted-at", started);
        Assert.Equal(person.Text("id"), (await acting.GetJsonAsync("/api/v1/auth/me")).Text("id"));

        // What they change is the administrator's deed, on behalf of the person, for the reason they gave.
        await acting.SendAsync("PATCH", "/api/v1/admin/stores/" + id, new { tax_display = "exclusive" }, HttpStatusCode.NoContent);
        var entry = await app.Database.ScalarAsync<string>(
            """
            select a.actor || ' ' || a.on_behalf_of || ' ' || a.reason from kernel.audit_log a
            where a.object = 'stores.settings' and a.on_behalf_of is not null
            """);
        Assert.Equal($"{started.GetProperty("impersonation").Text("administrator_id")} {person.Text("id")} {Reason}", entry);

        // Staff of the store see it; another store's do not.
        using var staff = await app.SignInStaffAsync("acted-at");
        var seen = Assert.Single((await staff.GetJsonAsync("/api/v1/admin/impersonations")).GetProperty("data").EnumerateArray());
        Assert.Equal((Reason, true), (seen.Text("reason"), seen.GetProperty("open").GetBoolean()));
        using var others = await app.SignInStaffAsync();
        Assert.Equal(0, (await others.GetJsonAsync("/api/v1/admin/impersonations")).GetProperty("data").GetArrayLength());
        // A token of one store is nothing at another.
        using var elsewhere = Acting("mallgram", started);
        await elsewhere.GetJsonAsync("/api/v1/auth/me", HttpStatusCode.Unauthorized);

        var renewed = await platform.SendAsync("POST", $"{path}/{seen.Text("id")}/token", body: null, HttpStatusCode.OK);
        Assert.InRange(renewed.GetProperty("expires_in").GetInt32(), 1, 15 * 60);

        await platform.SendAsync("DELETE", $"{path}/{seen.Text("id")}", body: null, HttpStatusCode.NoContent);
        await acting.GetJsonAsync("/api/v1/auth/me", HttpStatusCode.Unauthorized);
        var ended = await platform.SendAsync("POST", $"{path}/{seen.Text("id")}/token", body: null, HttpStatusCode.Conflict);
        Assert.Equal("impersonation_ended", ended.Text("code"));
        await platform.SendAsync("DELETE", $"{path}/imp_00000000000000000000000000", body: null, HttpStatusCode.NotFound);
        Assert.Equal(0, (await platform.GetJsonAsync("/api/v1/platform/impersonations?open=true")).GetProperty("data").EnumerateArray()
            .Count(i => i.Text("store") == "acted-at"));
    }

    [Fact]
    public async Task An_impersonation_ends_by_itself_and_some_doors_stay_closed()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = await app.CreateStoreAsync(platform, "timed");
        var person = (await platform.GetJsonAsync($"/api/v1/platform/stores/{id}/staff")).GetProperty("data")[0];
        var path = $"/api/v1/platform/stores/{id}/impersonations";
        var body = new { user_id = person.Text("id"), reason = Reason };
        using var acting = Acting("timed", await platform.SendAsync("POST", path, body, HttpStatusCode.Created));
        foreach (var (method, closed) in new[]
        {
            ("POST", "/api/v1/auth/switch"), ("GET", "/api/v1/admin/stores"), ("POST", "/api/v1/me/second-factors"),
            ("POST", "/api/v1/me/recovery-codes"), ("DELETE", "/api/v1/auth/sessions"), ("PATCH", "/api/v1/auth/me"), ("DELETE", "/api/v1/me"),
            ("POST", "/api/v1/admin/api-keys"), ("POST", "/api/v1/admin/invitations"), ("PUT", "/api/v1/admin/sign-in/supabase"),
        })
        {
            var refused = await acting.SendAsync(method, closed, new { }, HttpStatusCode.Forbidden);
            Assert.Equal("not_while_impersonating", refused.Text("code"));
        }

        var second = await platform.SendAsync("POST", path, body, HttpStatusCode.Created);
        await app.Database.ExecuteAsync("update identity.impersonations set expires_at = now() where ended_at is null");
        using var late = Acting("timed", second);
        await late.GetJsonAsync("/api/v1/auth/me", HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task People_switch_between_the_stores_where_they_work_by_a_verified_address_alone()
    {
        using var platform = await app.SignInPlatformAsync();
        await app.CreateStoreAsync(platform, "second-home");
        await app.CreateStoreAsync(platform, "unverified-home");
        await app.Database.ExecuteAsync(
            "update identity.users set email_verified_at = null where store_id = (select id from stores.stores where slug = 'unverified-home')");
        using var staff = await app.SignInStaffAsync();
        var mine = (await staff.GetJsonAsync("/api/v1/admin/stores")).GetProperty("data").EnumerateArray().Select(s => s.Text("slug")).ToList();
        Assert.Equal("mallgram", mine[0]);
        Assert.Contains("second-home", mine);
        Assert.DoesNotContain("unverified-home", mine);

        var session = await staff.SendAsync("POST", "/api/v1/auth/switch", new { store = "second-home" }, HttpStatusCode.OK);
        using var there = app.Shopper("second-home");
        there.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", session.Text("access_token"));
        Assert.Equal(MallgramApp.AdministratorEmail, (await there.GetJsonAsync("/api/v1/auth/me")).Text("email"));
        foreach (var not in new[] { "unverified-home", "no-such-store", "" })
        {
            await staff.SendAsync("POST", "/api/v1/auth/switch", new { store = not }, HttpStatusCode.NotFound);
        }
    }

    [Fact]
    public async Task The_owner_of_a_new_store_is_invited_by_mail_and_joins()
    {
        using var platform = await app.SignInPlatformAsync();
        var wanted = new { slug = "invited-to", name = "Invited", preset = "blank", currency = "KES", country = "KE", owner_email = "owner@invited.test" };
        Assert.True((await platform.SendAsync("POST", "/api/v1/platform/stores", wanted, HttpStatusCode.Created)).GetProperty("invited").GetBoolean());
        var mail = (await Support.Eventually.GetAsync(
            "the invitation", async () => await app.MailsToAsync("owner@invited.test") is { Length: > 0 } found ? found : null))[0];
        var token = mail.Text("text").Split('\n').Select(line => line.Trim()).Single(line => line.Length == 43 && !line.Contains(' ', StringComparison.Ordinal));
        using var owner = app.Shopper("invited-to");
        var session = await owner.SendAsync(
            "POST", "/api/v1/auth/accept-invitation", new { token, full_name = "Wanjiru Owner", password = "a long enough pass phrase 7" }, HttpStatusCode.OK);
        Assert.Equal("owner", session.GetProperty("user").Text("role"));
        var refused = await platform.SendAsync(
            "POST", "/api/v1/platform/stores", new { slug = "uninvited", name = "X", preset = "mallgram", owner_email = "not an address" },
            HttpStatusCode.UnprocessableEntity);
        Assert.True(refused.GetProperty("errors").TryGetProperty("owner_email", out _));
        Assert.Equal(0L, await app.Database.ScalarAsync<long>("select count(*) from stores.stores where slug = 'uninvited'"));
    }

    private HttpClient Acting(string store, JsonElement started)
    {
        var client = app.Shopper(store);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", started.Text("access_token"));
        return client;
    }

    private async Task<JsonElement> LogInAsync(string email, string password, HttpStatusCode expected)
    {
        using var answer = await app.Http.PostAsJsonAsync("/api/v1/platform/auth/login", new { email, password });
        return await answer.JsonAsync(expected);
    }

    /// <summary>An answer but for what is different on every answer.</summary>
    private static string Without(JsonElement problem) =>
        string.Join('\n', problem.EnumerateObject().Where(m => m.Name != "request_id").Select(m => m.Name + "=" + m.Value.GetRawText()));
}
