using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Sourcing.Alibaba;
using Mallgram.Sourcing.AliExpress;
using Mallgram.Sourcing.Cleanup;
using Mallgram.Sourcing.OpenPlatform;
using Mallgram.Sourcing.Suppliers;
using Mallgram.Sourcing.Sync;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Sourcing;

/// <summary>Where goods come from: suppliers, and the job that keeps the catalogue in step with them.</summary>
public static class SourcingModule
{
    private const string AliExpressSection = "Sourcing:AliExpress";
    private const string AlibabaSection = "Sourcing:Alibaba";

    public static IServiceCollection AddSourcing(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddMigrations(typeof(SourcingModule).Assembly);
        services.AddSourcingCleanup();
        services.AddJob<ProductSync>();
        services.AddScoped<SyncRuns>();
        services.AddScoped<FailedItems>();
        services.AddOutboxHandler<RetryFailedItems>();
        services.AddScoped<RollbackRun>();
        services.AddOutboxHandler<FinishRollback>();
        services.AddOutboxHandler<ForgetLeftOutItems>();
        services.AddOutboxHandler<ForgetUnlockedItem>();
        services.AddScoped<StoreSync>();
        services.AddScoped<PickItems>();
        services.AddSingleton<IStoreSeed, StoreSuppliers>();
        if (configuration.GetSection(AliExpressSection).Exists())
        {
            services.AddOpenPlatformSupplier<AliExpressSupplier, AliExpressOptions>(AliExpressSupplier.SupplierCode, AliExpressSection);
        }

        if (configuration.GetSection(AlibabaSection).Exists())
        {
            services.AddScoped<SeenCategories>();
            services.AddOpenPlatformSupplier<AlibabaSupplier, AlibabaOptions>(AlibabaSupplier.SupplierCode, AlibabaSection);
        }

        return services;
    }

    /// <param name="admin">A group that lets staff in only.</param>
    public static IEndpointRouteBuilder MapSourcingAdmin(this IEndpointRouteBuilder admin)
    {
        admin.MapSyncRuns();
        admin.MapSuppliers();
        return admin;
    }
}
