using Mallgram.AppHost.Backing;
using Mallgram.AppHost.Run;

namespace Mallgram.AppHost.Local;

/// <summary>Runs the app model on this machine: starts in order, watches, reports to run.json, stops.</summary>
internal sealed class LocalRun(DistributedApplication app, RunningCopy copy) : IAsyncDisposable
{
    private const string Worker = "worker";
    private const int LinesInError = 30;
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, RunningResource> running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TaskCompletionSource> up = new(StringComparer.Ordinal);
    private RunRecord record = copy.NewRecord("local");
    private StatusPage? statusPage;

    private bool Echo => !copy.Line.IsDetachedChild;

    public async Task<int> RunAsync()
    {
        CheckPorts();
        foreach (var resource in app.Resources)
        {
            if (Running(resource) is { } runs)
            {
                running.Add(resource.Name, runs);
                up.Add(resource.Name, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }
        }
        // First what `down` needs, then processes.
        Report();
        statusPage = await StatusPage.StartAsync(
            copy.Ports.StatusPage, () => record, name => running.GetValueOrDefault(name)?.LastLines(200) ?? []);

        using var reporting = CancellationTokenSource.CreateLinkedTokenSource(copy.StopRequested);
        var reports = ReportRegularlyAsync(reporting.Token);
        try
        {
            if (!await StartAllAsync())
            {
                return 1;
            }
            record = record with { Ready = true };
            Report();
            if (Echo)
            {
                Summary.Write(Console.Out, record, copy.Data, copy.Line);
            }
            await WatchAsync();
            return 0;
        }
        catch (OperationCanceledException) when (copy.StopRequested.IsCancellationRequested)
        {
            return record.Ready ? 0 : 130;
        }
        finally
        {
            await reporting.CancelAsync();
            await reports;
            Console.WriteLine("Stopping …");
            await StopAllAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (statusPage is not null)
        {
            await statusPage.DisposeAsync();
        }
        File.Delete(copy.Data.RunFile);
    }

    /// <returns>False when something did not come up; it is reported, and the rest is no longer waited for.</returns>
    private async Task<bool> StartAllAsync()
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(copy.StopRequested);
        RunningResource? failed = null;
        Exception? reason = null;
        await Task.WhenAll(app.Resources.Where(resource => running.ContainsKey(resource.Name)).Select(async resource =>
        {
            var runs = running[resource.Name];
            try
            {
                foreach (var wait in (resource as ProjectResource)?.Waits ?? [])
                {
                    await UpOf(wait.Resource).Task.WaitAsync(giveUp.Token);
                }
                await runs.StartAsync(giveUp.Token);
                up[resource.Name].SetResult();
                if (!Echo)
                {
                    Console.WriteLine($"{resource.Name} is {RunRecord.Word(runs.Record().State)}");
                }
            }
            catch (OperationCanceledException)
            {
                // Asked to stop, or another resource failed first and is reported.
                up[resource.Name].TrySetCanceled(CancellationToken.None);
            }
            catch (Exception e) when (e is RunException or BackingException)
            {
                if (Interlocked.CompareExchange(ref failed, runs, null) is null)
                {
                    reason = e;
                }
                await giveUp.CancelAsync();
            }
        }));
        copy.StopRequested.ThrowIfCancellationRequested();
        if (failed is null)
        {
            return true;
        }

        Report();
        var lines = failed.LastLines(LinesInError).Select(line => "  " + line);
        await Console.Error.WriteLineAsync(string.Join(Environment.NewLine,
            ["", $"{failed.Name} did not start: {reason!.Message}", .. lines, $"The whole log: {copy.Data.Logs}"]));
        return false;
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(CheckInterval);
        while (await timer.WaitForNextTickAsync(copy.StopRequested))
        {
            await Task.WhenAll(running.Values.Select(runs => runs.CheckAsync(copy.StopRequested)));
        }
    }

    private async Task StopAllAsync()
    {
        foreach (var last in (bool[])[false, true])
        {
            await Task.WhenAll(running.Values.Where(runs => runs.StopsLast == last).Select(async runs =>
            {
                try
                {
                    await runs.DisposeAsync();
                }
                catch (Exception e)
                {
                    // Whatever it is, the others are still to be stopped; the next `up` or `down` ends what is left.
                    await Console.Error.WriteLineAsync($"{runs.Name} did not stop cleanly: {e}");
                }
            }));
        }
    }

    private async Task ReportRegularlyAsync(CancellationToken ct)
    {
        try
        {
            using var timer = new PeriodicTimer(ReportInterval);
            while (await timer.WaitForNextTickAsync(ct))
            {
                Report();
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over; its last state is reported by whoever ended it.
        }
    }

    private void Report()
    {
        var resources = app.Resources.Select(RecordOf).OfType<ResourceRecord>().ToList();
        if (!running.ContainsKey("redis"))
        {
            resources.Add(ResourceRecord.NoRedis);
        }
        record = record with
        {
            Resources = resources,
            Processes = [.. running.Values.SelectMany(runs => runs.Processes)],
            Worker = (running.GetValueOrDefault(Worker) as RunningProject)?.Launch,
        };
        copy.Report(record);
    }

    private ResourceRecord? RecordOf(IResource resource) => resource is PostgresDatabaseResource database
        ? ((RunningPostgres)running[database.Parent.Name]).RecordOf(database)
        : running.GetValueOrDefault(resource.Name)?.Record();

    private RunningResource? Running(IResource resource) => resource switch
    {
        PostgresServerResource postgres => new RunningPostgres(postgres, Log(postgres.Name)),
        RedisResource redis => new RunningRedis(redis, Log(redis.Name)),
        ConnectionStringResource { IsGiven: true } given => new RunningGivenServer(given),
        ProjectResource project => new RunningProject(project, copy.Data, Echo),
        _ => null,
    };

    private TaskCompletionSource UpOf(IResource resource) =>
        up[resource is PostgresDatabaseResource database ? database.Parent.Name : resource.Name];

    private ResourceLog Log(string name) => new(copy.Data.Logs, name, Echo);

    /// <summary>Chooses the ports that are free to choose, and refuses to start when a fixed one is taken.</summary>
    private void CheckPorts()
    {
        var wanted = new List<(string Name, int Port)> { ("status page", copy.Ports.StatusPage) };
        foreach (var project in app.Resources.OfType<ProjectResource>())
        {
            foreach (var endpoint in project.Endpoints)
            {
                if (endpoint.Port == 0)
                {
                    endpoint.Port = FreePort.Next();
                }
                wanted.Add((endpoint.Name == "http" ? project.Name : $"{project.Name} {endpoint.Name}", endpoint.Port));
            }
        }
        var taken = wanted.Where(one => !FreePort.IsFree(one.Port)).Select(one => $"{one.Port} ({one.Name})").ToList();
        if (taken.Count > 0)
        {
            throw new RunException($"In use by another program: port {string.Join(", ", taken)}. Stop it, or use --port-offset N.");
        }
    }
}
