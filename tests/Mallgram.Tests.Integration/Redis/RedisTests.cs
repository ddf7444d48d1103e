using System.Net;
using Mallgram.AppHost.Backing;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Redis;

/// <summary>Redis helps when it is there and is missed by nobody when it goes.</summary>
[Trait("Needs", "redis")]
public sealed class RedisTests(RedisTests.AppWithRedis app) : IClassFixture<RedisTests.AppWithRedis>
{
    [Fact]
    public async Task Orders_are_taken_and_paid_with_Redis_and_after_it_died()
    {
        await Eventually.HoldsAsync("Redis is used", async () => await RedisStateAsync() == "healthy");
        await OrderAndPayAsync();

        await app.StopRedisAsync();

        await Eventually.HoldsAsync("its absence shows", async () => await RedisStateAsync() == "degraded");
        await OrderAndPayAsync();
    }

    private async Task OrderAndPayAsync()
    {
        var shopper = new Shopper(app.Http);
        var order = await shopper.OrderAsync();
        using var started = await shopper.PayAsync(order);
        await started.JsonAsync(HttpStatusCode.Created);
        await shopper.UntilOrderAsync(order, "paid");
    }

    private async Task<string?> RedisStateAsync()
    {
        using var answer = await app.Http.GetAsync("/health");
        // A process without its cache is ready all the same.
        var health = await answer.JsonAsync(HttpStatusCode.OK);
        return health.GetProperty("parts").EnumerateArray().First(p => p.GetProperty("name").GetString() == "redis").GetProperty("status").GetString();
    }

    public sealed class AppWithRedis : MallgramApp
    {
        private readonly LocalRedis _redis = new(_ => { });
        private string _address = "";

        protected override IEnumerable<string> ServiceSettings => ["--ConnectionStrings:redis=" + _address];

        public override async Task InitializeAsync()
        {
            _address = await _redis.StartAsync(CancellationToken.None);
            await base.InitializeAsync();
        }

        public override async Task DisposeAsync()
        {
            await base.DisposeAsync();
            await _redis.DisposeAsync();
        }

        public Task StopRedisAsync() => _redis.StopAsync();
    }
}
