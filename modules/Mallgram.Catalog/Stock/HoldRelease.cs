using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Merchandising;
using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Stock;

/// <summary>Gives back the stock that orders hold past their time. Safe to run twice, and while the same orders are being paid.</summary>
internal sealed class ReleaseExpiredHolds(StoreJobs stores, TimeProvider clock) : IMallgramJob
{
    public static string Name => "release-expired-holds";

    public static string DefaultCron => "0 * * * * ?";

    public static LocalText Description => new(
        "Gives back stock that unpaid orders held for too long", "Rend le stock que des commandes impayées ont retenu trop longtemps");

    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        var (count, orders) = await stores.RunAsync(
            new NpgsqlCommandText(
                "select distinct store_id from catalog.reservations where status = 'held' and expires_at <= $1", Sql.Time(clock.GetUtcNow())),
            (services, token) => services.GetRequiredService<HoldRelease>().ReleaseAsync(token), ct);
        return count == 0 ? null : new { stores = count, orders };
    }
}

internal sealed class HoldRelease(StoreDatabase database, StoreScope scope, OutboxWriter outbox, TimeProvider clock)
{
    private const int OrdersAtOnce = 100;

    /// <returns>Orders that lost their hold.</returns>
    public async Task<int> ReleaseAsync(CancellationToken ct)
    {
        var orders = 0;
        while (true)
        {
            var released = await ReleaseSomeAsync(ct);
            orders += released;
            // Fewer than asked for: the rest is not due, or somebody is at work on it.
            if (released < OrdersAtOnce)
            {
                return orders;
            }
        }
    }

    private async Task<int> ReleaseSomeAsync(CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var released = new Dictionary<Guid, List<Guid>>();
        await using (var rows = await transaction.QueryAsync(
            ct, Sql.Command("select order_id, variant_id from catalog.release_expired($1, $2)", Sql.Time(clock.GetUtcNow()), Sql.Int(OrdersAtOnce))))
        {
            while (await rows.ReadAsync(ct))
            {
                if (!released.TryGetValue(rows.GetGuid(0), out var variants))
                {
                    released[rows.GetGuid(0)] = variants = [];
                }

                variants.Add(rows.GetGuid(1));
            }
        }

        if (released.Count > 0)
        {
            await transaction.ExecuteAsync(
                ct, [.. released.Select(r => outbox.Add(scope.StoreId, CatalogEvents.HoldExpired, new HoldExpired(r.Key, r.Value)))]);
            await transaction.CommitAsync(ct);
        }

        return released.Count;
    }
}
