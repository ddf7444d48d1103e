using Mallgram.Catalog.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Catalog.Stock;

internal sealed class OrderCatalog(StoreScope scope) : IOrderCatalog
{
    // A product without a variant means its cheapest one, never dearer than the price that lists show.
    private const string QuoteSql =
        """
        select w.n::int, p.id, v.id, case when $3 then coalesce(p.name_fr, p.name) else p.name end, v.name, v.sku,
               r.amount, r.currency, p.min_order_quantity, p.status = 'active' and v.active, greatest(t.on_hand - t.reserved, 0)
        from unnest($1, $2) with ordinality w(variant_id, product_id, n)
        cross join lateral (
            select * from catalog.variants where id = w.variant_id and (w.product_id is null or product_id = w.product_id)
            union all
            (select c.* from catalog.variants c
             join catalog.prices cr on cr.store_id = c.store_id and cr.variant_id = c.id
             join catalog.stock ct on ct.store_id = c.store_id and ct.variant_id = c.id
             where w.variant_id is null and c.product_id = w.product_id
             order by c.active desc, cr.amount, (ct.on_hand > ct.reserved) desc, c.position limit 1)) v
        join catalog.products p on p.store_id = v.store_id and p.id = v.product_id
        join catalog.prices r on r.store_id = v.store_id and r.variant_id = v.id
        join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
        """;

    public NpgsqlBatchCommand Quote(IReadOnlyList<QuoteLine> lines) => Sql.Command(
        QuoteSql,
        Ids(lines.Select(l => l.VariantId)),
        Ids(lines.Select(l => l.ProductId)),
        Sql.Bool(scope.Language == "fr"));

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

    public NpgsqlBatchCommand Reserve(Guid orderId, IReadOnlyList<StockLine> lines, DateTimeOffset expiresAt) => Sql.Command(
        "select * from catalog.reserve($1, $2, $3, $4)",
        Sql.Uuid(orderId),
        Sql.Uuids([.. lines.Select(l => l.VariantId)]),
        Sql.Ints([.. lines.Select(l =>
            l.Quantity > 0 ? l.Quantity : throw new ArgumentOutOfRangeException(nameof(lines), "Quantities are at least 1."))]),
        Sql.Time(expiresAt));

    public NpgsqlBatchCommand Commit(Guid orderId) => Sql.Command(
        "update catalog.reservations set status = 'committed' where order_id = $1 and status = 'held' returning variant_id", Sql.Uuid(orderId));

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

    private static NpgsqlParameter Ids(IEnumerable<Guid?> ids) =>
        new NpgsqlParameter<Guid?[]> { TypedValue = [.. ids], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid };
}
