using System.Collections.Frozen;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Mallgram.Api.Edge;

internal enum RouteKind : byte
{
    Ordinary,

    /// <summary>Tries a password, code or token of a person.</summary>
    SignIn,

    /// <summary>Makes the store send somebody a code or link.</summary>
    SendsCode,

    /// <summary>Not counted: signed picture addresses, of which a page holds dozens, and what gateways send.</summary>
    Free,
}

/// <summary>What a request of a route costs its client. Metadata of every route of the API.</summary>
/// <param name="WithQuery">Cost when it searches (<c>q=</c>).</param>
/// <param name="Untimed">
/// No time-out of the request: streams take as long as they take, and answers from memory cost less than the watch; statements have their own.
/// </param>
internal sealed record RouteCost(int Cost, int WithQuery, RouteKind Kind, bool Untimed)
{
    public static readonly RouteCost Ordinary = new(1, 1, RouteKind.Ordinary, Untimed: false);
}

/// <summary>Costs by route, in one list: a route that is not in it costs one.</summary>
internal static class RouteCosts
{
    private const string Api = "/api/v1";

    private static readonly FrozenDictionary<string, RouteCost> ByRoute = new Dictionary<string, RouteCost>(StringComparer.Ordinal)
    {
        ["/products"] = Searches with { Untimed = true },
        ["/products/{idOrSlug}"] = RouteCost.Ordinary with { Untimed = true },
        ["/products/retailer"] = Searches,
        ["/products/search"] = Searches,
        ["/admin/products"] = Searches,
        ["/admin/customers"] = Searches,
        ["/admin/orders"] = Searches,
        ["/admin/suppliers/{code}/search"] = Costs(5),
        ["/admin/products/export"] = Exports,
        ["/me/export"] = Exports,
        ["/admin/customers/{id}/export"] = Exports,
        ["/platform/stores/{id}/export"] = Exports,
        ["/files/{id}/content"] = RouteCost.Ordinary with { Untimed = true },
        ["/orders"] = Costs(5),
        ["/payments/initialize"] = Costs(10),
        ["/payments/{id}/verify"] = Costs(5),
        // New people cost a password hash and a mail each.
        ["/auth/register"] = Costs(20),

        ["/auth/login"] = SignIn,
        ["/auth/verify-otp"] = SignIn,
        ["/auth/second-factor"] = SignIn,
        ["/auth/verify-email"] = SignIn,
        ["/auth/verify-phone"] = SignIn,
        ["/auth/reset-password"] = SignIn,
        ["/auth/me/confirm"] = SignIn,
        ["/me/second-factors/{kind}/confirm"] = SignIn,
        ["/auth/accept-invitation"] = SignIn,
        ["/platform/auth/login"] = SignIn,
        ["/platform/auth/login/second-factor"] = SignIn,
        ["/platform/auth/invitation"] = SignIn,
        ["/platform/me/second-factor/confirm"] = SignIn,
        ["/auth/otp"] = SendsCode,
        ["/auth/forgot-password"] = SendsCode,
        ["/auth/second-factor/send"] = SendsCode,
        ["/auth/verify-email/send"] = SendsCode,
        ["/auth/verify-phone/send"] = SendsCode,
        ["/me/second-factors/{kind}/send"] = SendsCode,

        ["/images/{signature}/{source}"] = Free,
        ["/payments/webhook"] = Free,
        ["/payments/webhook/{gateway}"] = Free,
        ["/payments/webhook/{gateway}/{payment}/{token}"] = Free,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static RouteCost Searches => RouteCost.Ordinary with { WithQuery = 5 };

    private static RouteCost Exports => new(50, 50, RouteKind.Ordinary, Untimed: true);

    private static RouteCost SignIn => RouteCost.Ordinary with { Kind = RouteKind.SignIn };

    private static RouteCost SendsCode => RouteCost.Ordinary with { Kind = RouteKind.SendsCode };

    private static RouteCost Free => RouteCost.Ordinary with { Kind = RouteKind.Free, Untimed = true };

    /// <summary>Patterns of the list, for a test that finds those which no route has.</summary>
    public static IEnumerable<string> Patterns => ByRoute.Keys.Select(k => Api + k);

    /// <summary>Puts the cost on every route of the group, those mapped later included.</summary>
    public static RouteGroupBuilder WithCosts(this RouteGroupBuilder api)
    {
        ((IEndpointConventionBuilder)api).Finally(endpoint =>
        {
            if (endpoint is RouteEndpointBuilder route)
            {
                var cost = Of(route.RoutePattern.RawText);
                route.Metadata.Add(cost);
                if (cost.Untimed)
                {
                    route.Metadata.Add(new DisableRequestTimeoutAttribute());
                }
            }
        });
        return api;
    }

    internal static RouteCost Of(string? pattern)
    {
        var path = pattern is not null && pattern.StartsWith(Api, StringComparison.Ordinal) ? pattern[Api.Length..].TrimEnd('/') : "";
        return ByRoute.GetValueOrDefault(path, RouteCost.Ordinary);
    }

    private static RouteCost Costs(int cost) => new(cost, cost, RouteKind.Ordinary, Untimed: false);
}
