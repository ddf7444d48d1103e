using Mallgram.Catalog.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Catalog.Stock;

internal sealed class OrderCatalog(StoreScope scope) : IOrderCatalog
{
    // The price of a line is that of the greatest break it reaches; below the first one, the first, so that the caller can name the smallest
    // order. A product without a variant means its cheapest one at that quantity, never dearer than the price that lists show.
    private const string QuoteSql =
        """
        select w.n::int, p.id, v.id, case when $4 then coalesce(p.name_fr, p.name) else p.name end, v.name, v.sku,
               r.amount, r.currency, coalesce(o.smallest, r.min_quantity), p.status = 'active' and v.active and o.smallest is not null,
               greatest(t.on_hand - t.reserved, 0)
        from unnest($1, $2, $3) with ordinality w(variant_id, product_id, quantity, n)
        cross join (select coalesce($5::char(3), (select currency from catalog.markets where is_default)) as currency) m
        cross join lateral (
            select * from catalog.variants where id = w.variant_id and (w.product_id is null or product_id = w.product_id)
            union all
            (select c.* from catalog.variants c
             cross join lateral (
                select x.amount from catalog.prices x
                where x.store_id = c.store_id and x.variant_id = c.id and x.currency = m.currency
                order by x.min_quantity > w.quantity, abs(w.quantity - x.min_quantity) limit 1) cr
             join catalog.stock ct on ct.store_id = c.store_id and ct.variant_id = c.id
             where w.variant_id is null and c.product_id = w.product_id
             order by c.active desc, cr.amount, (ct.on_hand > ct.reserved) desc, c.position limit 1)) v
        join catalog.products p on p.store_id = v.store_id and p.id = v.product_id
        cross join lateral (
            select x.amount, x.currency, x.min_quantity from catalog.prices x
            where x.store_id = v.store_id and x.variant_id = v.id and x.currency = m.currency
            order by x.min_quantity > w.quantity, abs(w.quantity - x.min_quantity) limit 1) r
        join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
        cross join lateral (
            select min(f.min_order_quantity) as smallest from catalog.offers f
            where f.store_id = p.store_id and f.product_id = p.id and f.active) o
        """;

    public NpgsqlBatchCommand Quote(IReadOnlyList<QuoteLine> lines, Currency? currency = null) => Sql.Command(
        QuoteSql,
        Sql.Uuids([.. lines.Select(l => l.VariantId)]),
        Sql.Uuids([.. lines.Select(l => l.ProductId)]),
        Sql.Ints([.. lines.Select(l => l.Quantity)]),
        Sql.Bool(scope.Language == "fr"),
        Sql.Text(currency?.Code));

    public async Task<IReadOnlyList<CatalogQuote?>> ReadQuotesAsync(NpgsqlDataReader reader, int lineCount, CancellationToken ct)
    {
        var quotes = new CatalogQuote?[lineCount];
        while (await reader.ReadAsync(ct))
        {
            quotes[reader.GetInt32(0) - 1] = new CatalogQuote(
                reader.GetGuid(1),
                reader.GetGuid(2),
                reader.GetString(3),
                reader.IsDBNull(4) ? null : reader.GetString(4),
                reader.GetString(5),
                Money.Of(reader.GetInt64(6), reader.GetString(7)),
                reader.GetInt32(8),
                reader.GetBoolean(9),
                reader.GetInt32(10));
        }

        return quotes;
    }

    public NpgsqlBatchCommand Currencies() => new("select currency from catalog.markets order by is_default desc, currency");

    public async Task<IReadOnlyList<string>> ReadCurrenciesAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        var currencies = new List<string>();
        while (await reader.ReadAsync(ct))
        {
            currencies.Add(reader.GetString(0));
        }

        return currencies;
    }

    public NpgsqlBatchCommand Reserve(Guid orderId, IReadOnlyList<StockLine> lines, DateTimeOffset expiresAt) => Sql.Command(
        "select * from catalog.reserve($1, $2, $3, $4)",
        Sql.Uuid(orderId),
        Sql.Uuids([.. lines.Select(l => l.VariantId)]),
        Sql.Ints([.. lines.Select(l =>
            l.Quantity > 0 ? l.Quantity : throw new ArgumentOutOfRangeException(nameof(lines), "Quantities are at least 1."))]),
        Sql.Time(expiresAt));

    public NpgsqlBatchCommand Commit(Guid orderId) => Sql.Command(
        "update catalog.reservations set status = 'committed' where order_id = $1 and status = 'held' returning variant_id", Sql.Uuid(orderId));

    // Locked before it is told: a hold whose release is on its way is no hold.
    public NpgsqlBatchCommand Extend(Guid orderId, DateTimeOffset expiresAt) => Sql.Command(
        """
        with held as (
            select store_id, order_id, variant_id, status, expires_at from catalog.reservations
            where order_id = $1 and status in ('held', 'committed') order by variant_id for update),
        longer as (
            update catalog.reservations r set expires_at = $2 from held h
            where r.store_id = h.store_id and r.order_id = h.order_id and r.variant_id = h.variant_id and h.status = 'held' and h.expires_at < $2)
        select variant_id from held
        """,
        Sql.Uuid(orderId), Sql.Time(expiresAt));

    public NpgsqlBatchCommand Release(Guid orderId) => Sql.Command("select * from catalog.release($1)", Sql.Uuid(orderId));

    public async Task<IReadOnlySet<Guid>> ReadVariantsAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        var variants = new HashSet<Guid>();
        while (await reader.ReadAsync(ct))
        {
            variants.Add(reader.GetGuid(0));
        }

        return variants;
    }
}
