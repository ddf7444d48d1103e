using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Mallgram.Benchmarks.Data;
using Mallgram.Benchmarks.Load;

namespace Mallgram.Benchmarks.Cases;

/// <summary>Answers that need no database against static JSON from Kestrel, and how old such an answer can be after a price was written.</summary>
internal static class ProductCached
{
    private static readonly TimeSpan LongestAge = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(Bench bench)
    {
        var shop = await bench.ShopAsync();
        var id = await ProductDetail.ProductAsync(bench, shop);
        await using var api = await ProductDetail.ApiAsync(shop, cache: true);
        using var http = new HttpClient { BaseAddress = api.Address };
        using var answer = await http.GetAsync(new Uri(ProductDetail.On(api, id).Path, UriKind.Relative));
        answer.EnsureSuccessStatusCode();
        var file = Path.Combine(bench.Folder, "product.json");
        await File.WriteAllBytesAsync(file, await answer.Content.ReadAsByteArrayAsync());
        await using var bare = await ProductDetail.BareAsync(shop, file);
        var ceiling = new Target(bare, "/static");
        bench.Report.Add(await Http.CompareAsync(
            bench, "product-cached, 304", ProductDetail.On(api, id, "If-None-Match: " + answer.Headers.ETag), ceiling, 0.75, postgres: null));
        bench.Report.Add(await Http.CompareAsync(bench, "product-cached, 200", ProductDetail.On(api, id), ceiling, 0.75, postgres: null));
        await StalenessAsync(bench, shop, id, http);
    }

    /// <summary>The writer is another process than the reader, as a sync is.</summary>
    private static async Task StalenessAsync(Bench bench, BenchDatabase shop, Guid id, HttpClient http)
    {
        var n = int.Parse(await shop.ScalarAsync<string>($"select external_id from catalog.products where id = '{id}'"), CultureInfo.InvariantCulture);
        var path = new Uri("/api/v1/products/" + Kernel.Ids.PublicId.Format(Kernel.Ids.PublicId.Product, id), UriKind.Relative);
        await using var catalogue = Importer.Open(shop);
        var ages = new List<double>();
        for (var round = 0; round < (bench.Options.Quick ? 3 : 20); round++)
        {
            var before = await PriceAsync(http, path);
            await catalogue.ImportAsync([Goods.Product(n, priceShift: 1_000 * (round + 1))]);
            var written = Stopwatch.GetTimestamp();
            while (await PriceAsync(http, path) == before)
            {
                if (Stopwatch.GetElapsedTime(written) > 10 * LongestAge)
                {
                    throw new InvalidOperationException("The new price is not shown after ten seconds.");
                }
            }

            ages.Add(Stopwatch.GetElapsedTime(written).TotalMilliseconds);
        }

        bench.Report.Add(new Line(
            "product-cached, age after a price write",
            string.Create(CultureInfo.InvariantCulture, $"max {ages.Max():0} ms, median {Spread.Of(ages).Median:0} ms"), "",
            Ratio: null, "<= 1000 ms", ages.Max() <= LongestAge.TotalMilliseconds));
    }

    /// <summary>All prices of the page.</summary>
    private static async Task<string> PriceAsync(HttpClient http, Uri path)
    {
        using var page = JsonDocument.Parse(await http.GetByteArrayAsync(path));
        return string.Join(' ', page.RootElement.GetProperty("variants").EnumerateArray().Select(v => v.GetProperty("price").ToString()));
    }
}
