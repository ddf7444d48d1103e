using System.Globalization;
using System.Text.Json;
using Mallgram.Benchmarks.Data;
using Mallgram.Kernel.Jobs;
using Mallgram.Worker;

namespace Mallgram.Benchmarks.Cases;

/// <summary>
/// What a sync costs of the supplier's quota, counted by the sandbox: products refreshed by a call of an unchanged re-sync, calls over the
/// cap, and pages fetched twice because the Worker was killed in mid-run.
/// </summary>
internal static class Quota
{
    private const int PageSize = 50;
    private const string FeedCall = "aliexpress.call.aliexpress.ds.recommend.feed.get";

    public static async Task RunAsync(Bench bench)
    {
        var items = bench.Options.Quick ? 300 : 2_000;
        var pages = (items + PageSize - 1) / PageSize;
        var database = await bench.CloneAsync();
        await using var sandbox = await ChildProcess.ServeAsync(
            "serve-sandbox", "/control/state", "--environment=Development", "--Sandbox:SmtpPort=0",
            string.Create(CultureInfo.InvariantCulture, $"--Sandbox:CatalogueSize={items}"));
        using var http = new HttpClient { BaseAddress = sandbox.Address };
        // The cap is what the runs need plus two pages: whoever wastes calls is over it.
        string[] settings =
        [
            .. database.ServiceArgs,
            $"--Sourcing:AliExpress:BaseAddress={sandbox.Address}aliexpress/",
            "--Sourcing:AliExpress:AppKey=510001",
            "--Sourcing:AliExpress:AppSecret=mallgram-secret",
            "--Sourcing:AliExpress:AuthorizationCode=3_510001_bench",
            "--Sourcing:AliExpress:CallsPerSecond=10000",
            "--Sourcing:AliExpress:CallsPerDay=0",
        ];

        // First sync, killed on its way, slowly enough to meet it there; the second process goes on.
        Guid run;
        long atKill;
        await PostAsync(http, new { action = "slow", ms = 20 });
        await using (var worker = await WorkerAsync(settings))
        {
            run = await RequestAsync(settings);
            await UntilAsync(async () => await database.ScalarAsync<long>("select coalesce(max(seen), 0)::bigint from sourcing.sync_runs") >= items / 3);
            worker.Kill();
            atKill = await database.ScalarAsync<long>("select max(seen)::bigint from sourcing.sync_runs");
        }

        await PostAsync(http, new { action = "slow", ms = 0 });
        await using (var worker = await WorkerAsync(settings))
        {
            await EndAsync(database, run);
            var runs = await database.ScalarAsync<string>("select string_agg(state || ' ' || seen, ', ' order by id) from sourcing.sync_runs");
            // A page of new items is asked for twice by plan: in English, and in French for the names.
            var twice = (await CountAsync(http, FeedCall) - 2 * pages + 1) / 2;
            var seen = await database.ScalarAsync<long>("select max(seen)::bigint from sourcing.sync_runs");
            bench.Report.Add(new Line(
                "quota, worker killed in mid-run",
                string.Create(CultureInfo.InvariantCulture, $"{twice} of {pages} pages fetched twice, {seen} of {items} items"), "",
                Ratio: null, "<= 1", twice is 0 or 1 && seen == items,
                string.Create(CultureInfo.InvariantCulture, $"killed after {atKill} items; sync runs: {runs}")));

            var before = await AllCallsAsync(http);
            await EndAsync(database, await RequestAsync(settings));
            var calls = await AllCallsAsync(http) - before;
            var refreshed = await database.ScalarAsync<long>("select seen::bigint from sourcing.sync_runs order by id desc limit 1");
            var share = (double)refreshed / calls / PageSize;
            bench.Report.Add(new Line(
                "quota, products a call of a re-sync",
                string.Create(CultureInfo.InvariantCulture, $"{(double)refreshed / calls:0.0}"),
                string.Create(CultureInfo.InvariantCulture, $"page size {PageSize}"),
                new Spread(share, share, share), ">= 0.95", share >= 0.95,
                string.Create(CultureInfo.InvariantCulture, $"{calls} calls with categories and tokens, {refreshed} products; deterministic, so one run")));
        }

        // A cap of half of what a first sync needs, on both sides.
        var capped = await bench.CloneAsync();
        var cap = pages + items / 4;
        await PostAsync(http, new { action = "reset" });
        await PostAsync(http, new { action = "quota", per_day = cap });
        var callsBefore = await AllCallsAsync(http);
        string[] cappedSettings =
        [
            .. capped.ServiceArgs, .. settings[database.ServiceArgs.Length..^1],
            string.Create(CultureInfo.InvariantCulture, $"--Sourcing:AliExpress:CallsPerDay={cap}"),
        ];
        await using (var worker = await WorkerAsync(cappedSettings))
        {
            await EndAsync(capped, await RequestAsync(cappedSettings));
        }

        var made = await AllCallsAsync(http) - callsBefore;
        var state = await capped.ScalarAsync<string>("select state from sourcing.sync_runs order by id desc limit 1");
        bench.Report.Add(new Line(
            "quota, calls over the cap",
            string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, made - cap)} ({made} of {cap} made, then {state})"), "", Ratio: null, "0",
            made <= cap && state == "paused_by_quota"));
        await database.DropAsync();
        await capped.DropAsync();
    }

    private static Task<ChildProcess> WorkerAsync(string[] settings) => ChildProcess.ServeAsync("serve-worker", "/alive", settings);

    /// <summary>As <c>job run</c> does, and as Quartz starts it in a Worker.</summary>
    private static async Task<Guid> RequestAsync(string[] settings)
    {
        await using var app = WorkerApp.Build(settings);
        return await app.Services.GetRequiredService<JobRuns>().RequestAsync("product-sync", "bench", CancellationToken.None);
    }

    private static Task EndAsync(BenchDatabase database, Guid run) => UntilAsync(() => database.ScalarAsync<bool>(
        $"select state in ('succeeded', 'failed', 'cancelled') from kernel.job_runs where id = '{run}'"));

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!await holds())
        {
            if (System.Diagnostics.Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(4))
            {
                throw new TimeoutException("The sync did not get there in four minutes.");
            }

            await Task.Delay(50);
        }
    }

    private static async Task<long> CountAsync(HttpClient http, string counter)
    {
        using var state = JsonDocument.Parse(await http.GetByteArrayAsync(new Uri("/control/state", UriKind.Relative)));
        return state.RootElement.GetProperty("data").GetProperty("counters").TryGetProperty(counter, out var value) ? value.GetInt64() : 0;
    }

    private static async Task<long> AllCallsAsync(HttpClient http)
    {
        using var state = JsonDocument.Parse(await http.GetByteArrayAsync(new Uri("/control/state", UriKind.Relative)));
        return state.RootElement.GetProperty("data").GetProperty("counters").EnumerateObject()
            .Where(c => c.Name.StartsWith("aliexpress.call.", StringComparison.Ordinal)).Sum(c => c.Value.GetInt64());
    }

    private static async Task PostAsync(HttpClient http, object change)
    {
        using var answer = await http.PostAsJsonAsync("/control/aliexpress", change);
        answer.EnsureSuccessStatusCode();
    }
}
