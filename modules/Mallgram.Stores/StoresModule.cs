using Mallgram.Kernel;
using Mallgram.Kernel.Cleanup;
using Mallgram.Kernel.Http.Outbound;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Mallgram.Stores.Domains;
using Mallgram.Stores.Lifecycle;
using Mallgram.Stores.Onboarding;
using Mallgram.Stores.Platform;
using Mallgram.Stores.Settings;
using Mallgram.Stores.Themes;
using Mallgram.Stores.Usage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Stores;

/// <summary>Many storefronts on one installation: which one a request is for.</summary>
public static class StoresModule
{
    private const string PlatformPath = "/api/v1/platform";

    public static IServiceCollection AddStores(this IServiceCollection services)
    {
        services.AddMigrations(typeof(StoresModule).Assembly);
        services.AddSingleton<StoreLookup>();
        services.AddSingleton<IStores>(provider => provider.GetRequiredService<StoreLookup>());
        services.AddScoped<CurrentStore>();
        services.AddScoped<StoreViews>();
        services.AddOnboarding();
        services.AddScoped<StoreUsage>();
        services.AddScoped<IStoreRoom>(provider => provider.GetRequiredService<StoreUsage>());
        services.AddSingleton<RequestCounts>();
        services.AddHostedService(provider => provider.GetRequiredService<RequestCounts>());
        services.AddRowCleanup("usage-days", TimeSpan.FromDays(400), "stores.usage_days", "t.day < $1::date");
        services.AddOptions<DomainOptions>().BindConfiguration("Stores:Domains").ValidateDataAnnotations().ValidateOnStart();
        services.AddKeyedSingleton(DomainProof.Internet, (provider, _) =>
            new PublicInternet(provider.GetRequiredService<IOptions<DomainOptions>>().Value.AllowedHosts));
        services.AddHttpClient<DomainProof>();
        services.AddScoped<IStoreCreation, StoreCreation>();
        services.AddScoped<PlatformStores>();
        services.AddScoped<StoreExport>();
        services.AddJob<StoreDeletion>();
        return services;
    }

    /// <param name="api">The group of the public API.</param>
    public static void MapStores(this IEndpointRouteBuilder api) => api.MapPublicStore();

    /// <param name="admin">A group that lets staff in only.</param>
    public static void MapStoresAdmin(this IEndpointRouteBuilder admin)
    {
        admin.MapSettings();
        admin.MapThemes();
        admin.MapDomains();
        admin.MapOnboarding();
        admin.MapUsage();
    }

    /// <param name="platform">The group <c>/platform</c>, which lets platform administrators in only.</param>
    public static void MapStoresPlatform(this IEndpointRouteBuilder platform) => PlatformStoreEndpoints.Map(platform);

    /// <summary>
    /// Picks the store: <c>X-Store</c>, else the host name, else the default store. An unknown <c>X-Store</c> is 404 <c>store_not_found</c>.
    /// A suspended store answers 403 <c>store_suspended</c> but to staff who read. Addresses of the platform are for no store: limits of
    /// requests are the default store's, but no scope is set, so that the database shows no store's rows unless asked as the platform.
    /// </summary>
    public static IApplicationBuilder UseStores(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var stores = context.RequestServices.GetRequiredService<IStores>();
        if (context.Request.Path.StartsWithSegments(PlatformPath, StringComparison.Ordinal))
        {
            context.RequestServices.GetRequiredService<StoreScope>().Language = ProblemAnswers.Language(context.Request);
            context.RequestServices.GetRequiredService<CurrentStore>().Store =
                await stores.FindBySlugAsync(Store.DefaultSlug, context.RequestAborted) ?? throw new ProblemException(CommonProblems.StoreNotFound);
            await next(context);
            return;
        }

        var named = context.Request.Headers["X-Store"];
        Store? store;
        if (named.Count > 0)
        {
            store = named.Count == 1 && named[0] is { Length: > 0 and <= 63 } slug ? await stores.FindBySlugAsync(slug, context.RequestAborted) : null;
        }
        else
        {
            store = await stores.FindByHostAsync(context.Request.Host.Host, context.RequestAborted)
                ?? await stores.FindBySlugAsync(Store.DefaultSlug, context.RequestAborted);
        }

        if (store is null or { Status: StoreStatus.Closing })
        {
            throw new ProblemException(CommonProblems.StoreNotFound);
        }

        if (store.Status == StoreStatus.Suspended && !OpenWhileSuspended(context.Request))
        {
            throw new ProblemException(StoreProblems.Suspended);
        }

        var scope = context.RequestServices.GetRequiredService<StoreScope>();
        scope.Set(store.Id);
        scope.Slug = store.Slug;
        scope.Language = context.Request.Headers.AcceptLanguage.Count > 0 ? ProblemAnswers.Language(context.Request) : store.Language;
        context.RequestServices.GetRequiredService<CurrentStore>().Store = store;
        context.RequestServices.GetRequiredService<RequestCounts>().Count(store.Id);
        await next(context);
    });

    /// <summary>Staff sign in and read; money that was on its way still arrives.</summary>
    private static bool OpenWhileSuspended(HttpRequest request) =>
        request.Path.StartsWithSegments("/api/v1/auth", StringComparison.Ordinal)
        || request.Path.StartsWithSegments("/api/v1/payments/webhook", StringComparison.Ordinal)
        || ((HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            && request.Path.StartsWithSegments("/api/v1/admin", StringComparison.Ordinal));
}
