using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Mallgram.Benchmarks.Load;

/// <summary>Closed-loop HTTP load from <c>wrk</c>, which takes least from the cores it shares with the server.</summary>
internal static partial class Wrk
{
    private static readonly string? Program = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "wrk")).FirstOrDefault(File.Exists);

    public static bool IsHere => Program is not null;

    /// <returns>Requests a second.</returns>
    /// <exception cref="InvalidOperationException">Some answer was neither 2xx nor 3xx, or there was none.</exception>
    public static async Task<double> RunAsync(Uri address, int connections, TimeSpan time, IEnumerable<string> headers)
    {
        // wrk counts whole seconds.
        var seconds = Math.Max(1, (int)Math.Round(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        using var wrk = Process.Start(new ProcessStartInfo(
            Program!,
            ["-t1", "-c", connections.ToString(CultureInfo.InvariantCulture), "-d", seconds, .. headers.SelectMany(h => (string[])["-H", h]), address.ToString()])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        var output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        var rate = Rate().Match(output);
        return rate.Success && !output.Contains("Non-2xx", StringComparison.Ordinal)
            ? double.Parse(rate.Groups["rate"].ValueSpan, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"{address}: {output}");
    }

    [GeneratedRegex(@"Requests/sec:\s+(?<rate>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Rate();
}
