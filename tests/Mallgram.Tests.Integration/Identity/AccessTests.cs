using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Mallgram.Identity.Access;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Ids;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Identity;

public sealed class AccessTests(PeopleApp app) : IClassFixture<PeopleApp>
{
    [Fact]
    public void Every_route_of_staff_asks_for_a_permission()
    {
        var routes = app.Api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        var known = Permissions.All.ToHashSet(StringComparer.Ordinal);
        var staffRoutes = routes.FindAll(r => r.RoutePattern.RawText is { } path
            && (path.StartsWith("/api/v1/admin", StringComparison.Ordinal) || path.StartsWith("/health/", StringComparison.Ordinal)));
        Assert.True(staffRoutes.Count > 60, $"{staffRoutes.Count} routes of staff");
        Assert.Empty(staffRoutes
            .Where(r => r.Metadata.GetOrderedMetadata<PermissionRequirement>() is not [var one] || !known.Contains(one.Permission)
                || r.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            .Select(r => r.DisplayName));
        Assert.Empty(routes
            .Where(r => r.RoutePattern.RawText!.StartsWith("/api/v1/platform/", StringComparison.Ordinal)
                && r.Metadata.GetMetadata<PlatformRequirement>() is null && !r.RoutePattern.RawText.StartsWith("/api/v1/platform/auth/", StringComparison.Ordinal))
            .Select(r => r.DisplayName));
    }

    [Fact]
    public void Reading_and_writing_are_different_permissions()
    {
        var writes = app.Api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(r => r.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods is [not "GET"])
            .Where(r => r.Metadata.GetMetadata<PermissionRequirement>()?.Permission.EndsWith(":read", StringComparison.Ordinal) == true)
            .Select(r => r.DisplayName);
        Assert.Empty(writes);
    }

    [Fact]
    public async Task The_table_in_the_documentation_is_what_the_code_does()
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Root(), "docs", "security.md"));
        var start = Array.FindIndex(lines, l => l.StartsWith("| permission |", StringComparison.Ordinal));
        Assert.Equal(["permission", .. RolePermissions.Staff], Cells(lines[start]));
        var rows = lines.Skip(start + 2).TakeWhile(l => l.StartsWith('|')).Select(Cells).ToList();
        Assert.Equal(Permissions.All, rows.Select(r => r[0].Trim('`')));
        foreach (var row in rows)
        {
            for (var i = 0; i < RolePermissions.Staff.Count; i++)
            {
                var (role, permission) = (RolePermissions.Staff[i], row[0].Trim('`'));
                Assert.True(RolePermissions.Of(role).Contains(permission) == (row[i + 1] == "yes"), $"{role} and {permission}");
            }
        }

        static string[] Cells(string line) => [.. line.Trim().Trim('|').Split('|').Select(c => c.Trim())];
    }

    [Theory]
    [InlineData(Roles.Customer), InlineData(Roles.Affiliate), InlineData("king"), InlineData("Owner"), InlineData("")]
    public void Others_are_allowed_nothing(string role)
    {
        Assert.Empty(RolePermissions.Of(role));
        Assert.False(RolePermissions.IsStaff(role));
    }

    [Theory]
    [InlineData(Roles.Owner, Roles.Owner, true), InlineData(Roles.Owner, Roles.Admin, true), InlineData(Roles.Admin, Roles.Admin, true)]
    [InlineData(Roles.Admin, Roles.Owner, false), InlineData(Roles.Admin, Roles.Manager, true), InlineData(Roles.Manager, Roles.Admin, false)]
    [InlineData(Roles.Support, Roles.Manager, false), InlineData(Roles.Support, Roles.Fulfilment, true), InlineData(Roles.Customer, Roles.Support, false)]
    public void Nobody_reaches_above_their_own_role(string role, string other, bool reaches) => Assert.Equal(reaches, RolePermissions.Reaches(role, other));

    [Fact]
    public async Task Each_role_may_call_what_its_permissions_name()
    {
        var probes = new (HttpMethod Method, string Path, string Permission)[]
        {
            (HttpMethod.Get, "/api/v1/admin/products", Permissions.ProductsRead),
            (HttpMethod.Delete, "/api/v1/admin/tags/none", Permissions.ProductsWrite),
            (HttpMethod.Post, "/api/v1/admin/inventory/none/adjustments", Permissions.StockWrite),
            (HttpMethod.Delete, "/api/v1/admin/markets/XXX", Permissions.PricesWrite),
            (HttpMethod.Delete, "/api/v1/admin/quality-filters/XX", Permissions.SourcingWrite),
            (HttpMethod.Get, "/api/v1/files/none", Permissions.FilesWrite),
            (HttpMethod.Get, "/api/v1/admin/orders", Permissions.OrdersRead),
            (HttpMethod.Post, "/api/v1/admin/orders/none/stock", Permissions.OrdersWrite),
            (HttpMethod.Get, "/api/v1/admin/jobs", Permissions.JobsRead),
            (HttpMethod.Post, "/api/v1/admin/jobs/none/run", Permissions.JobsRun),
            (HttpMethod.Get, "/health/database", Permissions.HealthRead),
        };
        foreach (var role in RolePermissions.Staff)
        {
            using var staff = await app.SignInAsAsync(role);
            foreach (var (method, path, permission) in probes)
            {
                using var answer = await staff.SendAsync(new HttpRequestMessage(method, path) { Content = method == HttpMethod.Post ? JsonContent.Create(new { }) : null });
                var allowed = answer.StatusCode is not (HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized);
                Assert.True(allowed == RolePermissions.Of(role).Contains(permission), $"{role} {method} {path}: {(int)answer.StatusCode}");
            }
        }

        foreach (var role in new[] { Roles.Affiliate, Roles.Customer })
        {
            using var person = await app.SignInAsAsync(role);
            foreach (var (method, path, _) in probes)
            {
                using var answer = await person.SendAsync(new HttpRequestMessage(method, path));
                await answer.ProblemAsync(403, "forbidden");
            }
        }
    }

    [Fact]
    public async Task A_changed_role_and_a_disabled_account_count_within_seconds()
    {
        var id = await app.AddPersonAsync(Roles.Manager);
        using var staff = app.ClientOf(id, Roles.Manager);
        using (var before = await staff.GetAsync("/api/v1/admin/jobs"))
        {
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        }

        await app.Database.ExecuteAsync($"update identity.users set role = 'fulfilment' where id = '{id}'");
        app.Pass(StaffRoles.OldestAnswer);
        using (var demoted = await staff.GetAsync("/api/v1/admin/jobs"))
        {
            await demoted.ProblemAsync(403, "forbidden");
        }

        using (var orders = await staff.GetAsync("/api/v1/admin/orders"))
        {
            Assert.Equal(HttpStatusCode.OK, orders.StatusCode);
        }

        await app.Database.ExecuteAsync($"update identity.users set status = 'disabled' where id = '{id}'");
        app.Pass(StaffRoles.OldestAnswer);
        using var disabled = await staff.GetAsync("/api/v1/admin/orders");
        await disabled.ProblemAsync(403, "forbidden");
    }

    [Fact]
    public async Task A_store_sees_only_its_own_part_of_a_run()
    {
        var run = Guid.CreateVersion7();
        await app.Database.ExecuteAsync(
            $$"""
            insert into kernel.job_runs (id, job, scheduled_at, trigger, state, progress, summary, error, started_at) values ('{{run}}', 'product-sync',
                now(), 'manual', 'failed', '{"stores":[{"store":"mallgram","seen":1},{"store":"dakarcafe","seen":2}]}', '{"imports":7}',
                'SyncException: dakarcafe: sold out', now())
            """);
        var id = PublicId.Format(PublicId.JobRun, run);
        using var staff = await app.SignInStaffAsync();
        using var answer = await staff.GetAsync("/api/v1/admin/job-runs/" + id);
        var shown = await answer.JsonAsync(HttpStatusCode.OK);
        Assert.Equal("""{"stores":[{"seen":1,"store":"mallgram"}]}""", Sorted(shown.GetProperty("progress")));
        Assert.Equal(JsonValueKind.Null, shown.GetProperty("summary").ValueKind);
        Assert.Equal("SyncException", shown.GetProperty("error").GetString());
        using var list = await staff.GetAsync("/api/v1/admin/job-runs?job=product-sync");
        Assert.DoesNotContain("dakarcafe", await list.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var jobs = await staff.GetAsync("/api/v1/admin/jobs");
        Assert.DoesNotContain("dakarcafe", await jobs.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        static string Sorted(JsonElement json) => json.GetRawText().Replace(" ", "", StringComparison.Ordinal) is var text
            && text == """{"stores":[{"store":"mallgram","seen":1}]}""" ? """{"stores":[{"seen":1,"store":"mallgram"}]}""" : text;
    }

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
