using System.Globalization;
using Mallgram.Benchmarks.Data;
using Mallgram.Benchmarks.Load;

namespace Mallgram.Benchmarks.Cases;

/// <summary>Search with eight readers: rare and common words, two words, typing errors, French with and without accents.</summary>
internal static class Search
{
    private const int Connections = 8;
    private const double SlowestMilliseconds = 150;

    public static async Task RunAsync(Bench bench)
    {
        await using var api = await ProductDetail.ApiAsync(await bench.ShopAsync(), cache: false);
        await MeasureAsync(bench, api, "search", _ => "mallgram", 0);
        await MeasureAsync(bench, api, "search, one of many stores", n => string.Create(
            CultureInfo.InvariantCulture, $"bench-{(n % bench.Options.OtherStores) + 1}"), 1_000_000);
    }

    private static async Task MeasureAsync(Bench bench, ChildProcess api, string name, Func<int, string> store, int from)
    {
        await RunAsync(from);
        var rounds = new List<LoadResult>();
        for (var round = 0; round < bench.Options.Pairs; round++)
        {
            // Other queries each time, so that no cache of results helps.
            rounds.Add(await RunAsync(from + 100_000 * (round + 1)));
        }

        // Which kind is slow, on its own.
        var kinds = new List<string>();
        for (var kind = 0; kind < Goods.Queries.Length; kind++)
        {
            var result = await RunAsync(((from + 600_000) / Goods.Queries.Length * Goods.Queries.Length) + kind, Goods.Queries.Length);
            kinds.Add(string.Create(CultureInfo.InvariantCulture, $"{Goods.Queries[kind]} {result.Percentile(95):0}"));
        }

        var p95 = Spread.Of([.. rounds.Select(r => r.Percentile(95))]);
        bench.Report.Add(new Line(
            name,
            string.Create(CultureInfo.InvariantCulture, $"p95 {p95.Median:0} ms ({p95.Least:0}–{p95.Most:0})"), "",
            Ratio: null, "< 150 ms", p95.Median < SlowestMilliseconds,
            string.Create(
                CultureInfo.InvariantCulture,
                $"p50 {Spread.Of([.. rounds.Select(r => r.Percentile(50))]).Median:0.0} ms, {Spread.Of([.. rounds.Select(r => r.PerSecond)]).Median:0} searches/s, {bench.Options.Products} products; p95 on its own, ms: {string.Join(", ", kinds)}")));

        async Task<LoadResult> RunAsync(int first, int step = 1)
        {
            var result = await RawLoad.RunAsync(api.Address, Connections, bench.Options.Slice, n => RawLoad.Get(
                api.Address, "/api/v1/products?limit=24&q=" + Uri.EscapeDataString(Goods.Query(first + (n * step))), "X-Store: " + store(n)));
            return result.Statuses.Keys.All(s => s == 200)
                ? result
                : throw new InvalidOperationException($"{name}: {string.Join(", ", result.Statuses)}");
        }
    }
}
