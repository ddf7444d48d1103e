using System.Diagnostics;
using System.Globalization;

namespace Mallgram.AppHost.Backing;

/// <summary>
/// Ends a process when this one dies without saying goodbye (kill -9). A shell waits on a pipe whose other end only this process
/// holds: end of file means that it is gone. Unlike PR_SET_PDEATHSIG it does not depend on the thread that started the child, and it
/// works on macOS. Windows has none: there the next `up` or `down` ends what was left.
/// </summary>
internal sealed class OrphanGuard : IDisposable
{
    private const string Script = """
        trap '' INT TERM HUP
        if ! read -r _; then
          kill -s "$2" "$1" 2>/dev/null || exit 0
          i=0; while kill -0 "$1" 2>/dev/null && [ $i -lt 60 ]; do sleep 0.1; i=$((i+1)); done
          [ "$3" = kill ] && kill -s KILL "$1" 2>/dev/null
        fi
        exit 0
        """;

    private Process? shell;

    private OrphanGuard(Process? shell) => this.shell = shell;

    /// <param name="killAfterGrace">Kill what is still there 6 s after the signal; never for a database server.</param>
    public static OrphanGuard Over(ProcessIdentity process, UnixSignal signal, bool killAfterGrace)
    {
        if (OperatingSystem.IsWindows())
        {
            return new OrphanGuard(null);
        }
        string[] arguments =
        [
            "-c", Script, "mallgram-guard", process.Pid.ToString(CultureInfo.InvariantCulture),
            signal == UnixSignal.Interrupt ? "INT" : "TERM", killAfterGrace ? "kill" : "wait",
        ];
        var start = new ProcessStartInfo("/bin/sh", arguments) { UseShellExecute = false, RedirectStandardInput = true };
        return new OrphanGuard(Process.Start(start));
    }

    /// <summary>The process is ended or was ended by its owner: nothing is left to guard.</summary>
    public void Dispose()
    {
        using var ending = Interlocked.Exchange(ref shell, null);
        if (ending is null)
        {
            return;
        }
        try
        {
            ending.StandardInput.WriteLine("done");
            ending.StandardInput.Close();
            ending.WaitForExit(TimeSpan.FromSeconds(2));
        }
        catch (IOException e)
        {
            // The shell itself was killed: there is no guard to call off.
            Debug.WriteLine(e);
        }
    }
}
