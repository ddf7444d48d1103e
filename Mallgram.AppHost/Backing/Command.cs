using System.Diagnostics;
using System.Text;

namespace Mallgram.AppHost.Backing;

/// <param name="Output">Standard output and standard error, as they came.</param>
internal sealed record CommandResult(int ExitCode, string Output);

/// <summary>Runs a short-lived program and collects what it prints.</summary>
internal static class Command
{
    /// <exception cref="BackingException">The program cannot be started, or did not end within <paramref name="limit"/>.</exception>
    public static async Task<CommandResult> RunAsync(
        IReadOnlyList<string> command, TimeSpan limit, CancellationToken ct, string? workingDirectory = null,
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        var output = new StringBuilder();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(output, line.Data);
        try
        {
            process.Start();
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new BackingException($"{command[0]} cannot be started: {e.Message}", e);
        }
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(limit);
        try
        {
            await WaitForExitOnlyAsync(process, timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            ct.ThrowIfCancellationRequested();
            throw new BackingException($"{command[0]} did not end within {limit.TotalSeconds:0} s. {Text(output)}");
        }
        return new CommandResult(process.ExitCode, Text(output));
    }

    /// <summary>
    /// Does not wait for the ends of the pipes beyond a second: a server started by the program may hold them for as long as it lives.
    /// </summary>
    private static async Task WaitForExitOnlyAsync(Process process, CancellationToken ct)
    {
        while (!process.HasExited)
        {
            await Task.Delay(20, ct);
        }
        try
        {
            await process.WaitForExitAsync(ct).WaitAsync(TimeSpan.FromSeconds(1), ct);
        }
        catch (TimeoutException)
        {
            process.CancelOutputRead();
            process.CancelErrorRead();
        }
    }

    private static void Append(StringBuilder output, string? line)
    {
        if (line is not null)
        {
            lock (output)
            {
                output.AppendLine(line);
            }
        }
    }

    private static string Text(StringBuilder output)
    {
        lock (output)
        {
            return output.ToString().Trim();
        }
    }
}

/// <summary>A server could not be found, fetched or started; the message says what to do.</summary>
internal sealed class BackingException(string message, Exception? inner = null) : Exception(message, inner);
