using System.Collections.Concurrent;
using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Kernel;

/// <summary>Jobs with two Workers in one cluster.</summary>
public sealed class JobTests(JobTests.AppWithJobs app) : IClassFixture<JobTests.AppWithJobs>
{
    [Fact]
    public async Task Two_workers_run_a_job_once_at_each_time_of_its_schedule()
    {
        await app.StartWorkerAsync();
        await Eventually.HoldsAsync("six firings", () => Task.FromResult(app.Seen.Scheduled.Count >= 6));
        var runs = app.Seen.Scheduled.ToArray();
        Assert.Equal(runs.Distinct().Count(), runs.Length);
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            "select count(*) from (select 1 from kernel.job_runs group by job, scheduled_at having count(*) > 1) twice"));
    }

    [Fact]
    public async Task A_run_reports_its_summary_and_asking_again_meanwhile_gives_the_same_run()
    {
        var runs = app.Worker.Services.GetRequiredService<JobRuns>();
        app.Seen.Gate.Reset();
        var id = await runs.RequestAsync(Slow.Name, "test", CancellationToken.None);
        await Eventually.HoldsAsync("running", async () => (await runs.FindAsync(id, CancellationToken.None))!.State == "running");
        Assert.Equal(id, await runs.RequestAsync(Slow.Name, "test", CancellationToken.None));
        app.Seen.Gate.Set();
        var run = await EndOfAsync(runs, id);
        Assert.Equal(("succeeded", 7), (run.State, run.Summary!.Value.GetProperty("done").GetInt32()));
    }

    [Fact]
    public async Task A_run_can_be_cancelled()
    {
        var runs = app.Worker.Services.GetRequiredService<JobRuns>();
        app.Seen.Gate.Reset();
        var id = await runs.RequestAsync(Slow.Name, "test", CancellationToken.None);
        await Eventually.HoldsAsync("running", async () => (await runs.FindAsync(id, CancellationToken.None))!.State == "running");
        Assert.True(await runs.CancelAsync(id, CancellationToken.None));
        Assert.Equal("cancelled", (await EndOfAsync(runs, id)).State);
        app.Seen.Gate.Set();
    }

    [Fact]
    public async Task A_run_that_fails_says_why()
    {
        var runs = app.Worker.Services.GetRequiredService<JobRuns>();
        var run = await EndOfAsync(runs, await runs.RequestAsync(Broken.Name, "test", CancellationToken.None));
        Assert.Equal("failed", run.State);
        Assert.Contains("on purpose", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_whose_worker_was_killed_is_taken_over()
    {
        // As a killed Worker leaves it: running, with a lease that has ended and no heartbeat since.
        await app.Database.ExecuteAsync(
            """
            insert into kernel.job_leases (job, owner, token, expires_at) values ('tests-adopted', 'dead:1', 41, now() - interval '1 second');
            insert into kernel.job_runs (id, job, scheduled_at, trigger, state, node, fence, started_at, heartbeat_at, created_at)
            values ('01930000-0000-7000-8000-00000000dead', 'tests-adopted', now() - interval '1 minute', 'schedule', 'running', 'dead:1', 41,
                    now() - interval '1 minute', now() - interval '1 minute', now() - interval '1 minute');
            """);
        var runs = app.Worker.Services.GetRequiredService<JobRuns>();
        var run = await EndOfAsync(runs, Guid.Parse("01930000-0000-7000-8000-00000000dead"));
        Assert.Equal("succeeded", run.State);
        Assert.True(await app.Database.ScalarAsync<long>("select fence from kernel.job_runs where job = 'tests-adopted'") > 41);
        Assert.Equal(1, app.Seen.Adopted);
    }

    private static Task<JobRunRow> EndOfAsync(JobRuns runs, Guid id) => Eventually.GetAsync("end of run", async () =>
        await runs.FindAsync(id, CancellationToken.None) is { IsFinished: true } run ? run : null);

    public sealed class AppWithJobs : MallgramApp
    {
        public Seen Seen { get; } = new();

        protected override bool Synchronised => false;

        protected override void Configure(WebApplicationBuilder builder)
        {
            builder.Services.AddSingleton(Seen);
            builder.Services.AddJob<EverySecond>();
            builder.Services.AddJob<Slow>();
            builder.Services.AddJob<Broken>();
            builder.Services.AddJob<Adopted>();
        }
    }

    public sealed class Seen
    {
        private int _adopted;

        public ConcurrentQueue<DateTimeOffset> Scheduled { get; } = new();

        public ManualResetEventSlim Gate { get; } = new(initialState: true);

        public int Adopted => _adopted;

        public void Adopt() => Interlocked.Increment(ref _adopted);
    }

    private sealed class EverySecond(Seen seen) : IMallgramJob
    {
        public static string Name => "tests-every-second";

        public static string DefaultCron => "* * * * * ?";

        public static LocalText Description => new("Test", "Test");

        public Task<object?> RunAsync(JobRun run, CancellationToken ct)
        {
            seen.Scheduled.Enqueue(run.ScheduledAt);
            return Task.FromResult<object?>(new { done = 1 });
        }
    }

    private sealed class Slow(Seen seen) : IMallgramJob
    {
        public static string Name => "tests-slow";

        public static string DefaultCron => "0 0 0 1 1 ? 2099";

        public static LocalText Description => new("Test", "Test");

        public Task<object?> RunAsync(JobRun run, CancellationToken ct) => Task.Run<object?>(
            () =>
            {
                seen.Gate.Wait(ct);
                return new { done = 7 };
            },
            ct);
    }

    private sealed class Broken : IMallgramJob
    {
        public static string Name => "tests-broken";

        public static string DefaultCron => "0 0 0 1 1 ? 2099";

        public static LocalText Description => new("Test", "Test");

        public Task<object?> RunAsync(JobRun run, CancellationToken ct) => throw new InvalidOperationException("Fails on purpose.");
    }

    private sealed class Adopted(Seen seen) : IMallgramJob
    {
        public static string Name => "tests-adopted";

        public static string DefaultCron => "0 0 0 1 1 ? 2099";

        public static LocalText Description => new("Test", "Test");

        public Task<object?> RunAsync(JobRun run, CancellationToken ct)
        {
            seen.Adopt();
            return Task.FromResult<object?>(new { done = 1 });
        }
    }
}
