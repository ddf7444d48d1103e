using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Merchandising;

/// <summary>Finds the products that sold most: paid units of the last days. Safe to run twice.</summary>
internal sealed class FindBestSellers(StoreJobs stores) : IMallgramJob
{
    public static string Name => "best-sellers";

    public static string DefaultCron => "0 40 2 * * ?";

    public static LocalText Description => new("Finds the best sellers of each store", "Trouve les meilleures ventes de chaque boutique");

    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        var (count, changed) = await stores.RunAsync(
            new NpgsqlCommandText("select store_id from catalog.markets where is_default order by store_id"), (services, token) => services.GetRequiredService<BestSellers>().FindAsync(token), ct);
        return changed == 0 ? null : new { stores = count, changed };
    }
}

/// <summary>Puts the collections that have rules together anew. Safe to run twice.</summary>
internal sealed class RefreshCollections(StoreJobs stores) : IMallgramJob
{
    public static string Name => "refresh-collections";

    public static string DefaultCron => "0 20 * * * ?";

    public static LocalText Description => new("Puts collections that have rules together anew", "Recompose les collections définies par des règles");

    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        var (count, collections) = await stores.RunAsync(
            new NpgsqlCommandText("select distinct store_id from catalog.collections where rules is not null"),
            (services, token) => services.GetRequiredService<Collections>().EvaluateAllAsync(token), ct);
        return count == 0 ? null : new { stores = count, collections };
    }
}

internal sealed class BestSellers(StoreDatabase database, TimeProvider clock)
{
    // Ids of orders begin with the time they were placed at (UUIDv7), so the primary key finds the last days. Units stay committed when shipped.
    private const string Find =
        """
        with settings as (
            select coalesce(max(best_seller_count), 50) as count, coalesce(max(best_seller_days), 30) as days from catalog.merchandising_settings),
        since as (
            select ($1::timestamptz - make_interval(days => days)) as at, count from settings),
        best as materialized (
            select v.product_id, sum(r.quantity) as units
            from since s
            join catalog.reservations r on r.status = 'committed'
                and r.order_id >= (lpad(to_hex((extract(epoch from s.at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
            join catalog.variants v on v.store_id = r.store_id and v.id = r.variant_id
            group by v.product_id order by 2 desc, 1 limit (select count from settings)),
        gone as (
            delete from catalog.best_sellers b where not exists (select from best n where n.product_id = b.product_id) returning product_id),
        written as (
            insert into catalog.best_sellers as b (store_id, product_id, units) select kernel.current_store(), product_id, units from best
            on conflict (store_id, product_id) do update set units = excluded.units where b.units <> excluded.units returning product_id, xmax = 0 as is_new)
        select product_id from gone union all select product_id from written where is_new
        """;

    /// <returns>Products that became best sellers or are none any more.</returns>
    public async Task<int> FindAsync(CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var changed = new List<Guid>();
        await using (var rows = await transaction.QueryAsync(ct, Sql.Command(Find, Sql.Time(clock.GetUtcNow()))))
        {
            while (await rows.ReadAsync(ct))
            {
                changed.Add(rows.GetGuid(0));
            }
        }

        if (changed.Count > 0)
        {
            Guid[] products = [.. changed.Order()];
            await transaction.ExecuteAsync(ct, [ProductWrites.Lock(products), .. ProductWrites.Finish(products)]);
        }

        await transaction.CommitAsync(ct);
        return changed.Count;
    }
}
