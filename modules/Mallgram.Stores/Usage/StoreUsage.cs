using Mallgram.Kernel.Access;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Stores.Usage;

/// <param name="Limit">Null: none.</param>
internal sealed record MeterView(string Name, long Used, long? Limit);

/// <param name="Day">UTC.</param>
internal sealed record UsageDay(DateOnly Day, long Requests);

/// <param name="Days">Newest first, 30 at most; days without requests are left out. The last seconds may be missing.</param>
/// <param name="RequestsPerMinute">Of one client.</param>
/// <param name="RequestsPerHour">Of one client.</param>
internal sealed record UsageView(
    IReadOnlyList<MeterView> Meters, IReadOnlyList<UsageDay> Days, long RequestsLast30Days, int RequestsPerMinute, int RequestsPerHour);

/// <summary>Counts what a store has, by the modules that own it.</summary>
internal sealed class StoreUsage(IEnumerable<StoreMeter> registered, StoreDatabase database, StoreScope scope, IStores stores, TimeProvider clock)
    : IStoreRoom
{
    private readonly List<StoreMeter> _meters = [.. registered.OrderBy(m => m.Name, StringComparer.Ordinal)];

    public async Task RequireAsync(string meter, long more, CancellationToken ct)
    {
        if (await CountAsync(meter, ct) is var (used, limit) && used + more > limit)
        {
            throw new ProblemException(StoreProblems.PlanLimitReached, meter, limit, used);
        }
    }

    public async Task<long?> LeftAsync(string meter, CancellationToken ct) =>
        await CountAsync(meter, ct) is var (used, limit) ? Math.Max(0, limit - used) : null;

    public async Task<UsageView> ReadAsync(CancellationToken ct) =>
        await ReadAsync(database.QueryAsync, scope.StoreId, (await stores.GetAsync(scope.StoreId, ct)).Limits, ct);

    /// <param name="query">Of the store's own connection, or of the platform's.</param>
    public async Task<UsageView> ReadAsync(
        Func<CancellationToken, NpgsqlBatchCommand[], Task<StoreReader>> query, Guid storeId, StoreLimits limits, CancellationToken ct)
    {
        await using var answer = await query(ct,
        [
            Sql.Command("select " + string.Join(", ", _meters.Select(m => $"({m.Sql})")), Sql.Uuid(storeId)),
            Sql.Command(
                "select day, requests from stores.usage_days where store_id = $1 and day > $2::date - 30 order by day desc",
                Sql.Uuid(storeId), Sql.Time(clock.GetUtcNow())),
        ]);
        await answer.Rows.ReadAsync(ct);
        var meters = _meters.Select((m, i) => new MeterView(m.Name, answer.Rows.GetInt64(i), LimitOf(limits, m.Name))).ToList();
        await answer.Rows.NextResultAsync(ct);
        var days = new List<UsageDay>();
        while (await answer.Rows.ReadAsync(ct))
        {
            days.Add(new UsageDay(answer.Rows.GetFieldValue<DateOnly>(0), answer.Rows.GetInt64(1)));
        }

        return new UsageView(meters, days, days.Sum(d => d.Requests), limits.RequestsPerMinute, limits.RequestsPerHour);
    }

    /// <returns>Null when the plan has no limit of it.</returns>
    private async Task<(long Used, long Limit)?> CountAsync(string meter, CancellationToken ct)
    {
        var limits = (await stores.GetAsync(scope.StoreId, ct)).Limits;
        if (LimitOf(limits, meter) is not { } limit || _meters.Find(m => m.Name == meter) is not { } counted)
        {
            return null;
        }

        await using var answer = await database.QueryAsync(ct, Sql.Command($"select ({counted.Sql})", Sql.Uuid(scope.StoreId)));
        await answer.Rows.ReadAsync(ct);
        return (answer.Rows.GetInt64(0), limit);
    }

    private static long? LimitOf(StoreLimits limits, string meter) => meter switch
    {
        StoreMeters.Products => limits.Products,
        StoreMeters.Staff => limits.Staff,
        StoreMeters.StorageBytes => limits.StorageBytes,
        _ => null,
    };
}

internal static class UsageEndpoints
{
    public static void MapUsage(this IEndpointRouteBuilder admin) =>
        admin.MapGet("/stores/{id}/usage", GetAsync).WithTags("Admin: store").WithName("AdminGetUsage")
            .WithSummary("What the store uses, beside the limits of its plan")
            .RequirePermission(Permissions.StoreRead).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);

    private static Task<UsageView> GetAsync(string id, CurrentStore current, StoreUsage usage, CancellationToken ct)
    {
        current.Named(id);
        return usage.ReadAsync(ct);
    }
}
