using Mallgram.Kernel;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Stores;

/// <summary>Many storefronts on one installation: which one a request is for.</summary>
public static class StoresModule
{
    public static IServiceCollection AddStores(this IServiceCollection services)
    {
        services.AddMigrations(typeof(StoresModule).Assembly);
        services.AddSingleton<IStores, StoreLookup>();
        services.AddScoped<CurrentStore>();
        return services;
    }

    /// <summary>
    /// Picks the store: <c>X-Store</c>, else the host name, else the default store. An unknown <c>X-Store</c> is 404 <c>store_not_found</c>.
    /// </summary>
    public static IApplicationBuilder UseStores(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var stores = context.RequestServices.GetRequiredService<IStores>();
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

        if (store is null)
        {
            throw new ProblemException(CommonProblems.StoreNotFound);
        }

        var scope = context.RequestServices.GetRequiredService<StoreScope>();
        scope.Set(store.Id);
        scope.Slug = store.Slug;
        scope.Language = context.Request.Headers.AcceptLanguage.Count > 0 ? ProblemAnswers.Language(context.Request) : store.Language;
        context.RequestServices.GetRequiredService<CurrentStore>().Store = store;
        await next(context);
    });
}
