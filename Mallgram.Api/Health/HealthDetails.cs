using Mallgram.Kernel.Access;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Mallgram.Api.Health;

/// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</param>
internal sealed record HealthPart(string Name, string Status, string? Detail, double DurationMs);

internal sealed record HealthDetail(string Status, IReadOnlyList<HealthPart> Parts);

/// <summary>Health with reasons and times, for staff. <c>/health</c> itself tells only ready or not.</summary>
internal static class HealthDetails
{
    public static void MapHealthDetails(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/health").WithTags("Operations");
        group.MapGet("/detailed", (HealthCheckService checks, CancellationToken ct) => ReadAsync(checks, name: null, ct))
            .RequirePermission(Permissions.HealthRead).WithName("HealthDetailed").WithSummary("Every part with its state and time");
        group.MapGet("/database", (HealthCheckService checks, CancellationToken ct) => ReadAsync(checks, "database", ct))
            .RequirePermission(Permissions.HealthRead).WithName("HealthDatabase").WithSummary("The database");
        group.MapGet("/redis", (HealthCheckService checks, CancellationToken ct) => ReadAsync(checks, "redis", ct))
            .RequirePermission(Permissions.HealthRead).WithName("HealthRedis").WithSummary("Redis; no part when none is configured");
    }

    private static async Task<HealthDetail> ReadAsync(HealthCheckService checks, string? name, CancellationToken ct)
    {
        var report = await checks.CheckHealthAsync(check => name is null || check.Name == name, ct);
        return new HealthDetail(
            Word(report.Status),
            [.. report.Entries.Select(e => new HealthPart(
                e.Key, Word(e.Value.Status), e.Value.Description, Math.Round(e.Value.Duration.TotalMilliseconds, 1)))]);
    }

    private static string Word(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}
