using System.Net;
using System.Text.Json;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Tenancy;
using Mallgram.Tests.Integration.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Identity.Accounts;

public sealed class SessionTests(AccountsApp app) : IClassFixture<AccountsApp>
{
    private static readonly Guid Store = Guid.Parse("01930000-0000-7000-8000-000000000001");

    [Fact]
    public async Task Sessions_are_listed_with_their_device_and_ended_one_by_one_or_all_but_this()
    {
        var email = AccountsApp.NewEmail();
        var first = await app.RegisterAsync(email, userAgent: "Phone");
        var second = await app.LogInAsync(email, userAgent: "Laptop");
        var third = await app.LogInAsync(email, userAgent: "Tablet");
        var token = AccountsApp.AccessToken(second);

        var listed = (await app.GetAsync("sessions", token)).GetProperty("data").EnumerateArray().ToArray();

        Assert.Equal(["Tablet", "Laptop", "Phone"], listed.Select(s => s.GetProperty("user_agent").GetString()));
        Assert.Equal([false, true, false], listed.Select(s => s.GetProperty("current").GetBoolean()));
        Assert.Equal(["password", "password", "registration"], listed.Select(s => s.GetProperty("method").GetString()));
        Assert.All(listed, s => Assert.Equal("127.0.0.1", s.GetProperty("address").GetString()));

        using var ended = await app.SendAsync(HttpMethod.Delete, "sessions/" + listed[2].GetProperty("id").GetString(), token: token);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        await app.EndedAsync(first);
        using var twice = await app.SendAsync(HttpMethod.Delete, "sessions/" + listed[2].GetProperty("id").GetString(), token: token);
        await twice.ProblemAsync(404, "session_not_found");

        using var others = await app.SendAsync(HttpMethod.Delete, "sessions", token: token);
        Assert.Equal(HttpStatusCode.NoContent, others.StatusCode);
        await app.EndedAsync(third);
        using var kept = await app.RefreshAsync(second);
        Assert.Single((await app.GetAsync("sessions", AccountsApp.AccessToken(await kept.JsonAsync(HttpStatusCode.OK)))).GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task Nobody_sees_or_ends_the_session_of_another()
    {
        var mine = AccountsApp.AccessToken(await app.RegisterAsync(AccountsApp.NewEmail()));
        var theirs = await app.RegisterAsync(AccountsApp.NewEmail());
        var id = (await app.GetAsync("sessions", AccountsApp.AccessToken(theirs))).GetProperty("data")[0].GetProperty("id").GetString()!;

        using var answer = await app.SendAsync(HttpMethod.Delete, "sessions/" + id, token: mine);
        await answer.ProblemAsync(404, "session_not_found");
        using var rubbish = await app.SendAsync(HttpMethod.Delete, "sessions/ses_%27;--", token: mine);
        await rubbish.ProblemAsync(404, "session_not_found");
        using var guest = await app.SendAsync(HttpMethod.Get, "sessions");
        await guest.ProblemAsync(401, "unauthenticated");

        Assert.DoesNotContain(id, (await app.GetAsync("sessions", mine)).GetRawText(), StringComparison.Ordinal);
        using var still = await app.RefreshAsync(theirs);
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
    }

    [Fact]
    public async Task Sign_ins_and_failed_tries_are_a_list_in_pages()
    {
        var email = AccountsApp.NewEmail();
        await app.RegisterAsync(email);
        await app.RefusedAsync(email, "not the password");
        var token = AccountsApp.AccessToken(await app.LogInAsync(email));

        var outcomes = new List<string>();
        string? cursor = "";
        while (cursor is not null)
        {
            var page = await app.GetAsync("sign-ins?limit=2" + (cursor.Length > 0 ? "&cursor=" + cursor : ""), token);
            outcomes.AddRange(page.GetProperty("data").EnumerateArray().Select(
                s => s.GetProperty("method").GetString() + " " + s.GetProperty("outcome").GetString()));
            cursor = page.GetProperty("next_cursor").GetString();
        }

        Assert.Equal(["password succeeded", "password wrong_password", "registration succeeded"], outcomes);
        foreach (var (query, status, code) in new[] { ("limit=0", 422, "validation_failed"), ("cursor=rubbish", 400, "cursor_invalid"), ("limit=x", 400, "malformed_request") })
        {
            using var answer = await app.SendAsync(HttpMethod.Get, "sign-ins?" + query, token: token);
            await answer.ProblemAsync(status, code);
        }
    }

    [Fact]
    public async Task A_refresh_token_used_a_second_time_ends_its_session_and_no_other()
    {
        var email = AccountsApp.NewEmail();
        var session = await app.RegisterAsync(email);
        var other = await app.LogInAsync(email);
        using var refreshed = await app.RefreshAsync(session);
        var next = await refreshed.JsonAsync(HttpStatusCode.OK);

        await app.EndedAsync(session);

        await app.EndedAsync(next);
        Assert.Equal(2L, await app.Database.ScalarAsync<long>(
            $"select count(*) + count(revoked_at) - 1 from identity.sessions where user_id = '{AccountsApp.UserId(session)}'"));
        using var untouched = await app.RefreshAsync(other);
        Assert.Equal(HttpStatusCode.OK, untouched.StatusCode);
    }

    [Fact]
    public async Task Of_a_thousand_refreshes_under_way_with_one_token_one_wins_and_the_session_goes_on()
    {
        var session = await app.RegisterAsync(AccountsApp.NewEmail());
        var token = session.GetProperty("refresh_token").GetString()!;
        var arrived = app.Api.Services.GetRequiredService<TimeProvider>().GetUtcNow();

        var won = (await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => RotateAsync(token, arrived)))).OfType<string>().ToArray();

        var next = Assert.Single(won);
        Assert.Equal(1L, await LiveAsync(session));
        Assert.NotNull(await RotateAsync(next, app.Api.Services.GetRequiredService<TimeProvider>().GetUtcNow()));
    }

    [Fact]
    public async Task A_thousand_refreshes_over_HTTP_leave_one_winner_and_never_two_live_families()
    {
        var session = await app.RegisterAsync(AccountsApp.NewEmail());

        var answers = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => app.RefreshAsync(session)));

        var winner = Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
        Assert.Equal(999, answers.Count(a => a.StatusCode == HttpStatusCode.Unauthorized));
        // Those that came after the winner had spent the token were a second use: then the whole session has ended, the winner's token too.
        var revoked = await app.Database.ScalarAsync<bool>(
            $"select revoked_at is not null from identity.sessions where user_id = '{AccountsApp.UserId(session)}'");
        Assert.Equal(revoked ? 0L : 1L, await LiveAsync(session));
        using var next = await app.RefreshAsync(await winner.JsonAsync(HttpStatusCode.OK));
        Assert.Equal(revoked ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, next.StatusCode);
    }

    private async Task<string?> RotateAsync(string token, DateTimeOffset arrived)
    {
        await using var services = app.Api.Services.CreateAsyncScope();
        services.ServiceProvider.GetRequiredService<StoreScope>().Set(Store);
        return (await services.ServiceProvider.GetRequiredService<RefreshTokens>().RotateAsync(token, arrived, CancellationToken.None))?.Next;
    }

    private Task<long> LiveAsync(JsonElement session) => app.Database.ScalarAsync<long>(
        $"select count(*) from identity.refresh_tokens where user_id = '{AccountsApp.UserId(session)}' and used_at is null and revoked_at is null");
}
