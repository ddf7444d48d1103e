using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Mallgram.Tests.Integration.Support;

/// <summary>A guest at the shop's public API.</summary>
internal sealed class Shopper(HttpClient http, string store = "mallgram", string language = "en")
{
    public string Email { get; } = $"buyer-{Guid.NewGuid():N}@example.org";

    public async Task<JsonElement> AnyProductAsync(int needed = 1)
    {
        var list = await GetAsync("/api/v1/products?in_stock=true&limit=100&sort=newest");
        foreach (var product in list.GetProperty("data").EnumerateArray())
        {
            var detail = await GetAsync("/api/v1/products/" + product.GetProperty("id").GetString());
            if (detail.GetProperty("variants").EnumerateArray().Any(v => v.GetProperty("available").GetInt32() >= needed))
            {
                return detail;
            }
        }

        throw new InvalidOperationException($"No product with {needed} in stock.");
    }

    public static string VariantOf(JsonElement product, int needed = 1) =>
        product.GetProperty("variants").EnumerateArray().First(v => v.GetProperty("available").GetInt32() >= needed).GetProperty("id").GetString()!;

    public Dictionary<string, object?> OrderBody(string variantId, int quantity = 1) => new(StringComparer.Ordinal)
    {
        ["items"] = new[] { new { variant_id = variantId, quantity } },
        ["customer"] = new { email = Email, phone = "+27820000001", full_name = "Thandi Mbeki" },
        ["shipping_address"] = new { landmark = "Behind the blue mosque", city = "Douala", country = "CM", phone = "+237670000001" },
    };

    public Task<HttpResponseMessage> PlaceAsync(object body, string? key = null) => PostAsync("/api/v1/orders", body, key ?? Guid.NewGuid().ToString());

    public async Task<JsonElement> OrderAsync(int quantity = 1)
    {
        // Of something plentiful: other shoppers buy at the same moment, and a page may be half a second old.
        var plenty = quantity + 60;
        var product = await AnyProductAsync(plenty);
        using var answer = await PlaceAsync(OrderBody(VariantOf(product, plenty), quantity));
        return await answer.JsonAsync(HttpStatusCode.Created);
    }

    public Task<HttpResponseMessage> PayAsync(JsonElement order, string phone = "+27820000001", string? key = null) => PostAsync(
        "/api/v1/payments/initialize",
        new { order_id = order.GetProperty("id").GetString(), method = "mobile_money", gateway = "mtn_momo", phone },
        key ?? Guid.NewGuid().ToString());

    public async Task<JsonElement> ReadOrderAsync(JsonElement order)
    {
        using var request = Request(HttpMethod.Get, "/api/v1/orders/" + order.GetProperty("id").GetString());
        request.Headers.Add("X-Order-Token", order.GetProperty("access_token").GetString());
        using var answer = await http.SendAsync(request);
        return await answer.JsonAsync(HttpStatusCode.OK);
    }

    public Task<JsonElement> ReadPaymentAsync(JsonElement payment) => GetAsync("/api/v1/payments/status/" + payment.GetProperty("id").GetString());

    public Task<JsonElement> UntilPaymentAsync(JsonElement payment, string status) => UntilAsync(
        $"payment {status}", () => ReadPaymentAsync(payment), p => p.GetProperty("status").GetString() == status);

    public Task<JsonElement> UntilOrderAsync(JsonElement order, string status) => UntilAsync(
        $"order {status}", () => ReadOrderAsync(order), o => o.GetProperty("status").GetString() == status);

    public async Task<JsonElement> GetAsync(string path)
    {
        using var request = Request(HttpMethod.Get, path);
        using var answer = await http.SendAsync(request);
        return await answer.JsonAsync(HttpStatusCode.OK);
    }

    public async Task<HttpResponseMessage> PostAsync(string path, object? body, string? key = null)
    {
        using var request = Request(HttpMethod.Post, path);
        request.Content = body as HttpContent ?? JsonContent.Create(body);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return await http.SendAsync(request);
    }

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Add("X-Store", store);
        request.Headers.Add("Accept-Language", language);
        return request;
    }

    private static async Task<JsonElement> UntilAsync(string what, Func<Task<JsonElement>> read, Func<JsonElement, bool> condition) =>
        (await Eventually.GetAsync(what, async () => await read() is var found && condition(found) ? new Box(found) : null)).Value;

    private sealed record Box(JsonElement Value);
}

internal static class Answers
{
    /// <summary>The JSON body, after checking the status; a failure shows the body.</summary>
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage answer, HttpStatusCode expected)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == expected, $"{(int)answer.StatusCode} instead of {(int)expected}: {text}");
        return JsonElement.Parse(text);
    }

    /// <summary>Checks that an answer is a problem of the contract and returns it.</summary>
    public static async Task<JsonElement> ProblemAsync(this HttpResponseMessage answer, int status, string code)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode} instead of {status}: {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(text);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrWhiteSpace(problem.GetProperty("title").GetString()));
        Assert.False(string.IsNullOrWhiteSpace(problem.GetProperty("detail").GetString()));
        Assert.False(string.IsNullOrWhiteSpace(problem.GetProperty("request_id").GetString()));
        return problem;
    }
}
