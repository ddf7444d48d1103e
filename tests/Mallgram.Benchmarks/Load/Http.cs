using System.Globalization;

namespace Mallgram.Benchmarks.Load;

/// <summary>A server under load: its process for CPU figures, the request that is repeated.</summary>
internal sealed record Target(ChildProcess Process, string Path, params string[] Headers)
{
    public Uri Address => new(Process.Address, Path);
}

/// <summary>Two servers, loaded in turn: the neighbours of a measurement are always of the other side.</summary>
internal static class Http
{
    /// <param name="postgres">Process id of the server whose CPU counts too.</param>
    public static async Task<Line> CompareAsync(
        Bench bench, string name, Target ours, Target ceiling, double? least, int? postgres, int connections = 16)
    {
        await LoadAsync(bench, ours, connections);
        await LoadAsync(bench, ceiling, connections);
        var ratios = new List<double>();
        var rates = (Ours: new List<double>(), Ceiling: new List<double>());
        var cpu = (Ours: new List<double>(), Ceiling: new List<double>());
        for (var pair = 0; pair < bench.Options.Pairs; pair++)
        {
            rates.Ours.Add(await MeasureAsync(bench, ours, connections, postgres, cpu.Ours));
            rates.Ceiling.Add(await MeasureAsync(bench, ceiling, connections, postgres, cpu.Ceiling));
            ratios.Add(rates.Ours[^1] / rates.Ceiling[^1]);
        }

        var ratio = Spread.Of(ratios);
        return new Line(
            name,
            string.Create(CultureInfo.InvariantCulture, $"{Spread.Of(rates.Ours).Median:0} req/s"),
            string.Create(CultureInfo.InvariantCulture, $"{Spread.Of(rates.Ceiling).Median:0} req/s"),
            ratio,
            least is { } l ? string.Create(CultureInfo.InvariantCulture, $">= {l:0.00}") : "",
            least is null ? null : ratio.Median >= least,
            cpu.Ours.Count == 0 ? null : string.Create(
                CultureInfo.InvariantCulture,
                $"CPU a request, server{(postgres is null ? "" : " and PostgreSQL")}: {Spread.Of(cpu.Ours).Median:0} µs, ceiling {Spread.Of(cpu.Ceiling).Median:0} µs"));
    }

    private static async Task<double> MeasureAsync(Bench bench, Target target, int connections, int? postgres, List<double> cpu)
    {
        var before = Cpu();
        var rate = await LoadAsync(bench, target, connections);
        if (Cpu() is { } after)
        {
            cpu.Add((after - before!.Value) * 1e6 / (rate * Math.Max(1, bench.Options.Slice.TotalSeconds)));
        }

        return rate;

        double? Cpu() => Machine.CpuSeconds(target.Process, postgres);
    }

    private static async Task<double> LoadAsync(Bench bench, Target target, int connections)
    {
        if (Wrk.IsHere)
        {
            return await Wrk.RunAsync(target.Address, connections, bench.Options.Slice, target.Headers);
        }

        var request = RawLoad.Get(target.Process.Address, target.Path, target.Headers);
        var result = await RawLoad.RunAsync(target.Process.Address, connections, bench.Options.Slice, _ => request);
        return result.Statuses.Keys.All(s => s is 200 or 304)
            ? result.PerSecond
            : throw new InvalidOperationException($"{target.Address}: {string.Join(", ", result.Statuses)}");
    }
}
