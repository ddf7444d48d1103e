using Mallgram.Catalog.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;

namespace Mallgram.Catalog.Import;

internal sealed class ImportRecords(StoreDatabase database) : IImportRecords
{
    private const int ShownOfEach = 20;

    // Made from others, or told by the kind of the change.
    private static readonly string[] Unsaid = ["search_key", "name_key", "name_key_fr", "brand_slug", "hidden_by"];

    private const string Page =
        """
        select c.product_id, p.name, c.kind, c.at, c.undone_at,
               array(select k from jsonb_object_keys(coalesce(c.before, '{}')) k where k <> all($5) order by k)
        from catalog.import_changes c join catalog.products p on p.store_id = c.store_id and p.id = c.product_id
        where c.run_id = $1 and ($2::text is null or c.kind = $2) and ($3::uuid is null or c.product_id > $3)
        order by c.product_id limit $4
        """;

    private const string ProductsOfPage =
        """
        with page as (
            select c.store_id, c.product_id from catalog.import_changes c
            where c.run_id = $1 and ($2::text is null or c.kind = $2) and ($3::uuid is null or c.product_id > $3)
            order by c.product_id limit $4)
        """;

    // What was before the run's first word and after its last one: a run that is taken up again may say the same twice.
    private const string Prices =
        $"""
        {ProductsOfPage}
        select page.product_id, h.* from page cross join lateral (
            select v.id, v.sku, v.name, x.currency, x.min_quantity, x.before, x.after, count(*) over ()
            from catalog.variants v
            cross join lateral (
                select currency, min_quantity, (array_agg(before order by at, id))[1] as before,
                       (array_agg(after order by at desc, id desc))[1] as after
                from catalog.price_history
                where store_id = v.store_id and variant_id = v.id and run_id = $1 and cause = 'supplier'
                group by currency, min_quantity) x
            where v.store_id = page.store_id and v.product_id = page.product_id and x.before is distinct from x.after
            order by v.position, v.id, x.currency, x.min_quantity limit $5) h
        """;

    private const string Stock =
        $"""
        {ProductsOfPage}
        select page.product_id, h.* from page cross join lateral (
            select v.id, v.sku, v.name, x.before, x.after, count(*) over ()
            from catalog.variants v
            cross join lateral (
                select (array_agg(before order by at, id))[1] as before, (array_agg(after order by at desc, id desc))[1] as after
                from catalog.stock_movements
                where store_id = v.store_id and variant_id = v.id and run_id = $1 and cause = 'supplier') x
            where v.store_id = page.store_id and v.product_id = page.product_id and x.before <> x.after
            order by v.position, v.id limit $5) h
        """;

    private const string Items =
        """
        select p.external_id, p.id, c.kind, p.status
        from catalog.products p
        left join catalog.import_changes c on c.store_id = p.store_id and c.run_id = $2 and c.product_id = p.id
        where p.supplier = $1 and p.external_id = any($3)
        """;

    public async Task<ImportChangePage> ChangesAsync(Guid runId, string? kind, string? cursor, int limit, CancellationToken ct)
    {
        Guid? after = null;
        if (!string.IsNullOrEmpty(cursor))
        {
            after = PublicId.TryParse(PublicId.Product, cursor, out var last)
                ? last : throw new ProblemException(CommonProblems.CursorInvalid);
        }

        NpgsqlParameter[] Asked(int count, NpgsqlParameter more) =>
            [Sql.Uuid(runId), Sql.Text(kind), Sql.Uuid(after), Sql.Int(count), more];
        await using var reader = await database.QueryAsync(
            ct,
            Sql.Command(Prices, Asked(limit, Sql.Int(ShownOfEach))),
            Sql.Command(Stock, Asked(limit, Sql.Int(ShownOfEach))),
            Sql.Command(Page, Asked(limit + 1, Sql.Texts(Unsaid))));
        var rows = reader.Rows;
        var prices = new Dictionary<Guid, (List<PriceChange> Shown, int Count)>();
        while (await rows.ReadAsync(ct))
        {
            var product = rows.GetGuid(0);
            var currency = rows.GetString(4);
            prices.TryAdd(product, ([], (int)rows.GetInt64(8)));
            prices[product].Shown.Add(new PriceChange(
                PublicId.Format(PublicId.Variant, rows.GetGuid(1)), rows.GetString(2), rows.TextOrNull(3), currency, rows.GetInt32(5),
                rows.IsDBNull(6) ? null : Money.Of(rows.GetInt64(6), currency),
                rows.IsDBNull(7) ? null : Money.Of(rows.GetInt64(7), currency)));
        }

        await rows.NextResultAsync(ct);
        var stock = new Dictionary<Guid, (List<StockChange> Shown, int Count)>();
        while (await rows.ReadAsync(ct))
        {
            var product = rows.GetGuid(0);
            stock.TryAdd(product, ([], (int)rows.GetInt64(6)));
            stock[product].Shown.Add(new StockChange(
                PublicId.Format(PublicId.Variant, rows.GetGuid(1)), rows.GetString(2), rows.TextOrNull(3), rows.GetInt32(4),
                rows.GetInt32(5)));
        }

        await rows.NextResultAsync(ct);
        var changes = new List<ImportChange>();
        while (await rows.ReadAsync(ct))
        {
            var product = rows.GetGuid(0);
            var (changedPrices, priceCount) = prices.GetValueOrDefault(product, ([], 0));
            var (changedStock, stockCount) = stock.GetValueOrDefault(product, ([], 0));
            changes.Add(new ImportChange(
                PublicId.Format(PublicId.Product, product), rows.GetString(1), rows.GetString(2), rows.GetDateTime(3),
                rows.IsDBNull(4) ? null : rows.GetDateTime(4), changedPrices, priceCount, changedStock, stockCount,
                [.. rows.GetFieldValue<string[]>(5).Where(f => f != "prices" || priceCount == 0)]));
        }

        return changes.Count > limit
            ? new ImportChangePage(changes[..limit], changes[limit - 1].ProductId)
            : new ImportChangePage(changes, NextCursor: null);
    }

    public async Task<IReadOnlyDictionary<string, ImportedItem>> FindAsync(
        string supplier, Guid runId, IReadOnlyList<string> externalIds, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(
            ct, Sql.Command(Items, Sql.Text(supplier), Sql.Uuid(runId), Sql.Texts([.. externalIds])));
        var items = new Dictionary<string, ImportedItem>(StringComparer.Ordinal);
        var rows = reader.Rows;
        while (await rows.ReadAsync(ct))
        {
            items.Add(rows.GetString(0), new ImportedItem(rows.GetGuid(1), rows.TextOrNull(2), rows.GetString(3)));
        }

        return items;
    }
}
