using System.Reflection;
using Mallgram.Kernel.Cleanup;
using Mallgram.Kernel.Inbox;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Migrations;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Mallgram.Kernel;

public static class KernelModule
{
    /// <summary>What every host that works on store data has: persistence, outbox and inbox writers, job requests, secrets.</summary>
    public static IServiceCollection AddKernel(this IServiceCollection services, IHostEnvironment environment)
    {
        services.AddMigrations(typeof(KernelModule).Assembly);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IOutboxSignal, LocalOutboxSignal>();
        services.AddSingleton<OutboxWriter>();
        services.AddSingleton<InboxWriter>();
        services.AddSingleton<JobRuns>();
        services.AddOptions<JobsOptions>().BindConfiguration("Jobs").ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<CleanupOptions>().BindConfiguration("Cleanup").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IValidateOptions<CleanupOptions>, CleanupOptions.Validation>();
        services.AddKernelCleanup();
        services.AddJob<DatabaseCleanup>();
        services.AddMallgramPersistence(environment);
        services.AddMallgramSecrets();
        return services;
    }

    /// <summary>Delivers outbox events in this process.</summary>
    public static IServiceCollection AddOutboxDispatcher(this IServiceCollection services)
    {
        services.AddSingleton<OutboxDispatcher>();
        return services.AddHostedService(provider => provider.GetRequiredService<OutboxDispatcher>());
    }

    public static IServiceCollection AddOutboxHandler<T>(this IServiceCollection services)
        where T : class, IOutboxHandler
    {
        services.AddScoped<T>();
        return services.AddSingleton(new OutboxSubscription(T.Type, T.Effect, typeof(T)));
    }

    /// <summary>Makes a module's embedded SQL files known to <c>migrate</c>.</summary>
    public static IServiceCollection AddMigrations(this IServiceCollection services, Assembly module) =>
        services.AddSingleton(new MigrationSource(module));
}
