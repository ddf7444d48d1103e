using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Orders;

public sealed class PlaceOrderTests(MallgramApp app) : IClassFixture<MallgramApp>
{
    private readonly Shopper _shopper = new(app.Http);

    [Fact]
    public async Task A_guest_orders_at_the_catalogue_price_and_reads_the_order_with_its_token()
    {
        var product = await _shopper.AnyProductAsync(2);
        var variant = Shopper.VariantOf(product, 2);
        var price = product.GetProperty("variants").EnumerateArray().First(v => v.GetProperty("id").GetString() == variant).GetProperty("price").GetProperty("amount").GetInt64();

        using var answer = await _shopper.PlaceAsync(_shopper.OrderBody(variant, 2));
        var order = await answer.JsonAsync(HttpStatusCode.Created);

        Assert.Equal(("pending", "pending", "ZAR"), (order.GetProperty("status").GetString(), order.GetProperty("payment_status").GetString(), order.GetProperty("currency").GetString()));
        Assert.Equal(2 * price, order.GetProperty("total").GetProperty("amount").GetInt64());
        Assert.Equal(price, order.GetProperty("items")[0].GetProperty("unit_price").GetProperty("amount").GetInt64());
        var read = await _shopper.ReadOrderAsync(order);
        Assert.Equal(order.GetProperty("number").GetString(), read.GetProperty("number").GetString());
        Assert.False(read.TryGetProperty("access_token", out _));
    }

    [Theory]
    [InlineData(null), InlineData("wrong")]
    public async Task Without_its_token_an_order_does_not_exist(string? token)
    {
        var order = await _shopper.OrderAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/orders/" + order.GetProperty("id").GetString());
        if (token is not null)
        {
            request.Headers.Add("X-Order-Token", token);
        }

        using var answer = await app.Http.SendAsync(request);
        await answer.ProblemAsync(404, "order_not_found");
    }

    [Fact]
    public async Task An_order_of_one_store_does_not_exist_in_another()
    {
        var order = await _shopper.OrderAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/orders/" + order.GetProperty("id").GetString());
        request.Headers.Add("X-Order-Token", order.GetProperty("access_token").GetString());
        request.Headers.Add("X-Store", "dakarcafe");
        using var answer = await app.Http.SendAsync(request);
        await answer.ProblemAsync(404, "order_not_found");
    }

    [Fact]
    public async Task The_same_key_and_body_give_the_same_answer_byte_for_byte()
    {
        var body = _shopper.OrderBody(Shopper.VariantOf(await _shopper.AnyProductAsync()));
        var key = Guid.NewGuid().ToString();
        using var first = await _shopper.PlaceAsync(body, key);
        using var second = await _shopper.PlaceAsync(body, key);
        Assert.Equal(HttpStatusCode.Created, second.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.False(first.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal("true", second.Headers.GetValues("Idempotent-Replayed").Single());
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        var variant = Shopper.VariantOf(await _shopper.AnyProductAsync(2), 2);
        var key = Guid.NewGuid().ToString();
        using var first = await _shopper.PlaceAsync(_shopper.OrderBody(variant, 1), key);
        using var second = await _shopper.PlaceAsync(_shopper.OrderBody(variant, 2), key);
        await second.ProblemAsync(422, "idempotency_key_reused");
    }

    [Theory]
    [InlineData(null, "idempotency_key_required"), InlineData("", "idempotency_key_required"), InlineData("a\tb", "idempotency_key_invalid")]
    public async Task Without_a_usable_key_nothing_happens(string? key, string code)
    {
        var before = await OrderCountAsync();
        using var answer = await _shopper.PostAsync("/api/v1/orders", _shopper.OrderBody(Shopper.VariantOf(await _shopper.AnyProductAsync())), key);
        await answer.ProblemAsync(400, code);
        Assert.Equal(before, await OrderCountAsync());
    }

    [Fact]
    public async Task A_key_of_256_characters_is_refused()
    {
        using var answer = await _shopper.PlaceAsync(_shopper.OrderBody("x"), new string('k', 256));
        await answer.ProblemAsync(400, "idempotency_key_invalid");
    }

    [Fact]
    public async Task Many_calls_with_one_key_at_once_make_one_order()
    {
        var body = _shopper.OrderBody(Shopper.VariantOf(await _shopper.AnyProductAsync()));
        var key = Guid.NewGuid().ToString();
        var before = await OrderCountAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            using var answer = await _shopper.PlaceAsync(body, key);
            return (answer.StatusCode, Body: await answer.Content.ReadAsStringAsync());
        }));
        Assert.Equal(before + 1, await OrderCountAsync());
        Assert.All(answers, a => Assert.Contains(a.StatusCode, new[] { HttpStatusCode.Created, HttpStatusCode.Conflict }));
        Assert.Single(answers.Where(a => a.StatusCode == HttpStatusCode.Created).Select(a => a.Body).Distinct(StringComparer.Ordinal));
    }

    public static TheoryData<string, string, int, string, string?> BadOrders => new()
    {
        { "zero quantity", """{"items":[{"variant_id":"$V","quantity":0}],$C}""", 422, "validation_failed", "items[0].quantity" },
        { "negative quantity", """{"items":[{"variant_id":"$V","quantity":-1}],$C}""", 422, "validation_failed", "items[0].quantity" },
        { "huge quantity", """{"items":[{"variant_id":"$V","quantity":2147483647}],$C}""", 422, "validation_failed", "items[0].quantity" },
        { "no quantity", """{"items":[{"variant_id":"$V"}],$C}""", 422, "validation_failed", "items[0].quantity" },
        { "quantity beyond 32 bits", """{"items":[{"variant_id":"$V","quantity":99999999999}],$C}""", 400, "malformed_json", null },
        { "quantity as text", """{"items":[{"variant_id":"$V","quantity":"1"}],$C}""", 400, "malformed_json", null },
        { "unknown variant", """{"items":[{"variant_id":"var_01h455vb4pex5vsknk084sn02q","quantity":1}],$C}""", 422, "product_not_found", "items[0].variant_id" },
        { "unknown product", """{"items":[{"product_id":"prd_01h455vb4pex5vsknk084sn02q","quantity":1}],$C}""", 422, "product_not_found", "items[0].product_id" },
        { "rubbish as id", """{"items":[{"product_id":"' or 1=1 --","quantity":1}],$C}""", 422, "product_not_found", "items[0].product_id" },
        { "no items", """{"items":[],$C}""", 422, "validation_failed", "items" },
        { "null item", """{"items":[null],$C}""", 422, "validation_failed", "items[0]" },
        { "wrong currency", """{"items":[{"variant_id":"$V","quantity":1}],$C,"currency":"USD"}""", 422, "currency_not_supported", "currency" },
        { "FCFA", """{"items":[{"variant_id":"$V","quantity":1}],$C,"currency":"FCFA"}""", 422, "currency_not_supported", "currency" },
        { "no customer", """{"items":[{"variant_id":"$V","quantity":1}],"shipping_address":{"city":"Douala","country":"CM","phone":"+237670000001"}}""", 422, "validation_failed", "customer" },
        { "unreachable customer", """{"items":[{"variant_id":"$V","quantity":1}],"customer":{"full_name":"A"},"shipping_address":{"city":"D","country":"CM","phone":"670000001"}}""", 422, "validation_failed", "customer" },
        { "header injection in e-mail", """{"items":[{"variant_id":"$V","quantity":1}],"customer":{"full_name":"A","email":"a@b.c\r\nBcc: x@y.z"},"shipping_address":{"city":"D","country":"CM","phone":"670000001"}}""", 422, "validation_failed", "customer.email" },
        { "unknown country", """{"items":[{"variant_id":"$V","quantity":1}],"customer":{"full_name":"A","email":"a@b.cd"},"shipping_address":{"city":"D","country":"XX","phone":"670000001"}}""", 422, "validation_failed", "shipping_address.country" },
        { "cut off", """{"items":[{"variant_id":"$V","quantity":1}""", 400, "malformed_json", null },
        { "no object", "[]", 400, "malformed_json", null },
        { "null", "null", 400, "malformed_json", null },
        { "nothing", "", 400, "malformed_json", null },
        { "deep", new string('[', 200), 400, "malformed_json", null },
        { "the same member twice", """{"items":[{"variant_id":"$V","quantity":1,"quantity":2}],$C}""", 400, "malformed_json", null },
    };

    [Theory, MemberData(nameof(BadOrders))]
    public async Task A_bad_order_gets_a_precise_answer_and_changes_nothing(string what, string json, int status, string code, string? field)
    {
        Assert.NotEmpty(what);
        var variant = Shopper.VariantOf(await _shopper.AnyProductAsync());
        var body = json.Replace("$V", variant, StringComparison.Ordinal).Replace(
            "$C",
            "\"customer\":{\"full_name\":\"A\",\"email\":\"a@b.cd\"},\"shipping_address\":{\"city\":\"Douala\",\"country\":\"CM\",\"phone\":\"+237670000001\"}",
            StringComparison.Ordinal);
        var before = await OrderCountAsync();
        using var answer = await _shopper.PostAsync("/api/v1/orders", new StringContent(body, Encoding.UTF8, "application/json"), Guid.NewGuid().ToString());
        var problem = await answer.ProblemAsync(status, code);
        if (field is not null)
        {
            Assert.True(problem.GetProperty("errors").TryGetProperty(field, out var messages), problem.ToString());
            Assert.NotEqual(0, messages.GetArrayLength());
        }

        Assert.Equal(before, await OrderCountAsync());
    }

    [Fact]
    public async Task An_oversized_body_is_refused()
    {
        using var answer = await _shopper.PostAsync(
            "/api/v1/orders", new StringContent($$"""{"notes":"{{new string('x', 70_000)}}"}""", Encoding.UTF8, "application/json"), "k");
        await answer.ProblemAsync(413, "body_too_large");
    }

    [Fact]
    public async Task What_is_not_JSON_is_refused()
    {
        using var answer = await _shopper.PostAsync("/api/v1/orders", new StringContent("a=b", Encoding.UTF8, "application/x-www-form-urlencoded"), "k");
        await answer.ProblemAsync(415, "unsupported_media_type");
    }

    [Fact]
    public async Task Problems_speak_French_to_those_who_ask()
    {
        using var answer = await new Shopper(app.Http, language: "fr-SN,fr;q=0.9,en;q=0.5").PlaceAsync(_shopper.OrderBody("var_x", 0));
        var problem = await answer.ProblemAsync(422, "validation_failed");
        Assert.Equal("doit être de 1 à 10000", problem.GetProperty("errors").GetProperty("items[0].quantity")[0].GetString());
    }

    [Fact]
    public async Task Two_hundred_buyers_of_ten_pieces_make_ten_orders()
    {
        var product = await _shopper.AnyProductAsync();
        var variant = Shopper.VariantOf(product);
        var id = await StockRowAsync(variant);
        await app.Database.ExecuteAsync($"update catalog.stock set on_hand = reserved + 10 where variant_id = '{id}'");
        var results = new ConcurrentBag<(HttpStatusCode Status, string Body)>();
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (_, ct) =>
        {
            using var answer = await _shopper.PlaceAsync(_shopper.OrderBody(variant));
            results.Add((answer.StatusCode, await answer.Content.ReadAsStringAsync(ct)));
        });
        Assert.Equal(10, results.Count(r => r.Status == HttpStatusCode.Created));
        Assert.All(results.Where(r => r.Status != HttpStatusCode.Created), r =>
        {
            Assert.Equal(HttpStatusCode.Conflict, r.Status);
            Assert.Equal("out_of_stock", JsonElement.Parse(r.Body).GetProperty("code").GetString());
        });
        Assert.Equal(0, await app.Database.ScalarAsync<int>($"select on_hand - reserved from catalog.stock where variant_id = '{id}'"));
        Assert.Equal(
            await app.Database.ScalarAsync<int>($"select reserved from catalog.stock where variant_id = '{id}'"),
            (int)await app.Database.ScalarAsync<long>($"select sum(quantity) from catalog.reservations where variant_id = '{id}' and status <> 'released'"));
    }

    [Fact]
    public async Task Two_lines_of_one_variant_are_summed_before_stock_is_taken()
    {
        var variant = Shopper.VariantOf(await _shopper.AnyProductAsync());
        var id = await StockRowAsync(variant);
        await app.Database.ExecuteAsync($"update catalog.stock set on_hand = reserved + 3 where variant_id = '{id}'");
        var body = _shopper.OrderBody(variant);
        body["items"] = new[] { new { variant_id = variant, quantity = 2 }, new { variant_id = variant, quantity = 2 } };
        using var answer = await _shopper.PlaceAsync(body);
        var problem = await answer.ProblemAsync(409, "out_of_stock");
        Assert.Equal(4, problem.GetProperty("lines")[0].GetProperty("requested").GetInt32());
        Assert.Equal(3, problem.GetProperty("lines")[0].GetProperty("available").GetInt32());
        Assert.Equal(3, await app.Database.ScalarAsync<int>($"select on_hand - reserved from catalog.stock where variant_id = '{id}'"));
    }

    [Fact]
    public async Task The_order_stands_when_its_payment_cannot_be_started()
    {
        var body = _shopper.OrderBody(Shopper.VariantOf(await _shopper.AnyProductAsync()));
        body["payment"] = new { method = "card" };
        using var answer = await _shopper.PlaceAsync(body);
        var order = await answer.JsonAsync(HttpStatusCode.Created);
        Assert.Equal("payment_method_not_available", order.GetProperty("payment").GetProperty("code").GetString());
        Assert.Equal("pending", (await _shopper.ReadOrderAsync(order)).GetProperty("status").GetString());
    }

    private Task<long> OrderCountAsync() => app.Database.ScalarAsync<long>("select count(*) from orders.orders");

    private static Task<Guid> StockRowAsync(string variant) =>
        Task.FromResult(Mallgram.Kernel.Ids.PublicId.TryParse("var", variant, out var id) ? id : throw new InvalidOperationException(variant));
}
