using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace Mallgram.Tests.WholeApp;

/// <summary>
/// A whole copy of Mallgram, started by the AppHost as a newcomer starts it: processes, PostgreSQL, Redis when there is one, sandbox. It has
/// a data folder and ports of its own, so it runs beside whatever else does.
/// </summary>
public class RunningMallgram : IAsyncLifetime
{
    private static int _copies;

    // Below the ports that systems hand out by themselves (32768 and up).
    private readonly int _offset = 10_000 + (Environment.ProcessId % 120 * 100) + (Interlocked.Increment(ref _copies) * 100);

    /// <summary>Arguments of <c>up</c> beyond data folder and ports.</summary>
    protected virtual string[] UpArguments => [];

    protected virtual IEnumerable<(string Name, string Value)> Variables => [];

    public string DataFolder { get; } = Path.Combine(Path.GetTempPath(), "mallgram-whole-" + Guid.NewGuid().ToString("N")[..8]);

    public const string AdministratorPassword = "Whole-app-password-7";

    public HttpClient Api { get; private set; } = null!;

    public HttpClient Sandbox { get; private set; } = null!;

    public Uri Admin => Address(5090);

    public async Task InitializeAsync()
    {
        Api = new HttpClient { BaseAddress = Address(5080) };
        Sandbox = new HttpClient { BaseAddress = Address(5070) };
        await UpAsync();
    }

    public async Task DisposeAsync()
    {
        Api.Dispose();
        Sandbox.Dispose();
        await RunAsync("down");
        Directory.Delete(DataFolder, recursive: true);
    }

    public async Task UpAsync()
    {
        var (exit, output) = await RunAsync(["up", "--detach", .. UpArguments]);
        Assert.True(exit == 0, $"up ended with {exit}:\n{output}");
    }

    public async Task<(int Exit, string Output)> DownAsync() => await RunAsync("down");

    public async Task<JsonElement[]> StatusAsync()
    {
        var (_, output) = await RunAsync("status", "--json");
        return [.. JsonElement.Parse(output).GetProperty("resources").EnumerateArray()];
    }

    /// <summary>Runs a job as an operator does and waits for its end.</summary>
    public Task<(int Exit, string Output)> RunJobAsync(string name) => RunAsync("job", "run", name);

    /// <summary>Mails that were sent to an address.</summary>
    public async Task<JsonElement[]> MailsToAsync(string address) =>
        [.. (await Sandbox.GetFromJsonAsync<JsonElement>("/mailbox.json?limit=1000&to=" + Uri.EscapeDataString(address))).GetProperty("data").EnumerateArray()];

    /// <summary>Calls a verb of the AppHost on this copy.</summary>
    public async Task<(int Exit, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(AppHost);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.ArgumentList.Add("--data");
        start.ArgumentList.Add(DataFolder);
        if (arguments[0] == "up")
        {
            start.ArgumentList.Add("--port-offset");
            start.ArgumentList.Add(_offset.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        start.Environment["MALLGRAM_ADMIN_PASSWORD"] = AdministratorPassword;
        foreach (var (name, value) in Variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        var text = await output;
        return (process.ExitCode, arguments is ["status", "--json"] ? text : text + await errors);
    }

    private static string AppHost { get; } = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "..", "..", "Mallgram.AppHost", "debug", "Mallgram.AppHost.dll"));

    private Uri Address(int port) => new($"http://127.0.0.1:{port + _offset}");
}
