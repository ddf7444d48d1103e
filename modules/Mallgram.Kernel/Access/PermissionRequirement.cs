using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;

namespace Mallgram.Kernel.Access;

/// <summary>Asks for one of <see cref="Permissions"/>; the module that knows roles and keys decides. Metadata of the route.</summary>
public sealed record PermissionRequirement(string Permission) : IAuthorizationRequirement;

/// <summary>Asks for a platform administrator, who belongs to no store.</summary>
public sealed record PlatformRequirement : IAuthorizationRequirement
{
    /// <summary>The authentication scheme of platform administrators; no other one counts where they are asked for.</summary>
    public const string Scheme = "Platform";
}

public static class AccessRules
{
    /// <summary>Staff whose role has it and API keys whose scopes name it may call; others get 401 or 403.</summary>
    /// <param name="permission">One of <see cref="Permissions"/>.</param>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder endpoints, string permission)
        where TBuilder : IEndpointConventionBuilder =>
        endpoints.RequireAuthorization(new AuthorizationPolicy([new PermissionRequirement(permission)], []))
            .WithMetadata(new PermissionRequirement(permission));

    /// <summary>Only platform administrators may call.</summary>
    public static TBuilder RequirePlatform<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder =>
        endpoints.RequireAuthorization(new AuthorizationPolicy([new PlatformRequirement()], [PlatformRequirement.Scheme]))
            .WithMetadata(new PlatformRequirement());
}
