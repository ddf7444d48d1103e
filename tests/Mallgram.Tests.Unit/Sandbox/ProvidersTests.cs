using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Kernel;
using Mallgram.Sandbox;
using Mallgram.Sandbox.Alibaba;
using Mallgram.Sourcing.OpenPlatform;
using Microsoft.AspNetCore.Builder;

namespace Mallgram.Tests.Unit.Sandbox;

/// <summary>Alibaba, exchange rates and pictures over HTTP, as their clients see them.</summary>
public sealed class ProvidersTests : IAsyncLifetime
{
    private readonly WebApplication _app = SandboxApp.Build(
        ["--environment=Development", "--urls=http://127.0.0.1:0", "--Sandbox:SmtpPort=0", "--Sandbox:CatalogueSize=20", "--Sandbox:WholesaleSize=45"]);

    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        await _app.StartAsync();
        _http = new HttpClient { BaseAddress = SandboxApp.Address(_app) };
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task Product_lists_have_pages_from_zero_and_a_total_as_text()
    {
        var token = await TokenAsync();
        var ids = new List<long>();
        for (var index = 0; index < 3; index++)
        {
            var result = (await ListAsync(token, index)).GetProperty("result");
            Assert.Equal(("200", "45"), (result.GetProperty("result_code").GetString(), result.GetProperty("result_total").GetString()));
            ids.AddRange(result.GetProperty("result_data").EnumerateArray().Select(i => i.GetInt64()));
        }

        Assert.Equal((45, 45), (ids.Count, ids.Distinct().Count()));
    }

    [Fact]
    public async Task Every_number_of_a_product_is_text_and_its_smallest_order_is_at_least_two()
    {
        var token = await TokenAsync();
        foreach (var id in (await ListAsync(token, 0)).GetProperty("result").GetProperty("result_data").EnumerateArray())
        {
            var answer = await DescribeAsync(token, id.GetRawText());
            Assert.Equal("0", answer.GetProperty("code").GetString());
            Assert.DoesNotContain(Leaves(answer), l => l.ValueKind == JsonValueKind.Number);
            foreach (var sku in answer.GetProperty("result").GetProperty("result_data").GetProperty("skus").EnumerateArray())
            {
                var steps = sku.GetProperty("ladder_price").EnumerateArray().Select(s => Whole(s, "min_quantity")).ToList();
                Assert.True(steps[0] >= 2 && steps.SequenceEqual(steps.Order()), string.Join(',', steps));
            }
        }
    }

    [Fact]
    public async Task Refusals_have_their_codes()
    {
        var token = await TokenAsync();
        Assert.Equal("IllegalAccessToken", Code(await ListAsync("nonsense", 0)));
        Assert.Equal("MissingParameter", Code(await CallAsync("/eco/buyer/product/check", token)));
        Assert.Equal("InvalidApiPath", Code(await CallAsync("/eco/buyer/nothing", token)));
        Assert.Equal("IncompleteSignature", Code(await CallAsync("/auth/token/create", null, secret: "wrong", parameters: ("code", "3_600001_x"))));
        Assert.Equal("130106", ResultCode(await DescribeAsync(token, "7")));
        Assert.Equal("400", ResultCode(await CallAsync("/eco/buyer/product/description", token, parameters: ("query_req", """{"product_id":"1601000000001"}"""))));
        Assert.Equal("400", ResultCode(await CallAsync("/eco/buyer/product/check", token, parameters: ("query_req", "[1"))));
    }

    [Fact]
    public async Task A_clock_that_is_three_hours_off_refuses_every_call()
    {
        await ControlAsync("alibaba", new { action = "clock_skew", minutes = 180 });
        Assert.Equal("IllegalTimestamp", Code(await CallAsync("/auth/token/create", null, parameters: ("code", "3_600001_x"))));
        await ControlAsync("alibaba", new { action = "reset" });
        Assert.Equal("0", Code(await CallAsync("/auth/token/create", null, parameters: ("code", "3_600001_x"))));
    }

    [Theory]
    [InlineData("""{"action":"fail_next"}""", "15"), InlineData("""{"action":"rate_limit","ms":60000}""", "ApiCallLimit")]
    [InlineData("""{"action":"quota","per_day":1}""", "AppCallLimit")]
    public async Task Controls_make_it_fail_in_its_own_words(string control, string code)
    {
        var token = await TokenAsync();
        using var answer = await _http.PostAsync("/control/alibaba", new StringContent(control, System.Text.Encoding.UTF8, "application/json"));
        answer.EnsureSuccessStatusCode();
        // The token was today's first call.
        var seen = Code(await ListAsync(token, 0));
        Assert.Equal(code, seen == "0" ? Code(await ListAsync(token, 0)) : seen);
    }

    [Fact]
    public async Task Delisted_repriced_and_spoilt_items_say_so()
    {
        var token = await TokenAsync();
        var before = await DescribeAsync(token, "1601000000001");
        await ControlAsync("alibaba", new { action = "price_change", percent = 100, factor = 2 });
        var after = await DescribeAsync(token, "1601000000001");
        Assert.Equal(2 * FirstPrice(before), FirstPrice(after));
        await ControlAsync("alibaba", new { action = "delist", product_id = 1601000000001 });
        Assert.Equal("44", (await ListAsync(token, 0)).GetProperty("result").GetProperty("result_total").GetString());
        Assert.Equal("PRODUCT_OFFLINE", Data(await DescribeAsync(token, "1601000000001")).GetProperty("status").GetString());
        foreach (var kind in Mallgram.Sandbox.OpenPlatform.ItemChanges.RubbishKinds)
        {
            await ControlAsync("alibaba", new { action = "rubbish", kind, percent = 100 });
        }

        var spoilt = Data(await DescribeAsync(token, "1601000000002"));
        Assert.Contains("<script>", spoilt.GetProperty("title").GetString(), StringComparison.Ordinal);
        Assert.Contains(" - ", spoilt.GetProperty("wholesale_trade").GetProperty("price").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(_http.BaseAddress!.Authority, spoilt.GetProperty("main_image").GetString(), StringComparison.Ordinal);

        decimal FirstPrice(JsonElement answer) => decimal.Parse(
            Data(answer).GetProperty("skus")[0].GetProperty("ladder_price")[0].GetProperty("price").GetString()!, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Pictures_are_where_products_say_and_come_smaller_with_a_suffix()
    {
        var main = Data(await DescribeAsync(await TokenAsync(), "1601000000001")).GetProperty("main_image").GetString()!;
        foreach (var (suffix, status) in new[]
            {
                ("", HttpStatusCode.OK), ("_220x220.png", HttpStatusCode.OK), ("_50x50xz.png", HttpStatusCode.OK), ("_9999x9999.png", HttpStatusCode.NotFound),
                ("_x.png", HttpStatusCode.NotFound),
            })
        {
            using var answer = await _http.GetAsync(main + suffix);
            Assert.Equal(status, answer.StatusCode);
        }

        var (full, small) = ((await _http.GetByteArrayAsync(main)).Length, (await _http.GetByteArrayAsync(main + "_220x220.png")).Length);
        Assert.True(small < full, $"{small} {full}");
        using var unknown = await _http.GetAsync("/aliexpress/img/7-1.png");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Exchange_rates_cover_every_currency_we_know()
    {
        var answer = await _http.GetFromJsonAsync<JsonElement>("/openexchangerates/api/latest.json?app_id=sandbox-app-id");
        Assert.Equal("USD", answer.GetProperty("base").GetString());
        Assert.True(answer.GetProperty("timestamp").GetInt64() > 0);
        Assert.Equal(
            Currency.All.Select(c => c.Code).Order(StringComparer.Ordinal), answer.GetProperty("rates").EnumerateObject().Select(r => r.Name));
        Assert.All(answer.GetProperty("rates").EnumerateObject(), r => Assert.True(r.Value.GetDecimal() > 0));
    }

    [Theory]
    [InlineData("", 401, "missing_app_id"), InlineData("?app_id=wrong", 401, "invalid_app_id"), InlineData("?app_id=sandbox-app-id&base=FCFA", 400, "invalid_base")]
    public async Task Exchange_rates_refuse_in_their_own_words(string query, int status, string message)
    {
        using var answer = await _http.GetAsync("/openexchangerates/api/latest.json" + query);
        var error = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            (status, true, status, message),
            ((int)answer.StatusCode, error.GetProperty("error").GetBoolean(), error.GetProperty("status").GetInt32(), error.GetProperty("message").GetString()));
    }

    [Fact]
    public async Task A_rate_can_be_set_and_the_provider_can_fail()
    {
        await ControlAsync("rates", new { action = "set", currency = "ZAR", rate = 19.1 });
        const string zar = "/openexchangerates/api/latest.json?app_id=sandbox-app-id&symbols=ZAR";
        Assert.Equal(19.1m, (await _http.GetFromJsonAsync<JsonElement>(zar)).GetProperty("rates").GetProperty("ZAR").GetDecimal());
        await ControlAsync("rates", new { action = "fail" });
        using var failed = await _http.GetAsync(zar);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.StatusCode);
        await ControlAsync("rates", new { action = "garbage" });
        await Assert.ThrowsAsync<JsonException>(() => _http.GetFromJsonAsync<JsonElement>(zar));
        using var refused = await _http.PostAsJsonAsync("/control/rates", new { action = "set", currency = "FCFA", rate = 1 });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public void The_wholesale_catalogue_is_the_same_every_time()
    {
        Assert.Equal(Face(3), Face(3));
        Assert.NotEqual(Face(3), Face(4));

        static string Face(int seed) => JsonSerializer.Serialize(WholesaleCatalogue.Create(60, seed).Items.Select(
            i => new { i.Id, i.Title, Skus = i.Skus.Select(s => new { s.Id, s.Stock, s.Ladder }) }));
    }

    private async Task<string> TokenAsync() =>
        (await CallAsync("/auth/token/create", null, parameters: ("code", "3_600001_tests"))).GetProperty("access_token").GetString()!;

    private Task<JsonElement> ListAsync(string token, int index) => CallAsync(
        "/eco/buyer/product/check", token,
        parameters: ("query_req", $$"""{"scene_id":"906168847","index":{{index}},"size":20,"product_type":"common"}"""));

    private Task<JsonElement> DescribeAsync(string token, string id) => CallAsync(
        "/eco/buyer/product/description", token, parameters: ("query_req", $$"""{"product_id":"{{id}}","country":"ZA"}"""));

    private async Task<JsonElement> CallAsync(
        string path, string? token, string secret = "mallgram-secret", params (string Name, string Value)[] parameters)
    {
        var sent = parameters.ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        sent["app_key"] = "600001";
        sent["sign_method"] = "sha256";
        sent["timestamp"] = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        if (token is not null)
        {
            sent["access_token"] = token;
        }

        sent["sign"] = OpenPlatformSignature.Sha256(sent, secret, path);
        using var form = new FormUrlEncodedContent(sent);
        using var answer = await _http.PostAsync("/alibaba/rest" + path, form);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task ControlAsync(string provider, object change)
    {
        using var answer = await _http.PostAsJsonAsync("/control/" + provider, change);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static string? Code(JsonElement answer) => answer.GetProperty("code").GetString();

    private static string? ResultCode(JsonElement answer) => answer.GetProperty("result").GetProperty("result_code").GetString();

    private static JsonElement Data(JsonElement answer) => answer.GetProperty("result").GetProperty("result_data");

    private static int Whole(JsonElement parent, string name) => int.Parse(parent.GetProperty(name).GetString()!, CultureInfo.InvariantCulture);

    private static IEnumerable<JsonElement> Leaves(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(p => Leaves(p.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Leaves),
        _ => [element],
    };
}
