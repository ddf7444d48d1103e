using Mallgram.AppHost.Backing;
using Mallgram.Benchmarks.Data;
using Mallgram.Kernel.Migrations;
using Mallgram.Worker;

namespace Mallgram.Benchmarks;

/// <summary>What cases share: one PostgreSQL server of the run, a migrated template, and the store with many products.</summary>
internal sealed class Bench(BenchOptions options, Report report) : IAsyncDisposable
{
    private const string Template = "bench_template";
    private const string Password = "password-of-a-benchmark";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), "mallgram-bench-" + Environment.ProcessId);
    private LocalPostgres? _postgres;
    private PostgresAddress? _server;
    private BenchDatabase? _shop;

    public BenchOptions Options => options;

    public Report Report => report;

    /// <summary>Null where it is not known.</summary>
    public int? PostgresId => _postgres?.Process?.Pid;

    /// <summary>A folder of the run, deleted at its end.</summary>
    public string Folder => _folder;

    /// <summary>The database with all products, made on first use.</summary>
    public async Task<BenchDatabase> ShopAsync()
    {
        if (_shop is null)
        {
            report.Say($"  seeding {options.Products} products, and {options.ProductsOfOtherStores} in each of {options.OtherStores} other stores");
            _shop = await CloneAsync();
            await Seed.RunAsync(_shop, options);
        }

        return _shop;
    }

    /// <summary>A database as <c>migrate</c> leaves it.</summary>
    public Task<BenchDatabase> CloneAsync() => CloneAsync(Template);

    /// <summary>A second database with the same content. Nobody may be connected to the first.</summary>
    public Task<BenchDatabase> CopyAsync(BenchDatabase database) => CloneAsync(database.Name);

    public async ValueTask DisposeAsync()
    {
        if (_postgres is { } postgres)
        {
            _postgres = null;
            await postgres.StopAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<BenchDatabase> CloneAsync(string of)
    {
        var server = await ServerAsync();
        var name = "b_" + Guid.NewGuid().ToString("N")[..12];
        // File by file: through WAL a large one would take minutes.
        await BenchDatabase.ExecuteAsync(server.ConnectionString("postgres"), $"create database {name} template {of} strategy file_copy");
        return new BenchDatabase(server, name, Template, Password, _folder);
    }

    private async Task<PostgresAddress> ServerAsync()
    {
        if (_server is not null)
        {
            return _server;
        }

        Directory.CreateDirectory(_folder);
        // Also when somebody ends the run: the server is not left to its guard, nor its folder to the system.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => DisposeAsync().AsTask().GetAwaiter().GetResult();
        // A quarter of the memory, as a server of a shop is given.
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024);
        _postgres = new LocalPostgres(_folder, _ => { }) { SharedBuffersMegabytes = (int)Math.Max(128, memory / 4) };
        _server = await _postgres.StartAsync(CancellationToken.None);
        await using var worker = WorkerApp.Build(["--environment=Development", "--Logging:LogLevel:Default=Warning"]);
        await worker.Services.GetRequiredService<Migrator>().MigrateAsync(
            new MigratorOptions(_server.ConnectionString(Template), Password, Password), CancellationToken.None);
        return _server;
    }
}
