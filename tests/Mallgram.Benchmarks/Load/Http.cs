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
    /// <param name="split">Into how many shorter ones each pair is split: where a few percent are looked for, many short pairs tell them from
    /// noise better than a few long ones.</param>
    public static async Task<Line> CompareAsync(
        Bench bench, string name, Target ours, Target ceiling, double? least, int? postgres, int connections = 16, int split = 1)
    {
        // wrk counts whole seconds.
        var slice = TimeSpan.FromSeconds(Math.Max(1, Math.Round(bench.Options.Slice.TotalSeconds / split)));
        await LoadAsync(ours, connections, bench.Options.Slice);
        await LoadAsync(ceiling, connections, bench.Options.Slice);
        var ratios = new List<double>();
        var rates = (Ours: new List<double>(), Ceiling: new List<double>());
        var cpu = (Ours: new List<double>(), Ceiling: new List<double>());
        for (var pair = 0; pair < bench.Options.Pairs * split; pair++)
        {
            rates.Ours.Add(await MeasureAsync(ours, connections, slice, postgres, cpu.Ours));
            rates.Ceiling.Add(await MeasureAsync(ceiling, connections, slice, postgres, cpu.Ceiling));
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

    private static async Task<double> MeasureAsync(Target target, int connections, TimeSpan slice, int? postgres, List<double> cpu)
    {
        var before = Cpu();
        var rate = await LoadAsync(target, connections, slice);
        if (Cpu() is { } after)
        {
            cpu.Add((after - before!.Value) * 1e6 / (rate * slice.TotalSeconds));
        }

        return rate;

        double? Cpu() => Machine.CpuSeconds(target.Process, postgres);
    }

    private static async Task<double> LoadAsync(Target target, int connections, TimeSpan slice)
    {
        if (Wrk.IsHere)
        {
            return await Wrk.RunAsync(target.Address, connections, slice, target.Headers);
        }

        var request = RawLoad.Get(target.Process.Address, target.Path, target.Headers);
        var result = await RawLoad.RunAsync(target.Process.Address, connections, slice, _ => request);
        return result.Statuses.Keys.All(s => s is 200 or 304)
            ? result.PerSecond
            : throw new InvalidOperationException($"{target.Address}: {string.Join(", ", result.Statuses)}");
    }
}
