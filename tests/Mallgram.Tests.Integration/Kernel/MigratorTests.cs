using Mallgram.Kernel.Migrations;
using Mallgram.Tests.Integration.Support;
using Npgsql;

namespace Mallgram.Tests.Integration.Kernel;

public sealed class MigratorTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    private MigratorOptions Options => new(_database.Administrator, "one", "two");

    public async Task InitializeAsync() => _database = await TestDatabase.NewNameAsync();

    public Task DisposeAsync() => _database.DropAsync();

    [Fact]
    public async Task An_empty_server_gets_database_roles_and_schema_and_a_second_run_does_nothing()
    {
        var first = await TestDatabase.NewMigrator().MigrateAsync(Options, CancellationToken.None);
        var second = await TestDatabase.NewMigrator().MigrateAsync(Options, CancellationToken.None);

        Assert.Equal(first.Order(StringComparer.Ordinal), first);
        Assert.Contains("202611210900_kernel.sql", first);
        Assert.Empty(second);
        var login = new NpgsqlConnectionStringBuilder(_database.Administrator) { Username = _database.Name + "_app_login", Password = "one", Pooling = false };
        await using var connection = new NpgsqlConnection(login.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "select count(*) from unnest(array['mallgram', 'dakarcafe', 'pickle-paradise']) s where exists (select from stores.find('slug', s))", connection);
        Assert.Equal(3L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Two_that_migrate_at_once_apply_every_file_once()
    {
        var applied = await Task.WhenAll(
            TestDatabase.NewMigrator().MigrateAsync(Options, CancellationToken.None),
            TestDatabase.NewMigrator().MigrateAsync(Options, CancellationToken.None));
        Assert.Equal((long)applied[0].Count + applied[1].Count, await _database.ScalarAsync<long>("select count(*) from kernel.schema_migrations"));
    }

    [Fact]
    public async Task A_file_that_changed_after_it_ran_is_refused()
    {
        await TestDatabase.NewMigrator().MigrateAsync(Options, CancellationToken.None);
        await _database.ExecuteAsync("update kernel.schema_migrations set checksum = 'edited' where name like '%_orders.sql'");
        var refused = await Assert.ThrowsAsync<MigrationException>(() => TestDatabase.NewMigrator().MigrateAsync(Options, CancellationToken.None));
        Assert.Contains("_orders.sql", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_older_than_what_ran_is_refused()
    {
        await TestDatabase.NewMigrator().MigrateAsync(Options, CancellationToken.None);
        await _database.ExecuteAsync(
            "delete from kernel.schema_migrations where name like '%_orders.sql'");
        var refused = await Assert.ThrowsAsync<MigrationException>(() => TestDatabase.NewMigrator().MigrateAsync(Options, CancellationToken.None));
        Assert.Contains("older than", refused.Message, StringComparison.Ordinal);
    }
}
