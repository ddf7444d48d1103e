using Mallgram.Identity.Contracts;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Identity.Access;

internal static class AccessSetup
{
    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<StaffRoles>();
        services.AddScoped<IAuthorizationHandler, PermissionHandler>();
        services.AddSingleton<IAuthorizationHandler, PlatformHandler>();
        // A first gate before whole groups; each route asks for its permission besides.
        services.AddAuthorizationBuilder().AddPolicy(Policies.Staff, policy => policy.RequireAssertion(context =>
            RolePermissions.IsStaff(context.User.Role()) || context.User.HasClaim(c => c.Type == AccessClaims.Key)));
        return services;
    }
}
