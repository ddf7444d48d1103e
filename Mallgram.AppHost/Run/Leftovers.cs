using Mallgram.AppHost.Backing;

namespace Mallgram.AppHost.Run;

/// <summary>Ends the processes that a run recorded and could not end itself.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan ServiceGrace = TimeSpan.FromSeconds(4);

    /// <summary>A database rolls back and flushes first; killed after that, its next start recovers.</summary>
    private static readonly TimeSpan DatabaseGrace = TimeSpan.FromSeconds(15);

    /// <exception cref="RunException">Something does not end: it belongs to another user.</exception>
    public static async Task EndAsync(RunRecord record, Action<string> log)
    {
        if (record.IsAlive)
        {
            log($"Ending the AppHost of an earlier run (process {record.AppHost.Pid})");
            await record.AppHost.StopAsync(UnixSignal.Terminate, TimeSpan.FromSeconds(12));
        }
        var left = record.Processes.Where(process => process.Identity.IsAlive).ToList();
        if (left.Count > 0)
        {
            var names = left.Select(process => $"{process.Name} ({process.Identity.Pid})");
            log($"Ending what an earlier run left: {string.Join(", ", names)}");
        }
        await Task.WhenAll(left.Where(process => !process.IsDatabase)
            .Select(process => process.Identity.StopAsync(UnixSignal.Terminate, ServiceGrace)));
        await Task.WhenAll(left.Where(process => process.IsDatabase)
            .Select(process => process.Identity.StopAsync(UnixSignal.Interrupt, DatabaseGrace)));
        if (record.IsAlive || left.Exists(process => process.Identity.IsAlive))
        {
            throw new RunException("Processes of an earlier run do not end; they may belong to another user. Try again as that user.");
        }
    }
}
