using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.WholeApp;

/// <summary>The path a newcomer takes, over HTTP, on the whole system.</summary>
public sealed class WholeAppTests(RunningMallgram mallgram) : IClassFixture<RunningMallgram>
{
    [Fact]
    public async Task From_the_supplier_s_feed_to_the_confirmation_mail()
    {
        var (exit, output) = await mallgram.RunJobAsync("product-sync");
        Assert.True(exit == 0, output);
        Assert.Contains("succeeded", output, StringComparison.Ordinal);

        var shopper = new Shopper(mallgram.Api);
        var categories = await shopper.GetAsync("/api/v1/categories");
        Assert.NotEqual(0, categories.GetProperty("data").GetArrayLength());
        var order = await shopper.OrderAsync();
        using var started = await shopper.PayAsync(order);
        await started.JsonAsync(HttpStatusCode.Created);
        await shopper.UntilOrderAsync(order, "paid");
        var mails = await Eventually.GetAsync("the mail", async () => await mallgram.MailsToAsync(shopper.Email) is { Length: > 0 } found ? found : null);
        Assert.Contains(order.GetProperty("number").GetString()!, mails[0].GetProperty("subject").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_payment_whose_callback_is_dropped_is_settled_by_the_schedule()
    {
        await EnsureCatalogueAsync(mallgram);
        var shopper = new Shopper(mallgram.Api, language: "fr");
        var order = await shopper.OrderAsync();
        using var control = await mallgram.Sandbox.PostAsJsonAsync("/control/mtn-momo", new { action = "drop_callback" });
        control.EnsureSuccessStatusCode();
        using var started = await shopper.PayAsync(order);
        await started.JsonAsync(HttpStatusCode.Created);
        await shopper.UntilOrderAsync(order, "paid");
    }

    [Fact]
    public async Task Status_names_every_resource_and_its_state()
    {
        var resources = (await mallgram.StatusAsync()).ToDictionary(r => r.GetProperty("name").GetString()!, r => r.GetProperty("state").GetString(), StringComparer.Ordinal);
        foreach (var name in new[] { "postgres", "sandbox", "api", "worker", "admin" })
        {
            Assert.Equal("healthy", resources[name]);
        }

        Assert.Equal("finished", resources["migrations"]);
        Assert.Contains(resources["redis"], new[] { "healthy", "absent" });
    }

    [Fact]
    public async Task The_contract_and_its_page_are_served()
    {
        var document = await mallgram.Api.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        Assert.True(document.GetProperty("paths").TryGetProperty("/api/v1/orders", out _));
        using var page = await mallgram.Api.GetAsync("/docs/index.html");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Fact]
    public async Task An_unknown_job_is_refused_with_the_names_of_the_known_ones()
    {
        var (exit, output) = await mallgram.RunJobAsync("nonsense");
        Assert.NotEqual(0, exit);
        Assert.Contains("product-sync", output, StringComparison.Ordinal);
    }

    internal static async Task EnsureCatalogueAsync(RunningMallgram mallgram)
    {
        var list = await new Shopper(mallgram.Api).GetAsync("/api/v1/products?in_stock=true&limit=1");
        if (list.GetProperty("data").GetArrayLength() == 0)
        {
            var (exit, output) = await mallgram.RunJobAsync("product-sync");
            Assert.True(exit == 0, output);
        }
    }
}

/// <summary>Two Api and two Worker replicas: everything still happens once.</summary>
public sealed class ReplicaTests(ReplicaTests.TwoOfEach mallgram) : IClassFixture<ReplicaTests.TwoOfEach>
{
    [Fact]
    public async Task No_order_is_paid_twice_no_mail_sent_twice_no_job_run_twice()
    {
        await WholeAppTests.EnsureCatalogueAsync(mallgram);
        var shoppers = Enumerable.Range(0, 25).Select(_ => new Shopper(mallgram.Api)).ToList();
        await Parallel.ForEachAsync(shoppers, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (shopper, _) =>
        {
            var order = await shopper.OrderAsync();
            using var started = await shopper.PayAsync(order);
            await started.JsonAsync(HttpStatusCode.Created);
            await shopper.UntilOrderAsync(order, "paid");
        });
        foreach (var shopper in shoppers)
        {
            var mails = await Eventually.GetAsync("the mail", async () => await mallgram.MailsToAsync(shopper.Email) is { Length: > 0 } found ? found : null);
            Assert.Single(mails);
        }

        var runs = await StaffRunsAsync();
        Assert.Equal(runs.Length, runs.Select(r => (r.GetProperty("job").GetString(), r.GetProperty("scheduled_at").GetString())).Distinct().Count());
    }

    private async Task<JsonElement[]> StaffRunsAsync()
    {
        using var login = await mallgram.Api.PostAsJsonAsync(
            "/api/v1/auth/login", new { email = "admin@mallgram.test", password = RunningMallgram.AdministratorPassword });
        var token = (await login.JsonAsync(HttpStatusCode.OK)).GetProperty("access_token").GetString();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/admin/job-runs?limit=100") { Headers = { { "Authorization", "Bearer " + token } } };
        using var answer = await mallgram.Api.SendAsync(request);
        return [.. (await answer.JsonAsync(HttpStatusCode.OK)).GetProperty("data").EnumerateArray()];
    }

    public sealed class TwoOfEach : RunningMallgram
    {
        protected override string[] UpArguments => ["--replicas", "api=2,worker=2"];
    }
}

/// <summary>Everything is killed in the middle of payments and started again.</summary>
public sealed class KillTests(RunningMallgram mallgram) : IClassFixture<RunningMallgram>
{
    [Fact]
    public async Task After_kill_9_of_every_process_nothing_is_lost_and_nothing_doubled()
    {
        await WholeAppTests.EnsureCatalogueAsync(mallgram);
        using var delay = await mallgram.Sandbox.PostAsJsonAsync("/control/mtn-momo", new { action = "decision_delay", ms = 3000 });
        delay.EnsureSuccessStatusCode();
        var started = new List<(Shopper Shopper, JsonElement Order)>();
        for (var i = 0; i < 6; i++)
        {
            var shopper = new Shopper(mallgram.Api);
            var order = await shopper.OrderAsync();
            using var payment = await shopper.PayAsync(order);
            await payment.JsonAsync(HttpStatusCode.Created);
            started.Add((shopper, order));
        }

        // Every process of the copy at once, the AppHost among them, while prompts wait for their decision.
        foreach (var pid in await PidsAsync())
        {
            KillHard(pid);
        }

        await mallgram.UpAsync();

        foreach (var (shopper, order) in started)
        {
            await shopper.UntilOrderAsync(order, "paid");
            var mails = await Eventually.GetAsync("the mail", async () => await mallgram.MailsToAsync(shopper.Email) is { Length: > 0 } found ? found : null);
            Assert.Single(mails.Select(m => m.GetProperty("message_id").GetString()).Distinct(StringComparer.Ordinal));
        }

        var (exit, output) = await mallgram.DownAsync();
        Assert.True(exit == 0, output);
        Assert.Empty(ProcessesNaming(mallgram.DataFolder));
    }

    private async Task<int[]> PidsAsync()
    {
        var pids = new List<int>();
        foreach (var resource in await mallgram.StatusAsync())
        {
            if (resource.TryGetProperty("pid", out var pid) && pid.ValueKind == JsonValueKind.Number)
            {
                pids.Add(pid.GetInt32());
            }
        }

        // The AppHost first: nobody is left to notice the others.
        return [.. ProcessesNaming(mallgram.DataFolder), .. pids];
    }

    private static int[] ProcessesNaming(string folder) =>
        [.. Directory.GetDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && pid != Environment.ProcessId && CommandLine(pid).Contains(folder, StringComparison.Ordinal))];

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It ended between the listing and the look.
            return "";
        }
    }

    private static void KillHard(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // Gone with its parent.
        }
    }
}
