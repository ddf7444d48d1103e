using Mallgram.AppHost.Backing;
using Npgsql;

namespace Mallgram.Benchmarks.Data;

/// <summary>A database of the run and how services connect to it.</summary>
internal sealed class BenchDatabase(PostgresAddress server, string name, string template, string password, string folder)
{
    /// <summary>The store <c>mallgram</c>, which requests without <c>X-Store</c> are for.</summary>
    public static readonly Guid Store = Guid.Parse("01930000-0000-7000-8000-000000000001");

    public string Name => name;

    /// <summary>Past row-level security, as a program without tenants would connect.</summary>
    public string Administrator => server.ConnectionString(name);

    /// <summary>As the services connect: row-level security binds it.</summary>
    public string App => Login("app");

    /// <summary>Settings of Api and Worker, as arguments.</summary>
    public string[] ServiceArgs =>
    [
        // Development, because a production service insists on real addresses and keys. Neither logs requests.
        "--environment=Development",
        "--Logging:LogLevel:Default=Warning",
        $"--ConnectionStrings:mallgram={Login("app")}",
        $"--ConnectionStrings:mallgram_platform={Login("platform")}",
        "--Identity:SigningKey=a-signing-key-for-benchmarks-long-enough-0000",
        "--Files:SigningKey=another-signing-key-for-benchmarks-enough-000",
        "--Files:PublicBaseAddress=http://127.0.0.1:1",
        $"--Files:Directory={Path.Combine(folder, "files")}",
        "--Payments:PublicBaseAddress=http://127.0.0.1:1",
        "--Messaging:Smtp:Host=127.0.0.1",
        "--Messaging:Smtp:Port=1",
        "--Jobs:Schedules:product-sync=off",
        "--Jobs:Schedules:database-cleanup=off",
        // Counted as ever, but one client is the whole load.
        "--Edge:RateLimits:PerMinute=1000000000",
        "--Edge:RateLimits:PerHour=1000000000",
        "--Edge:RateLimits:SignInsPerMinute=1000000000",
        "--Edge:RateLimits:CodesPerMinute=1000000000",
        "--Edge:RateLimits:RefusedPerMinute=1000000000",
    ];

    public Task DropAsync()
    {
        NpgsqlConnection.ClearAllPools();
        return ExecuteAsync(server.ConnectionString("postgres"), $"drop database if exists {name} with (force)");
    }

    public Task ExecuteAsync(string sql) => ExecuteAsync(Administrator, sql);

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public Task<NpgsqlConnection> OpenAsync() => OpenAsync(Administrator);

    public static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = await OpenAsync(connectionString);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString)
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Roles belong to the server: the logins made for the template serve its clones.</summary>
    private string Login(string role) => new NpgsqlConnectionStringBuilder(Administrator)
    {
        Username = $"{template}_{role}_login",
        Password = password,
    }.ConnectionString;
}
