using System.Runtime.InteropServices;
using Mallgram.AppHost.Backing;

namespace Mallgram.AppHost.Run;

/// <summary>
/// The claim of this process on a data folder: at most one runs on it. Says when to stop (Ctrl-C, SIGTERM, `down`) and what is known
/// about the run.
/// </summary>
internal sealed class RunningCopy : IAsyncDisposable
{
    private static readonly TimeSpan StopFilePoll = TimeSpan.FromMilliseconds(200);

    private readonly FileStream? claim;
    private readonly CancellationTokenSource stop = new();
    private readonly List<PosixSignalRegistration> signals = [];
    private readonly Lock writing = new();
    private byte[] reported = [];

    private RunningCopy(CommandLine line, FileStream? claim)
    {
        Line = line;
        this.claim = claim;
        Data = new DataFolder(line.Data);
        Ports = new Ports(line.PortOffset);
    }

    public CommandLine Line { get; }

    public DataFolder Data { get; }

    public Ports Ports { get; }

    /// <summary>Empty when only artefacts are published: then passwords are the operator's.</summary>
    public Secrets Secrets { get; private init; } = null!;

    public CancellationToken StopRequested => stop.Token;

    public int Replicas(string name) => Line.Replicas.GetValueOrDefault(name, 1);

    /// <summary>Takes the folder and ends what a crash left of an earlier run on it.</summary>
    /// <exception cref="AlreadyRunningException">Another process has it.</exception>
    public static async Task<RunningCopy> ClaimAsync(CommandLine line, Action<string> log)
    {
        var data = new DataFolder(line.Data);
        data.Create();
        FileStream locked;
        try
        {
            locked = new FileStream(data.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new AlreadyRunningException(
                $"Another copy is starting or running on {data.Path}. `mallgram status` shows it, `mallgram down` stops it, "
                + "`--data DIR --port-offset N` starts one beside it.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new RunException($"{data.Path} belongs to another user: use --data DIR, or remove it.");
        }

        if (RunRecord.Read(data) is { } left)
        {
            await Leftovers.EndAsync(left, log);
        }
        File.Delete(data.StopFile);
        var copy = new RunningCopy(line, locked) { Secrets = Secrets.Open(data) };
        copy.Listen();
        return copy;
    }

    /// <summary>For publishing, which runs nothing: no claim, no state.</summary>
    public static RunningCopy ForPublishing(CommandLine line) => new(line, claim: null)
    {
        Secrets = new Secrets
        {
            PostgresPassword = "",
            AppPassword = "",
            PlatformPassword = "",
            SigningKey = "",
            FilesSigningKey = "",
            MasterKey = "",
            AdministratorPassword = "",
        },
    };

    /// <summary>Replaces run.json when it says something new.</summary>
    public void Report(RunRecord record)
    {
        var content = record.Serialize();
        lock (writing)
        {
            if (!reported.AsSpan().SequenceEqual(content))
            {
                DataFolder.WritePrivate(Data.RunFile, content);
                reported = content;
            }
        }
    }

    public RunRecord NewRecord(string engine) => new()
    {
        AppHost = ProcessIdentity.Of(Environment.ProcessId)!,
        Engine = engine,
        PortOffset = Ports.Offset,
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var signal in signals)
        {
            signal.Dispose();
        }
        await stop.CancelAsync();
        if (claim is not null)
        {
            File.Delete(Data.StopFile);
            await claim.DisposeAsync();
        }
    }

    private void Listen()
    {
        PosixSignal[] asked = OperatingSystem.IsWindows()
            ? [PosixSignal.SIGINT, PosixSignal.SIGTERM]
            : [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];
        foreach (var signal in asked)
        {
            signals.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                stop.Cancel();
            }));
        }
        _ = WatchStopFileAsync();
    }

    private async Task WatchStopFileAsync()
    {
        using var timer = new PeriodicTimer(StopFilePoll);
        while (!stop.IsCancellationRequested && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            if (File.Exists(Data.StopFile))
            {
                await stop.CancelAsync();
            }
        }
    }
}
