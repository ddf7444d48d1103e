using System.Diagnostics;
using Mallgram.AppHost.Backing;
using Mallgram.AppHost.Run;

namespace Mallgram.AppHost.Local;

/// <summary>One process of a service, started from its built program.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    /// <summary>Everything has to be stopped within 10 s, servers after services.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>A health check asks the database and others; whether the process still runs is looked at every time.</summary>
    private static readonly TimeSpan HealthyIsBelieved = TimeSpan.FromSeconds(3);

    private const int FailuresUntilUnhealthy = 2;

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        Timeout = TimeSpan.FromSeconds(5),
    };

    private readonly Process process;
    private readonly OrphanGuard? guard;
    private readonly Uri? health;
    private int failures;
    private long answeredAt;
    private bool stopping;

    /// <param name="port">Where it listens; null when it serves nothing.</param>
    /// <param name="healthPath">Null: it is healthy as long as it runs.</param>
    public ServiceProcess(
        string name, string assembly, string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment,
        int? port, string? healthPath, ResourceLog log)
    {
        Name = name;
        Port = port;
        Log = log;
        health = port is not null && healthPath is not null ? new Uri($"http://127.0.0.1:{port}{healthPath}") : null;

        IReadOnlyList<string> command = Programs.InOwnSession([ServiceEnvironment.DotNet, assembly, .. arguments]);
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var (key, value) in environment)
        {
            start.Environment[key] = value;
        }
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => WriteLine(line.Data);
        process.ErrorDataReceived += (_, line) => WriteLine(line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Identity = ProcessIdentity.Of(process.Id);
        guard = Identity is null ? null : OrphanGuard.Over(Identity, UnixSignal.Terminate, killAfterGrace: true);
    }

    public string Name { get; }

    public int? Port { get; }

    public ResourceLog Log { get; }

    public ProcessIdentity? Identity { get; }

    public ResourceState State { get; private set; } = ResourceState.Starting;

    public int? ExitCode => process.HasExited ? process.ExitCode : null;

    /// <summary>The last answer to the health check that was not 200, for people.</summary>
    public string? Complaint { get; private set; }

    public bool IsRunning => !process.HasExited;

    /// <summary>Looks at the process and asks for its health.</summary>
    public async Task CheckAsync(CancellationToken ct)
    {
        if (process.HasExited)
        {
            Ended();
            return;
        }
        if (health is null)
        {
            State = ResourceState.Healthy;
            return;
        }
        if (State is ResourceState.Healthy && failures == 0 && Stopwatch.GetElapsedTime(answeredAt) < HealthyIsBelieved)
        {
            return;
        }
        try
        {
            using var answer = await Http.GetAsync(health, ct);
            Complaint = answer.IsSuccessStatusCode ? null : $"GET {health} answers {(int)answer.StatusCode}";
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            ct.ThrowIfCancellationRequested();
            Complaint = $"GET {health}: {(e is OperationCanceledException ? "no answer within 5 s" : e.Message)}";
        }
        failures = Complaint is null ? 0 : failures + 1;
        if (Complaint is null)
        {
            answeredAt = Stopwatch.GetTimestamp();
            State = ResourceState.Healthy;
        }
        else if (State is ResourceState.Healthy && failures >= FailuresUntilUnhealthy)
        {
            State = ResourceState.Unhealthy;
        }
    }

    /// <summary>For a program that runs to its end.</summary>
    public async Task<int> RunToEndAsync(CancellationToken ct)
    {
        await process.WaitForExitAsync(ct);
        Ended();
        return process.ExitCode;
    }

    public async Task StopAsync()
    {
        stopping = true;
        if (Identity is not null)
        {
            await Identity.StopAsync(UnixSignal.Terminate, Grace);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        guard?.Dispose();
        process.Dispose();
        Log.Dispose();
    }

    private void Ended()
    {
        if (State is ResourceState.Exited or ResourceState.Finished)
        {
            return;
        }
        State = process.ExitCode == 0 && health is null ? ResourceState.Finished : ResourceState.Exited;
        guard?.Dispose();
        if (State is ResourceState.Exited && !stopping)
        {
            Log.Write($"[mallgram] {Name} ended with exit code {process.ExitCode}; it is not started again by itself");
        }
    }

    private void WriteLine(string? line)
    {
        if (line is not null)
        {
            Log.Write(line);
        }
    }
}
