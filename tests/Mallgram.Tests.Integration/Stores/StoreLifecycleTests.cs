using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Mallgram.Stores.Lifecycle;
using Npgsql;

namespace Mallgram.Tests.Integration.Stores;

/// <summary>A store leaves, with all of its rows and none of another's.</summary>
public sealed class StoreLifecycleTests(StoresApp app) : IClassFixture<StoresApp>
{
    [Fact]
    public async Task A_deleted_store_leaves_nothing_and_takes_nothing_of_others()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = await app.CreateStoreAsync(platform, "leaving");
        await app.CreateStoreAsync(platform, "staying");
        await FillAsync("leaving");
        await FillAsync("staying");
        var leaving = await StoreAsync("leaving");
        var before = await CountAsync(leaving);
        // The rows to lose are of many kinds, history and money among them, which are otherwise only ever added to.
        foreach (var table in new[] { "catalog.products", "catalog.categories", "orders.order_history", "payments.ledger_transfers", "kernel.audit_log", "kernel.outbox", "identity.users" })
        {
            Assert.True(before.Of[table] > 0, $"{table} has no row to lose");
        }

        var wrong = await platform.SendAsync("DELETE", "/api/v1/platform/stores/" + id, new { slug = "staying" }, HttpStatusCode.UnprocessableEntity);
        Assert.Equal("validation_failed", wrong.Text("code"));
        var closing = await platform.SendAsync("DELETE", "/api/v1/platform/stores/" + id, new { slug = "leaving" }, HttpStatusCode.Accepted);
        Assert.StartsWith("run_", closing.Text("run_id"), StringComparison.Ordinal);
        using var shopper = app.Shopper("leaving");
        await shopper.GetJsonAsync("/api/v1/products", HttpStatusCode.NotFound);

        var run = await app.RunJobAsync(StoreDeletion.Name);
        Assert.True(run.State == "succeeded", run.Error);
        var after = await CountAsync(leaving);
        Assert.Equal([], after.Of.Where(t => t.Value > 0).Select(t => t.Key));
        Assert.Equal(0L, await app.Database.ScalarAsync<long>("select count(*) from stores.stores where slug = 'leaving'"));
        // Runs of jobs leave events of no store; nothing else has changed.
        Assert.Equal(before.OfOthers, after.OfOthers);
        Assert.Equal("store.deleted", await app.Database.ScalarAsync<string>(
            $"select action from kernel.audit_log where store_id is null and object_id = '{leaving}' and actor like 'adm_%'"));
    }

    [Fact]
    public async Task The_default_store_cannot_be_deleted()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = (await app.Http.GetJsonAsync("/api/v1/store")).Text("id");
        var stays = await platform.SendAsync("DELETE", "/api/v1/platform/stores/" + id, new { slug = "mallgram" }, HttpStatusCode.Conflict);
        Assert.Equal("default_store_stays", stays.Text("code"));
    }

    [Fact]
    public async Task Rows_of_a_store_that_is_open_cannot_be_erased_and_history_stays_as_it_is()
    {
        await FillAsync("mallgram");
        var store = await StoreAsync("mallgram");
        await using var connection = new NpgsqlConnection(app.Database.Platform + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var (sql, state) in new[]
        {
            ($"select stores.erase_rows('{store}', 'catalog.products', 10)", PostgresErrorCodes.ObjectNotInPrerequisiteState),
            ($"set app.erasing_store = '{store}'; delete from orders.order_history where store_id = '{store}'", PostgresErrorCodes.InsufficientPrivilege),
        })
        {
            await using var command = new NpgsqlCommand(sql, connection);
            Assert.Equal(state, (await Assert.ThrowsAsync<PostgresException>(command.ExecuteNonQueryAsync)).SqlState);
        }

        // Not even who owns the tables, unless the function is what deletes.
        await using var owner = new NpgsqlConnection(app.Database.Administrator + ";Pooling=false");
        await owner.OpenAsync();
        await using var direct = new NpgsqlCommand($"delete from orders.order_history where store_id = '{store}'", owner);
        Assert.Equal(PostgresErrorCodes.RestrictViolation, (await Assert.ThrowsAsync<PostgresException>(direct.ExecuteNonQueryAsync)).SqlState);
    }

    [Fact]
    public async Task An_export_has_every_row_of_the_store_no_secret_and_no_row_of_another()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = await app.CreateStoreAsync(platform, "taken-along");
        await FillAsync("taken-along");
        var store = await StoreAsync("taken-along");
        using var answer = await platform.PostAsync(new Uri($"/api/v1/platform/stores/{id}/export", UriKind.Relative), content: null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/zip", answer.Content.Headers.ContentType?.MediaType);
        using var zip = new ZipArchive(new MemoryStream(await answer.Content.ReadAsByteArrayAsync()));
        var counted = (await CountAsync(store)).Of;
        foreach (var table in new[] { "catalog.products", "catalog.price_rules", "orders.orders", "orders.order_history", "identity.users", "stores.settings", "stores.stores" })
        {
            Assert.Equal(counted[table], (await LinesAsync(zip, table)).Length);
        }

        foreach (var entry in zip.Entries.Where(e => e.Name.EndsWith(".ndjson", StringComparison.Ordinal)))
        {
            foreach (var line in await LinesAsync(zip, entry.Name[..^".ndjson".Length]))
            {
                var row = JsonElement.Parse(line);
                Assert.Equal(store.ToString(), row.Text("store_id"));
                Assert.DoesNotContain(
                    row.EnumerateObject(),
                    member => member.Name.Contains("password", StringComparison.Ordinal) || member.Name.Contains("token", StringComparison.Ordinal)
                        || member.Name.Contains("secret", StringComparison.Ordinal));
            }
        }

        Assert.Null(zip.GetEntry("identity.refresh_tokens.ndjson"));
        using var manifest = await JsonDocument.ParseAsync(zip.GetEntry("manifest.json")!.Open());
        Assert.Equal("taken-along", manifest.RootElement.Text("slug"));
    }

    /// <summary>Rows of many kinds, in tables that refer to each other and to themselves.</summary>
    private async Task FillAsync(string slug) => await app.Database.ExecuteAsync(
        $$"""
        do $$
        declare s uuid := (select id from stores.stores where slug = '{{slug}}'); parent uuid := gen_random_uuid(); child uuid := gen_random_uuid();
            p uuid; v uuid; o uuid; pay uuid;
        begin
            insert into catalog.categories (store_id, id, parent_id, slug, name, path) values
                (s, parent, null, 'p-' || parent, 'P', 'P'), (s, child, parent, 'c-' || child, 'C', 'P > C');
            for i in 1..50 loop
                p := gen_random_uuid();
                insert into catalog.products (store_id, id, slug, name, status, category_id, search_key, name_key, name_key_fr)
                values (s, p, 'p-' || p, 'Product', 'active', child, 'product', 'product', '');
            end loop;
            o := gen_random_uuid();
            insert into orders.orders (store_id, id, number, full_name, email, language, shipping_address, currency, subtotal, shipping, tax,
                discount, total, access_token_hash) values
                (s, o, 'T-' || o, 'Test', 't@example.com', 'en', '{}', 'ZAR', 100, 0, 0, 0, 100, '');
            insert into orders.order_history (store_id, id, order_id, to_status, actor, cause) values (s, gen_random_uuid(), o, 'pending', 'test', 'test');
            pay := gen_random_uuid();
            insert into payments.intents (store_id, id, order_id, order_number, gateway, method, amount, currency, reference, country,
                callback_token, start_key, request_hash, expires_at)
            values (s, pay, o, 'T-' || o, 'test', 'card', 100, 'ZAR', pay, 'ZA', '', 'k-' || pay, '', now());
            insert into payments.ledger_transfers (store_id, id, payment_id, debit_account, credit_account, amount, currency, kind)
            values (s, gen_random_uuid(), pay, 'gateway_clearing:test', 'store_payable', 100, 'ZAR', 'charge');
            insert into kernel.audit_log (store_id, actor, action, object) values (s, 'usr_test', 'insert', 'test');
            insert into kernel.outbox (id, store_id, type, payload, processed_at) values (gen_random_uuid(), s, 'test.event', '{}', now());
        end $$
        """);

    private async Task<Guid> StoreAsync(string slug) => await app.Database.ScalarAsync<Guid>($"select id from stores.stores where slug = '{slug}'");

    /// <returns>Rows by table: of the store, and of all others together.</returns>
    private async Task<(Dictionary<string, long> Of, Dictionary<string, long> OfOthers)> CountAsync(Guid store)
    {
        await using var connection = new NpgsqlConnection(app.Database.Administrator + ";Pooling=false");
        await connection.OpenAsync();
        var tables = await StoreTables.ReadAsync(connection, transaction: null, CancellationToken.None);
        var (of, others) = (new Dictionary<string, long>(StringComparer.Ordinal), new Dictionary<string, long>(StringComparer.Ordinal));
        foreach (var table in tables)
        {
            await using var command = new NpgsqlCommand(
                $"select count(*) filter (where store_id = '{store}'), count(*) filter (where store_id <> '{store}') from {table.Name}", connection);
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            of[table.Name] = reader.GetInt64(0);
            // Counted while the tests go on.
            others[table.Name] = table.Name == "stores.usage_days" ? 0 : reader.GetInt64(1);
        }

        return (of, others);
    }

    private static async Task<string[]> LinesAsync(ZipArchive zip, string table)
    {
        if (zip.GetEntry(table + ".ndjson") is not { } entry)
        {
            return [];
        }

        using var reader = new StreamReader(await entry.OpenAsync());
        return (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
