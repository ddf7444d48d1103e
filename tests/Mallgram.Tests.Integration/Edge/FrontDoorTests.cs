using System.Net;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Mallgram.Tests.Integration.Edge;

public sealed class FrontDoorTests(EdgeApp app) : IClassFixture<EdgeApp>
{
    [Fact]
    public async Task Every_answer_carries_the_security_headers_and_the_page_of_the_contract_its_policy()
    {
        foreach (var path in new[] { "/api/v1/categories", "/api/v1/nothing", "/openapi/v1.json", "/health", "/docs/index.html" })
        {
            using var answer = await app.Http.GetAsync(path);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
            Assert.False(answer.Headers.Contains("Server"));
        }

        using var page = await app.Http.GetAsync("/docs/index.html");
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        // A script in the page itself would not run under it.
        var html = await page.Content.ReadAsStringAsync();
        Assert.DoesNotMatch("<script(?![^>]*\\bsrc=)[^>]*>\\s*\\S", html);
    }

    [Fact]
    public async Task Too_many_parameters_and_too_long_addresses_are_refused()
    {
        using var many = await app.Http.GetAsync("/api/v1/products?" + string.Join('&', Enumerable.Range(0, 65).Select(i => $"x{i}=1")));
        await many.ProblemAsync(400, "query_too_long");
        using var length = await app.Http.GetAsync("/api/v1/products?q=" + new string('a', 9000));
        Assert.Equal(HttpStatusCode.RequestUriTooLong, length.StatusCode);
        using var wide = new HttpRequestMessage(HttpMethod.Get, "/api/v1/categories");
        wide.Headers.TryAddWithoutValidation("X-Large", new string('a', 30_000));
        using var headers = await app.Http.SendAsync(wide);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, headers.StatusCode);
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_broken_off_with_its_problem()
    {
        using var http = await app.StartApiAsync("--Edge:RequestTimeout=00:00:01");
        await using var holder = new NpgsqlConnection(app.Database.Administrator + ";Pooling=false");
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("lock table catalog.collections in access exclusive mode", holder, transaction))
        {
            await hold.ExecuteNonQueryAsync();
        }

        using var late = await http.GetAsync("/api/v1/collections");
        await late.ProblemAsync(503, "request_timeout");
        Assert.NotNull(late.Headers.RetryAfter);
        await transaction.RollbackAsync();
        using var again = await http.GetAsync("/api/v1/collections");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task A_forwarded_address_is_believed_from_a_configured_proxy_only()
    {
        using var direct = await app.StartApiAsync("--Identity:StaffAddresses:Everywhere:0=203.0.113.0/24");
        await Refused(await FromAsync(direct, "203.0.113.7"));

        using var behind = await app.StartApiAsync("--Identity:StaffAddresses:Everywhere:0=203.0.113.0/24", "--Edge:Proxies:0=127.0.0.1");
        await (await FromAsync(behind, "203.0.113.7")).ProblemAsync(401, "unauthenticated");
        await Refused(await FromAsync(behind, "198.51.100.7"));
        // What a caller wrote itself stands before what the proxy added, and is not looked at.
        await Refused(await FromAsync(behind, "203.0.113.7, 198.51.100.7"));

        static async Task Refused(HttpResponseMessage answer) => await answer.ProblemAsync(403, "address_not_allowed");
    }

    [Fact]
    public async Task Staff_of_one_store_may_be_bound_to_their_network_and_shoppers_never_are()
    {
        using var http = await app.StartApiAsync("--Identity:StaffAddresses:Stores:dakarcafe:0=203.0.113.0/24");
        await (await FromAsync(http, address: null, "dakarcafe")).ProblemAsync(403, "address_not_allowed");
        await (await FromAsync(http, address: null, "mallgram")).ProblemAsync(401, "unauthenticated");
        await (await FromAsync(http, address: null, "dakarcafe", "/API/v1/ADMIN/orders")).ProblemAsync(403, "address_not_allowed");
        Assert.Equal(HttpStatusCode.OK, (await FromAsync(http, address: null, "dakarcafe", "/api/v1/categories")).StatusCode);
    }

    [Fact]
    public async Task The_frameworks_switch_that_believes_everybody_stops_the_process() => Assert.Contains(
        "Edge:Proxies",
        (await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartApiAsync("--FORWARDEDHEADERS_ENABLED=true"))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Costs_are_of_routes_that_exist()
    {
        var routes = app.Api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(e => e.RoutePattern.RawText!.TrimEnd('/')).ToHashSet(StringComparer.Ordinal);
        Assert.Equal("", string.Join(' ', Mallgram.Api.Edge.RouteCosts.Patterns.Where(p => !routes.Contains(p))));
    }

    private static async Task<HttpResponseMessage> FromAsync(
        HttpClient http, string? address, string store = "mallgram", string path = "/api/v1/admin/orders")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("X-Store", store);
        if (address is not null)
        {
            request.Headers.Add("X-Forwarded-For", address);
        }

        return await http.SendAsync(request);
    }
}
