using Mallgram.Api;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Mallgram.Tests.Integration.Kernel;

/// <summary>The wall between stores is the database's; these tests attack it where code could leave a gap.</summary>
public sealed class IsolationTests(MallgramApp app) : IClassFixture<MallgramApp>
{
    private static readonly Guid DefaultStore = Guid.Parse("01930000-0000-7000-8000-000000000001");
    private static readonly Guid DakarCafe = Guid.Parse("01930000-0000-7000-8000-000000000002");

    /// <summary>Tables with a store_id that are not walled off, each for a reason written in its migration.</summary>
    private static readonly string[] CrossStoreTables = ["kernel.inbox", "kernel.outbox"];

    [Fact]
    public async Task Every_table_with_a_store_is_under_forced_row_level_security_with_a_checked_policy()
    {
        await using var connection = new NpgsqlConnection(app.Database.Administrator + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            """
            select n.nspname || '.' || c.relname, c.relrowsecurity and c.relforcerowsecurity,
                   exists (select from pg_policy p where p.polrelid = c.oid and p.polwithcheck is not null
                           and 'mallgram_app'::regrole = any(p.polroles)
                           and pg_get_expr(p.polqual, p.polrelid) ~ '^\(store_id = .*(current_setting\(''app\.store_id''|kernel\.current_store\(\))'
                           and pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid)),
                   (select relrowsecurity from pg_class where oid = c.oid)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
            where c.relkind in ('r', 'p') and a.attname = 'store_id' and not a.attisdropped
            order by 1
            """,
            connection);
        await using var reader = await command.ExecuteReaderAsync();
        var open = new List<string>();
        var walled = 0;
        while (await reader.ReadAsync())
        {
            if (reader.GetBoolean(1) && reader.GetBoolean(2))
            {
                walled++;
            }
            else
            {
                open.Add(reader.GetString(0));
            }
        }

        Assert.Equal(CrossStoreTables, open);
        Assert.True(walled >= 12, $"only {walled} walled tables found");
    }

    [Fact]
    public async Task Views_respect_the_wall_of_the_tables_below()
    {
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            """
            select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'v' and n.nspname not in ('pg_catalog', 'information_schema')
              and not coalesce('security_invoker=true' = any(c.reloptions), false)
              and pg_get_userbyid(c.relowner) = 'mallgram_owner'
            """));
    }

    [Fact]
    public async Task The_services_roles_own_nothing_and_bypass_nothing()
    {
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            """
            select count(*) from pg_roles r
            where pg_has_role(r.oid, 'mallgram_app', 'member') and not r.rolsuper is true and (r.rolbypassrls or r.rolcreaterole or r.rolcreatedb)
               or r.rolname in ('mallgram_app', 'mallgram_platform', 'mallgram_owner') and (r.rolsuper or r.rolbypassrls)
            """));
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            "select count(*) from pg_class c where pg_get_userbyid(c.relowner) in ('mallgram_app', 'mallgram_platform')"));
    }

    [Fact]
    public async Task With_no_store_set_there_is_no_row()
    {
        await using var connection = new NpgsqlConnection(app.Database.App + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select (select count(*) from catalog.products) + (select count(*) from identity.users)", connection);
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_store_cannot_write_a_row_of_another()
    {
        await using var scope = Scope(DefaultStore);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => scope.ServiceProvider.GetRequiredService<StoreDatabase>().ExecuteAsync(
            CancellationToken.None,
            Sql.Command(
                "insert into kernel.idempotency_keys (store_id, caller, endpoint, key, request_hash, status, body) values ($1, 'x', 'x', 'x', '', 200, '')",
                Sql.Uuid(DakarCafe))));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task Interleaved_stores_on_a_small_pool_never_see_each_other()
    {
        await app.Database.ExecuteAsync(
            $"""
            insert into kernel.idempotency_keys (store_id, caller, endpoint, key, request_hash, status, body)
            select s.id, 'probe', 'probe', n::text, '', 200, s.slug from stores.stores s, generate_series(1, 20) n
            """);
        var stores = new[] { (DefaultStore, "mallgram"), (DakarCafe, "dakarcafe"), (Guid.Parse("01930000-0000-7000-8000-000000000003"), "pickle-paradise") };
        await using var source = new AppDataSource(Pools.Create(app.Database.App, "probe", maxPoolSize: 4));
        var leaks = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 6000), new ParallelOptions { MaxDegreeOfParallelism = 12 }, async (i, ct) =>
        {
            var (id, slug) = stores[i % 3];
            var scope = new StoreScope();
            scope.Set(id);
            await using var reader = await new StoreDatabase(source, scope, new Mallgram.Kernel.Outbox.LocalOutboxSignal()).QueryAsync(
                ct, Sql.Command("select body from kernel.idempotency_keys where caller = 'probe'"));
            var rows = 0;
            while (await reader.Rows.ReadAsync(ct))
            {
                rows++;
                if (reader.Rows.GetString(0) != slug)
                {
                    Interlocked.Increment(ref leaks);
                }
            }

            if (rows != 20)
            {
                Interlocked.Increment(ref leaks);
            }
        });
        Assert.Equal(0, leaks);
        // A connection that was just used for a store shows nothing to a statement that sets none.
        await using var bare = source.Source.CreateCommand("select count(*) from kernel.idempotency_keys");
        Assert.Equal(0L, await bare.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_pooled_context_forgets_the_store_it_was_lent_to()
    {
        for (var round = 0; round < 20; round++)
        {
            foreach (var (store, expected) in new[] { (DefaultStore, true), (DakarCafe, false) })
            {
                await using var scope = Scope(store);
                var db = scope.ServiceProvider.GetRequiredService<MallgramDbContext>();
                var seen = await db.Database.SqlQueryRaw<long>("select count(*) as \"Value\" from catalog.products").ToListAsync();
                Assert.Equal(expected, seen[0] > 0);
            }
        }
    }

    [Fact]
    public async Task Inside_a_transaction_the_store_is_set_too()
    {
        await using var scope = Scope(DefaultStore);
        var db = scope.ServiceProvider.GetRequiredService<MallgramDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var seen = await db.Database.SqlQueryRaw<long>("select count(*) as \"Value\" from catalog.products").ToListAsync();
        Assert.True(seen[0] > 0);
    }

    [Fact]
    public async Task A_service_refuses_to_start_as_superuser()
    {
        await using var host = ApiApp.Build(
        [
            "--environment=Development", "--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None",
            $"--ConnectionStrings:mallgram={app.Database.Administrator}", $"--ConnectionStrings:mallgram_platform={app.Database.Platform}",
            "--Identity:SigningKey=a-signing-key-for-tests-that-is-long-enough-000", "--Payments:PublicBaseAddress=http://127.0.0.1",
            "--Messaging:Smtp:Host=127.0.0.1", "--Files:SigningKey=another-signing-key-for-tests-long-enough-0000",
            "--Files:PublicBaseAddress=http://127.0.0.1", $"--Files:Directory={Path.GetTempPath()}",
        ]);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());
        Assert.Contains("superuser", refused.Message, StringComparison.Ordinal);
    }

    private AsyncServiceScope Scope(Guid store)
    {
        var scope = app.Api.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<StoreScope>().Set(store);
        return scope;
    }
}
