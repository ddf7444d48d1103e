using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Kernel.Ids;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>An empty catalogue; every change of rule, market or rate is followed to the end of its repricing.</summary>
public sealed class PricingApp : MallgramApp
{
    protected override bool Synchronised => false;

    /// <summary>Waits until all prices follow what was changed last.</summary>
    public Task UntilRepricedAsync() => Eventually.HoldsAsync("repriced", () => Database.ScalarAsync<bool>(
        $"select exists (select from catalog.repricings where store_id = '{ImportedProducts.DefaultStore}' and done = wanted and working_on is null)"));

    public async Task<JsonElement> SendAsync(HttpClient staff, HttpMethod method, string path, object? body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, new Uri(Http.BaseAddress!, "/api/v1/admin" + path)) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await staff.SendAsync(request);
        if (expected == HttpStatusCode.NoContent)
        {
            Assert.Equal(expected, answer.StatusCode);
            return default;
        }

        return await answer.JsonAsync(expected);
    }

    public async Task<JsonElement> ProblemAsync(HttpClient staff, HttpMethod method, string path, object? body, int status, string code)
    {
        using var request = new HttpRequestMessage(method, new Uri(Http.BaseAddress!, "/api/v1/admin" + path)) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await staff.SendAsync(request);
        return await answer.ProblemAsync(status, code);
    }

    public async Task<string> ProductIdAsync(string externalId) => PublicId.Format(PublicId.Product, await Database.ScalarAsync<Guid>(
        $"select id from catalog.products where supplier = '{ImportedProducts.Supplier}' and external_id = '{externalId}'"));

    /// <returns>Null when there is no such row.</returns>
    public async Task<long?> AmountAsync(Guid variant, string currency = "ZAR", int quantity = 1) =>
        await Database.ScalarAsync<long>(
            $"select coalesce((select amount from catalog.prices where variant_id = '{variant}' and currency = '{currency}' and min_quantity = {quantity}), -1)")
            is var amount and >= 0 ? amount : null;
}
