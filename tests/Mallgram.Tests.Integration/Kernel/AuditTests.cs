using System.Net;
using System.Net.Http.Json;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Tests.Integration.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Mallgram.Tests.Integration.Kernel;

/// <summary>What staff change is written down with the change itself, once, for good; what nobody changed is not.</summary>
public sealed class AuditTests(MallgramApp app) : IClassFixture<MallgramApp>
{
    private static readonly Guid DefaultStore = Guid.Parse("01930000-0000-7000-8000-000000000001");

    [Fact]
    public async Task A_change_by_staff_leaves_one_entry_with_before_and_after_who_from_where_and_the_request()
    {
        using var staff = await app.SignInStaffAsync();
        using var read = await staff.GetAsync("/api/v1/auth/me");
        var me = (await read.JsonAsync(HttpStatusCode.OK)).GetProperty("id").GetString();
        using var put = await staff.PutAsJsonAsync(
            "/api/v1/admin/markets/ZAR", new { country = "ZA", rounding_step_minor = 100, ending_minor = 99, freight_per_kg_minor = 12_345 });
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());

        using var log = await staff.GetAsync("/api/v1/admin/audit-log?object=catalog.markets&object_id=ZAR");
        var entry = Assert.Single((await log.JsonAsync(HttpStatusCode.OK)).GetProperty("data").EnumerateArray());
        Assert.Equal("update", entry.GetProperty("action").GetString());
        Assert.Equal(me, entry.GetProperty("actor").GetString());
        Assert.Equal("127.0.0.1", entry.GetProperty("address").GetString());
        Assert.Equal(Assert.Single(put.Headers.GetValues("X-Request-Id")), entry.GetProperty("request_id").GetString());
        Assert.StartsWith("aud_", entry.GetProperty("id").GetString(), StringComparison.Ordinal);
        var (was, now) = (entry.GetProperty("before"), entry.GetProperty("after"));
        // Only what changed, and each column on both sides.
        Assert.Equal(was.EnumerateObject().Select(p => p.Name), now.EnumerateObject().Select(p => p.Name));
        Assert.Equal(12_345, now.GetProperty("freight_per_kg").GetInt64());
        Assert.DoesNotContain("updated_at", was.EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public async Task A_change_that_is_undone_leaves_none()
    {
        await using var scope = StaffScope();
        var database = scope.ServiceProvider.GetRequiredService<StoreDatabase>();
        var before = await EntriesAsync("true");
        await using (var transaction = await database.BeginAsync(CancellationToken.None))
        {
            Assert.Equal(1, await transaction.ExecuteAsync(CancellationToken.None, Rename("undone")));
        }

        Assert.Equal(before, await EntriesAsync("true"));
    }

    [Fact]
    public async Task Jobs_and_shoppers_leave_none()
    {
        var before = await EntriesAsync("true");
        Assert.Equal("succeeded", (await app.RunJobAsync("product-sync")).State);
        await new Shopper(app.Http).OrderAsync();
        await using var scope = app.Api.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<StoreScope>().Set(DefaultStore);
        Assert.Equal(1, await scope.ServiceProvider.GetRequiredService<StoreDatabase>().ExecuteAsync(CancellationToken.None, Rename("by nobody")));
        Assert.Equal(before, await EntriesAsync("true"));
    }

    [Fact]
    public async Task Secret_and_personal_values_are_hidden_and_columns_the_database_derives_are_left_out()
    {
        await new Shopper(app.Http).OrderAsync();
        await using var scope = StaffScope();
        var database = scope.ServiceProvider.GetRequiredService<StoreDatabase>();
        await database.ExecuteAsync(
            CancellationToken.None,
            Sql.Command("update orders.orders set full_name = 'Someone Else', notes = 'to the neighbour' where store_id = $1", Sql.Uuid(DefaultStore)),
            Rename("Audited name"));
        Assert.Equal(0L, await EntriesAsync("before::text || after::text ~ 'Thandi|Someone Else|neighbour|blue mosque'"));
        Assert.True(await EntriesAsync("object = 'orders.orders' and after ->> 'full_name' = '[hidden]'") > 0);
        Assert.True(await EntriesAsync("object = 'catalog.products' and after ->> 'name' = 'Audited name' and not after ?| '{title,search,search_key}'") > 0);
    }

    [Fact]
    public async Task No_service_can_change_or_remove_an_entry()
    {
        await using (var scope = StaffScope())
        {
            await scope.ServiceProvider.GetRequiredService<StoreDatabase>().ExecuteAsync(CancellationToken.None, Rename("for good"));
        }

        foreach (var login in new[] { app.Database.App, app.Database.Platform })
        {
            foreach (var change in new[]
            {
                "update kernel.audit_log set actor = 'nobody'", "delete from kernel.audit_log", "truncate kernel.audit_log",
            })
            {
                await using var connection = new NpgsqlConnection(login + ";Pooling=false");
                await connection.OpenAsync();
                await using var command = new NpgsqlCommand($"select set_config('app.store_id', '{DefaultStore}', false); {change}", connection);
                var refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
                Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
            }
        }

        // Nor the owner, whose rights services do not have.
        await Assert.ThrowsAsync<PostgresException>(() => app.Database.ExecuteAsync("delete from kernel.audit_log"));
    }

    [Fact]
    public async Task The_log_is_paged_filtered_and_of_the_store_only()
    {
        await using (var scope = StaffScope("usr_01jd0000000000000000000001"))
        {
            var database = scope.ServiceProvider.GetRequiredService<StoreDatabase>();
            for (var i = 0; i < 5; i++)
            {
                await database.ExecuteAsync(CancellationToken.None, Rename("round " + i));
            }
        }

        using var staff = await app.SignInStaffAsync();
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            using var page = await staff.GetAsync("/api/v1/admin/audit-log?actor=usr_01jd0000000000000000000001&limit=2&cursor=" + cursor);
            var list = await page.JsonAsync(HttpStatusCode.OK);
            foreach (var entry in list.GetProperty("data").EnumerateArray())
            {
                seen.Add(entry.GetProperty("after").GetProperty("name").GetString()!);
                Assert.StartsWith("prd_", entry.GetProperty("object_id").GetString(), StringComparison.Ordinal);
            }

            cursor = list.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(["round 4", "round 3", "round 2", "round 1", "round 0"], seen);

        using var made = await staff.GetAsync("/api/v1/admin/audit-log?cursor=rubbish");
        await made.ProblemAsync(400, "cursor_invalid");
        using var wide = await staff.GetAsync("/api/v1/admin/audit-log?limit=101");
        await wide.ProblemAsync(422, "validation_failed");
        using var elsewhere = await app.SignInStaffAsync("dakarcafe");
        using var other = await elsewhere.GetAsync("/api/v1/admin/audit-log?actor=usr_01jd0000000000000000000001");
        Assert.Empty((await other.JsonAsync(HttpStatusCode.OK)).GetProperty("data").EnumerateArray());
        using var guest = await app.Http.GetAsync("/api/v1/admin/audit-log");
        await guest.ProblemAsync(401, "unauthenticated");
        using var notPlatform = await staff.GetAsync("/api/v1/platform/audit-log");
        Assert.Contains(notPlatform.StatusCode, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden });
    }

    private static NpgsqlBatchCommand Rename(string name) => Sql.Command(
        "update catalog.products set name = $2 where store_id = $1 and id = (select min(id::text)::uuid from catalog.products where store_id = $1)",
        Sql.Uuid(DefaultStore), Sql.Text(name));

    private Task<long> EntriesAsync(string condition) =>
        app.Database.ScalarAsync<long>("select count(*) from kernel.audit_log where action not like 'sign_in%' and (" + condition + ")");

    private AsyncServiceScope StaffScope(string actor = "usr_01jd0000000000000000000009")
    {
        var scope = app.Api.Services.CreateAsyncScope();
        var store = scope.ServiceProvider.GetRequiredService<StoreScope>();
        store.Set(DefaultStore);
        store.Caller = new Caller(actor, OnBehalfOf: null, "192.0.2.1", "request-of-a-test");
        return scope;
    }
}
