using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Mallgram.AppHost.Backing;

/// <summary>
/// A process, told apart from a later one that was given the same id. <paramref name="Started"/> is opaque: kernel ticks with the
/// boot id on Linux, seconds since 1970 elsewhere.
/// </summary>
internal sealed record ProcessIdentity(int Pid, string Started)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <returns>Null when no such process runs; a zombie does not run.</returns>
    public static ProcessIdentity? Of(int pid) => OperatingSystem.IsLinux() ? OfLinux(pid) : OfOther(pid);

    public bool IsAlive => Of(Pid) == this;

    /// <summary>Sends a Unix signal; on Windows any signal ends the process and its children.</summary>
    public void Signal(UnixSignal signal)
    {
        if (!IsAlive)
        {
            return;
        }
        if (OperatingSystem.IsWindows())
        {
            KillTree();
            return;
        }
        _ = Native.Kill(Pid, (int)signal);
    }

    public void KillTree()
    {
        try
        {
            using var process = Process.GetProcessById(Pid);
            if (IsAlive)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It ended in the meantime, or belongs to another user: the caller looks at IsAlive.
            Debug.WriteLine(e);
        }
    }

    /// <returns>False when it still runs after <paramref name="limit"/>.</returns>
    public async Task<bool> WaitForExitAsync(TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        while (IsAlive)
        {
            if (clock.Elapsed > limit)
            {
                return false;
            }
            await Task.Delay(PollInterval);
        }
        return true;
    }

    /// <summary>Asks with <paramref name="signal"/>, waits for <paramref name="grace"/>, then kills the whole process tree.</summary>
    public async Task StopAsync(UnixSignal signal, TimeSpan grace)
    {
        Signal(signal);
        if (!await WaitForExitAsync(grace))
        {
            KillTree();
            await WaitForExitAsync(TimeSpan.FromSeconds(5));
        }
    }

    private static ProcessIdentity? OfLinux(int pid)
    {
        try
        {
            // The command name, in parentheses, may hold spaces and parentheses itself; fields are counted after its end.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : new ProcessIdentity(pid, $"{BootId.Value}:{fields[19]}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static ProcessIdentity? OfOther(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            var started = new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeSeconds();
            return process.HasExited ? null : new ProcessIdentity(pid, started.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static readonly Lazy<string> BootId = new(() =>
        File.Exists("/proc/sys/kernel/random/boot_id") ? File.ReadAllText("/proc/sys/kernel/random/boot_id")[..8] : "");

    private static class Native
    {
        [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Kill(int pid, int signal);
    }
}

internal enum UnixSignal
{
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
}
