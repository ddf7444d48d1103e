using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Edge;

/// <summary>Pages of a store's own domains may read its answers; those of others may not.</summary>
public sealed class CorsTests(CorsTests.AppWithDomains app) : IClassFixture<CorsTests.AppWithDomains>
{
    [Theory]
    [InlineData("https://shop.dakarcafe.example", "dakarcafe", true)]
    [InlineData("https://shop.dakarcafe.example", "mallgram", false)]
    [InlineData("http://shop.dakarcafe.example", "dakarcafe", false)]
    [InlineData("https://shop.dakarcafe.example:8443", "dakarcafe", false)]
    [InlineData("https://claimed.dakarcafe.example", "dakarcafe", false)]
    [InlineData("https://evil.example", "dakarcafe", false)]
    [InlineData("https://partner.example", "mallgram", true)]
    [InlineData("null", "mallgram", false)]
    public async Task An_answer_is_readable_for_the_stores_own_pages(string origin, string store, bool readable)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/categories");
        request.Headers.Add("Origin", origin);
        request.Headers.Add("X-Store", store);
        using var answer = await app.Http.SendAsync(request);
        Assert.Equal(readable, answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));
        if (readable)
        {
            Assert.Equal(origin, Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
            Assert.Contains("Origin", answer.Headers.Vary);
            Assert.Contains("RateLimit-Remaining", answer.Headers.GetValues("Access-Control-Expose-Headers").Single(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_question_beforehand_is_answered_and_kept_and_a_problem_is_readable_too()
    {
        using var question = new HttpRequestMessage(HttpMethod.Options, "/api/v1/orders");
        question.Headers.Add("Origin", "https://shop.dakarcafe.example");
        question.Headers.Add("Access-Control-Request-Method", "POST");
        question.Headers.Add("Access-Control-Request-Headers", "authorization,content-type,idempotency-key,x-store");
        using var allowed = await app.Http.SendAsync(question);
        Assert.True(allowed.IsSuccessStatusCode);
        Assert.Equal("7200", Assert.Single(allowed.Headers.GetValues("Access-Control-Max-Age")));
        Assert.Contains("Idempotency-Key", allowed.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.OrdinalIgnoreCase);

        using var bad = new HttpRequestMessage(HttpMethod.Get, "/api/v1/products/nothing");
        bad.Headers.Add("Origin", "https://shop.dakarcafe.example");
        bad.Headers.Add("X-Store", "dakarcafe");
        using var problem = await app.Http.SendAsync(bad);
        await problem.ProblemAsync(404, "product_not_found");
        Assert.True(problem.Headers.Contains("Access-Control-Allow-Origin"));
    }

    public sealed class AppWithDomains : MallgramApp
    {
        protected override bool Synchronised => false;

        protected override IEnumerable<string> ServiceSettings => ["--Edge:Cors:Origins:0=https://partner.example"];

        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            await Database.ExecuteAsync(
                """
                insert into stores.domains (host, store_id, verified_at, method)
                select v.host, s.id, case when v.proven then now() end, case when v.proven then 'dns' end
                from stores.stores s, (values ('shop.dakarcafe.example', true), ('claimed.dakarcafe.example', false)) as v (host, proven)
                where s.slug = 'dakarcafe'
                """);
        }
    }
}
