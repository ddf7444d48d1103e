using System.Diagnostics;
using System.Globalization;
using Mallgram.AppHost.Backing;
using Npgsql;

namespace Mallgram.Benchmarks.Load;

/// <summary>A PgBouncer in transaction mode before one login of one database, when <c>pgbouncer</c> is installed.</summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private readonly Process _process;

    private PgBouncer(Process process, string connectionString)
    {
        _process = process;
        ConnectionString = connectionString;
    }

    public static bool IsHere => Programs.Find("pgbouncer") is not null;

    /// <summary>
    /// Of clients. Without prepared statements: PgBouncer carries them to the right server connection from version 1.21 on only.
    /// </summary>
    public string ConnectionString { get; }

    /// <param name="connections">Connections to the server, shared by all clients.</param>
    public static async Task<PgBouncer> StartAsync(string folder, string connectionString, int connections)
    {
        var to = new NpgsqlConnectionStringBuilder(connectionString);
        var port = FreePort.Next();
        // PgBouncer refuses to run as root, as PostgreSQL does; its file is in no folder of the run, which may be closed to others.
        var file = Path.Combine(Path.GetTempPath(), $"mallgram-pgbouncer-{Environment.ProcessId}.ini");
        await File.WriteAllTextAsync(file, string.Create(
            CultureInfo.InvariantCulture,
            $"""
            [databases]
            {to.Database} = host={to.Host} port={to.Port} dbname={to.Database} user={to.Username} password={to.Password}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = {connections}
            max_client_conn = 200
            ignore_startup_parameters = extra_float_digits
            server_check_delay = 10

            """));
        IReadOnlyList<string> command = [Programs.Find("pgbouncer")!, "-q", file];
        command = UnprivilegedUser.ForServers()?.Run(command) ?? command;
        var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { UseShellExecute = false, RedirectStandardError = true })!;
        process.BeginErrorReadLine();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Kill(process);
        var client = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = port, MaxAutoPrepare = 0 };
        for (var tries = 0; ; tries++)
        {
            try
            {
                await using var connection = new NpgsqlConnection(client.ConnectionString + ";Pooling=false");
                await connection.OpenAsync();
                File.Delete(file);
                return new PgBouncer(process, client.ConnectionString);
            }
            catch (NpgsqlException e) when (tries < 100 && !process.HasExited && e is not PostgresException)
            {
                await Task.Delay(50);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill(_process);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (InvalidOperationException)
        {
            // Disposed already: it has ended.
        }
    }
}
