using System.Text.RegularExpressions;

namespace Mallgram.AppHost.Run;

/// <summary>
/// What one process prints: to its own file under logs/, to the console with the resource's name in its colour, and the last lines in
/// memory for error messages and the status page.
/// </summary>
internal sealed partial class ResourceLog : IDisposable
{
    /// <summary>Characters; then the file becomes .1 and a new one begins, so a resource keeps at most twice as much.</summary>
    private const long FileLimit = 10_000_000;
    private const int LinesKept = 200;

    private static readonly int[] Colours = [36, 32, 33, 35, 34, 96, 92, 93];
    private static readonly Lock Console = new();
    private static readonly bool Colourful =
        !System.Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
    private static int coloursGiven;

    private readonly string name;
    private readonly string file;
    private readonly bool echo;
    private readonly int colour = Colours[Interlocked.Increment(ref coloursGiven) % Colours.Length];
    private readonly Queue<string> last = new();
    private readonly Lock writing = new();
    private StreamWriter? writer;
    private long written;

    /// <param name="echo">False when nobody watches the console.</param>
    public ResourceLog(string folder, string name, bool echo)
    {
        this.name = name;
        this.echo = echo;
        file = Path.Combine(folder, name + ".log");
        Open();
    }

    public void Write(string line)
    {
        var plain = Ansi().Replace(line, "");
        lock (writing)
        {
            last.Enqueue(plain);
            if (last.Count > LinesKept)
            {
                last.Dequeue();
            }
            if (writer is not null)
            {
                writer.WriteLine(plain);
                written += plain.Length + 1;
                if (written > FileLimit)
                {
                    writer.Dispose();
                    File.Move(file, file + ".1", overwrite: true);
                    Open();
                }
            }
        }
        if (echo)
        {
            lock (Console)
            {
                System.Console.WriteLine(Colourful ? $"\e[{colour}m{name,-10}\e[0m {line}" : $"{name,-10} {plain}");
            }
        }
    }

    public IReadOnlyList<string> Last(int lines)
    {
        lock (writing)
        {
            return [.. last.TakeLast(lines)];
        }
    }

    public void Dispose()
    {
        lock (writing)
        {
            writer?.Dispose();
            writer = null;
        }
    }

    private void Open()
    {
        var stream = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        written = stream.Length;
        writer = new StreamWriter(stream) { AutoFlush = true };
    }

    [GeneratedRegex(@"\e\[[0-9;]*[A-Za-z]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ansi();
}
