using Mallgram.AppHost.Backing;
using Mallgram.Kernel.Migrations;
using Mallgram.Worker;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Mallgram.Tests.Integration.Support;

/// <summary>
/// One PostgreSQL server for the test run, found or fetched as <c>./mallgram up</c> does, with one migrated template. A test class gets a
/// clone of it, which takes a fraction of a second.
/// </summary>
internal sealed class TestDatabase
{
    private const string Template = "mallgram_template";
    public const string AppPassword = "app-password-of-tests";
    public const string PlatformPassword = "platform-password-of-tests";

    private static readonly Lazy<Task<PostgresAddress>> Server = new(StartAsync);
    private static readonly SemaphoreSlim Cloning = new(1, 1);

    private readonly PostgresAddress _server;

    private TestDatabase(PostgresAddress server, string name)
    {
        _server = server;
        Name = name;
    }

    public string Name { get; }

    /// <summary>As the administrator, whom row-level security does not bind.</summary>
    public string Administrator => _server.ConnectionString(Name);

    /// <summary>As the services connect.</summary>
    public string App => Login("app", AppPassword);

    public string Platform => Login("platform", PlatformPassword);

    /// <summary>A fresh copy of the migrated database.</summary>
    public static async Task<TestDatabase> CloneAsync()
    {
        var server = await Server.Value;
        var name = "t_" + Guid.NewGuid().ToString("N")[..12];
        await Cloning.WaitAsync();
        try
        {
            await ExecuteAsync(server.ConnectionString("postgres"), $"create database {name} template {Template}");
        }
        finally
        {
            Cloning.Release();
        }

        return new TestDatabase(server, name);
    }

    /// <summary>An empty database name that does not exist yet, for tests of <c>migrate</c> itself.</summary>
    public static async Task<TestDatabase> NewNameAsync() => new(await Server.Value, "m_" + Guid.NewGuid().ToString("N")[..12]);

    public async Task DropAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await ExecuteAsync(_server.ConnectionString("postgres"), $"drop database if exists {Name} with (force)");
    }

    /// <summary>Runs SQL as the administrator.</summary>
    public Task ExecuteAsync(string sql) => ExecuteAsync(Administrator, sql);

    /// <summary>Reads one value as the administrator, past row-level security.</summary>
    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(Administrator + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public static Migrator NewMigrator() =>
        WorkerApp.Build(
        [
            "--environment=Development", "--Logging:LogLevel:Default=Warning",
            "--Identity:FirstAdministrator:Email=" + MallgramApp.AdministratorEmail,
            "--Identity:FirstAdministrator:Password=" + MallgramApp.AdministratorPassword,
        ]).Services.GetRequiredService<Migrator>();

    private string Login(string role, string password) =>
        new NpgsqlConnectionStringBuilder(Administrator)
        {
            // Roles belong to the server: the logins made for the template serve its clones.
            Username = $"{Template}_{role}_login",
            Password = password,
        }.ConnectionString;

    private static async Task<PostgresAddress> StartAsync()
    {
        var folder = Path.Combine(Path.GetTempPath(), "mallgram-tests-" + Environment.ProcessId);
        var postgres = new LocalPostgres(folder, _ => { }) { Durable = false };
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            postgres.StopAsync().GetAwaiter().GetResult();
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (IOException e)
            {
                Console.Error.WriteLine($"Left behind: {folder} ({e.Message})");
            }
        };
        var server = await postgres.StartAsync(CancellationToken.None);
        await NewMigrator().MigrateAsync(
            new MigratorOptions(server.ConnectionString(Template), AppPassword, PlatformPassword), CancellationToken.None);
        return server;
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
