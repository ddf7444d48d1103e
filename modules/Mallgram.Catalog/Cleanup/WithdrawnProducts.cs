using Mallgram.Kernel.Cleanup;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Catalog.Cleanup;

/// <summary>
/// Products their supplier withdrew long ago, with variants, prices and stock. One stays hidden when somebody edited it, or when anything
/// shows that it was ordered: a reservation that is held or committed, or a stock movement of an order. Its price history stays.
/// </summary>
internal sealed class WithdrawnProducts(PlatformDataSource platform) : ICleanupTask
{
    // A product has many rows, so fewer of them make a transaction.
    private const int MostAtOnce = 200;

    private const string Delete =
        """
        with gone as materialized (
            select p.store_id, p.id from catalog.products p
            where p.status = 'hidden' and p.hidden_by = 'supplier' and p.updated_at < $1 and p.locked_fields = '{}' and not exists (
                select from catalog.variants v where v.store_id = p.store_id and v.product_id = p.id and (
                    exists (select from catalog.reservations r
                            where r.store_id = v.store_id and r.variant_id = v.id and r.status <> 'released')
                    or exists (select from catalog.stock_movements m
                               where m.store_id = v.store_id and m.variant_id = v.id and m.cause in ('order', 'return'))
                    or exists (select from catalog.prices c where c.store_id = v.store_id and c.variant_id = v.id and c.set_by_person)))
            limit $2 for update skip locked),
        their as materialized (
            select v.store_id, v.id from catalog.variants v join gone g on g.store_id = v.store_id and g.id = v.product_id),
        reservations as (delete from catalog.reservations r using their t where r.store_id = t.store_id and r.variant_id = t.id),
        stock as (delete from catalog.stock s using their t where s.store_id = t.store_id and s.variant_id = t.id),
        prices as (delete from catalog.prices c using their t where c.store_id = t.store_id and c.variant_id = t.id),
        variants as (delete from catalog.variants v using their t where v.store_id = t.store_id and v.id = t.id)
        delete from catalog.products p using gone g where p.store_id = g.store_id and p.id = g.id
        """;

    public string Name => "withdrawn-products";

    public TimeSpan DefaultRetention => TimeSpan.FromDays(180);

    public async Task<long> RemoveAsync(DateTimeOffset before, int limit, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(Delete);
        command.Parameters.Add(Sql.Time(before));
        command.Parameters.Add(Sql.Int(Math.Min(limit, MostAtOnce)));
        return await command.ExecuteNonQueryAsync(ct);
    }
}
