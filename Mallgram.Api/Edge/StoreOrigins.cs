using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;

namespace Mallgram.Api.Edge;

/// <summary>Settings under <c>Edge:Cors</c>.</summary>
internal sealed class CorsSettings
{
    /// <summary>
    /// Origins (<c>https://shop.example</c>) whose pages may call for any store, besides each store's own domains; <c>*</c> is every origin.
    /// </summary>
    public IList<string> Origins { get; } = [];
}

/// <summary>
/// Which pages of which origins may read answers: those of the store's own domains over HTTPS, and those in the settings. Cookies play no
/// part, because tokens travel in a header that only the page itself can set.
/// </summary>
/// <remarks>
/// Browsers ask beforehand without the value of <c>X-Store</c>, so that question is answered for the domains of all stores; the answer to
/// the request itself is for the store it names.
/// </remarks>
internal sealed class StoreOrigins(IOptions<CorsSettings> settings, IHostEnvironment environment, IStores stores) : ICorsPolicyProvider
{
    /// <summary>The longest that browsers keep it.</summary>
    private static readonly TimeSpan PreflightLifetime = TimeSpan.FromHours(2);

    private static readonly CorsPolicy Allowed = new CorsPolicyBuilder()
        .SetIsOriginAllowed(_ => true)
        .WithMethods("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
        .WithHeaders(
            "Accept", "Accept-Language", "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID",
            "X-Cart-Token", "X-Order-Token", "X-Store")
        .WithExposedHeaders(
            "Content-Disposition", "ETag", "Idempotent-Replayed", "Location", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
            "Retry-After", "X-Request-Id")
        .SetPreflightMaxAge(PreflightLifetime)
        .Build();

    /// <summary>Null when the origin is none of the store's; the answer then carries no permission.</summary>
    public async Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName) =>
        await IsAllowedAsync(context) ? Allowed : null;

    private async ValueTask<bool> IsAllowedAsync(HttpContext context)
    {
        if (context.Request.Headers.Origin is not [{ Length: > 0 and <= 300 } text] || !Uri.TryCreate(text, UriKind.Absolute, out var origin))
        {
            return false;
        }

        if (settings.Value.Origins.Any(o => o == "*" || string.Equals(o.TrimEnd('/'), text, StringComparison.OrdinalIgnoreCase)))
        {
            return true;
        }

        if (environment.IsDevelopment() && origin.IsLoopback)
        {
            return true;
        }

        if (origin.Scheme != Uri.UriSchemeHttps || !origin.IsDefaultPort
            || await stores.FindByHostAsync(origin.IdnHost, context.RequestAborted) is not { } owner)
        {
            return false;
        }

        return HttpMethods.IsOptions(context.Request.Method)
            || context.RequestServices.GetRequiredService<CurrentStore>().Store.Id == owner.Id;
    }
}
