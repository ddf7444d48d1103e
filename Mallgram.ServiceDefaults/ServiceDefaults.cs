using System.Text.Json;
using Mallgram.Kernel.Persistence;
using Mallgram.ServiceDefaults.PackageSet;
using Mallgram.ServiceDefaults.Redaction;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Mallgram.ServiceDefaults;

/// <summary>What every process has: telemetry, health, resilient outgoing HTTP, service discovery.</summary>
public static class ServiceDefaultsSetup
{
    private const string Live = "live";

    /// <summary>
    /// Traces, metrics and logs by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set; every HttpClient with time-outs, a circuit breaker,
    /// retries of safe methods only, and service discovery by the <c>services__name__http__0</c> variables; the liveness check.
    /// </summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        // Request lines of clients repeat what traces hold, and addresses may carry tokens.
        builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Routing", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Http.Result", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning);
        builder.Logging.AddFilter("Quartz", LogLevel.Warning);
        RedactedLogs.Add(builder.Services);
        Telemetry.Add(builder, exports: !string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]));
        OutgoingHttp.AddDefaults(builder);
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [Live]);
        return builder;
    }

    /// <summary>Adds the database to <c>/health</c>; for hosts that called <c>AddKernel</c>.</summary>
    public static TBuilder AddDatabaseHealth<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddHealthChecks().AddCheck<DatabaseHealth>("database", timeout: TimeSpan.FromSeconds(5));
        Database.Enrich(builder);
        return builder;
    }

    /// <summary>
    /// Uses Redis when <c>ConnectionStrings:redis</c> is set: hints between processes and a cache they share. Without it, or while it is away, everything goes on
    /// in-process; health then says degraded, never unhealthy.
    /// </summary>
    public static TBuilder AddSharedRedis<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        if (!string.IsNullOrWhiteSpace(builder.Configuration.GetConnectionString(RedisConnection.Name)))
        {
            RedisClient.Add(builder, RedisConnection.Name);
            builder.Services.AddSingleton<RedisConnection>();
            builder.Services.AddSingleton<RedisOutboxSignal>();
            builder.Services.AddSingleton<Kernel.Outbox.IOutboxSignal>(p => p.GetRequiredService<RedisOutboxSignal>());
            builder.Services.AddHostedService(p => p.GetRequiredService<RedisOutboxSignal>());
            builder.Services.AddSingleton<RedisSharedCache>();
            builder.Services.AddSingleton<Kernel.Caching.ISharedCache>(p => p.GetRequiredService<RedisSharedCache>());
            builder.Services.AddSingleton<Kernel.Caching.ISharedCounters>(p => p.GetRequiredService<RedisSharedCache>());
            builder.Services.AddHealthChecks().AddCheck<RedisHealth>("redis", HealthStatus.Degraded, timeout: TimeSpan.FromSeconds(2));
        }

        return builder;
    }

    /// <summary><c>/health</c>: ready, with the state of each part; <c>/alive</c>: the process itself. Neither tells details.</summary>
    public static IEndpointRouteBuilder MapDefaultEndpoints(this IEndpointRouteBuilder app)
    {
        app.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = WriteAsync }).AllowAnonymous();
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = c => c.Tags.Contains(Live), ResponseWriter = WriteAsync }).AllowAnonymous();
        return app;
    }

    private static async Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(
            context.Response.Body,
            new
            {
                status = Word(report.Status),
                parts = report.Entries.Select(e => new { name = e.Key, status = Word(e.Value.Status) }),
            },
            cancellationToken: context.RequestAborted);
    }

    private static string Word(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}

internal sealed class DatabaseHealth(AppDataSource app) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var command = app.Source.CreateCommand("select 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is Npgsql.NpgsqlException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy("The database does not answer.", e);
        }
    }
}
