using System.Security.Claims;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Identity.Access;

/// <summary>Who manages people, roles and keys just now: a person of the staff or an API key.</summary>
/// <param name="UserId">Null for a key.</param>
/// <param name="Role">What nobody made by this caller may exceed. Keys are made by owners and admins and count as admins.</param>
internal sealed record StaffCaller(Guid? UserId, string Role, IReadOnlySet<string> Permissions)
{
    /// <exception cref="ProblemException">403: a role above the caller's own.</exception>
    public void MustReach(string role)
    {
        if (!RolePermissions.Reaches(Role, role))
        {
            throw new ProblemException(AccessProblems.AboveOwnRole);
        }
    }
}

internal sealed class StaffCallers(StaffRoles roles, StoreDatabase database, StoreScope scope)
{
    public async Task<StaffCaller> OfAsync(ClaimsPrincipal user, CancellationToken ct)
    {
        if (user.HasClaim(c => c.Type == AccessClaims.Key))
        {
            return new StaffCaller(
                UserId: null, Roles.Admin, user.FindAll(AccessClaims.Scope).Select(c => c.Value).ToHashSet(StringComparer.Ordinal));
        }

        var role = await roles.FindAsync(database, scope, user.UserId(), ct) ?? throw new ProblemException(CommonProblems.Forbidden);
        return new StaffCaller(user.UserId(), role, RolePermissions.Of(role));
    }
}

internal static class AccessProblems
{
    public static readonly ProblemCode AboveOwnRole = new("role_above_own", 403,
        "That role is above your own: you can neither give nor take it.",
        "Ce rôle est au-dessus du vôtre : vous ne pouvez ni le donner ni le retirer.");

    public static readonly ProblemCode LastOwner = new("last_owner", 409,
        "This is the store's last active owner. Make somebody else an owner first.",
        "C'est le dernier propriétaire actif de la boutique. Nommez d'abord un autre propriétaire.");
}
