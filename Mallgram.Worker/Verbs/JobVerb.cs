using Mallgram.Kernel.Jobs;
using Npgsql;

namespace Mallgram.Worker.Verbs;

/// <summary><c>job run &lt;name&gt;</c>: asks the running Workers for a run now and follows it to its end.</summary>
internal static class JobVerb
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    /// <returns>Exit code: 0 when the run succeeded, 1 when it failed or never started, 2 for an unknown job.</returns>
    public static async Task<int> RunAsync(IServiceProvider services, string name)
    {
        try
        {
            return await AskAndFollowAsync(services, name);
        }
        catch (NpgsqlException e)
        {
            await Console.Error.WriteLineAsync($"The database went away ({e.Message}). A run that was asked for goes on when it is back.");
            return 1;
        }
    }

    private static async Task<int> AskAndFollowAsync(IServiceProvider services, string name)
    {
        var jobs = services.GetServices<JobDefinition>().Select(j => j.Name).Order(StringComparer.Ordinal).ToList();
        if (!jobs.Contains(name, StringComparer.Ordinal))
        {
            await Console.Error.WriteLineAsync($"There is no job {name}. Jobs: {string.Join(", ", jobs)}.");
            return 2;
        }

        var runs = services.GetRequiredService<JobRuns>();
        var clock = services.GetRequiredService<TimeProvider>();
        var id = await runs.RequestAsync(name, "operator", CancellationToken.None);
        Console.WriteLine($"{name}: run {id} asked for");
        var asked = clock.GetTimestamp();
        string? shown = null;
        while (true)
        {
            var run = await runs.FindAsync(id, CancellationToken.None) ?? throw new InvalidOperationException($"Run {id} has disappeared.");
            if (run.IsFinished)
            {
                Console.WriteLine($"{name}: {run.State} {run.Summary?.GetRawText()}");
                if (run.Error is not null)
                {
                    await Console.Error.WriteLineAsync(run.Error);
                }

                return run.State == "succeeded" ? 0 : 1;
            }

            if (run.Progress?.GetRawText() is { } progress && progress != shown)
            {
                Console.WriteLine($"{name}: {progress}");
                shown = progress;
            }

            if (run.State == "requested" && clock.GetElapsedTime(asked) > StartLimit)
            {
                await Console.Error.WriteLineAsync("No Worker has started the run. Is one running? See ./mallgram status.");
                return 1;
            }

            await Task.Delay(LookInterval);
        }
    }
}
