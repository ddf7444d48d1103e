using Mallgram.Kernel.Problems;
using Microsoft.Extensions.Options;

namespace Mallgram.Api.Edge;

/// <summary>
/// What every request passes first: security headers, limits of its query, and whether its address has been refused too often. Nothing is
/// looked up here.
/// </summary>
internal static class FrontDoor
{
    /// <summary>Names and values in a query; filters and fields of the largest list need a third of it.</summary>
    public const int MaxQueryParameters = 64;

    // The page of the contract draws its icons as data: images and styles some of its parts itself.
    private const string DocsPolicy =
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        + "frame-ancestors 'none'";

    private static readonly ProblemCode QueryTooLong = new("query_too_long", 400,
        "The query has more than {0} parameters.", "La requête a plus de {0} paramètres.");

    public static IHeaderDictionary Secure(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        return headers;
    }

    /// <param name="strictTransport">Whether answers over HTTPS bind browsers to HTTPS.</param>
    public static IApplicationBuilder UseFrontDoor(this IApplicationBuilder app, bool strictTransport)
    {
        var limiter = app.ApplicationServices.GetRequiredService<RateLimiter>();
        var refused = RateLimiting.Hourless(app.ApplicationServices.GetRequiredService<IOptions<RateLimitOptions>>().Value.RefusedPerMinute);
        return app.Use(async (context, next) =>
        {
            var headers = Secure(context);
            if (strictTransport && context.Request.IsHttps)
            {
                headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
            }

            if (context.Request.Path.StartsWithSegments("/docs", StringComparison.Ordinal))
            {
                headers.ContentSecurityPolicy = DocsPolicy;
                headers.XFrameOptions = "DENY";
            }

            if (context.Request.QueryString.Value.AsSpan().Count('&') >= MaxQueryParameters)
            {
                throw new ProblemException(QueryTooLong, MaxQueryParameters);
            }

            var address = Client.Of(Guid.Empty, ClientKind.Refused, context.Connection.RemoteIpAddress);
            if (limiter.Look(address, refused) is { Allowed: false } verdict)
            {
                RateLimiting.Tell(context, verdict);
                throw RateLimiting.Refusal(verdict);
            }

            try
            {
                await next(context);
                if (context.Response.StatusCode == StatusCodes.Status401Unauthorized)
                {
                    limiter.Take(address, 1, refused, alone: true);
                }
            }
            catch (ProblemException e) when (e.Problem.Status == StatusCodes.Status401Unauthorized || e.Problem == CommonProblems.StoreNotFound)
            {
                limiter.Take(address, 1, refused, alone: true);
                throw;
            }
        });
    }
}
