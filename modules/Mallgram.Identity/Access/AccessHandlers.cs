using System.Security.Claims;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Identity.Access;

/// <summary>Claims that say what a principal is, besides the person's own.</summary>
internal static class AccessClaims
{
    /// <summary><c>key_…</c>: the caller is an API key and no person.</summary>
    public const string Key = "key";

    /// <summary>One of <see cref="Permissions"/>; an API key has one claim for each.</summary>
    public const string Scope = "scope";
}

/// <summary>Staff by the permissions of their role, read afresh; API keys by their scopes.</summary>
internal sealed class PermissionHandler(StaffRoles roles, StoreDatabase database, StoreScope scope)
    : AuthorizationHandler<PermissionRequirement>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, PermissionRequirement requirement)
    {
        if (context.User.HasClaim(c => c.Type == AccessClaims.Key))
        {
            if (context.User.HasClaim(AccessClaims.Scope, requirement.Permission))
            {
                context.Succeed(requirement);
            }

            return;
        }

        // A token of a customer or affiliate is refused without asking: their tokens are taken anew when they become staff.
        if (!RolePermissions.IsStaff(context.User.Role()) || context.User.FindUserId() is not { } userId)
        {
            return;
        }

        var ct = (context.Resource as HttpContext)?.RequestAborted ?? CancellationToken.None;
        var role = await roles.FindAsync(database, scope, userId, ct);
        if (RolePermissions.Of(role).Contains(requirement.Permission))
        {
            context.Succeed(requirement);
        }
    }
}

/// <summary>Platform administrators, whom only the platform's own scheme authenticates: their subject is <c>adm_…</c> and they have no store.</summary>
internal sealed class PlatformHandler : AuthorizationHandler<PlatformRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, PlatformRequirement requirement)
    {
        if (IsPlatform(context.User))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    private static bool IsPlatform(ClaimsPrincipal user) =>
        PublicId.TryParse(PublicId.PlatformAdministrator, user.FindFirst(CurrentUser.SubjectClaim)?.Value, out _)
        && !user.HasClaim(c => c.Type is CurrentUser.RoleClaim or Tokens.AccessTokens.StoreClaim or AccessClaims.Key);
}
