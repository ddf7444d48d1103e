using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Kernel.Access;

/// <summary>Marks routes that are closed to a platform administrator who acts as somebody. Metadata of the route.</summary>
public sealed record ClosedWhileImpersonating(bool MayRead);

public static class Impersonation
{
    /// <summary>Claim of a token by which a platform administrator acts as a person: <c>imp_…</c>.</summary>
    public const string Claim = "imp";

    private static readonly ProblemCode Closed = new("not_while_impersonating", 403,
        "Only the person can do this: passwords, second factors, keys, staff and erasure are closed while the platform acts for them.",
        "Seule la personne peut le faire : mots de passe, seconds facteurs, clés, équipe et effacement sont fermés quand la plateforme agit pour elle.");

    /// <summary>Answers 403 <c>not_while_impersonating</c> to a platform administrator who acts as somebody.</summary>
    /// <param name="mayRead">Whether GET stays open.</param>
    public static TBuilder NotWhileImpersonating<TBuilder>(this TBuilder endpoints, bool mayRead = false)
        where TBuilder : IEndpointConventionBuilder =>
        endpoints.WithMetadata(new ClosedWhileImpersonating(mayRead));

    /// <summary>
    /// Keeps marked routes closed, and those that make access which outlives an impersonation: API keys and staff. After the sign-in is known.
    /// </summary>
    public static IApplicationBuilder UseImpersonationLimits(this IApplicationBuilder app) => app.Use(static (context, next) =>
        context.User.HasClaim(static c => c.Type == Claim) && IsClosed(context) ? throw new ProblemException(Closed) : next(context));

    private static bool IsClosed(HttpContext context)
    {
        var reads = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        return context.GetEndpoint()?.Metadata is { } route
            && (route.GetMetadata<ClosedWhileImpersonating>() is { } closed && !(reads && closed.MayRead)
                || (!reads && route.GetOrderedMetadata<PermissionRequirement>()
                    .Any(static p => p.Permission is Permissions.ApiKeysWrite or Permissions.StaffWrite)));
    }
}
