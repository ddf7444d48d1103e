using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Mallgram.AppHost.Backing;

namespace Mallgram.AppHost.Run;

/// <summary>The commands around the app model. Exit codes: 0 done, 1 it failed or nothing runs, 2 wrong usage, 3 another copy has the
/// folder, 130 interrupted.</summary>
internal static class Verbs
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>A copy stops within 10 s; after this it is taken to hang.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    /// <param name="up">Builds and runs the app model until it is asked to stop.</param>
    public static async Task<int> RunAsync(string[] args, Func<RunningCopy, Task<int>> up)
    {
        Terminal.Tolerate();
        try
        {
            var line = CommandLine.Parse(args);
            switch (line.Verb)
            {
                case Verb.Help:
                    Console.WriteLine(CommandLine.Usage);
                    return 0;
                case Verb.Status:
                    return Status(line);
                case Verb.Down:
                    return await DownAsync(line);
                case Verb.Job:
                    return await JobAsync(line);
                default:
                    return line.Publishes ? await up(RunningCopy.ForPublishing(line))
                        : line.Detach ? await Detached.UpAsync(line)
                        : await UpAsync(line, up);
            }
        }
        catch (UsageException e)
        {
            await Console.Error.WriteLineAsync($"{e.Message}{Environment.NewLine}{Environment.NewLine}{CommandLine.Usage}");
            return 2;
        }
        catch (Exception e) when (e is RunException or BackingException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return e is AlreadyRunningException ? AlreadyRunningException.ExitCode : 1;
        }
    }

    /// <summary>Stops a copy whose parts have ended, and says so; leaves any other alone.</summary>
    /// <returns>The copy that still runs, or null.</returns>
    public static async Task<RunRecord?> RunningOrRecoveredAsync(DataFolder data)
    {
        if (RunRecord.Read(data) is not { IsAlive: true } running)
        {
            return null;
        }
        if (!running.HasExited)
        {
            return running;
        }
        var ended = running.Resources.Where(resource => resource.State is ResourceState.Exited).Select(resource => resource.Name);
        Console.WriteLine($"A copy runs here, but part of it has ended ({string.Join(", ", ended)}): stopping it and starting again.");
        await StopAsync(data, running);
        return null;
    }

    private static async Task<int> UpAsync(CommandLine line, Func<RunningCopy, Task<int>> up)
    {
        if (line.IsDetachedChild)
        {
            Detached.LeaveTerminal();
        }
        if (await RunningOrRecoveredAsync(new DataFolder(line.Data)) is { } running)
        {
            throw new AlreadyRunningException(
                $"Already running (process {running.AppHost.Pid}): `mallgram status` shows it, `mallgram down` stops it.");
        }
        await using var copy = await RunningCopy.ClaimAsync(line, Console.WriteLine);
        return await up(copy);
    }

    private static int Status(CommandLine line)
    {
        var record = RunRecord.Read(new DataFolder(line.Data)) is { IsAlive: true } alive ? alive : null;
        if (line.Json)
        {
            var answer = new
            {
                Running = record is not null,
                record?.Ready,
                record?.Engine,
                Pid = record?.AppHost.Pid,
                line.Data,
                Resources = record?.Resources ?? [],
            };
            Console.WriteLine(JsonSerializer.Serialize(answer, RunRecord.Json));
        }
        else if (record is null)
        {
            Console.WriteLine($"Nothing runs on {line.Data}.");
        }
        else
        {
            Summary.WriteResources(Console.Out, record);
        }
        return record is null ? 1 : 0;
    }

    private static async Task<int> DownAsync(CommandLine line)
    {
        var data = new DataFolder(line.Data);
        if (RunRecord.Read(data) is not { } record)
        {
            Console.WriteLine($"Nothing runs on {line.Data}.");
            return 0;
        }
        var ran = record.IsAlive || record.Processes.Any(process => process.Identity.IsAlive);
        await StopAsync(data, record);
        Console.WriteLine(ran ? "Stopped." : $"Nothing runs on {line.Data}.");
        return 0;
    }

    private static async Task StopAsync(DataFolder data, RunRecord record)
    {
        if (record.IsAlive)
        {
            await File.WriteAllTextAsync(data.StopFile, "");
            await record.AppHost.WaitForExitAsync(StopLimit);
        }
        // What it started after `record` was read is in the file by now.
        await Leftovers.EndAsync(RunRecord.Read(data) ?? record, Console.WriteLine);
        File.Delete(data.StopFile);
        File.Delete(data.RunFile);
    }

    private static async Task<int> JobAsync(CommandLine line)
    {
        if (RunRecord.Read(new DataFolder(line.Data)) is not { IsAlive: true } record)
        {
            throw new RunException($"Nothing runs on {line.Data}: start it with `mallgram up --detach`.");
        }
        if (record.Worker is not { } worker)
        {
            throw new RunException("The copy is still starting: try again when `mallgram status` shows the worker healthy.");
        }
        var start = new ProcessStartInfo(ServiceEnvironment.DotNet, [worker.Assembly, "job", .. line.JobArguments])
        {
            WorkingDirectory = worker.Directory,
        };
        start.Environment.Clear();
        foreach (var (name, value) in ServiceEnvironment.Inherited().Concat(worker.Environment))
        {
            start.Environment[name] = value;
        }
        // The running worker has its own address; this process needs none.
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";

        using var process = Process.Start(start) ?? throw new RunException("The worker cannot be started.");
        // Ctrl-C in a terminal reaches the child by itself; it decides when to end.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            ProcessIdentity.Of(process.Id)?.Signal(UnixSignal.Terminate);
        });
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    /// <summary>Waits until a starting copy is ready.</summary>
    /// <returns>Its record; null when it ended before.</returns>
    public static async Task<RunRecord?> WaitUntilReadyAsync(DataFolder data, Func<bool> hasEnded, CancellationToken ct)
    {
        while (true)
        {
            var ended = hasEnded();
            if (RunRecord.Read(data) is { IsAlive: true, Ready: true } ready)
            {
                return ready;
            }
            if (ended)
            {
                return null;
            }
            await Task.Delay(Poll, ct);
        }
    }
}
