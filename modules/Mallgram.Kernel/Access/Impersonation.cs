using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Kernel.Access;

/// <summary>Marks routes that are closed to a platform administrator who acts as somebody. Metadata of the route.</summary>
public sealed record ClosedWhileImpersonating;

public static class Impersonation
{
    /// <summary>Claim of a token by which a platform administrator acts as a person: <c>imp_…</c>.</summary>
    public const string Claim = "imp";

    private static readonly ProblemCode Closed = new("not_while_impersonating", 403,
        "Only the person can do this: passwords, second factors, keys and erasure are closed while the platform acts for them.",
        "Seule la personne peut le faire : mots de passe, seconds facteurs, clés et effacement sont fermés quand la plateforme agit pour elle.");

    /// <summary>Answers 403 <c>not_while_impersonating</c> to a platform administrator who acts as somebody.</summary>
    public static TBuilder NotWhileImpersonating<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoints.WithMetadata(new ClosedWhileImpersonating());
        return endpoints;
    }

    /// <summary>Keeps marked routes closed. After the sign-in is known.</summary>
    public static IApplicationBuilder UseImpersonationLimits(this IApplicationBuilder app) => app.Use(static (context, next) =>
        context.GetEndpoint()?.Metadata.GetMetadata<ClosedWhileImpersonating>() is not null && context.User.HasClaim(static c => c.Type == Claim)
            ? throw new ProblemException(Closed)
            : next(context));
}
