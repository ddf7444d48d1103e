using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Identity;

public sealed partial class StaffTests(PeopleApp app) : IClassFixture<PeopleApp>
{
    private const string Staff = "/api/v1/admin/staff";
    private const string Invitations = "/api/v1/admin/invitations";

    [Fact]
    public async Task Roles_are_listed_with_what_they_may_do()
    {
        using var manager = await app.SignInAsAsync(Roles.Manager);
        var roles = await (await manager.GetAsync("/api/v1/admin/roles")).JsonAsync(HttpStatusCode.OK);
        Assert.Equal("owner", roles.GetProperty("data")[0].GetProperty("role").GetString());
        Assert.Contains("staff:write", roles.GetProperty("permissions").EnumerateArray().Select(p => p.GetString()));
    }

    [Fact]
    public async Task An_invited_person_joins_with_the_token_of_the_mail_once()
    {
        using var admin = await app.SignInAsAsync(Roles.Admin);
        var email = $"new-{Guid.NewGuid():N}@example.com";
        using var invited = await admin.PostAsJsonAsync(Invitations, new { email, role = Roles.Support });
        Assert.Equal("open", (await invited.JsonAsync(HttpStatusCode.Created)).GetProperty("status").GetString());
        using (var twice = await admin.PostAsJsonAsync(Invitations, new { email = email.ToUpperInvariant(), role = Roles.Support }))
        {
            await twice.ProblemAsync(409, "already_invited");
        }

        var token = await TokenAsync(email);
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            $"select (select count(*) from kernel.outbox o where o::text like '%{token}%' or o::text like '%{email}%') + (select count(*) from identity.invitations i where i::text like '%{token}%')"));
        using (var weak = await AcceptAsync(token, password: "12345678"))
        {
            await weak.ProblemAsync(422, "validation_failed");
        }

        using var accepted = await AcceptAsync(token);
        var session = await accepted.JsonAsync(HttpStatusCode.OK);
        Assert.Equal(Roles.Support, session.GetProperty("user").GetProperty("role").GetString());
        Assert.True(session.GetProperty("user").GetProperty("email_verified").GetBoolean());
        using var member = app.ClientWith(session.GetProperty("access_token").GetString()!);
        using (var orders = await member.GetAsync("/api/v1/admin/orders"))
        {
            Assert.Equal(HttpStatusCode.OK, orders.StatusCode);
        }

        using (var again = await AcceptAsync(token))
        {
            await again.ProblemAsync(401, "invitation_invalid");
        }

        using var staffed = await admin.PostAsJsonAsync(Invitations, new { email, role = Roles.Admin });
        await staffed.ProblemAsync(409, "already_staff");
    }

    [Fact]
    public async Task A_customer_who_is_invited_keeps_the_account_with_a_new_password()
    {
        var id = await app.AddPersonAsync(Roles.Customer, password: true);
        using var owner = await app.SignInAsAsync(Roles.Owner);
        using var invited = await owner.PostAsJsonAsync(Invitations, new { email = PeopleApp.EmailOf(id), role = Roles.Manager });
        await invited.JsonAsync(HttpStatusCode.Created);
        using var accepted = await AcceptAsync(await TokenAsync(PeopleApp.EmailOf(id)));
        var session = await accepted.JsonAsync(HttpStatusCode.OK);
        Assert.Equal(PublicId.Format(PublicId.User, id), session.GetProperty("user").GetProperty("id").GetString());
        using var old = await app.Http.PostAsJsonAsync("/api/v1/auth/login", new { email = PeopleApp.EmailOf(id), password = PeopleApp.Password });
        await old.ProblemAsync(401, "invalid_credentials");
    }

    [Fact]
    public async Task Resent_revoked_and_old_invitations_do_not_work()
    {
        using var owner = await app.SignInAsAsync(Roles.Owner);
        var email = $"late-{Guid.NewGuid():N}@example.com";
        using var invited = await owner.PostAsJsonAsync(Invitations, new { email, role = Roles.Support });
        var id = (await invited.JsonAsync(HttpStatusCode.Created)).GetProperty("id").GetString();
        var first = await TokenAsync(email);
        using (var resent = await owner.PostAsync($"{Invitations}/{id}/resend", content: null))
        {
            Assert.Equal(HttpStatusCode.NoContent, resent.StatusCode);
        }

        using (var former = await AcceptAsync(first))
        {
            await former.ProblemAsync(401, "invitation_invalid");
        }

        var second = await Eventually.GetAsync("the second mail", async () => await TokenAsync(email) is var t && t != first ? t : null);
        using (var elsewhere = new HttpRequestMessage(HttpMethod.Post, "/api/v1/auth/accept-invitation")
        {
            Headers = { { "X-Store", "dakarcafe" } },
            Content = JsonContent.Create(new { token = second, full_name = "Kofi", password = PeopleApp.Password }),
        })
        {
            using var foreign = await app.Http.SendAsync(elsewhere);
            await foreign.ProblemAsync(401, "invitation_invalid");
        }

        using (var revoked = await owner.DeleteAsync($"{Invitations}/{id}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        }

        using (var gone = await AcceptAsync(second))
        {
            await gone.ProblemAsync(401, "invitation_invalid");
        }

        using var another = await owner.PostAsJsonAsync(Invitations, new { email, role = Roles.Support });
        await another.JsonAsync(HttpStatusCode.Created);
        app.Pass(TimeSpan.FromDays(7));
        using var later = await app.SignInAsAsync(Roles.Owner);
        using var late = await later.PostAsJsonAsync(Invitations, new { email, role = Roles.Support });
        Assert.True(late.StatusCode is HttpStatusCode.Created, "an expired invitation stands in nobody's way");
    }

    [Fact]
    public async Task Nobody_gives_or_takes_a_role_above_their_own()
    {
        var ownerId = await app.AddPersonAsync(Roles.Owner);
        var supportId = await app.AddPersonAsync(Roles.Support);
        using var admin = await app.SignInAsAsync(Roles.Admin);
        foreach (var (id, body) in new (Guid, object)[]
        {
            (ownerId, new { role = Roles.Support }), (ownerId, new { status = "disabled" }), (supportId, new { role = Roles.Owner }),
        })
        {
            using var answer = await admin.PatchAsJsonAsync($"{Staff}/{PublicId.Format(PublicId.User, id)}", body);
            await answer.ProblemAsync(403, "role_above_own");
        }

        using (var removed = await admin.DeleteAsync($"{Staff}/{PublicId.Format(PublicId.User, ownerId)}"))
        {
            await removed.ProblemAsync(403, "role_above_own");
        }

        using (var invited = await admin.PostAsJsonAsync(Invitations, new { email = $"{Guid.NewGuid():N}@example.com", role = Roles.Owner }))
        {
            await invited.ProblemAsync(403, "role_above_own");
        }

        using (var promoted = await admin.PatchAsJsonAsync($"{Staff}/{PublicId.Format(PublicId.User, supportId)}", new { role = Roles.Manager }))
        {
            Assert.Equal(HttpStatusCode.NoContent, promoted.StatusCode);
        }

        using var manager = await app.SignInAsAsync(Roles.Manager);
        using var refused = await manager.PatchAsJsonAsync($"{Staff}/{PublicId.Format(PublicId.User, supportId)}", new { role = Roles.Support });
        await refused.ProblemAsync(403, "forbidden");
    }

    [Fact]
    public async Task The_last_owner_stays_whoever_is_faster()
    {
        await app.Database.ExecuteAsync(
            "update identity.users set role = 'admin' where role = 'owner' and store_id = (select id from stores.stores where slug = 'pickle-paradise')");
        var (first, second) = (await app.AddPersonAsync(Roles.Owner, store: "pickle-paradise"), await app.AddPersonAsync(Roles.Owner, store: "pickle-paradise"));
        using var one = app.ClientOf(first, Roles.Owner, "pickle-paradise");
        using var other = app.ClientOf(second, Roles.Owner, "pickle-paradise");
        var answers = await Task.WhenAll(
            one.PatchAsJsonAsync($"{Staff}/{PublicId.Format(PublicId.User, second)}", new { role = Roles.Admin }),
            other.PatchAsJsonAsync($"{Staff}/{PublicId.Format(PublicId.User, first)}", new { role = Roles.Admin }));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.NoContent);
        Assert.Single(answers, a => a.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.Forbidden);
        Assert.Equal(1L, await app.Database.ScalarAsync<long>(
            $"select count(*) from identity.users where role = 'owner' and id in ('{first}', '{second}')"));
    }

    [Fact]
    public async Task Who_is_removed_or_disabled_is_out_at_once()
    {
        var id = await app.AddPersonAsync(Roles.Manager, password: true);
        using var login = await app.Http.PostAsJsonAsync("/api/v1/auth/login", new { email = PeopleApp.EmailOf(id), password = PeopleApp.Password });
        var session = await login.JsonAsync(HttpStatusCode.OK);
        using var member = app.ClientWith(session.GetProperty("access_token").GetString()!);
        using (var jobs = await member.GetAsync("/api/v1/admin/jobs"))
        {
            Assert.Equal(HttpStatusCode.OK, jobs.StatusCode);
        }

        using var owner = await app.SignInAsAsync(Roles.Owner);
        using (var removed = await owner.DeleteAsync($"{Staff}/{PublicId.Format(PublicId.User, id)}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        using (var jobs = await member.GetAsync("/api/v1/admin/jobs"))
        {
            await jobs.ProblemAsync(403, "forbidden");
        }

        using (var refresh = await app.Http.PostAsJsonAsync(
            "/api/v1/auth/refresh", new { refresh_token = session.GetProperty("refresh_token").GetString() }))
        {
            await refresh.ProblemAsync(401, "invalid_refresh_token");
        }

        using var gone = await owner.DeleteAsync($"{Staff}/{PublicId.Format(PublicId.User, id)}");
        await gone.ProblemAsync(404, "staff_not_found");
        Assert.Equal(1L, await app.Database.ScalarAsync<long>(
            $"select count(*) from kernel.audit_log where object = 'identity.users' and object_id = '{id}' and after ->> 'role' = 'customer'"));
    }

    [Theory]
    [InlineData("""{"email":"nobody","role":"support"}"""), InlineData("""{"email":"a@b.co","role":"customer"}"""), InlineData("""{"role":"support"}""")]
    public async Task Rubbish_invitations_are_refused(string body)
    {
        using var owner = await app.SignInAsAsync(Roles.Owner);
        using var answer = await owner.PostAsync(Invitations, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        await answer.ProblemAsync(422, "validation_failed");
    }

    private Task<HttpResponseMessage> AcceptAsync(string token, string password = "seven blue herons") =>
        app.Http.PostAsJsonAsync("/api/v1/auth/accept-invitation", new { token, full_name = "Kofi Annan", password });

    private async Task<string> TokenAsync(string email) => Token().Match(await app.MailAsync(email, "Work with")).Value;

    [GeneratedRegex("(?m)^[A-Za-z0-9_-]{43}\r?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Token();
}
