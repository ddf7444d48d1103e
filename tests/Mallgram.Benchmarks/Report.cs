using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Mallgram.Benchmarks;

/// <summary>One line of the table.</summary>
/// <param name="Ratio">Ours against the ceiling; null where a line has none.</param>
/// <param name="Ok">Null: the line informs, it has no target.</param>
/// <param name="Note">CPU, sizes, whatever explains the figure.</param>
internal sealed record Line(string Case, string Ours, string Ceiling, Spread? Ratio, string Target, bool? Ok, string? Note = null);

/// <summary>Of at least five pairs: machines have neighbours, medians survive them.</summary>
internal sealed record Spread(double Median, double Least, double Most)
{
    public static Spread Of(IReadOnlyCollection<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return new Spread(sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Median:0.00} ({Least:0.00}–{Most:0.00})");
}

/// <summary>Collects lines, prints them and keeps them as a file.</summary>
internal sealed class Report(TextWriter output)
{
    private static readonly string[] Heads = ["case", "ours", "ceiling", "ratio median (min–max)", "target", "ok"];

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly List<Line> _lines = [];
    private readonly List<string> _warnings = [];

    public IReadOnlyList<Line> Lines => _lines;

    public void Add(Line line)
    {
        _lines.Add(line);
        output.WriteLine($"  {string.Join(" | ", Cells(line))}{(line.Note is null ? "" : $"   [{line.Note}]")}");
    }

    public void Warn(string text)
    {
        _warnings.Add(text);
        output.WriteLine("  warning: " + text);
    }

    public void Say(string text) => output.WriteLine(text);

    public void PrintTable()
    {
        var rows = _lines.Select(Cells).Prepend(Heads).ToList();
        var widths = Heads.Select((_, column) => rows.Max(r => r[column].Length)).ToArray();
        output.WriteLine();
        foreach (var row in rows)
        {
            output.WriteLine(string.Join(" | ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
            if (ReferenceEquals(row, Heads))
            {
                output.WriteLine(string.Join("-|-", widths.Select(w => new string('-', w))));
            }
        }

        foreach (var note in _lines.Where(l => l.Note is not null))
        {
            output.WriteLine($"  {note.Case}: {note.Note}");
        }

        foreach (var warning in _warnings)
        {
            output.WriteLine("warning: " + warning);
        }
    }

    /// <returns>The file written.</returns>
    public string Write(string folder, DateTimeOffset at, BenchOptions options)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, at.UtcDateTime.ToString("yyyy-MM-dd'T'HHmmss'Z'", CultureInfo.InvariantCulture) + ".json");
        File.WriteAllText(file, JsonSerializer.Serialize(
            new
            {
                at,
                machine = new { cores = Environment.ProcessorCount, os = RuntimeInformation.OSDescription, runtime = RuntimeInformation.FrameworkDescription },
                options.Quick,
                options.Pairs,
                lines = _lines,
                warnings = _warnings,
            },
            Format), Encoding.UTF8);
        return file;
    }

    private static string[] Cells(Line line) =>
        [line.Case, line.Ours, line.Ceiling, line.Ratio?.ToString() ?? "", line.Target, line.Ok switch { true => "yes", false => "NO", null => "" }];
}
