using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Edge;

public sealed class RateLimitTests(EdgeApp app) : IClassFixture<EdgeApp>
{
    [Fact]
    public async Task A_client_has_1000_a_minute_and_every_answer_tells_how_it_stands()
    {
        using var http = await app.StartApiAsync();
        using var first = await http.GetAsync("/api/v1/categories");
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal((1000, 999), (Number(first, "RateLimit-Limit"), Number(first, "RateLimit-Remaining")));
        Assert.InRange(Number(first, "RateLimit-Reset"), 1, 60);

        using var missing = await http.GetAsync("/api/v1/products/nothing-like-it");
        await missing.ProblemAsync(404, "product_not_found");
        Assert.InRange(Number(missing, "RateLimit-Remaining"), 990, 999);
    }

    [Fact]
    public async Task Who_has_used_the_quota_gets_429_at_this_store_and_nowhere_else()
    {
        using var http = await app.StartApiAsync("--Edge:RateLimits:PerMinute=3");
        var answers = new List<int>();
        HttpResponseMessage last;
        do
        {
            last = await http.GetAsync("/api/v1/categories");
            answers.Add((int)last.StatusCode);
        }
        // A minute may end in between.
        while (last.StatusCode == HttpStatusCode.OK && answers.Count < 8);

        using (last)
        {
            await last.ProblemAsync(429, "rate_limited");
            Assert.InRange(last.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
            Assert.Equal((3, 0), (Number(last, "RateLimit-Limit"), Number(last, "RateLimit-Remaining")));
        }

        Assert.True(answers.Count >= 4, "fewer than the quota were let through");
        using var elsewhere = new HttpRequestMessage(HttpMethod.Get, "/api/v1/categories");
        elsewhere.Headers.Add("X-Store", "dakarcafe");
        using var other = await http.SendAsync(elsewhere);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task A_signed_in_person_is_counted_apart_from_the_address()
    {
        using var http = await app.StartApiAsync("--Edge:RateLimits:PerMinute=20");
        var token = await TokenAsync(http);
        for (var i = 0; i < 50 && (await http.GetAsync("/api/v1/categories")).IsSuccessStatusCode; i++)
        {
            // Until guests from here have nothing left.
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/auth/me");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var me = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, me.StatusCode);
        Assert.InRange(Number(me, "RateLimit-Remaining"), 15, 19);
    }

    [Fact]
    public async Task A_search_costs_more_than_a_list()
    {
        using var http = await app.StartApiAsync("--Edge:RateLimits:PerMinute=1000");
        using var list = await http.GetAsync("/api/v1/products");
        using var search = await http.GetAsync("/api/v1/products?q=shirt");
        // In the next minute the count starts anew.
        if (Number(search, "RateLimit-Remaining") < Number(list, "RateLimit-Remaining"))
        {
            Assert.Equal(5, Number(list, "RateLimit-Remaining") - Number(search, "RateLimit-Remaining"));
        }
        else
        {
            Assert.Equal(995, Number(search, "RateLimit-Remaining"));
        }
    }

    [Fact]
    public async Task Five_failed_sign_ins_a_minute_from_an_address_and_successful_ones_are_given_back()
    {
        using var http = await app.StartApiAsync("--Edge:RateLimits:RefusedPerMinute=1000");
        for (var i = 0; i < 8; i++)
        {
            await TokenAsync(http);
        }

        var refused = 0;
        for (var i = 0; i < 12; i++)
        {
            // Another address each time, so that no account's own limit is met.
            using var answer = await http.PostAsJsonAsync(
                "/api/v1/auth/login", new { email = $"nobody-{Guid.NewGuid():N}@example.org", password = "wrong-password-1" });
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                await answer.ProblemAsync(429, "rate_limited");
                Assert.NotNull(answer.Headers.RetryAfter);
                refused++;
            }
            else
            {
                Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            }
        }

        // Twelve attempts meet the end of at most one minute.
        Assert.InRange(refused, 2, 7);
    }

    [Fact]
    public async Task An_address_that_is_refused_over_and_over_is_not_heard_for_the_rest_of_the_minute()
    {
        using var http = await app.StartApiAsync("--Edge:RateLimits:RefusedPerMinute=5");
        var statuses = new List<int>();
        for (var i = 0; i < 14; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/auth/me");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "not-a-token");
            using var answer = await http.SendAsync(request);
            statuses.Add((int)answer.StatusCode);
        }

        Assert.Contains(401, statuses);
        Assert.Contains(429, statuses);
    }

    private static async Task<string> TokenAsync(HttpClient http)
    {
        using var answer = await http.PostAsJsonAsync(
            "/api/v1/auth/login", new { email = MallgramApp.AdministratorEmail, password = MallgramApp.AdministratorPassword });
        return (await answer.JsonAsync(HttpStatusCode.OK)).GetProperty("access_token").GetString()!;
    }

    private static int Number(HttpResponseMessage answer, string header) =>
        int.Parse(Assert.Single(answer.Headers.GetValues(header)), System.Globalization.CultureInfo.InvariantCulture);
}
