using Mallgram.Kernel.Tenancy;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Mallgram.Kernel.Persistence;

public static class PersistenceSetup
{
    /// <summary>
    /// Registers both pools, the context with its pooled factory, and plain SQL access. Connection strings: <c>mallgram</c> (member of
    /// <c>mallgram_app</c>) and <c>mallgram_platform</c> (member of <c>mallgram_platform</c>); the process refuses to start as superuser
    /// or with BYPASSRLS.
    /// </summary>
    public static IServiceCollection AddMallgramPersistence(this IServiceCollection services, IHostEnvironment environment)
    {
        services.AddSingleton(provider => new AppDataSource(Pools.Create(ConnectionString(provider, "mallgram"), environment.ApplicationName)));
        services.AddSingleton(provider => new PlatformDataSource(
            Pools.Create(ConnectionString(provider, "mallgram_platform"), environment.ApplicationName + "-platform", maxPoolSize: 12)));
        services.TryAddScoped<StoreScope>();
        services.AddScoped<StoreDatabase>();
        services.AddScoped<PlatformDatabase>();

        services.AddSingleton<IDbContextFactory<MallgramDbContext>>(provider => new PooledDbContextFactory<MallgramDbContext>(
            new DbContextOptionsBuilder<MallgramDbContext>()
                .UseNpgsql(provider.GetRequiredService<AppDataSource>().Source)
                .UseApplicationServiceProvider(provider)
                .AddInterceptors(new StoreCommandInterceptor(), new StoreTransactionInterceptor())
                // Every table of the model is created by SQL migrations, so EF's own warning about pending model changes has no meaning.
                .ConfigureWarnings(w => w.Ignore(RelationalEventId.PendingModelChangesWarning))
                .Options));
        // A pooled context keeps what its last user set: the lease assigns the store every time.
        services.AddScoped(provider =>
        {
            var context = provider.GetRequiredService<IDbContextFactory<MallgramDbContext>>().CreateDbContext();
            var scope = provider.GetRequiredService<StoreScope>();
            context.StoreId = scope.StoreIdOrNull;
            context.Caller = scope.Caller;
            context.Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
            return context;
        });
        services.AddRoleCheck();
        return services;
    }

    /// <summary>Refuses to start with a role that row-level security does not bind; for hosts that have an <see cref="AppDataSource"/>.</summary>
    public static IServiceCollection AddRoleCheck(this IServiceCollection services) => services.AddHostedService<RoleCheck>();

    private static string ConnectionString(IServiceProvider provider, string name) =>
        provider.GetRequiredService<IConfiguration>().GetConnectionString(name)
        ?? throw new InvalidOperationException($"ConnectionStrings:{name} is not set. `./mallgram up` sets it; see docs/operations.md otherwise.");
}

/// <summary>Refuses to run with a role that row-level security does not bind.</summary>
internal sealed class RoleCheck(AppDataSource app, PlatformDataSource? platform = null) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var (source, group) in new[] { (app.Source, "mallgram_app"), (platform?.Source, "mallgram_platform") })
        {
            if (source is null)
            {
                continue;
            }

            await using var command = source.CreateCommand(
                "select rolname, rolsuper or rolbypassrls, pg_has_role(current_user, $1, 'member') from pg_roles where rolname = current_user");
            command.Parameters.Add(Sql.Text(group));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            if (reader.GetBoolean(1))
            {
                throw new InvalidOperationException(
                    $"Database role '{reader.GetString(0)}' is superuser or bypasses row-level security; stores would not be walled off. Use a member of {group}.");
            }

            if (!reader.GetBoolean(2))
            {
                throw new InvalidOperationException($"Database role '{reader.GetString(0)}' is no member of {group}; `migrate` creates one.");
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
