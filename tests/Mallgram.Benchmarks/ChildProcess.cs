using System.Diagnostics;
using System.Net;
using Mallgram.AppHost.Backing;

namespace Mallgram.Benchmarks;

/// <summary>This program once more, in another role: what is measured has a process, a heap and a garbage collector of its own.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private ChildProcess(Process process, Uri address)
    {
        _process = process;
        Address = address;
    }

    public Uri Address { get; }

    public int Id => _process.Id;

    /// <summary>Starts a role that listens, and waits until it answers.</summary>
    public static async Task<ChildProcess> ServeAsync(string role, string ready, params IEnumerable<string> args)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        var child = new ChildProcess(Start(role, [.. args, $"--urls={address}"], output: false), address);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => child.KillIfAlive();
        using var http = new HttpClient { BaseAddress = address };
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(ready, UriKind.Relative));
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return child;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet, or ended, which is looked at next.
            }

            if (child._process.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
            {
                child.KillIfAlive();
                throw new InvalidOperationException($"{role} did not start.");
            }

            await Task.Delay(100);
        }
    }

    /// <summary>Runs a role to its end.</summary>
    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(string role, params IEnumerable<string> args)
    {
        using var process = Start(role, args, output: true);
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{role} failed: {output}");
    }

    /// <summary>As a power cut would.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        KillIfAlive();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(string role, IEnumerable<string> args, bool output) => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "Mallgram.Benchmarks.dll"), role, .. args])
    {
        UseShellExecute = false,
        RedirectStandardOutput = output,
        WorkingDirectory = AppContext.BaseDirectory,
    })!;

    private void KillIfAlive()
    {
        try
        {
            if (!_process.HasExited)
            {
                _process.Kill();
            }
        }
        catch (InvalidOperationException)
        {
            // Disposed already: it has ended.
        }
    }
}
