using System.Globalization;
using System.Security.Claims;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Mallgram.Api.Edge;

/// <summary>Counts each request for its client and tells on every answer how it stands.</summary>
internal static class RateLimiting
{
    private static readonly ProblemCode RateLimited = new("rate_limited", 429,
        "Too many requests. Wait {0} seconds; RateLimit-* on every answer tells how you stand.",
        "Trop de requêtes. Attendez {0} secondes ; RateLimit-* sur chaque réponse dit où vous en êtes.");

    // Numbers as text, for the headers of the hot path.
    private static readonly StringValues[] Numbers = [.. Enumerable.Range(0, 10_001).Select(n => new StringValues(n.ToString(CultureInfo.InvariantCulture)))];

    /// <summary>After the store and the sign-in are known. A client is an API key, a person, else the network address.</summary>
    public static IApplicationBuilder UseRateLimits(this IApplicationBuilder app)
    {
        var limiter = app.ApplicationServices.GetRequiredService<RateLimiter>();
        var options = app.ApplicationServices.GetRequiredService<IOptions<RateLimitOptions>>().Value;
        return app.Use((context, next) =>
        {
            var route = context.GetEndpoint()?.Metadata.GetMetadata<RouteCost>() ?? RouteCost.Ordinary;
            if (route.Kind == RouteKind.Free)
            {
                return next(context);
            }

            var store = context.RequestServices.GetRequiredService<CurrentStore>().Store;
            var quota = new Quota(options.PerMinute ?? store.Limits.RequestsPerMinute, options.PerHour ?? store.Limits.RequestsPerHour);
            var cost = route.WithQuery == route.Cost || !context.Request.Query.ContainsKey("q") ? route.Cost : route.WithQuery;
            var verdict = limiter.Take(ClientOf(context, store.Id), cost, quota);
            if (!verdict.Allowed || route.Kind == RouteKind.Ordinary)
            {
                return Go(context, next, verdict);
            }

            return route.Kind == RouteKind.SignIn
                ? TrySignInAsync(context, next, limiter, store.Id, options.SignInsPerMinute)
                : Go(context, next, limiter.Take(
                    Client.Of(store.Id, ClientKind.Codes, context.Connection.RemoteIpAddress), 1, Hourless(options.CodesPerMinute), alone: true));
        });
    }

    public static ProblemException Refusal(in Verdict verdict) =>
        new(RateLimited, verdict.Reset) { RetryAfter = TimeSpan.FromSeconds(verdict.Reset) };

    internal static Quota Hourless(int perMinute) => new(perMinute, int.MaxValue);

    internal static void Tell(HttpContext context, in Verdict verdict)
    {
        var headers = context.Response.Headers;
        headers["RateLimit-Limit"] = Text(verdict.Limit);
        headers["RateLimit-Remaining"] = Text(verdict.Remaining);
        headers["RateLimit-Reset"] = Text(verdict.Reset);
    }

    private static Task Go(HttpContext context, RequestDelegate next, in Verdict verdict)
    {
        Tell(context, verdict);
        return verdict.Allowed ? next(context) : throw Refusal(verdict);
    }

    /// <summary>
    /// Counted by this process alone and refused whatever becomes of Redis. An attempt counts as failed from its start, so that many at
    /// once cannot slip through; one that succeeds is given back, because an office or a front end signs many people in from one address.
    /// </summary>
    private static async Task TrySignInAsync(HttpContext context, RequestDelegate next, RateLimiter limiter, Guid store, int perMinute)
    {
        var client = Client.Of(store, ClientKind.SignIn, context.Connection.RemoteIpAddress);
        await Go(context, next, limiter.Take(client, 1, Hourless(perMinute), alone: true));
        if (context.Response.StatusCode < 400)
        {
            limiter.GiveBack(client, 1);
        }
    }

    private static Client ClientOf(HttpContext context, Guid store)
    {
        if (context.User.Identity is { IsAuthenticated: true })
        {
            if (Id(context.User, "key", PublicId.ApiKey) is { } key)
            {
                return Client.Of(store, ClientKind.ApiKey, key);
            }

            if (Id(context.User, "sub", PublicId.User) is { } person)
            {
                return Client.Of(store, ClientKind.Person, person);
            }

            if (Id(context.User, "sub", PublicId.PlatformAdministrator) is { } administrator)
            {
                return Client.Of(store, ClientKind.Platform, administrator);
            }
        }

        return Client.Of(store, ClientKind.Address, context.Connection.RemoteIpAddress);
    }

    private static Guid? Id(ClaimsPrincipal user, string claim, string prefix) =>
        PublicId.TryParse(prefix, user.FindFirst(claim)?.Value, out var id) ? id : null;

    private static StringValues Text(int number) => number < Numbers.Length ? Numbers[number] : number.ToString(CultureInfo.InvariantCulture);
}
