using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Kernel;

/// <summary>A kept answer opens an order: it is sealed, and given to nobody but who sends the same key and body again.</summary>
public sealed class IdempotencyTests(MallgramApp app) : IClassFixture<MallgramApp>
{
    [Fact]
    public async Task Kept_answers_are_sealed_and_replayed_byte_for_byte()
    {
        var (body, key) = await OrderAsync();
        var first = await PlaceAsync(body, key);
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            "select count(*) from kernel.idempotency_keys where body like '%access_token%' or body like '%ord_%'"));
        Assert.Equal(first, await PlaceAsync(body, key));
    }

    [Fact]
    public async Task Answers_kept_before_they_were_sealed_are_still_replayed()
    {
        var (body, key) = await OrderAsync();
        var first = await PlaceAsync(body, key);
        await app.Database.ExecuteAsync($$"""update kernel.idempotency_keys set body = '{{first.Replace("'", "''", StringComparison.Ordinal)}}' where key = '{{key}}'""");
        Assert.Equal(first, await PlaceAsync(body, key));
    }

    [Fact]
    public async Task Guests_with_tokens_of_their_own_share_no_keys()
    {
        var (body, key) = await OrderAsync();
        var one = await PlaceAsync(body, key, "token-of-one-cart");
        var other = await PlaceAsync(body, key, "token-of-another-cart");
        Assert.NotEqual(Id(one), Id(other));
        Assert.Equal(one, await PlaceAsync(body, key, "token-of-one-cart"));
    }

    private async Task<(object Body, string Key)> OrderAsync()
    {
        var shopper = new Shopper(app.Http);
        return (shopper.OrderBody(Shopper.VariantOf(await shopper.AnyProductAsync(10), 10)), Guid.NewGuid().ToString());
    }

    private async Task<string> PlaceAsync(object body, string key, string? cartToken = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/orders") { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", key);
        if (cartToken is not null)
        {
            request.Headers.Add("X-Cart-Token", cartToken);
        }

        using var answer = await app.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Created, text);
        return text;
    }

    private static string? Id(string order) => JsonElement.Parse(order).GetProperty("id").GetString();
}
