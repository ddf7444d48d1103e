using System.Net;
using Mallgram.AppHost.Backing;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Edge;

/// <summary>Two processes count together through Redis, and alone when it has gone.</summary>
[Trait("Needs", "redis")]
public sealed class SharedRateLimitTests(EdgeApp app) : IClassFixture<EdgeApp>, IAsyncLifetime
{
    private readonly LocalRedis _redis = new(_ => { });
    private string _address = "";

    public async Task InitializeAsync() => _address = await _redis.StartAsync(CancellationToken.None);

    public async Task DisposeAsync() => await _redis.DisposeAsync();

    [Fact]
    public async Task What_one_process_let_through_counts_at_the_other_until_Redis_goes_and_then_requests_go_on()
    {
        // An hour's quota, so that no end of a minute interferes.
        string[] settings = ["--ConnectionStrings:redis=" + _address, "--Edge:RateLimits:PerMinute=1000", "--Edge:RateLimits:PerHour=1000"];
        using var first = await app.StartApiAsync(settings);
        using var second = await app.StartApiAsync(settings);
        await Eventually.HoldsAsync("both have Redis", async () => await HasRedisAsync(first) && await HasRedisAsync(second));

        for (var i = 0; i < 200; i++)
        {
            using var answer = await first.GetAsync("/api/v1/categories");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        // The second hears of it when it reports its own.
        await Eventually.HoldsAsync("the other process knows", async () =>
        {
            using var answer = await second.GetAsync("/api/v1/categories");
            return answer.StatusCode != HttpStatusCode.OK || Remaining(answer) < 1000 - 180;
        });

        await _redis.StopAsync();
        using var afterwards = await first.GetAsync("/api/v1/categories");
        Assert.Equal(HttpStatusCode.OK, afterwards.StatusCode);
    }

    private static async Task<bool> HasRedisAsync(HttpClient http) =>
        (await http.GetStringAsync("/health")).Contains("\"redis\",\"status\":\"healthy\"", StringComparison.Ordinal);

    private static int Remaining(HttpResponseMessage answer) =>
        int.Parse(Assert.Single(answer.Headers.GetValues("RateLimit-Remaining")), System.Globalization.CultureInfo.InvariantCulture);
}
