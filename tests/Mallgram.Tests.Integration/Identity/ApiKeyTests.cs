using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Identity.Contracts;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Identity;

public sealed class ApiKeyTests(PeopleApp app) : IClassFixture<PeopleApp>
{
    private const string Path = "/api/v1/admin/api-keys";

    [Fact]
    public async Task A_key_may_do_what_its_scopes_say_at_its_own_store_only()
    {
        using var owner = await app.SignInAsAsync(Roles.Owner);
        var made = await MakeAsync(owner, "products:read");
        var key = made.GetProperty("key").GetString()!;
        Assert.StartsWith(made.GetProperty("prefix").GetString() + "_", key, StringComparison.Ordinal);
        Assert.True(key.Length > 50);
        using var client = app.ClientWith(key);
        using (var products = await client.GetAsync("/api/v1/admin/products"))
        {
            Assert.Equal(HttpStatusCode.OK, products.StatusCode);
        }

        using (var orders = await client.GetAsync("/api/v1/admin/orders"))
        {
            await orders.ProblemAsync(403, "forbidden");
        }

        using (var me = await client.GetAsync("/api/v1/auth/me"))
        {
            await me.ProblemAsync(403, "forbidden");
        }

        using var elsewhere = app.ClientWith(key, "dakarcafe");
        using (var foreign = await elsewhere.GetAsync("/api/v1/admin/products"))
        {
            await foreign.ProblemAsync(401, "unauthenticated");
        }

        using var wrong = app.ClientWith(key[..^1] + (key[^1] == 'A' ? 'B' : 'A'));
        using var refused = await wrong.GetAsync("/api/v1/admin/products");
        await refused.ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task The_key_is_kept_as_a_hash_and_shown_once()
    {
        using var owner = await app.SignInAsAsync(Roles.Owner);
        var made = await MakeAsync(owner, "orders:read");
        var secret = made.GetProperty("key").GetString()!.Split('_', 3)[2];
        Assert.Equal(0L, await app.Database.ScalarAsync<long>($"select count(*) from identity.api_keys k where k::text like '%{secret}%'"));
        Assert.Equal(0L, await app.Database.ScalarAsync<long>($"select count(*) from kernel.audit_log l where l::text like '%{secret}%'"));
        using var list = await owner.GetAsync(Path);
        Assert.DoesNotContain(secret, await list.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_makes_a_key_that_may_more_than_themselves()
    {
        using var owner = await app.SignInAsAsync(Roles.Owner);
        var made = await MakeAsync(owner, "api_keys:write", "products:read");
        using var program = app.ClientWith(made.GetProperty("key").GetString()!);
        using (var more = await program.PostAsJsonAsync(Path, new { name = "more", scopes = new[] { "orders:read" } }))
        {
            var problem = await more.ProblemAsync(422, "validation_failed");
            Assert.True(problem.GetProperty("errors").TryGetProperty("scopes[0]", out _));
        }

        var same = await MakeAsync(program, "products:read");
        Assert.Equal(JsonValueKind.Null, same.GetProperty("created_by").ValueKind);
        var big = await MakeAsync(owner, "orders:read");
        using (var rotated = await program.PostAsJsonAsync($"{Path}/{big.GetProperty("id").GetString()}/rotate", new { }))
        {
            await rotated.ProblemAsync(403, "forbidden");
        }

        using var manager = await app.SignInAsAsync(Roles.Manager);
        using var refused = await manager.PostAsJsonAsync(Path, new { name = "x", scopes = new[] { "products:read" } });
        await refused.ProblemAsync(403, "forbidden");
    }

    [Theory]
    [InlineData("""{}"""), InlineData("""{"name":"","scopes":["products:read"]}"""), InlineData("""{"name":"x","scopes":[]}""")]
    [InlineData("""{"name":"x","scopes":["everything"]}"""), InlineData("""{"name":"x","scopes":[null]}""")]
    [InlineData("""{"name":"x","scopes":["products:read"],"expires_in_days":0}"""), InlineData("""{"name":"x","scopes":["products:read"],"expires_in_days":99999}""")]
    public async Task Rubbish_is_refused(string body)
    {
        using var owner = await app.SignInAsAsync(Roles.Owner);
        using var answer = await owner.PostAsync(Path, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        await answer.ProblemAsync(422, "validation_failed");
    }

    [Fact]
    public async Task Rotation_leaves_the_old_key_good_for_a_while()
    {
        using var owner = await app.SignInAsAsync(Roles.Owner);
        var old = await MakeAsync(owner, "products:read");
        using var rotated = await owner.PostAsJsonAsync($"{Path}/{old.GetProperty("id").GetString()}/rotate", new { keep_old_hours = 2 });
        var next = await rotated.JsonAsync(HttpStatusCode.Created);
        Assert.Equal(["products:read"], next.GetProperty("scopes").EnumerateArray().Select(s => s.GetString()!));
        await WorksAsync(old, HttpStatusCode.OK);
        await WorksAsync(next, HttpStatusCode.OK);
        using (var again = await owner.PostAsJsonAsync($"{Path}/{old.GetProperty("id").GetString()}/rotate", new { }))
        {
            await again.ProblemAsync(409, "api_key_over");
        }

        app.Pass(TimeSpan.FromHours(2));
        await WorksAsync(old, HttpStatusCode.Unauthorized);
        await WorksAsync(next, HttpStatusCode.OK);

        // No overlap at all.
        using var owner2 = await app.SignInAsAsync(Roles.Owner);
        using var replaced = await owner2.PostAsJsonAsync($"{Path}/{next.GetProperty("id").GetString()}/rotate", new { keep_old_hours = 0 });
        await replaced.JsonAsync(HttpStatusCode.Created);
        await WorksAsync(next, HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Revoked_and_expired_keys_are_dead_at_once()
    {
        using var owner = await app.SignInAsAsync(Roles.Owner);
        var revoked = await MakeAsync(owner, "products:read");
        await WorksAsync(revoked, HttpStatusCode.OK);
        for (var i = 0; i < 2; i++)
        {
            using var gone = await owner.DeleteAsync($"{Path}/{revoked.GetProperty("id").GetString()}");
            Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        }

        await WorksAsync(revoked, HttpStatusCode.Unauthorized);
        using (var made = await owner.PostAsJsonAsync(Path, new { name = "short", scopes = new[] { "products:read" }, expires_in_days = 1 }))
        {
            var key = await made.JsonAsync(HttpStatusCode.Created);
            await WorksAsync(key, HttpStatusCode.OK);
            app.Pass(TimeSpan.FromDays(1));
            await WorksAsync(key, HttpStatusCode.Unauthorized);
        }

        using var stranger = await app.SignInAsAsync(Roles.Owner, "dakarcafe");
        using var foreign = await stranger.DeleteAsync($"{Path}/{revoked.GetProperty("id").GetString()}");
        await foreign.ProblemAsync(404, "api_key_not_found");
    }

    [Fact]
    public async Task Use_is_noted_at_most_once_a_minute()
    {
        using var owner = await app.SignInAsAsync(Roles.Owner);
        var key = await MakeAsync(owner, "products:read");
        var prefix = key.GetProperty("prefix").GetString();
        await WorksAsync(key, HttpStatusCode.OK);
        var first = await LastUsedAsync(prefix!);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => WorksAsync(key, HttpStatusCode.OK)));
        Assert.Equal(first, await LastUsedAsync(prefix!));
        app.Pass(TimeSpan.FromSeconds(61));
        await WorksAsync(key, HttpStatusCode.OK);
        Assert.True(await LastUsedAsync(prefix!) > first);
    }

    [Fact]
    public async Task What_a_key_changes_is_audited_in_its_name()
    {
        using var owner = await app.SignInAsAsync(Roles.Owner);
        var maker = await MakeAsync(owner, "api_keys:write", "products:read");
        using var program = app.ClientWith(maker.GetProperty("key").GetString()!);
        await MakeAsync(program, "products:read");
        Assert.Equal(1L, await app.Database.ScalarAsync<long>(
            $"select count(*) from kernel.audit_log where object = 'identity.api_keys' and action = 'insert' and actor = '{maker.GetProperty("id").GetString()}'"));
    }

    private static async Task<JsonElement> MakeAsync(HttpClient by, params string[] scopes)
    {
        using var answer = await by.PostAsJsonAsync(Path, new { name = "Till", scopes });
        Assert.Contains("no-store", answer.Headers.CacheControl?.ToString() ?? "", StringComparison.Ordinal);
        return await answer.JsonAsync(HttpStatusCode.Created);
    }

    private async Task WorksAsync(JsonElement key, HttpStatusCode status)
    {
        using var client = app.ClientWith(key.GetProperty("key").GetString()!);
        using var answer = await client.GetAsync("/api/v1/admin/products?limit=1");
        Assert.Equal(status, answer.StatusCode);
    }

    private Task<DateTime> LastUsedAsync(string prefix) =>
        app.Database.ScalarAsync<DateTime>($"select last_used_at from identity.api_keys where prefix = '{prefix}'");
}
