using Mallgram.Web.Admin.Api;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.Extensions.Caching.Memory;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>Who is signed in, what they may do, and where: for what pages show. The API decides on every call all the same.</summary>
/// <param name="MustSecure">Staff need a second factor here and this one has none: nothing else answers before.</param>
internal sealed record Access(PersonView Person, IReadOnlySet<string> Permissions, StoreView Store, IReadOnlyList<OwnStore> Stores, bool MustSecure)
{
    public bool May(string permission) => Permissions.Contains(permission);

    /// <summary>Of the request; pages that need a sign-in have one.</summary>
    public static Access Of(HttpContext context) =>
        context.Items[typeof(Access)] as Access ?? throw new InvalidOperationException("Only pages behind the sign-in know who may do what.");
}

/// <summary>Asks the API once a minute at most for each session.</summary>
internal sealed class AccessCache : IDisposable
{
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);
    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = 10_000 });

    public async Task<Access> GetAsync(HttpContext context)
    {
        var session = context.User.FindFirst(SessionTicket.SessionClaim)!.Value;
        if (_known.TryGetValue(session, out Access? known))
        {
            return known!;
        }

        var (api, ct) = (context.RequestServices.GetRequiredService<ApiClient>(), context.RequestAborted);
        var store = api.StoreAsync(context.User.FindFirst(SessionTicket.StoreClaim)!.Value, ct);
        var (stores, mustSecure) = await StoresAsync(context, api, ct);
        var person = await api.MeAsync(ct);
        var access = new Access(
            person, (person.Permissions ?? []).ToHashSet(StringComparer.Ordinal), await store, stores, mustSecure);
        if (mustSecure)
        {
            // Ends with the very next click that sets one up.
            return access;
        }

        return _known.Set(session, access, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Remembered, Size = 1 });
    }

    private static async Task<(IReadOnlyList<OwnStore> Stores, bool MustSecure)> StoresAsync(HttpContext context, ApiClient api, CancellationToken ct)
    {
        if (StaffSession.ImpersonationOf(context.User) is not null)
        {
            // Whoever acts as somebody does so at this store alone.
            return ([], false);
        }

        try
        {
            return ((await api.OwnStoresAsync(ct)).Data, false);
        }
        catch (ApiProblemException e) when (e.Status == StatusCodes.Status403Forbidden)
        {
            return ([], e.Code == "second_factor_required");
        }
    }

    /// <summary>Makes a change of oneself or of the store show at once.</summary>
    public void Forget(HttpContext context)
    {
        if (context.User.FindFirst(SessionTicket.SessionClaim) is { } session)
        {
            _known.Remove(session.Value);
        }
    }

    public void Dispose() => _known.Dispose();
}

internal static class AccessSetup
{
    private const string SecondFactors = "/account/second-factors";

    /// <summary>Pages of a store's staff have an <see cref="Access"/>; after authorization.</summary>
    public static IApplicationBuilder UseAccess(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (context.User.Identity?.IsAuthenticated == true && !PlatformSession.IsPage(context.Request.Path)
            && context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null
            && endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is not null)
        {
            var access = await context.RequestServices.GetRequiredService<AccessCache>().GetAsync(context);
            context.Items[typeof(Access)] = access;
            if (access.MustSecure && !context.Request.Path.StartsWithSegments(SecondFactors, StringComparison.Ordinal))
            {
                SessionCookie.GoTo(context, SecondFactors);
                return;
            }
        }

        await next(context);
    });
}
