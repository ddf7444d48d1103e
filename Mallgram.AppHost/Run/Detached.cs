using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Mallgram.AppHost.Run;

/// <summary>`up --detach`: starts this program once more, without the terminal, and waits until that one is ready.</summary>
internal static class Detached
{
    public static async Task<int> UpAsync(CommandLine line)
    {
        var data = new DataFolder(line.Data);
        using var interrupted = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            interrupted.Cancel();
        });

        if (await Verbs.RunningOrRecoveredAsync(data) is { } running)
        {
            Console.WriteLine($"Already running (process {running.AppHost.Pid}).");
            var there = await Verbs.WaitUntilReadyAsync(data, () => !running.IsAlive, interrupted.Token);
            return Answer(there, data, line);
        }

        data.Create();
        using var child = Start(line, data.AppHostLog);
        try
        {
            var ready = await Verbs.WaitUntilReadyAsync(data, () => child.HasExited, interrupted.Token);
            if (ready is null && child.ExitCode == AlreadyRunningException.ExitCode)
            {
                Console.WriteLine("Another `up` was a moment earlier: waiting for it.");
                ready = await Verbs.WaitUntilReadyAsync(data, () => !IsClaimed(data), interrupted.Token);
            }
            if (ready is null)
            {
                await Console.Error.WriteLineAsync(await File.ReadAllTextAsync(data.AppHostLog, CancellationToken.None));
            }
            return Answer(ready, data, line);
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine("Interrupted: stopping what was started.");
            await File.WriteAllTextAsync(data.StopFile, "", CancellationToken.None);
            await child.WaitForExitAsync(CancellationToken.None);
            File.Delete(data.StopFile);
            return 130;
        }
    }

    /// <summary>In the child: a session of its own, so that closing the terminal or Ctrl-C in it does not reach it.</summary>
    public static void LeaveTerminal()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Native.SetSid();
        }
    }

    private static bool IsClaimed(DataFolder data)
    {
        try
        {
            using var free = new FileStream(data.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static int Answer(RunRecord? record, DataFolder data, CommandLine line)
    {
        if (record is null)
        {
            Console.Error.WriteLine($"It did not start; logs are in {data.Logs}");
            return 1;
        }
        Summary.Write(Console.Out, record, data, line);
        return record.IsHealthy ? 0 : 1;
    }

    /// <summary>Output goes to the log by the shell's hand, so that a crash of the runtime itself is in it too.</summary>
    private static Process Start(CommandLine line, string log)
    {
        File.WriteAllText(log, "");
        var program = Path.Combine(AppContext.BaseDirectory, "Mallgram.AppHost.dll");
        string[] command = [ServiceEnvironment.DotNet, program, .. line.ForDetachedChild()];
        var start = OperatingSystem.IsWindows()
            ? new ProcessStartInfo("cmd", $"/s /c \"{string.Join(' ', command.Select(word => $"\"{word}\""))} < nul >> \"{log}\" 2>&1\"")
            : new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" </dev/null >>\"$0\" 2>&1", log, .. command]);
        start.CreateNoWindow = true;
        return Process.Start(start) ?? throw new RunException("The AppHost cannot be started again without the terminal.");
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "setsid", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int SetSid();
    }
}
