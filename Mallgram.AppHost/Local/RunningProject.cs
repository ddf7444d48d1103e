using System.Diagnostics;
using System.Globalization;
using Mallgram.AppHost.Backing;
using Mallgram.AppHost.Run;

namespace Mallgram.AppHost.Local;

/// <summary>A service with its replicas, or a program that runs to its end: that is one without an endpoint.</summary>
internal sealed class RunningProject(ProjectResource model, DataFolder data, bool echo) : RunningResource(model.Name)
{
    private static readonly TimeSpan HealthLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan HealthPoll = TimeSpan.FromMilliseconds(150);

    private readonly List<ServiceProcess> processes = [];
    private TcpForwarder? forwarder;

    private bool RunsToItsEnd => model.Http is null;

    public override IEnumerable<ProcessRecord> Processes => Snapshot()
        .Where(process => process.Identity is not null)
        .Select(process => new ProcessRecord(process.Name, process.Identity!, IsDatabase: false));

    /// <summary>How to run the same program for a job; known once it was started.</summary>
    public WorkerRecord? Launch { get; private set; }

    public override async Task StartAsync(CancellationToken ct)
    {
        if (!File.Exists(model.Project.AssemblyPath))
        {
            throw new RunException($"{model.Project.AssemblyPath} is missing: build the solution first.");
        }
        var replicated = model.Replicas > 1;
        if (replicated)
        {
            // Before the replicas: the ports they are given are free ones, and a port that nobody listens on yet could be among them.
            forwarder = new TcpForwarder(model.Http!.Port, Targets);
            forwarder.Start();
        }
        for (var number = 1; number <= model.Replicas; number++)
        {
            StartReplica(number, replicated);
        }

        if (RunsToItsEnd)
        {
            var exitCode = await processes[0].RunToEndAsync(ct);
            if (exitCode != 0)
            {
                throw new RunException($"{Name} failed with exit code {exitCode}.");
            }
            return;
        }
        await Task.WhenAll(processes.Select(process => WaitUntilHealthyAsync(process, ct)));
    }

    public override Task CheckAsync(CancellationToken ct) => Task.WhenAll(Snapshot().Select(process => process.CheckAsync(ct)));

    public override ResourceRecord Record()
    {
        var replicas = Snapshot();
        var url = model.Http?.Url;
        if (replicas.Count == 0)
        {
            return new ResourceRecord(Name, ResourceState.Starting, url);
        }
        var record = ResourceRecord.Of(Name, url, [.. replicas.Select(replica => new ReplicaRecord(
            replica.Name, replica.State, $"http://127.0.0.1:{replica.Port}", replica.IsRunning ? replica.Identity?.Pid : null))]);
        return replicas is [var only] ? record with { Detail = Detail(only) } : record;
    }

    public override IReadOnlyList<string> LastLines(int lines) =>
        [.. Snapshot().OrderBy(process => process.State is ResourceState.Exited ? 1 : 0).SelectMany(process => process.Log.Last(lines))];

    public override async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Snapshot().Select(process => process.DisposeAsync().AsTask()));
        if (forwarder is not null)
        {
            await forwarder.DisposeAsync();
        }
    }

    private void StartReplica(int number, bool replicated)
    {
        var name = replicated ? $"{Name}-{number}" : Name;
        int? port = model.Http is not { } http ? null : replicated ? FreePort.Next() : http.Port;
        var own = OwnVariables(number, port);
        var environment = ServiceEnvironment.Inherited();
        foreach (var (key, value) in own)
        {
            environment[key] = value;
        }
        var folder = Path.GetDirectoryName(model.Project.ProjectPath)!;
        Launch ??= new WorkerRecord(model.Project.AssemblyPath, folder, own);
        var process = new ServiceProcess(
            name, model.Project.AssemblyPath, folder, model.Arguments, environment, port, model.HealthPath,
            new ResourceLog(data.Logs, name, echo));
        lock (processes)
        {
            processes.Add(process);
        }
    }

    /// <summary>The contract of Aspire's own launcher, so that a service cannot tell the difference; then what the model says.</summary>
    private Dictionary<string, string> OwnVariables(int number, int? port)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["LOGGING__CONSOLE__FORMATTERNAME"] = "simple",
            ["DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION"] = "true",
            ["OTEL_SERVICE_NAME"] = Name,
            ["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={Name}-{number}",
        };
        if (port is not null)
        {
            variables["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        }
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT")))
        {
            // Someone watches: do not make them wait for the exporters' usual batches.
            foreach (var name in (string[])["OTEL_BLRP_SCHEDULE_DELAY", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL"])
            {
                variables[name] = "1000";
            }
            variables["OTEL_TRACES_SAMPLER"] = "always_on";
            variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
            variables["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory";
        }
        foreach (var endpoint in model.Endpoints.Where(endpoint => endpoint.Variable is not null))
        {
            variables[endpoint.Variable!] = endpoint.Port.ToString(CultureInfo.InvariantCulture);
        }
        foreach (var (name, value) in model.Environment)
        {
            if (value() is { } known)
            {
                variables[name] = known;
            }
        }
        return variables;
    }

    private static async Task WaitUntilHealthyAsync(ServiceProcess process, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            await process.CheckAsync(ct);
            switch (process.State)
            {
                case ResourceState.Healthy:
                    return;
                case ResourceState.Exited or ResourceState.Finished:
                    throw new RunException($"{process.Name} ended with exit code {process.ExitCode} before it was healthy.");
            }
            if (clock.Elapsed > HealthLimit)
            {
                throw new RunException($"{process.Name} was not healthy within {HealthLimit.TotalSeconds:0} s. {process.Complaint}");
            }
            await Task.Delay(HealthPoll, ct);
        }
    }

    /// <summary>Healthy replicas; with none, whatever runs, so that a slow moment of all does not become an outage.</summary>
    private List<int> Targets()
    {
        var running = Snapshot().Where(process => process.IsRunning).ToList();
        var healthy = running.FindAll(process => process.State is ResourceState.Healthy);
        return (healthy.Count > 0 ? healthy : running).ConvertAll(process => process.Port!.Value);
    }

    private List<ServiceProcess> Snapshot()
    {
        lock (processes)
        {
            return [.. processes];
        }
    }

    private static string? Detail(ServiceProcess process) => process.State switch
    {
        ResourceState.Exited => $"exit code {process.ExitCode}",
        ResourceState.Unhealthy => process.Complaint,
        _ => null,
    };
}
