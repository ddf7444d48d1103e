using System.Diagnostics;
using System.Globalization;

namespace Mallgram.Benchmarks;

internal static class Runner
{
    /// <summary>Runs cases one after the other. One that breaks does not cost the figures of the others.</summary>
    /// <returns>Exit code: 0, 1 when a case broke, 3 when the machine is not ours and that matters. A missed target is a figure, no failure.</returns>
    public static async Task<int> RunAsync(Bench bench, IEnumerable<(string Name, Func<Bench, Task> Run)> cases)
    {
        var report = bench.Report;
        var broken = 0;
        foreach (var (name, run) in cases)
        {
            if (await Machine.ForeignLoadAsync(CancellationToken.None) is { } load and > 0.5)
            {
                report.Warn(string.Create(CultureInfo.InvariantCulture, $"{name}: others use {load:0.0} cores; trust ratios, not absolutes"));
                if (bench.Options.Strict)
                {
                    return 3;
                }
            }

            var watch = Stopwatch.StartNew();
            report.Say(name);
            try
            {
                await run(bench);
            }
            // A case may throw anything; the others still get their turn.
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                broken++;
                report.Add(new Line(name, "failed", "", Ratio: null, "", Ok: false, e.Message.ReplaceLineEndings(" ")));
                await Console.Error.WriteLineAsync(e.ToString());
            }

            report.Say(string.Create(CultureInfo.InvariantCulture, $"  ({watch.Elapsed.TotalSeconds:0} s)"));
        }

        return broken > 0 ? 1 : 0;
    }
}
