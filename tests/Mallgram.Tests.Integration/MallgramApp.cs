using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Api;
using Mallgram.AppHost.Backing;
using Mallgram.Kernel.Jobs;
using Mallgram.Sandbox;
using Mallgram.Tests.Integration.Support;
using Mallgram.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration;

/// <summary>
/// The Api, a Worker and the provider sandbox on real sockets in this process, on a database of their own. Schedules are off: a test runs
/// the job it is about.
/// </summary>
public class MallgramApp : IAsyncLifetime
{
    private readonly List<WebApplication> _hosts = [];
    private readonly string _files = Directory.CreateTempSubdirectory("mallgram-files-").FullName;
    private TestDatabase? _database;

    /// <summary>Products in the sandbox's generated catalogue.</summary>
    protected virtual int CatalogueSize => 40;

    /// <summary>Whether the tests start with the catalogue synchronised.</summary>
    protected virtual bool Synchronised => true;

    /// <summary>Whether Alibaba is a supplier too.</summary>
    protected virtual bool SellsInBulk => false;

    internal TestDatabase Database => _database ?? throw new InvalidOperationException("Not started.");

    public HttpClient Http { get; private set; } = null!;

    public HttpClient SandboxHttp { get; private set; } = null!;

    public WebApplication Api { get; private set; } = null!;

    public WebApplication Worker { get; private set; } = null!;

    public WebApplication Sandbox { get; private set; } = null!;

    public const string AdministratorEmail = "admin@mallgram.test";
    public const string AdministratorPassword = "correct horse battery staple 9";

    public virtual async Task InitializeAsync()
    {
        _database = await TestDatabase.CloneAsync();
        Sandbox = SandboxApp.Build(
            ["--environment=Development", "--urls=http://127.0.0.1:0", "--Sandbox:SmtpPort=0", $"--Sandbox:CatalogueSize={CatalogueSize}", .. SandboxSettings]);
        await StartAsync(Sandbox);
        SandboxHttp = new HttpClient { BaseAddress = SandboxApp.Address(Sandbox) };

        var address = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        Api = ApiApp.Build(Settings(address), Configure);
        await StartAsync(Api);
        Http = new HttpClient { BaseAddress = address };
        Worker = await StartWorkerAsync();
        if (Synchronised)
        {
            var run = await RunJobAsync("product-sync");
            Assert.Equal("succeeded", run.State);
        }
    }

    public virtual async Task DisposeAsync()
    {
        Http.Dispose();
        SandboxHttp.Dispose();
        foreach (var host in Enumerable.Reverse(_hosts))
        {
            await host.StopAsync();
            await host.DisposeAsync();
        }

        Directory.Delete(_files, recursive: true);
        await Database.DropAsync();
    }

    /// <summary>Another Worker on the same database.</summary>
    public async Task<WebApplication> StartWorkerAsync()
    {
        var worker = WorkerApp.Build(Settings(new Uri("http://127.0.0.1:0"), Http.BaseAddress), Configure);
        await StartAsync(worker);
        return worker;
    }

    /// <summary>Runs a job now and waits for its end.</summary>
    public async Task<JobRunRow> RunJobAsync(string name)
    {
        var runs = Worker.Services.GetRequiredService<JobRuns>();
        var id = await runs.RequestAsync(name, "test", CancellationToken.None);
        return await Eventually.GetAsync($"end of {name}", async () =>
            await runs.FindAsync(id, CancellationToken.None) is { IsFinished: true } run ? run : null);
    }

    /// <summary>Mails the sandbox got for an address, newest first.</summary>
    public async Task<JsonElement[]> MailsToAsync(string address) =>
        [.. (await SandboxHttp.GetFromJsonAsync<JsonElement>("/mailbox.json?limit=100&to=" + Uri.EscapeDataString(address))).GetProperty("data").EnumerateArray()];

    /// <summary>Text messages the sandbox got for a number, newest first.</summary>
    public async Task<JsonElement[]> TextsToAsync(string number) =>
        [.. (await SandboxHttp.GetFromJsonAsync<JsonElement>($"/phones/{number}/messages")).GetProperty("data").EnumerateArray()];

    public async Task ControlAsync(string provider, object change)
    {
        using var answer = await SandboxHttp.PostAsJsonAsync("/control/" + provider, change);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A client signed in as the first administrator of the default store.</summary>
    public async Task<HttpClient> SignInStaffAsync(string store = "mallgram")
    {
        var client = new HttpClient { BaseAddress = Http.BaseAddress };
        client.DefaultRequestHeaders.Add("X-Store", store);
        using var answer = await client.PostAsJsonAsync("/api/v1/auth/login", new { email = AdministratorEmail, password = AdministratorPassword });
        answer.EnsureSuccessStatusCode();
        var session = await answer.Content.ReadFromJsonAsync<JsonElement>();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", session.GetProperty("access_token").GetString());
        return client;
    }

    /// <summary>Further settings of the sandbox, as arguments.</summary>
    protected virtual IEnumerable<string> SandboxSettings => [];

    /// <summary>Further settings of Api and Worker, as arguments.</summary>
    protected virtual IEnumerable<string> ServiceSettings => [];

    protected virtual void Configure(WebApplicationBuilder builder)
    {
    }

    protected string[] Settings(Uri listen, Uri? publicBase = null)
    {
        var sandbox = SandboxApp.Address(Sandbox);
        return
        [
            "--environment=Development",
            $"--urls={listen}",
            "--Logging:LogLevel:Default=Warning",
            $"--ConnectionStrings:mallgram={Database.App}",
            $"--ConnectionStrings:mallgram_platform={Database.Platform}",
            "--Identity:SigningKey=a-signing-key-for-tests-that-is-long-enough-000",
            "--Files:SigningKey=another-signing-key-for-tests-long-enough-0000",
            $"--Files:PublicBaseAddress={publicBase ?? listen}",
            $"--Files:Directory={_files}",
            $"--Files:Images:AllowedHosts:0={sandbox.Authority}",
            $"--Files:Images:SizedByHost:0={sandbox.Authority}",
            $"--Sourcing:AliExpress:BaseAddress={sandbox}aliexpress/",
            "--Sourcing:AliExpress:AppKey=510001",
            "--Sourcing:AliExpress:AppSecret=mallgram-secret",
            "--Sourcing:AliExpress:AuthorizationCode=3_510001_tests",
            "--Sourcing:AliExpress:CallsPerSecond=1000",
            "--Sourcing:AliExpress:CallsPerDay=0",
            $"--Catalog:ExchangeRates:BaseAddress={sandbox}openexchangerates/api/",
            "--Catalog:ExchangeRates:AppId=sandbox-app-id",
            $"--Payments:PublicBaseAddress={publicBase ?? listen}",
            $"--Payments:MtnMomo:BaseAddress={sandbox}mtn-momo/",
            "--Payments:MtnMomo:SubscriptionKey=sandbox-subscription-key",
            "--Payments:MtnMomo:ApiUser=11111111-2222-4333-8444-555555555555",
            "--Payments:MtnMomo:ApiKey=00112233445566778899aabbccddeeff",
            "--Messaging:Smtp:Host=127.0.0.1",
            $"--Messaging:Smtp:Port={SandboxApp.SmtpPort(Sandbox)}",
            $"--Messaging:Sms:BaseAddress={sandbox}sms",
            "--Jobs:Schedules:product-sync=off",
            "--Jobs:Schedules:settle-pending-payments=off",
            "--Jobs:Schedules:reprice=off",
            "--Jobs:Schedules:exchange-rates=off",
            .. SellsInBulk ? Alibaba(sandbox) : [],
            // A test that wrote something looks for it at once.
            "--Catalog:Cache:RecheckAfter=00:00:00",
            // All tests come from one network address; the limits have tests of their own.
            "--Edge:RateLimits:PerMinute=1000000",
            "--Edge:RateLimits:PerHour=10000000",
            "--Edge:RateLimits:SignInsPerMinute=100000",
            "--Edge:RateLimits:CodesPerMinute=100000",
            "--Edge:RateLimits:RefusedPerMinute=100000",
            .. ServiceSettings,
        ];
    }

    private static string[] Alibaba(Uri sandbox) =>
    [
        $"--Sourcing:Alibaba:BaseAddress={sandbox}alibaba/",
        "--Sourcing:Alibaba:AppKey=600001",
        "--Sourcing:Alibaba:AppSecret=mallgram-secret",
        "--Sourcing:Alibaba:AuthorizationCode=3_600001_tests",
        "--Sourcing:Alibaba:CallsPerSecond=1000",
        "--Sourcing:Alibaba:CallsPerDay=0",
    ];

    private async Task StartAsync(WebApplication host)
    {
        await host.StartAsync();
        _hosts.Add(host);
    }
}
