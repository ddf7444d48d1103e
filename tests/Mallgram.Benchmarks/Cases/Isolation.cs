using Mallgram.Benchmarks.Load;

namespace Mallgram.Benchmarks.Cases;

/// <summary>
/// What row-level security costs: two endpoints that differ in nothing but the login they read as and in sending the store along. Both name
/// the store in their statements, as a program without row-level security must.
/// </summary>
internal static class Isolation
{
    private const double Least = 0.90;

    public static async Task RunAsync(Bench bench)
    {
        var shop = await bench.ShopAsync();
        var id = await ProductDetail.ProductAsync(bench, shop);
        await using var server = await ProductDetail.BareAsync(shop);
        bench.Report.Add(await Http.CompareAsync(
            bench, "isolation, product", new Target(server, $"/walled/{id}"), new Target(server, $"/bare/{id}"), Least, bench.PostgresId));
        bench.Report.Add(await Http.CompareAsync(
            bench, "isolation, list of 24", new Target(server, "/walled-list"), new Target(server, "/bare-list"), Least, bench.PostgresId));
    }
}
