using System.Globalization;

namespace Mallgram.Benchmarks.Load;

/// <summary>A server under load: its process for CPU figures, the request that is repeated.</summary>
internal sealed record Target(ChildProcess Process, string Path, params string[] Headers)
{
    public Uri Address => new(Process.Address, Path);
}

/// <summary>Two servers, loaded in turn: the neighbours of a measurement are always of the other side.</summary>
/// <param name="postgres">Process id of the server whose CPU counts too.</param>
internal sealed class Comparison(int? postgres, int connections = 16)
{
    private readonly List<Measured> _ours = [];
    private readonly List<Measured> _ceiling = [];

    /// <param name="warmUp">Of each side.</param>
    /// <param name="slice">Of each side of a pair; wrk counts whole seconds.</param>
    public async Task AddAsync(Target ours, Target ceiling, int pairs, TimeSpan warmUp, TimeSpan slice)
    {
        slice = TimeSpan.FromSeconds(Math.Max(1, Math.Round(slice.TotalSeconds)));
        await LoadAsync(ours, warmUp);
        await LoadAsync(ceiling, warmUp);
        for (var pair = 0; pair < pairs; pair++)
        {
            _ours.Add(await MeasureAsync(ours, slice));
            _ceiling.Add(await MeasureAsync(ceiling, slice));
        }
    }

    public Line Line(string name, double? least)
    {
        var ratio = Spread.Of([.. _ours.Zip(_ceiling, (o, c) => o.Rate / c.Rate)]);
        return new Line(
            name,
            string.Create(CultureInfo.InvariantCulture, $"{Spread.Of([.. _ours.Select(m => m.Rate)]).Median:0} req/s"),
            string.Create(CultureInfo.InvariantCulture, $"{Spread.Of([.. _ceiling.Select(m => m.Rate)]).Median:0} req/s"),
            ratio,
            least is { } l ? string.Create(CultureInfo.InvariantCulture, $">= {l:0.00}") : "",
            least is null ? null : ratio.Median >= least,
            _ours[0].Cpu is null ? null : string.Create(
                CultureInfo.InvariantCulture,
                $"CPU a request, server{(postgres is null ? "" : " and PostgreSQL")}: {Cpu(_ours):0} µs, ceiling {Cpu(_ceiling):0} µs, {Spread.Of([.. _ours.Zip(_ceiling, (o, c) => c.Cpu!.Value / o.Cpu!.Value)])}"));
    }

    private static double Cpu(List<Measured> side) => Spread.Of([.. side.Select(m => m.Cpu!.Value)]).Median;

    private async Task<Measured> MeasureAsync(Target target, TimeSpan slice)
    {
        var before = Cpu();
        var rate = await LoadAsync(target, slice);
        return rate > 0
            ? new Measured(rate, (Cpu() - before) * 1e6 / (rate * slice.TotalSeconds))
            : throw new InvalidOperationException($"{target.Address} answered nothing for {slice}: the machine does something else.");

        double? Cpu() => Machine.CpuSeconds(target.Process, postgres);
    }

    private async Task<double> LoadAsync(Target target, TimeSpan slice)
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

    /// <param name="Rate">Requests a second.</param>
    /// <param name="Cpu">Microseconds a request; null where they are not known.</param>
    private sealed record Measured(double Rate, double? Cpu);
}

internal static class Http
{
    public static async Task<Line> CompareAsync(Bench bench, string name, Target ours, Target ceiling, double? least, int? postgres)
    {
        var comparison = new Comparison(postgres);
        await comparison.AddAsync(ours, ceiling, bench.Options.Pairs, bench.Options.Slice, bench.Options.Slice);
        return comparison.Line(name, least);
    }
}
