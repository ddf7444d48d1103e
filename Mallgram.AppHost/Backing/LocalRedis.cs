using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Mallgram.AppHost.Backing;

/// <summary>
/// A Redis server of our own on 127.0.0.1 without persistence: what is in it can be lost at any time. Mallgram works without it.
/// </summary>
/// <param name="log">Receives what the server prints, line by line.</param>
internal sealed class LocalRedis(Action<string> log) : IAsyncDisposable
{
    /// <summary>Environment variable; <c>none</c> runs without Redis.</summary>
    public const string ChoiceVariable = "MALLGRAM_REDIS";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(15);
    private static readonly byte[] Ping = "*1\r\n$4\r\nPING\r\n"u8.ToArray();

    private Process? process;
    private OrphanGuard? guard;

    public ProcessIdentity? Process { get; private set; }

    public int Port { get; private set; }

    /// <returns>Full path of <c>redis-server</c>; null when there is none or it is not wanted.</returns>
    public static string? Find() => Environment.GetEnvironmentVariable(ChoiceVariable) == "none" ? null : Programs.Find("redis-server");

    /// <returns><c>host:port</c> once it answers.</returns>
    /// <exception cref="BackingException">It did not start.</exception>
    public async Task<string> StartAsync(CancellationToken ct)
    {
        var program = Find() ?? throw new BackingException("There is no redis-server on this machine.");
        Port = FreePort.Next();
        IReadOnlyList<string> command =
        [
            program, "--bind", "127.0.0.1", "--port", Port.ToString(CultureInfo.InvariantCulture), "--save", "", "--appendonly", "no",
            "--daemonize", "no", "--loglevel", "warning",
        ];
        command = Programs.InOwnSession(UnprivilegedUser.ForServers()?.Run(command) ?? command);
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Log(line.Data);
        process.ErrorDataReceived += (_, line) => Log(line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Process = ProcessIdentity.Of(process.Id);
        if (Process is not null)
        {
            guard = OrphanGuard.Over(Process, UnixSignal.Terminate, killAfterGrace: true);
        }

        var clock = Stopwatch.StartNew();
        while (!await AnswersAsync("127.0.0.1", Port, ct))
        {
            if (process.HasExited || clock.Elapsed > StartLimit)
            {
                await StopAsync();
                throw new BackingException("redis-server did not start.");
            }
            await Task.Delay(50, ct);
        }
        return $"127.0.0.1:{Port}";
    }

    public async Task StopAsync()
    {
        if (Process is not null)
        {
            await Process.StopAsync(UnixSignal.Terminate, TimeSpan.FromSeconds(3));
            Process = null;
        }
        guard?.Dispose();
        guard = null;
        process?.Dispose();
        process = null;
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    /// <summary>Whether a server answers PING; one that wants a password answers too, with an error.</summary>
    public static async Task<bool> AnswersAsync(string host, int port, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(host, port, limit.Token);
            await client.GetStream().WriteAsync(Ping, limit.Token);
            var answer = new byte[64];
            var length = await client.GetStream().ReadAsync(answer, limit.Token);
            return length > 0 && Encoding.ASCII.GetString(answer, 0, length)[0] is '+' or '-';
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            ct.ThrowIfCancellationRequested();
            return false;
        }
    }

    private void Log(string? line)
    {
        if (!string.IsNullOrWhiteSpace(line))
        {
            log(line);
        }
    }
}
