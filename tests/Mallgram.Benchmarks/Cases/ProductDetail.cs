using Mallgram.Benchmarks.Data;
using Mallgram.Benchmarks.Load;
using Mallgram.Kernel.Ids;

namespace Mallgram.Benchmarks.Cases;

/// <summary>A product's page through the whole stack (store, walls, prices, stock, ETag) against a bare endpoint on the same row.</summary>
internal static class ProductDetail
{
    public static async Task RunAsync(Bench bench)
    {
        var shop = await bench.ShopAsync();
        var id = await ProductAsync(bench, shop);
        await using var bare = await BareAsync(shop);
        var ceiling = new Target(bare, $"/bare/{id}");
        await using (var api = await ApiAsync(shop, cache: true))
        {
            bench.Report.Add(await Http.CompareAsync(bench, "product-detail", On(api, id), ceiling, 0.80, bench.PostgresId));
        }

        await using (var api = await ApiAsync(shop, cache: false))
        {
            bench.Report.Add(await Http.CompareAsync(bench, "product-detail, cache off", On(api, id), ceiling, least: null, bench.PostgresId));
        }
    }

    public static Target On(ChildProcess api, Guid id, params string[] headers) =>
        new(api, "/api/v1/products/" + PublicId.Format(PublicId.Product, id), headers);

    /// <summary>One from the middle, with two variants.</summary>
    public static Task<Guid> ProductAsync(Bench bench, BenchDatabase shop) => shop.ScalarAsync<Guid>(
        $"""
        select p.id from catalog.products p
        where p.store_id = '{BenchDatabase.Store}' and p.supplier = '{Goods.Supplier}' and p.review_count % 2 = 1
          and p.external_id >= '{Goods.Id(bench.Options.Products / 2)}' order by p.external_id limit 1
        """);

    public static Task<ChildProcess> ApiAsync(BenchDatabase database, bool cache, string role = "serve-api") => ChildProcess.ServeAsync(
        role, "/api/v1/products?limit=1", [.. database.ServiceArgs, $"--Catalog:Cache:Enabled={cache}"]);

    public static Task<ChildProcess> BareAsync(BenchDatabase database, string? staticJson = null) => ChildProcess.ServeAsync(
        "serve-bare", "/static",
        [$"--Database={database.Administrator}", $"--Walled={database.App}", $"--Store={BenchDatabase.Store}", .. staticJson is null ? (string[])[] : [$"--StaticJson={staticJson}"]]);
}
