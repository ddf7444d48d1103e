using System.Globalization;
using Mallgram.Benchmarks.Data;

namespace Mallgram.Benchmarks.Cases;

/// <summary>Peak memory of going through many items of which none changed, against a fiftieth of them, each in a process of its own.</summary>
internal static class ResyncMemory
{
    private const int Batch = 1_000;

    public static async Task RunAsync(Bench bench)
    {
        var shop = await bench.ShopAsync();
        var many = bench.Options.Products;
        var few = many / 50;
        var ratios = new List<double>();
        var (small, large, managed) = (new List<double>(), new List<double>(), new List<double>());
        // Memory is no timing: three pairs tell.
        for (var pair = 0; pair < Math.Min(3, bench.Options.Pairs); pair++)
        {
            var ofFew = await PeakAsync(shop, few);
            var ofMany = await PeakAsync(shop, many);
            small.Add(ofFew.Resident);
            large.Add(ofMany.Resident);
            managed.Add(ofMany.Managed / ofFew.Managed);
            ratios.Add(ofMany.Resident / ofFew.Resident);
        }

        var ratio = Spread.Of(ratios);
        bench.Report.Add(new Line(
            "memory",
            string.Create(CultureInfo.InvariantCulture, $"{many} items: {Spread.Of(large).Median:0} MiB"),
            string.Create(CultureInfo.InvariantCulture, $"{few} items: {Spread.Of(small).Median:0} MiB"),
            ratio, "< 1.30", ratio.Median < 1.30, $"managed heap {Spread.Of(managed)}"));
    }

    /// <summary>The role <c>resync</c>: prints peak resident and managed memory in MiB.</summary>
    public static async Task ChildAsync(int items, string[] serviceArgs)
    {
        await using var importer = Importer.Open(serviceArgs);
        long managed = 0;
        foreach (var batch in Enumerable.Range(0, items).Select(n => Goods.Product(n)).Chunk(Batch))
        {
            await importer.ImportAsync(batch);
            managed = Math.Max(managed, GC.GetTotalMemory(forceFullCollection: false));
        }

        using var self = System.Diagnostics.Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{self.PeakWorkingSet64 / 1048576.0:0.0} {managed / 1048576.0:0.0}"));
    }

    private static async Task<(double Resident, double Managed)> PeakAsync(BenchDatabase shop, int items)
    {
        var output = await ChildProcess.RunAsync("resync", [items.ToString(CultureInfo.InvariantCulture), .. shop.ServiceArgs]);
        var figures = output.Trim().Split('\n')[^1].Split(' ').Select(f => double.Parse(f, CultureInfo.InvariantCulture)).ToArray();
        return (figures[0], figures[1]);
    }
}
