using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Api;

public sealed class ContractTests(MallgramApp app) : IClassFixture<MallgramApp>
{
    /// <summary>Set to write the snapshot instead of comparing; then read the difference before committing it.</summary>
    private const string UpdateVariable = "MALLGRAM_UPDATE_SNAPSHOTS";

    [Fact]
    public async Task The_OpenAPI_document_is_the_reviewed_one()
    {
        var document = JsonNode.Parse(await app.Http.GetStringAsync("/openapi/v1.json"))!;
        var text = document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }).ReplaceLineEndings("\n") + "\n";
        var snapshot = Path.Combine(SourceFolder(), "Api", "openapi.v1.json");
        if (Environment.GetEnvironmentVariable(UpdateVariable) is not null)
        {
            await File.WriteAllTextAsync(snapshot, text);
        }

        Assert.True(
            (await File.ReadAllTextAsync(snapshot)).ReplaceLineEndings("\n") == text,
            $"The contract changed. Run the test with {UpdateVariable}=1 and review the difference of {snapshot}.");
    }

    [Theory]
    [InlineData("/api/v1/nothing", 404, "not_found"), InlineData("/nothing", 404, "not_found")]
    [InlineData("/api/v1/products?limit=0", 422, "validation_failed"), InlineData("/api/v1/products?limit=101", 422, "validation_failed")]
    [InlineData("/api/v1/products?sort=sideways", 422, "validation_failed"), InlineData("/api/v1/products?cursor=rubbish", 400, "cursor_invalid")]
    [InlineData("/api/v1/products?min_price=abc", 422, "validation_failed")]
    [InlineData("/api/v1/products/prd_01h455vb4pex5vsknk084sn02q", 404, "product_not_found")]
    [InlineData("/api/v1/admin/orders", 401, "unauthenticated"), InlineData("/health/detailed", 401, "unauthenticated")]
    public async Task Reads_that_cannot_be_served_say_why(string path, int status, string code)
    {
        using var answer = await app.Http.GetAsync(path);
        await answer.ProblemAsync(status, code);
    }

    [Fact]
    public async Task An_unknown_store_is_not_found()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/products") { Headers = { { "X-Store", "atlantis" } } };
        using var answer = await app.Http.SendAsync(request);
        await answer.ProblemAsync(404, "store_not_found");
    }

    [Fact]
    public async Task The_wrong_method_is_named_as_such()
    {
        using var answer = await app.Http.DeleteAsync("/api/v1/orders");
        await answer.ProblemAsync(405, "method_not_allowed");
    }

    [Fact]
    public async Task Health_is_told_without_details_and_in_detail_to_staff()
    {
        using var open = await app.Http.GetAsync("/health");
        var health = await open.JsonAsync(HttpStatusCode.OK);
        Assert.Equal("healthy", health.GetProperty("status").GetString());
        using var staff = await app.SignInStaffAsync();
        using var detailed = await staff.GetAsync("/health/detailed");
        var parts = (await detailed.JsonAsync(HttpStatusCode.OK)).GetProperty("parts").EnumerateArray().Select(p => p.GetProperty("name").GetString());
        Assert.Contains("database", parts);
    }

    [Fact]
    public async Task Staff_of_one_store_are_strangers_in_another()
    {
        using var staff = await app.SignInStaffAsync("mallgram");
        staff.DefaultRequestHeaders.Remove("X-Store");
        staff.DefaultRequestHeaders.Add("X-Store", "dakarcafe");
        using var answer = await staff.GetAsync("/api/v1/admin/orders");
        await answer.ProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task Staff_see_orders_with_their_payments_and_history()
    {
        var shopper = new Shopper(app.Http);
        var order = await shopper.OrderAsync();
        using var started = await shopper.PayAsync(order);
        await started.JsonAsync(HttpStatusCode.Created);
        await shopper.UntilOrderAsync(order, "paid");
        using var staff = await app.SignInStaffAsync();
        using var list = await staff.GetAsync("/api/v1/admin/orders?status=paid&limit=1");
        var page = await list.JsonAsync(HttpStatusCode.OK);
        Assert.Equal("paid", page.GetProperty("data")[0].GetProperty("status").GetString());
        using var rubbish = await staff.GetAsync("/api/v1/admin/orders?cursor=zzz");
        await rubbish.ProblemAsync(400, "cursor_invalid");
        using var one = await staff.GetAsync("/api/v1/admin/orders/" + order.GetProperty("id").GetString());
        var detail = await one.JsonAsync(HttpStatusCode.OK);
        Assert.Equal(["pending", "paid"], detail.GetProperty("history").EnumerateArray().Select(h => h.GetProperty("to").GetString()!));
        Assert.Equal("succeeded", detail.GetProperty("payments")[0].GetProperty("status").GetString());
    }

    private static string SourceFolder([System.Runtime.CompilerServices.CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, ".."));
}
