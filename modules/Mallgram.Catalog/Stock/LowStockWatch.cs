using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Merchandising;
using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Stock;

/// <summary>
/// Finds what runs low by comparing, every quarter of an hour: orders pay nothing for it, and a sync that changes ten thousand stocks is one
/// event with a hundred variants each, not ten thousand.
/// </summary>
internal sealed class WatchLowStock(StoreJobs stores) : IMallgramJob
{
    public static string Name => "low-stock";

    public static string DefaultCron => "0 5/15 * * * ?";

    public static LocalText Description => new("Finds variants whose stock runs low", "Trouve les variantes dont le stock s'épuise");

    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        var (count, variants) = await stores.RunAsync(
            new NpgsqlCommandText("select store_id from catalog.markets where is_default order by store_id"),
            (services, token) => services.GetRequiredService<LowStockWatch>().CompareAsync(token), ct);
        return variants == 0 ? null : new { stores = count, variants };
    }
}

/// <summary>A row of <c>catalog.low_stock</c> is a variant at or below its threshold; one that appears is told once.</summary>
internal sealed class LowStockWatch(StoreDatabase database, StoreScope scope, OutboxWriter outbox)
{
    private const int VariantsAnEvent = 100;

    private const string Compare =
        """
        with default_threshold as (select coalesce(max(low_stock_threshold), 5) as units from catalog.merchandising_settings),
        low as materialized (
            select v.id, p.id as product_id, v.sku, p.name, t.on_hand - t.reserved as available, coalesce(p.low_stock_threshold, d.units) as threshold
            from catalog.products p
            cross join default_threshold d
            join catalog.variants v on v.store_id = p.store_id and v.product_id = p.id and v.active
            join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
            where p.status = 'active' and t.on_hand - t.reserved <= coalesce(p.low_stock_threshold, d.units) and ($1::uuid is null or v.id = $1)),
        gone as (
            delete from catalog.low_stock k where ($1::uuid is null or k.variant_id = $1) and not exists (select from low where low.id = k.variant_id)),
        appeared as (
            insert into catalog.low_stock (store_id, variant_id) select kernel.current_store(), id from low on conflict do nothing returning variant_id)
        select l.product_id, l.id, l.sku, l.name, l.available, l.threshold from low l join appeared a on a.variant_id = l.id order by l.product_id, l.id
        """;

    /// <returns>Variants that run low since the last time.</returns>
    public async Task<int> CompareAsync(CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var appeared = await CompareAsync(transaction, variant: null, ct);
        await transaction.CommitAsync(ct);
        return appeared;
    }

    /// <summary>For one variant, in the transaction that changed its stock.</summary>
    public async Task<int> CompareAsync(StoreTransaction transaction, Guid? variant, CancellationToken ct)
    {
        var appeared = new List<LowStockVariant>();
        await using (var rows = await transaction.QueryAsync(ct, Sql.Command(Compare, Sql.Uuid(variant))))
        {
            while (await rows.ReadAsync(ct))
            {
                appeared.Add(new LowStockVariant(
                    rows.GetGuid(0), rows.GetGuid(1), rows.GetString(2), rows.GetString(3), rows.GetInt32(4), rows.GetInt32(5)));
            }
        }

        if (appeared.Count > 0)
        {
            await transaction.ExecuteAsync(
                ct, [.. appeared.Chunk(VariantsAnEvent).Select(variants => outbox.Add(scope.StoreId, CatalogEvents.LowStock, new LowStock(variants)))]);
        }

        return appeared.Count;
    }
}
