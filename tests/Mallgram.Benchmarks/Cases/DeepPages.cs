using System.Globalization;
using System.Text.Json;
using Mallgram.Benchmarks.Load;

namespace Mallgram.Benchmarks.Cases;

/// <summary>Page 1,000 of a list against its first page, one reader at a time.</summary>
internal static class DeepPages
{
    private const int Page = 1_000;
    private const int PageSize = 10;

    public static async Task RunAsync(Bench bench)
    {
        await using var api = await ProductDetail.ApiAsync(await bench.ShopAsync(), cache: false);
        foreach (var sort in (string[])["newest", "price"])
        {
            var first = $"/api/v1/products?limit={PageSize}&sort={sort}";
            var deep = first + "&cursor=" + Uri.EscapeDataString(await CursorAsync(api, first));
            var ratios = new List<double>();
            var (near, far) = (new List<double>(), new List<double>());
            await MedianAsync(bench, api, first);
            await MedianAsync(bench, api, deep);
            for (var pair = 0; pair < bench.Options.Pairs; pair++)
            {
                far.Add(await MedianAsync(bench, api, deep));
                near.Add(await MedianAsync(bench, api, first));
                ratios.Add(far[^1] / near[^1]);
            }

            var ratio = Spread.Of(ratios);
            bench.Report.Add(new Line(
                $"deep-pages, sort {sort}",
                string.Create(CultureInfo.InvariantCulture, $"page {Page}: {Spread.Of(far).Median:0.00} ms"),
                string.Create(CultureInfo.InvariantCulture, $"page 1: {Spread.Of(near).Median:0.00} ms"),
                ratio, "<= 1.20", ratio.Median <= 1.20));
        }
    }

    private static async Task<double> MedianAsync(Bench bench, ChildProcess api, string path)
    {
        var request = RawLoad.Get(api.Address, path);
        var result = await RawLoad.RunAsync(api.Address, connections: 1, bench.Options.Slice / 2, _ => request);
        return result.Statuses.Keys.All(s => s == 200)
            ? result.Percentile(50)
            : throw new InvalidOperationException($"{path}: {string.Join(", ", result.Statuses)}");
    }

    /// <summary>Goes there as a reader would, in larger steps.</summary>
    private static async Task<string> CursorAsync(ChildProcess api, string first)
    {
        using var http = new HttpClient { BaseAddress = api.Address };
        string? cursor = null;
        var left = (Page - 1) * PageSize;
        while (left > 0)
        {
            var step = Math.Min(100, left);
            var path = first.Replace($"limit={PageSize}", $"limit={step}", StringComparison.Ordinal)
                + (cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor));
            using var page = JsonDocument.Parse(await http.GetByteArrayAsync(new Uri(path, UriKind.Relative)));
            cursor = page.RootElement.GetProperty("next_cursor").GetString() ?? throw new InvalidOperationException("The store has too few products.");
            left -= step;
        }

        return cursor!;
    }
}
