using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Catalog.Import;

/// <summary>
/// The way of changed products into the tables: binary <c>COPY</c> into temporary tables (a table under row-level security takes no
/// <c>COPY</c>), then one set-based statement a table. A row that would not change is not touched.
/// </summary>
internal static class ProductStaging
{
    private const string Create =
        """
        create temporary table staged_products (
            id uuid, external_id text, slug text, name text, name_fr text, description text, description_fr text, category_external_id text,
            brand text, min_order_quantity int, rating numeric, review_count int, images text[], content_hash bytea, search_key text,
            name_key text, name_key_fr text) on commit drop;
        """;

    private const string CreateVariants =
        """
        create temporary table staged_variants (
            id uuid, product_id uuid, external_id text, sku text, name text, options jsonb, position int, amount bigint, compare_at bigint,
            cost numeric, cost_currency text, rate_id uuid, on_hand int) on commit drop;
        """;

    private const string UpsertProducts =
        """
        insert into catalog.products as p (
            store_id, id, slug, supplier, external_id, name, name_fr, description, description_fr, category_id, brand, channel,
            min_order_quantity, rating, review_count, image_url, images, status, content_hash, search_key)
        select kernel.current_store(), s.id, s.slug, $1, s.external_id, s.name, s.name_fr, s.description, s.description_fr, c.id, s.brand, 'b2c',
               s.min_order_quantity, s.rating, s.review_count, s.images[1], s.images, 'active', s.content_hash, s.search_key
        from staged_products s
        left join catalog.categories c on c.supplier = $1 and c.external_id = s.category_external_id
        on conflict (store_id, id) do update set
            name = excluded.name, name_fr = excluded.name_fr, description = excluded.description, description_fr = excluded.description_fr,
            category_id = excluded.category_id, brand = excluded.brand, min_order_quantity = excluded.min_order_quantity,
            rating = excluded.rating, review_count = excluded.review_count, image_url = excluded.image_url, images = excluded.images,
            content_hash = excluded.content_hash, search_key = excluded.search_key,
            status = case when p.hidden_by = 'staff' then 'hidden' else 'active' end,
            hidden_by = case when p.hidden_by = 'staff' then 'staff' end
        """;

    private const string UpsertVariants =
        """
        insert into catalog.variants as v (store_id, id, product_id, external_id, sku, name, options, position)
        select kernel.current_store(), id, product_id, external_id, sku, name, options, position from staged_variants
        on conflict (store_id, product_id, external_id) do update set
            name = excluded.name, options = excluded.options, position = excluded.position, active = true
        where (v.name, v.options, v.position, v.active) is distinct from (excluded.name, excluded.options, excluded.position, true)
        """;

    private const string DropVariants =
        """
        update catalog.variants v set active = false
        from staged_products p
        where v.product_id = p.id and v.active
          and not exists (select from staged_variants s where s.product_id = v.product_id and s.external_id = v.external_id)
        """;

    private const string UpsertPrices =
        """
        insert into catalog.prices as p (store_id, variant_id, currency, amount, compare_at, cost, cost_currency, rate_id)
        select kernel.current_store(), v.id, $1, s.amount, s.compare_at, s.cost, s.cost_currency, s.rate_id
        from staged_variants s join catalog.variants v on v.product_id = s.product_id and v.external_id = s.external_id
        on conflict (store_id, variant_id, currency) do update set
            amount = excluded.amount, compare_at = excluded.compare_at, cost = excluded.cost, cost_currency = excluded.cost_currency,
            rate_id = excluded.rate_id
        where (p.amount, p.compare_at, p.cost, p.cost_currency, p.rate_id)
            is distinct from (excluded.amount, excluded.compare_at, excluded.cost, excluded.cost_currency, excluded.rate_id)
        """;

    // Orders lock stock in variant order and listings after it; an import that did otherwise would deadlock with them.
    private const string LockStock =
        """
        select from catalog.stock s join catalog.variants v on v.store_id = s.store_id and v.id = s.variant_id
        join staged_products p on p.id = v.product_id order by s.variant_id for update of s
        """;

    private const string UpsertStock =
        """
        insert into catalog.stock as t (store_id, variant_id, on_hand)
        select kernel.current_store(), v.id, s.on_hand
        from staged_variants s join catalog.variants v on v.product_id = s.product_id and v.external_id = s.external_id
        on conflict (store_id, variant_id) do update set on_hand = excluded.on_hand where t.on_hand <> excluded.on_hand
        """;

    private const string LockListings =
        "select from catalog.listings l join staged_products p on p.id = l.product_id order by l.product_id for update of l";

    private const string UpsertListings =
        """
        insert into catalog.listings as l (
            store_id, product_id, category_id, channel, currency, price, compare_at, in_stock, rating_hundredths, review_count, name_key,
            name_key_fr, created_at)
        select p.store_id, p.id, p.category_id, p.channel, $1, best.amount, best.compare_at, best.in_stock,
               coalesce(p.rating * 100, 0)::int, p.review_count, s.name_key, s.name_key_fr, p.created_at
        from staged_products s
        join catalog.products p on p.id = s.id
        cross join lateral (
            select r.amount, r.compare_at, bool_or(t.on_hand > t.reserved) over () as in_stock
            from catalog.variants v
            join catalog.prices r on r.store_id = v.store_id and r.variant_id = v.id and r.currency = $1
            join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
            where v.store_id = p.store_id and v.product_id = p.id and v.active
            order by r.amount, v.position limit 1) best
        where p.status = 'active'
        on conflict (store_id, product_id) do update set
            category_id = excluded.category_id, channel = excluded.channel, currency = excluded.currency, price = excluded.price,
            compare_at = excluded.compare_at, in_stock = excluded.in_stock, rating_hundredths = excluded.rating_hundredths,
            review_count = excluded.review_count, name_key = excluded.name_key, name_key_fr = excluded.name_key_fr
        where (l.category_id, l.channel, l.currency, l.price, l.compare_at, l.in_stock, l.rating_hundredths, l.review_count, l.name_key, l.name_key_fr)
            is distinct from (excluded.category_id, excluded.channel, excluded.currency, excluded.price, excluded.compare_at, excluded.in_stock,
                excluded.rating_hundredths, excluded.review_count, excluded.name_key, excluded.name_key_fr)
        """;

    /// <summary>Fills the temporary tables; they vanish with the transaction.</summary>
    /// <param name="products">Each with its id: the known one, or a new one.</param>
    /// <param name="newId">Ids of variants that may turn out to be new.</param>
    public static async Task FillAsync(
        StoreTransaction transaction, IReadOnlyList<(Guid Id, PreparedProduct Product)> products, Func<Guid> newId, CancellationToken ct)
    {
        await transaction.ExecuteAsync(ct, Sql.Command(Create), Sql.Command(CreateVariants));
        await using (var rows = await transaction.Connection.BeginBinaryImportAsync("copy staged_products from stdin (format binary)", ct))
        {
            foreach (var (id, p) in products)
            {
                await rows.StartRowAsync(ct);
                await rows.WriteAsync(id, NpgsqlDbType.Uuid, ct);
                await rows.WriteAsync(p.ExternalId, NpgsqlDbType.Text, ct);
                await rows.WriteAsync(p.Slug, NpgsqlDbType.Text, ct);
                await rows.WriteAsync(p.Name, NpgsqlDbType.Text, ct);
                await WriteAsync(rows, p.NameFr, ct);
                await WriteAsync(rows, p.Description, ct);
                await WriteAsync(rows, p.DescriptionFr, ct);
                await WriteAsync(rows, p.CategoryExternalId, ct);
                await WriteAsync(rows, p.Brand, ct);
                await rows.WriteAsync(p.MinOrderQuantity, NpgsqlDbType.Integer, ct);
                await WriteAsync(rows, p.Rating, NpgsqlDbType.Numeric, ct);
                await rows.WriteAsync(p.ReviewCount, NpgsqlDbType.Integer, ct);
                await rows.WriteAsync(p.Images, NpgsqlDbType.Array | NpgsqlDbType.Text, ct);
                await rows.WriteAsync(p.ContentHash, NpgsqlDbType.Bytea, ct);
                await rows.WriteAsync(p.NameFr is null ? p.NameKey : p.NameKey + " " + p.NameKeyFr, NpgsqlDbType.Text, ct);
                await rows.WriteAsync(SortKey(p.NameKey), NpgsqlDbType.Text, ct);
                await rows.WriteAsync(SortKey(p.NameKeyFr), NpgsqlDbType.Text, ct);
            }

            await rows.CompleteAsync(ct);
        }

        await using (var rows = await transaction.Connection.BeginBinaryImportAsync("copy staged_variants from stdin (format binary)", ct))
        {
            foreach (var (productId, p) in products)
            {
                foreach (var v in p.Variants)
                {
                    await rows.StartRowAsync(ct);
                    await rows.WriteAsync(newId(), NpgsqlDbType.Uuid, ct);
                    await rows.WriteAsync(productId, NpgsqlDbType.Uuid, ct);
                    await rows.WriteAsync(v.ExternalId, NpgsqlDbType.Text, ct);
                    await rows.WriteAsync(v.Sku, NpgsqlDbType.Text, ct);
                    await WriteAsync(rows, v.Name, ct);
                    await rows.WriteAsync(MallgramJson.ToJson(v.Options.Select(o => new[] { o.Key, o.Value })), NpgsqlDbType.Jsonb, ct);
                    await rows.WriteAsync(v.Position, NpgsqlDbType.Integer, ct);
                    await rows.WriteAsync(v.Amount, NpgsqlDbType.Bigint, ct);
                    await WriteAsync(rows, v.CompareAt, NpgsqlDbType.Bigint, ct);
                    await rows.WriteAsync(v.Cost, NpgsqlDbType.Numeric, ct);
                    await rows.WriteAsync(v.CostCurrency, NpgsqlDbType.Text, ct);
                    await WriteAsync(rows, v.RateId, NpgsqlDbType.Uuid, ct);
                    await rows.WriteAsync(v.OnHand, NpgsqlDbType.Integer, ct);
                }
            }

            await rows.CompleteAsync(ct);
        }
    }

    /// <param name="currency">The store's.</param>
    public static IEnumerable<NpgsqlBatchCommand> Apply(string supplier, string currency) =>
    [
        Sql.Command(UpsertProducts, Sql.Text(supplier)),
        Sql.Command(UpsertVariants),
        Sql.Command(DropVariants),
        Sql.Command(UpsertPrices, Sql.Text(currency)),
        Sql.Command(LockStock),
        Sql.Command(UpsertStock),
        Sql.Command(LockListings),
        Sql.Command(UpsertListings, Sql.Text(currency)),
    ];

    /// <summary>Long enough to sort by, short enough for an index page.</summary>
    private static string SortKey(string key) => key.Length <= 100 ? key : key[..(char.IsHighSurrogate(key[99]) ? 99 : 100)];

    private static Task WriteAsync(NpgsqlBinaryImporter rows, string? text, CancellationToken ct) =>
        text is null ? rows.WriteNullAsync(ct) : rows.WriteAsync(text, NpgsqlDbType.Text, ct);

    private static Task WriteAsync<T>(NpgsqlBinaryImporter rows, T? value, NpgsqlDbType type, CancellationToken ct)
        where T : struct =>
        value is { } some ? rows.WriteAsync(some, type, ct) : rows.WriteNullAsync(ct);
}
