using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Sourcing.AliExpress;
using Mallgram.Sourcing.Suppliers;
using Mallgram.Sourcing.Sync;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Sourcing;

/// <summary>Where goods come from: suppliers, and the job that keeps the catalogue in step with them.</summary>
public static class SourcingModule
{
    private const string AliExpressSection = "Sourcing:AliExpress";

    public static IServiceCollection AddSourcing(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddMigrations(typeof(SourcingModule).Assembly);
        services.AddJob<ProductSync>();
        services.AddScoped<SyncRuns>();
        services.AddScoped<StoreSync>();
        if (configuration.GetSection(AliExpressSection).Exists())
        {
            services.AddAliExpress();
        }

        return services;
    }

    /// <param name="admin">A group that lets staff in only.</param>
    public static IEndpointRouteBuilder MapSourcingAdmin(this IEndpointRouteBuilder admin)
    {
        admin.MapSyncRuns();
        return admin;
    }

    private static void AddAliExpress(this IServiceCollection services)
    {
        services.AddOptions<AliExpressOptions>().BindConfiguration(AliExpressSection).ValidateDataAnnotations()
            .Validate(o => o.BaseAddress?.AbsolutePath.EndsWith('/') != false, $"{AliExpressSection}:BaseAddress must end in '/'.")
            .ValidateOnStart();
        services.AddSingleton<CallBudget>();
        services.AddHttpClient<AliExpressClient>((provider, http) =>
        {
            http.BaseAddress = provider.GetRequiredService<IOptions<AliExpressOptions>>().Value.BaseAddress;
            // The largest answers are product pages with long descriptions; anything bigger is not one.
            http.MaxResponseContentBufferSize = 8 * 1024 * 1024;
        });
        services.AddScoped<AliExpressTokens>();
        services.AddScoped<ISupplier, AliExpressSupplier>();
    }
}
