using System.Diagnostics;
using System.Globalization;

namespace Mallgram.Benchmarks;

/// <summary>What the machine and its processes use. Linux tells; elsewhere the figures are missing and nothing is claimed.</summary>
internal static class Machine
{
    private const double TicksPerSecond = 100;

    /// <summary>Cores in use while this program does nothing, that is: by others.</summary>
    public static async Task<double?> ForeignLoadAsync(CancellationToken ct)
    {
        if (BusySeconds() is not { } before)
        {
            return null;
        }

        var started = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(1), ct);
        return (BusySeconds()!.Value - before) / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>CPU-seconds of a server and, where it is known, of PostgreSQL.</summary>
    public static double? CpuSeconds(ChildProcess server, int? postgres) =>
        CpuSeconds(server.Id) + (postgres is { } id ? CpuSeconds(id) : 0);

    /// <summary>CPU-seconds of a process and of the processes it started.</summary>
    public static double? CpuSeconds(int pid)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        double total = 0;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id))
            {
                continue;
            }

            try
            {
                var text = File.ReadAllText(Path.Combine(folder, "stat"));
                // After the name in brackets, which may hold anything: state, parent, …, user and system time are fields 12 and 13 of the rest.
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                if (id == pid || fields[1] == pid.ToString(CultureInfo.InvariantCulture))
                {
                    total += (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
                }
            }
            catch (IOException)
            {
                // Ended since it was listed.
            }
        }

        return total;
    }

    private static double? BusySeconds()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        // cpu user nice system idle iowait irq softirq steal: all but waiting.
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9]
            .Select(f => double.Parse(f, CultureInfo.InvariantCulture)).ToArray();
        return (fields.Sum() - fields[3] - fields[4]) / TicksPerSecond;
    }
}
