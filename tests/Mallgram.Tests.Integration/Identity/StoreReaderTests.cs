using Mallgram.Identity.Contracts;
using Npgsql;

namespace Mallgram.Tests.Integration.Identity;

/// <summary>The database login of a store's BI tool, made as docs/operations.md says, tries to see more than it may.</summary>
public sealed class StoreReaderTests(PeopleApp app) : IClassFixture<PeopleApp>, IAsyncLifetime
{
    private const string Password = "reader-password";
    private readonly string _login = "reader_" + Guid.NewGuid().ToString("N")[..12];

    public async Task InitializeAsync()
    {
        // Each test makes them anew: one of them erases somebody.
        await app.Database.ExecuteAsync("delete from identity.users where email like '%@reader.test' or status = 'erased'");
        await app.AddPersonAsync(Roles.Customer, "ama@reader.test");
        await app.AddPersonAsync(Roles.Admin, "ben@reader.test");
        await app.AddPersonAsync(Roles.Affiliate, "cem@reader.test");
        await app.AddPersonAsync(Roles.Customer, "dakar@reader.test", "dakarcafe");
        await app.Database.ExecuteAsync($"create role {_login} login password '{Password}' in role mallgram_store_reader");
    }

    public async Task DisposeAsync() => await app.Database.ExecuteAsync(
        $"delete from kernel.store_readers where role_name = '{_login}'; drop owned by {_login}; drop role {_login}");

    [Fact]
    public async Task A_reader_sees_its_store_through_the_views_and_nothing_else()
    {
        await using var nothing = await OpenAsync();
        Assert.Equal(0L, await CountAsync(nothing, "select count(*) from public.users"));

        await GiveAsync("mallgram");
        await using var connection = await OpenAsync();
        Assert.Equal(1L, await CountAsync(connection, "select count(*) from public.users where email = 'ama@reader.test' and not is_admin and not is_affiliate"));
        Assert.Equal(1L, await CountAsync(connection, "select count(*) from public.users where email = 'ben@reader.test' and is_admin"));
        Assert.Equal(1L, await CountAsync(connection, "select count(*) from public.users where email = 'cem@reader.test' and is_affiliate"));
        Assert.Equal(1L, await CountAsync(connection, "select count(*) from public.admins where email = 'ben@reader.test'"));
        Assert.Equal(0L, await CountAsync(connection, "select count(*) from public.users where email = 'dakar@reader.test'"));
        foreach (var view in new[] { "products", "products_retailer", "categories" })
        {
            await CountAsync(connection, $"select count(*) from public.{view}");
        }
    }

    [Fact]
    public async Task Nothing_it_sets_shows_it_another_store()
    {
        await GiveAsync("mallgram");
        await using var connection = await OpenAsync();
        var own = await CountAsync(connection, "select count(*) from public.users");
        foreach (var attempt in new[]
        {
            $"set app.store_id = '{app.StoreId("dakarcafe")}'", $"select set_config('app.store_id', '{app.StoreId("dakarcafe")}', false)",
            $"set app.caller = '{{}}'", $"alter role current_user set app.store_id = '{app.StoreId("dakarcafe")}'",
            "set role mallgram_store_reader", "set search_path = identity, kernel, public", "set row_security = on",
        })
        {
            await TryAsync(connection, attempt);
            Assert.Equal(own, await CountAsync(connection, "select count(*) from public.users"));
            Assert.Equal(0L, await CountAsync(connection, "select count(*) from public.users where email = 'dakar@reader.test'"));
        }
    }

    [Theory]
    [InlineData("select * from identity.users"), InlineData("select id from identity.users"), InlineData("select * from identity.addresses")]
    [InlineData("select id, name from catalog.products"), InlineData("select * from kernel.store_readers"), InlineData("select kernel.reader_store()")]
    [InlineData("select * from kernel.audit_log"), InlineData("select * from kernel.data_protection_keys"), InlineData("select * from stores.stores")]
    [InlineData("set role mallgram_app"), InlineData("set role mallgram_platform"), InlineData("set role mallgram_owner")]
    [InlineData("set session authorization mallgram_owner"), InlineData("set row_security = off; select * from public.users")]
    [InlineData("update public.users set email = 'x'"), InlineData("delete from public.users"), InlineData("insert into public.users (id) values (gen_random_uuid())")]
    [InlineData("create table public.mine (id int)"), InlineData("create view public.mine as select 1")]
    [InlineData("create function public.mine() returns int language sql as 'select 1'")]
    [InlineData("select pg_read_file('/etc/passwd')"), InlineData("copy (select 1) to '/tmp/mine'"), InlineData("create role mine login")]
    public async Task Whatever_else_it_tries_is_refused(string sql)
    {
        await GiveAsync("mallgram");
        await using var connection = await OpenAsync();
        var refused = await Assert.ThrowsAsync<PostgresException>(() => RunAsync(connection, sql));
        Assert.Contains(
            refused.SqlState,
            new[] { PostgresErrorCodes.InsufficientPrivilege, PostgresErrorCodes.ObjectNotInPrerequisiteState, PostgresErrorCodes.FeatureNotSupported });
    }

    [Fact]
    public async Task Somebody_erased_is_in_no_view()
    {
        await app.Database.ExecuteAsync(
            "update identity.users set status = 'erased', email = null where email = 'cem@reader.test'");
        await GiveAsync("mallgram");
        await using var connection = await OpenAsync();
        Assert.Equal(0L, await CountAsync(connection, "select count(*) from public.users where is_affiliate and full_name = 'Erased'"));
        Assert.Equal(0L, await CountAsync(connection, "select count(*) from public.users where email = 'cem@reader.test'"));
    }

    [Theory]
    [InlineData("alter role {0} createrole"), InlineData("grant mallgram_app to {0}"), InlineData("alter role {0} bypassrls")]
    [InlineData("revoke mallgram_store_reader from {0}"), InlineData("grant mallgram_owner to {0}"), InlineData("alter role {0} superuser")]
    public async Task A_login_that_may_more_than_read_is_given_no_store(string more)
    {
        await app.Database.ExecuteAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, more, _login));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => GiveAsync("mallgram"));
        Assert.Equal(PostgresErrorCodes.CheckViolation, refused.SqlState);
    }

    [Fact]
    public async Task The_services_cannot_give_a_login_a_store()
    {
        foreach (var service in new[] { app.Database.App, app.Database.Platform })
        {
            await using var connection = new NpgsqlConnection(service + ";Pooling=false");
            await connection.OpenAsync();
            var refused = await Assert.ThrowsAsync<PostgresException>(() => RunAsync(
                connection, $"insert into kernel.store_readers (role_name, store_id) values ('{_login}', '{app.StoreId("mallgram")}')"));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
    }

    private Task GiveAsync(string store) => app.Database.ExecuteAsync(
        $"insert into kernel.store_readers (role_name, store_id) select '{_login}', id from stores.stores where slug = '{store}'");

    private async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(app.Database.Administrator) { Username = _login, Password = Password, Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task TryAsync(NpgsqlConnection connection, string sql)
    {
        try
        {
            await RunAsync(connection, sql);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.FeatureNotSupported)
        {
            // Refused is as good as without effect.
        }
    }
}
