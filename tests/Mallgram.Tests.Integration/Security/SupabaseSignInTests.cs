using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mallgram.Kernel.Ids;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Security;

public sealed class SupabaseSignInTests(SupabaseApp app) : IClassFixture<SupabaseApp>
{
    /// <summary>Made once by another implementation; its issuer is Supabase's local stack.</summary>
    private const string Published =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjU0MzIxL2F1dGgvdjEiLCJzdWIiOiIxMTExMTExMS0xMTExLTQxMTEtODExMS0x"
        + "MTExMTExMTExMTEiLCJhdWQiOiJhdXRoZW50aWNhdGVkIiwiZXhwIjo0MTAyNDQ0ODAwLCJpYXQiOjE3NjcyMjU2MDAsImVtYWlsIjoiYnV5ZXJAbWFsbGdyYW0udGVzdCIs"
        + "InBob25lIjoiIiwiYXBwX21ldGFkYXRhIjp7InByb3ZpZGVyIjoiZW1haWwiLCJwcm92aWRlcnMiOlsiZW1haWwiXX0sInVzZXJfbWV0YWRhdGEiOnsibmFtZSI6IkFkYSJ9"
        + "LCJyb2xlIjoiYXV0aGVudGljYXRlZCIsImFhbCI6ImFhbDEiLCJhbXIiOlt7Im1ldGhvZCI6InBhc3N3b3JkIiwidGltZXN0YW1wIjoxNzY3MjI1NjAwfV0sInNlc3Npb25f"
        + "aWQiOiIyMjIyMjIyMi0yMjIyLTQyMjItODIyMi0yMjIyMjIyMjIyMjIiLCJpc19hbm9ueW1vdXMiOmZhbHNlfQ.AJjjHGIUcPMG-E4j8xQ7I1IpTH4BzTnNJ-EUqTY699w";

    [Fact]
    public async Task A_token_of_the_project_signs_a_new_customer_in_and_always_the_same()
    {
        await app.NameProjectAsync(new { project_url = "http://127.0.0.1:54321", jwt_secret = SupabaseApp.Secret });
        var (status, me) = await app.MeAsync(Published);
        Assert.Equal(200, status);
        Assert.Equal(("Ada", "customer"), (me.GetProperty("full_name").GetString(), me.GetProperty("role").GetString()));
        Assert.Equal(JsonValueKind.Null, me.GetProperty("email").ValueKind);
        Assert.Equal(me.GetProperty("id").GetString(), (await app.MeAsync(Published)).Body.GetProperty("id").GetString());
        Assert.Equal(401, (await app.MeAsync(Published, "dakarcafe")).Status);
        Assert.Equal(403, (await app.MeAsync(Published, path: "/api/v1/admin/orders")).Status);
    }

    [Fact]
    public async Task Many_first_requests_at_once_make_one_person()
    {
        await UseServerAsync();
        var token = SupabaseApp.Sign(app.Claims("many-at-once"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => app.MeAsync(token)));
        Assert.All(answers, a => Assert.Equal(200, a.Status));
        Assert.Single(answers.Select(a => a.Body.GetProperty("id").GetString()).Distinct(StringComparer.Ordinal));
        Assert.Equal(1, await app.Database.ScalarAsync<long>("select count(*) from identity.external_identities where subject = 'many-at-once'"));
    }

    [Theory]
    // What the user writes of themselves proves nothing, and neither does a project that takes any address.
    [InlineData("nothing", true, false)]
    [InlineData("user_metadata", true, false)]
    [InlineData("app_metadata", true, true)]
    [InlineData("claim", true, true)]
    // Proven there but not here: whoever registered it here is perhaps not its owner.
    [InlineData("claim", false, false)]
    public async Task An_account_is_shared_only_when_the_address_is_proven_on_both_sides(string proof, bool provenHere, bool shared)
    {
        await UseServerAsync();
        var name = $"{proof.Replace("_", "", StringComparison.Ordinal)}-{provenHere}".ToLowerInvariant();
        var victim = await PersonAsync(name, "customer", provenHere);
        var claims = app.Claims("link-" + name);
        claims["email"] = $"{name}@Victim.test";
        if (proof == "claim")
        {
            claims["email_verified"] = true;
        }
        else if (proof != "nothing")
        {
            claims[proof]!["email_verified"] = true;
        }

        var (status, me) = await app.MeAsync(SupabaseApp.Sign(claims));
        Assert.Equal(200, status);
        Assert.Equal(shared, me.GetProperty("id").GetString() == PublicId.Format("usr", victim));
        // Whether somebody has the address here shows in nothing.
        Assert.True(shared || me.GetProperty("email").ValueKind == JsonValueKind.Null);
    }

    [Fact]
    public async Task A_project_that_confirms_addresses_proves_them()
    {
        await UseServerAsync(confirms: true);
        var victim = await PersonAsync("confirmed", "customer", verified: true);
        var claims = app.Claims("confirmed");
        claims["email"] = "confirmed@victim.test";
        Assert.Equal(PublicId.Format("usr", victim), (await app.MeAsync(SupabaseApp.Sign(claims))).Body.GetProperty("id").GetString());
        claims = app.Claims("confirmed-new");
        claims["email"] = "New@Address.test";
        var me = (await app.MeAsync(SupabaseApp.Sign(claims))).Body;
        Assert.Equal(("new@address.test", true), (me.GetProperty("email").GetString(), me.GetProperty("email_verified").GetBoolean()));
    }

    [Fact]
    public async Task Staff_are_neither_found_by_address_nor_signed_in_unless_an_owner_says_so()
    {
        await UseServerAsync(confirms: true);
        await PersonAsync("boss", "owner", verified: true);
        var claims = app.Claims("boss");
        claims["email"] = "boss@victim.test";
        claims["role"] = "owner";
        claims["app_metadata"]!["role"] = "owner";
        var token = SupabaseApp.Sign(claims);
        var (status, me) = await app.MeAsync(token);
        Assert.Equal((200, "customer"), (status, me.GetProperty("role").GetString()));

        // Promoted by the store; not by the project.
        var promoted = app.Claims("promoted");
        await app.MeAsync(SupabaseApp.Sign(promoted));
        await app.Database.ExecuteAsync(
            "update identity.users set role = 'support' where id = (select user_id from identity.external_identities where subject = 'promoted')");
        await Eventually.HoldsAsync("the promotion is seen", async () => (await app.MeAsync(SupabaseApp.Sign(promoted))).Status == 401);
        await app.NameProjectAsync(new { issuer = app.Server.Issuer, jwt_secret = SupabaseApp.Secret, allows_staff = true });
        Assert.Equal(200, (await app.MeAsync(SupabaseApp.Sign(promoted), path: "/api/v1/admin/orders")).Status);

        // Who may change settings but is no owner cannot turn the project into a way to become one.
        await PersonAsync("settings", "admin", verified: true);
        using var admin = await SignInAsync("settings@victim.test");
        using var refused = await admin.PutAsJsonAsync("/api/v1/admin/sign-in/supabase", new { issuer = app.Server.Issuer, jwt_secret = new string('x', 40) });
        await refused.ProblemAsync(403, "owner_required");
        using var kept = await admin.DeleteAsync("/api/v1/admin/sign-in/supabase");
        await kept.ProblemAsync(403, "owner_required");
    }

    [Fact]
    public async Task Who_is_disabled_or_erased_stays_so()
    {
        await UseServerAsync();
        var token = SupabaseApp.Sign(app.Claims("disabled"));
        var id = (await app.MeAsync(token)).Body.GetProperty("id").GetString();
        await app.Database.ExecuteAsync(
            "update identity.users set status = 'disabled' where id = (select user_id from identity.external_identities where subject = 'disabled')");
        await Eventually.HoldsAsync("the person is refused", async () => (await app.MeAsync(token)).Status == 401);
        await app.Database.ExecuteAsync(
            "update identity.users set status = 'erased' where id = (select user_id from identity.external_identities where subject = 'disabled')");
        // Who an identity is may be some seconds old.
        await Eventually.HoldsAsync("the identity begins anew", async () => (await app.MeAsync(token)).Status == 200);
        Assert.NotEqual(id, (await app.MeAsync(token)).Body.GetProperty("id").GetString());
    }

    [Fact]
    public async Task Keys_are_kept_and_an_unknown_one_is_asked_for_once_in_a_while()
    {
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        app.Clock.Shift += TimeSpan.FromHours(2);
        await UseServerAsync();
        var (known, unknown) = (SupabaseApp.Sign(app.Claims("keys"), app.Ec, "ec-1"), SupabaseApp.Sign(app.Claims("keys"), next, "ec-2"));
        var asked = app.Server.Requests;
        Assert.Equal(200, (await app.MeAsync(known)).Status);
        Assert.Equal(200, (await app.MeAsync(known)).Status);
        Assert.Equal(asked + 1, app.Server.Requests);

        // Within the cool-down nobody makes us ask again; after it, once.
        Assert.Equal(401, (await app.MeAsync(unknown)).Status);
        Assert.Equal(asked + 1, app.Server.Requests);
        app.Clock.Shift += TimeSpan.FromSeconds(31);
        Assert.Equal(401, (await app.MeAsync(unknown)).Status);
        Assert.Equal(401, (await app.MeAsync(unknown)).Status);
        Assert.Equal(asked + 2, app.Server.Requests);

        // A new key is taken as soon as it may be asked for; one that was withdrawn is good no longer than the keys are kept.
        app.Server.Keys = [KeyServer.Of(next, "ec-2")];
        app.Clock.Shift += TimeSpan.FromSeconds(31);
        Assert.Equal(200, (await app.MeAsync(unknown)).Status);
        Assert.Equal(401, (await app.MeAsync(known)).Status);

        // While the server is away, what is known serves on, for an hour.
        app.Server.IsDown = true;
        app.Clock.Shift += TimeSpan.FromMinutes(11);
        Assert.Equal(200, (await app.MeAsync(SupabaseApp.Sign(app.Claims("keys"), next, "ec-2"))).Status);
        app.Clock.Shift += TimeSpan.FromMinutes(60);
        Assert.Equal(401, (await app.MeAsync(SupabaseApp.Sign(app.Claims("keys"), next, "ec-2"))).Status);
        app.Server.IsDown = false;
        app.Server.Keys = [KeyServer.Of(app.Ec, "ec-1")];
    }

    [Fact]
    public async Task The_secret_is_sealed_and_never_shown_and_the_project_can_be_dropped()
    {
        var view = await UseServerAsync();
        Assert.True(view.GetProperty("has_jwt_secret").GetBoolean());
        using var owner = await app.SignInStaffAsync();
        Assert.DoesNotContain(SupabaseApp.Secret, await owner.GetStringAsync("/api/v1/admin/sign-in/supabase"), StringComparison.Ordinal);
        Assert.Equal(0, await app.Database.ScalarAsync<long>(
            $"""
            select (select count(*) from identity.supabase_projects where jwt_secret like '%{SupabaseApp.Secret[..12]}%')
                 + (select count(*) from kernel.audit_log where (before::text || after::text) like '%{SupabaseApp.Secret[..12]}%')
            """));
        // Kept while the issuer stays, gone with it.
        Assert.True((await app.NameProjectAsync(new { issuer = app.Server.Issuer, audience = "authenticated" })).GetProperty("has_jwt_secret").GetBoolean());
        Assert.False((await app.NameProjectAsync(new { project_url = "https://example.supabase.co" })).GetProperty("has_jwt_secret").GetBoolean());
        await UseServerAsync();
        var token = SupabaseApp.Sign(app.Claims("dropped"));
        Assert.Equal(200, (await app.MeAsync(token)).Status);
        using var dropped = await owner.DeleteAsync("/api/v1/admin/sign-in/supabase");
        Assert.Equal(HttpStatusCode.NoContent, dropped.StatusCode);
        Assert.Equal(401, (await app.MeAsync(token)).Status);
        using var none = await owner.GetAsync("/api/v1/admin/sign-in/supabase");
        await none.ProblemAsync(404, "supabase_project_not_found");
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"issuer":"ftp://example.org/auth/v1"}""")]
    [InlineData("""{"issuer":"http://example.org/auth/v1"}""")]
    [InlineData("""{"issuer":"https://user:secret@example.org/auth/v1"}""")]
    [InlineData("""{"issuer":"https://10.0.0.1/auth/v1"}""")]
    [InlineData("""{"issuer":"https://example.org/auth/v1?x=y"}""")]
    [InlineData("""{"issuer":"https://example.org/auth/v1","jwt_secret":"short"}""")]
    public async Task What_is_no_project_is_not_taken(string body)
    {
        using var owner = await app.SignInStaffAsync();
        using var answer = await owner.PutAsJsonAsync("/api/v1/admin/sign-in/supabase", JsonNode.Parse(body));
        await answer.ProblemAsync(422, "validation_failed");
    }

    private Task<JsonElement> UseServerAsync(bool confirms = false) =>
        app.NameProjectAsync(new { issuer = app.Server.Issuer, jwt_secret = SupabaseApp.Secret, confirms_addresses = confirms });

    private async Task<Guid> PersonAsync(string name, string role, bool verified)
    {
        var id = Guid.CreateVersion7();
        await app.Database.ExecuteAsync(
            $"""
            insert into identity.users (store_id, id, email, email_verified_at, full_name, password_hash, language, role)
            select store_id, '{id}', '{name}@victim.test', {(verified ? "now()" : "null")}, 'Victim', password_hash, 'en', '{role}'
            from identity.users where store_id = '01930000-0000-7000-8000-000000000001' and email = '{MallgramApp.AdministratorEmail}'
            """);
        return id;
    }

    private async Task<HttpClient> SignInAsync(string email)
    {
        var client = new HttpClient { BaseAddress = app.Http.BaseAddress };
        using var answer = await client.PostAsJsonAsync("/api/v1/auth/login", new { email, password = MallgramApp.AdministratorPassword });
        var session = await answer.JsonAsync(HttpStatusCode.OK);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", session.GetProperty("access_token").GetString());
        return client;
    }
}
