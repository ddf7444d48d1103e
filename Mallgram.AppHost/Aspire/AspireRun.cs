using System.Collections.Concurrent;
using System.Globalization;
using Mallgram.AppHost.Backing;
using Mallgram.AppHost.Run;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Mallgram.AppHost.AspireGlue;

/// <summary>Lets Aspire run the model and keeps run.json and logs/ beside it, so that `status`, `down` and `job` work the same.</summary>
internal sealed class AspireRun(DistributedApplication app, RunningCopy copy, MachineServers? servers)
{
    private const string ProcessIdProperty = "executable.pid";
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>The order of the model; parameters and derived connection strings are not shown.</summary>
    private static readonly string[] Shown = ["postgres", "mallgram", "redis", "migrations", "api", "worker", "admin", "sandbox"];

    private readonly ConcurrentDictionary<string, ResourceEvent> latest = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<ResourceLog> logs = [];
    private readonly ConcurrentBag<string> wereHealthy = [];
    private RunRecord record = copy.NewRecord("aspire");

    public async Task<int> RunAsync()
    {
        Report();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(copy.StopRequested);
        string? failed = null;
        var watching = WatchAsync(stop.Token);
        var reporting = ReportRegularlyAsync(async name =>
        {
            failed = name;
            await stop.CancelAsync();
        }, stop.Token);
        try
        {
            await app.RunAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop while it was still starting.
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(watching, reporting);
            await app.DisposeAsync();
            foreach (var log in logs)
            {
                log.Dispose();
            }
            File.Delete(copy.Data.RunFile);
        }
        if (failed is null)
        {
            return record.Ready ? 0 : 130;
        }
        await Console.Error.WriteLineAsync($"{failed} did not start; see {copy.Data.Logs}");
        return 1;
    }

    private async Task WatchAsync(CancellationToken ct)
    {
        var readers = new List<Task>();
        try
        {
            await foreach (var change in app.ResourceNotifications.WatchAsync(ct))
            {
                if (!Shown.Contains(change.Resource.Name, StringComparer.Ordinal))
                {
                    continue;
                }
                if (latest.TryAdd(change.ResourceId, change))
                {
                    readers.Add(KeepLogAsync(change.ResourceId, ct));
                }
                latest[change.ResourceId] = change;
                if (change.Snapshot.HealthStatus is HealthStatus.Healthy)
                {
                    wereHealthy.Add(change.ResourceId);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
        await Task.WhenAll(readers);
    }

    private async Task KeepLogAsync(string resourceId, CancellationToken ct)
    {
        var log = new ResourceLog(copy.Data.Logs, resourceId, echo: false);
        logs.Add(log);
        try
        {
            var service = app.Services.GetRequiredService<ResourceLoggerService>();
            await foreach (var lines in service.WatchAsync(resourceId).WithCancellation(ct))
            {
                foreach (var line in lines)
                {
                    log.Write(line.Content);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    /// <param name="onFailure">Called with the resource that ended before all was ready, when nobody watches the dashboard.</param>
    private async Task ReportRegularlyAsync(Func<string, Task> onFailure, CancellationToken ct)
    {
        try
        {
            using var timer = new PeriodicTimer(ReportInterval);
            while (await timer.WaitForNextTickAsync(ct))
            {
                Report();
                if (record.Ready)
                {
                    continue;
                }
                if (record.AllIsUp)
                {
                    record = record with { Ready = true };
                    Report();
                    Summary.Write(Console.Out, record, copy.Data, copy.Line);
                }
                else if (copy.Line.IsDetachedChild
                    && record.Resources.FirstOrDefault(resource => resource.State is ResourceState.Exited) is { } ended)
                {
                    await onFailure(ended.Name);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    private void Report()
    {
        var events = latest.Values.ToLookup(change => change.Resource.Name, StringComparer.Ordinal);
        var ofMachine = servers?.Records().ToDictionary(resource => resource.Name, StringComparer.Ordinal) ?? [];
        var model = app.Services.GetRequiredService<DistributedApplicationModel>();
        var known = model.Resources.Select(resource => resource.Name).ToHashSet(StringComparer.Ordinal);
        var resources = new List<ResourceRecord>();
        foreach (var name in Shown)
        {
            // A server of the machine is a plain connection string to Aspire: what is known here is more.
            if (ofMachine.TryGetValue(name, out var server))
            {
                resources.Add(server);
            }
            else if (known.Contains(name))
            {
                resources.Add(RecordOf(name, [.. events[name].OrderBy(change => change.ResourceId, StringComparer.Ordinal)]));
            }
            else if (name == "redis")
            {
                resources.Add(ResourceRecord.NoRedis);
            }
        }
        record = record with
        {
            Resources = resources,
            Processes = [.. servers?.Processes ?? [], .. latest.Values.SelectMany(ProcessesOf)],
            Worker = events["worker"].Select(WorkerOf).FirstOrDefault(worker => worker is not null),
        };
        copy.Report(record);
    }

    private ResourceRecord RecordOf(string name, IReadOnlyList<ResourceEvent> instances)
    {
        if (instances.Count == 0)
        {
            return new ResourceRecord(name, ResourceState.Starting);
        }
        return ResourceRecord.Of(name, UrlOf(instances[0]), [.. instances.Select(instance =>
            new ReplicaRecord(instance.ResourceId, StateOf(instance), UrlOf(instance), PidOf(instance)))]);
    }

    private ResourceState StateOf(ResourceEvent instance)
    {
        var (text, exitCode) = (instance.Snapshot.State?.Text, instance.Snapshot.ExitCode);
        if (text == KnownResourceStates.Running || text == KnownResourceStates.Active)
        {
            return instance.Snapshot.HealthStatus is null or HealthStatus.Healthy ? ResourceState.Healthy
                : wereHealthy.Contains(instance.ResourceId) ? ResourceState.Unhealthy : ResourceState.Starting;
        }
        if (text == KnownResourceStates.Finished || text == KnownResourceStates.Exited)
        {
            return exitCode is null or 0 && instance.Resource.Name == "migrations" ? ResourceState.Finished : ResourceState.Exited;
        }
        return text == KnownResourceStates.FailedToStart || text == KnownResourceStates.RuntimeUnhealthy
            ? ResourceState.Exited
            : ResourceState.Starting;
    }

    /// <summary>The public address: the proxy's, not the process's own.</summary>
    private static string? UrlOf(ResourceEvent instance) =>
        instance.Snapshot.Urls.FirstOrDefault(url => !url.IsInternal && url.Url.StartsWith("http", StringComparison.Ordinal))?.Url
            ?? instance.Snapshot.Urls.FirstOrDefault()?.Url;

    private static int? PidOf(ResourceEvent instance) =>
        instance.Snapshot.Properties.FirstOrDefault(property => property.Name == ProcessIdProperty)?.Value is { } value
            ? Convert.ToInt32(value, CultureInfo.InvariantCulture)
            : null;

    private static IEnumerable<ProcessRecord> ProcessesOf(ResourceEvent instance) =>
        PidOf(instance) is { } pid && ProcessIdentity.Of(pid) is { } identity
            ? [new ProcessRecord(instance.ResourceId, identity, IsDatabase: false)]
            : [];

    private static WorkerRecord? WorkerOf(ResourceEvent instance)
    {
        var variables = instance.Snapshot.EnvironmentVariables
            .Where(variable => variable is { IsFromSpec: true, Value: not null })
            .ToDictionary(variable => variable.Name, variable => variable.Value!, StringComparer.Ordinal);
        // The artifacts layout keeps every project's output side by side.
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var assembly = Path.GetFullPath(
            Path.Combine(AppContext.BaseDirectory, "..", "..", "Mallgram.Worker", configuration, "Mallgram.Worker.dll"));
        return variables.Count == 0
            ? null
            : new WorkerRecord(assembly, Path.GetDirectoryName(new Projects.Mallgram_Worker().ProjectPath)!, variables);
    }
}
