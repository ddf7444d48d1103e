using System.Security.Claims;
using Mallgram.Identity.Access;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Identity.Staff;

internal sealed record RoleView(string Role, IReadOnlyList<string> Permissions);

/// <param name="Permissions">All there are, in the order people see them.</param>
internal sealed record RoleList(IReadOnlyList<RoleView> Data, IReadOnlyList<string> Permissions);

/// <param name="Status"><c>active</c> or <c>disabled</c>.</param>
internal sealed record StaffView(
    string Id, string FullName, string? Email, string? Phone, string Role, string Status, bool SecondFactor, DateTimeOffset? LastSignInAt,
    DateTimeOffset CreatedAt);

internal sealed record StaffPage(IReadOnlyList<StaffView> Data, string? NextCursor);

/// <param name="Role">One of the roles of <c>GET /admin/roles</c>; to make somebody a customer, remove them.</param>
/// <param name="Status"><c>active</c> or <c>disabled</c>.</param>
internal sealed record ChangeStaffRequest(string? Role, string? Status);

/// <summary>People who work for the store.</summary>
internal static class StaffEndpoints
{
    private const string Select =
        """
        select u.id, u.full_name, u.email, u.phone, u.role, u.status, u.last_sign_in_at, u.created_at,
               exists (select from identity.second_factors f where f.store_id = u.store_id and f.user_id = u.id and f.confirmed_at is not null)
        from identity.users u
        where u.store_id = $1 and u.role not in ('customer', 'affiliate') and u.status <> 'erased'
        """;

    private static readonly RoleList Roles = new(
        [.. RolePermissions.Staff.Select(r => new RoleView(r, [.. Permissions.All.Where(RolePermissions.Of(r).Contains)]))], Permissions.All);

    public static IServiceCollection AddStaff(this IServiceCollection services)
    {
        services.AddScoped<StaffCallers>();
        services.AddScoped<ChangeStaff>();
        services.AddScoped<Invitations>();
        services.AddScoped<AcceptInvitation>();
        return services;
    }

    public static void MapStaff(this IEndpointRouteBuilder admin)
    {
        var staff = admin.MapGroup("").WithTags("Admin: staff");
        staff.MapGet("/roles", () => TypedResults.Ok(Roles)).RequirePermission(Permissions.StaffRead).WithName("AdminListRoles")
            .WithSummary("Roles of staff, highest first, with what they may do");
        staff.MapGet("/staff", ListAsync).RequirePermission(Permissions.StaffRead).WithName("AdminListStaff")
            .WithSummary("People who work for the store").ProducesProblem(400).ProducesProblem(422);
        staff.MapPatch("/staff/{id}", ChangeAsync).RequirePermission(Permissions.StaffWrite).WithName("AdminChangeStaff")
            .WithSummary("Change a role, or disable or enable somebody; it counts within seconds")
            .ProducesProblem(403).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        staff.MapDelete("/staff/{id}", RemoveAsync).RequirePermission(Permissions.StaffWrite).WithName("AdminRemoveStaff")
            .WithSummary("Make somebody a customer and end their sign-ins; API keys they made go on working")
            .ProducesProblem(403).ProducesProblem(404).ProducesProblem(409);
        InvitationEndpoints.Map(staff);
    }

    private static async Task<Ok<StaffPage>> ListAsync(string? cursor, int? limit, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        var page = IdPage.Read(PublicId.User, cursor, limit);
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            Select + " and ($2::uuid is null or u.id < $2) order by u.id desc limit $3",
            Sql.Uuid(scope.StoreId), Sql.Uuid(page.Before), Sql.Int(page.Limit + 1)));
        var people = new List<StaffView>();
        while (await answer.Rows.ReadAsync(ct))
        {
            var row = answer.Rows;
            people.Add(new StaffView(
                PublicId.Format(PublicId.User, row.GetGuid(0)), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2),
                row.IsDBNull(3) ? null : row.GetString(3), row.GetString(4), row.GetString(5), row.GetBoolean(8),
                row.IsDBNull(6) ? null : row.GetFieldValue<DateTimeOffset>(6), row.GetFieldValue<DateTimeOffset>(7)));
        }

        return TypedResults.Ok(new StaffPage([.. people.Take(page.Limit)], page.Next(people, p => p.Id)));
    }

    private static async Task<NoContent> ChangeAsync(
        string id, JsonBody<ChangeStaffRequest> body, ClaimsPrincipal user, StaffCallers callers, ChangeStaff change, CancellationToken ct)
    {
        var (role, status) = (body.Value.Role, body.Value.Status);
        var errors = new FieldErrors();
        if (role is not null && !RolePermissions.IsStaff(role))
        {
            errors.Add("role", "is one of " + string.Join(", ", RolePermissions.Staff), "est l'un de " + string.Join(", ", RolePermissions.Staff));
        }

        if (status is not (null or "active" or "disabled"))
        {
            errors.Add("status", "is active or disabled", "est active ou disabled");
        }

        if (role is null && status is null)
        {
            errors.Add("role", "or status is required", "ou status est obligatoire");
        }

        errors.ThrowIfAny();
        await change.RunAsync(id, role, status, await callers.OfAsync(user, ct), ct);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RemoveAsync(
        string id, ClaimsPrincipal user, StaffCallers callers, ChangeStaff change, CancellationToken ct)
    {
        await change.RunAsync(id, Contracts.Roles.Customer, status: null, await callers.OfAsync(user, ct), ct);
        return TypedResults.NoContent();
    }
}

/// <summary>Changes what somebody may do in the store. The last active owner stays one.</summary>
internal sealed class ChangeStaff(StoreDatabase database, StoreScope scope, Sessions sessions, StaffRoles roles)
{
    private static readonly ProblemCode StaffNotFound = new("staff_not_found", 404,
        "Nobody of that id works for this store.", "Personne avec cet identifiant ne travaille pour cette boutique.");

    /// <param name="role">Null leaves it; <c>customer</c> takes them off the staff.</param>
    /// <param name="status">Null leaves it.</param>
    /// <exception cref="ProblemException">403, 404 or 409.</exception>
    public async Task RunAsync(string id, string? role, string? status, StaffCaller caller, CancellationToken ct)
    {
        var userId = PublicId.TryParse(PublicId.User, id, out var parsed) ? parsed : throw new ProblemException(StaffNotFound);
        await using var transaction = await database.BeginAsync(ct);
        var others = await LockOwnersAsync(transaction, except: userId, ct);
        string before;
        await using (var row = await transaction.QueryAsync(ct, Sql.Command(
            "select role from identity.users where store_id = $1 and id = $2 and status <> 'erased' for no key update",
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId))))
        {
            before = await row.ReadAsync(ct) ? row.GetString(0) : Contracts.Roles.Customer;
        }

        if (!RolePermissions.IsStaff(before))
        {
            throw new ProblemException(StaffNotFound);
        }

        caller.MustReach(before);
        caller.MustReach(role ?? before);
        if (before == Contracts.Roles.Owner && others == 0 && (role is not (null or Contracts.Roles.Owner) || status == "disabled"))
        {
            throw new ProblemException(AccessProblems.LastOwner);
        }

        await transaction.ExecuteAsync(ct, Sql.Command(
            "update identity.users set role = coalesce($3, role), status = coalesce($4, status) where store_id = $1 and id = $2",
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Text(role), Sql.Text(status)));
        if (role == Contracts.Roles.Customer || status == "disabled")
        {
            await transaction.ExecuteAsync(ct, sessions.EndAll(userId, kept: null));
        }

        await transaction.CommitAsync(ct);
        roles.Forget(scope.StoreId, userId);
    }

    /// <summary>Owners are locked in one order, so that two who demote each other take turns.</summary>
    /// <returns>Active owners besides that person.</returns>
    public static async Task<int> LockOwnersAsync(StoreTransaction transaction, Guid except, CancellationToken ct)
    {
        await using var owners = await transaction.QueryAsync(ct, Sql.Command(
            "select id from identity.users where store_id = $1 and role = 'owner' and status = 'active' order by id for no key update",
            Sql.Uuid(transaction.StoreId)));
        var others = 0;
        while (await owners.ReadAsync(ct))
        {
            others += owners.GetGuid(0) == except ? 0 : 1;
        }

        return others;
    }
}
