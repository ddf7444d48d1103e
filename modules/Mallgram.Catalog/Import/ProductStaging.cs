using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Import;

/// <summary>A product that will be written.</summary>
/// <param name="Attributes">JSON object of what the specifications give.</param>
/// <param name="FailingMarkets">Markets that a quality filter keeps it out of: reason by currency.</param>
internal sealed record ChangedProduct(
    Guid Id, bool IsNew, PreparedProduct Product, string Attributes, IReadOnlyDictionary<string, string> FailingMarkets);

/// <summary>
/// The way of changed products into the tables: binary <c>COPY</c> into temporary tables (a table under row-level security takes no
/// <c>COPY</c>), then one set-based statement a table. A row that would not change is not touched, and what is new is not compared.
/// </summary>
internal static class ProductStaging
{
    private const string CreateProducts =
        """
        create temporary table staged_products (
            id uuid, is_new boolean, external_id text, slug text, name text, name_fr text, description text, description_fr text,
            supplier_category text, category_id uuid, brand text, brand_slug text, rating numeric, review_count int, images text[],
            seller_id text, seller_name text, seller_rating numeric, sales_count int, ships_within_days int, weight_grams int,
            specifications jsonb, attributes jsonb, video_url text, content_hash bytea, search_key text, name_key text, name_key_fr text,
            channel text, min_order_quantity int) on commit drop
        """;

    private const string CreateVariants =
        """
        create temporary table staged_variants (
            id uuid, product_id uuid, is_new boolean, external_id text, sku text, name text, options jsonb, position int, image text,
            on_hand int) on commit drop
        """;

    private const string CreateCosts =
        """
        create temporary table staged_costs (variant_id uuid, is_new boolean, min_quantity int, cost numeric, list_cost numeric, currency char(3))
            on commit drop
        """;

    public const string CreatePrices =
        """
        create temporary table staged_prices (
            variant_id uuid, currency char(3), min_quantity int, amount bigint, compare_at bigint, landed_cost bigint, rate_id uuid, rule_id uuid)
            on commit drop
        """;

    // What catalog.apply_staged_stock takes.
    private const string StageStock =
        "create temporary table staged_stock on commit drop as select id as variant_id, on_hand from staged_variants";

    private const string InsertBrands =
        """
        insert into catalog.brands (store_id, slug, name)
        select kernel.current_store(), brand_slug, min(brand) from staged_products where brand_slug is not null group by brand_slug order by brand_slug
        on conflict do nothing
        """;

    private const string InsertProducts =
        """
        insert into catalog.products (
            store_id, id, slug, supplier, external_id, name, name_fr, description, description_fr, supplier_category, category_id, brand,
            brand_slug, rating, review_count, image_url, images, seller_id, seller_name, seller_rating, sales_count, ships_within_days,
            weight_grams, specifications, attributes, video_url, status, content_hash, search_key, name_key, name_key_fr)
        select kernel.current_store(), id, slug, $1, external_id, name, name_fr, description, description_fr, supplier_category, category_id, brand,
               brand_slug, rating, review_count, images[1], images, seller_id, seller_name, seller_rating, sales_count, ships_within_days,
               weight_grams, specifications, attributes, video_url, 'active', content_hash, search_key, name_key, name_key_fr
        from staged_products where is_new
        """;

    private const string UpdateProducts =
        """
        update catalog.products p set
            name = s.name, name_fr = s.name_fr, description = s.description, description_fr = s.description_fr,
            supplier_category = s.supplier_category, category_id = s.category_id, brand = s.brand, brand_slug = s.brand_slug,
            rating = s.rating, review_count = s.review_count, image_url = s.images[1], images = s.images, seller_id = s.seller_id,
            seller_name = s.seller_name, seller_rating = s.seller_rating, sales_count = s.sales_count,
            ships_within_days = s.ships_within_days, weight_grams = s.weight_grams, specifications = s.specifications,
            attributes = case when 'attributes' = any(p.locked_fields) then p.attributes else (p.attributes - $1) || s.attributes end,
            video_url = s.video_url, content_hash = s.content_hash, search_key = s.search_key, name_key = s.name_key,
            name_key_fr = s.name_key_fr,
            status = case when p.hidden_by = 'staff' then 'hidden' else 'active' end,
            hidden_by = case when p.hidden_by = 'staff' then 'staff' end
        from staged_products s
        where p.id = s.id and not s.is_new
        """;

    // Only what differs is kept, as it was: columns by their names, and the rows of prices, costs, offers and variants where any differs.
    private const string RecordUpdates =
        """
        insert into catalog.import_changes as c (store_id, run_id, product_id, kind, before)
        select kernel.current_store(), $1, s.id, case when p.status = 'hidden' and p.hidden_by <> 'staff' then 'shown' else 'updated' end, b.before
        from staged_products s
        join catalog.products p on p.id = s.id
        cross join lateral (
            select coalesce(jsonb_object_agg(o.key, o.value) filter (where o.value is distinct from n.value), '{}') as before
            from jsonb_each(jsonb_build_object(
                'name', p.name, 'name_fr', p.name_fr, 'description', p.description, 'description_fr', p.description_fr,
                'supplier_category', p.supplier_category, 'category_id', p.category_id, 'brand', p.brand, 'brand_slug', p.brand_slug,
                'rating', p.rating, 'review_count', p.review_count, 'images', p.images, 'seller_id', p.seller_id,
                'seller_name', p.seller_name, 'seller_rating', p.seller_rating, 'sales_count', p.sales_count,
                'ships_within_days', p.ships_within_days, 'weight_grams', p.weight_grams, 'specifications', p.specifications,
                'attributes', p.attributes, 'video_url', p.video_url, 'search_key', p.search_key, 'name_key', p.name_key,
                'name_key_fr', p.name_key_fr, 'hidden_by', case when p.hidden_by <> 'staff' then p.hidden_by end,
                'variants', (
                    select jsonb_agg(jsonb_build_array(v.id, v.name, v.options, v.position, v.image) order by v.id)
                    from catalog.variants v where v.product_id = p.id and v.active),
                'costs', (
                    select jsonb_agg(jsonb_build_array(k.variant_id, k.min_quantity, k.cost, k.list_cost, k.currency)
                        order by k.variant_id, k.min_quantity)
                    from catalog.variants v join catalog.costs k on k.variant_id = v.id where v.product_id = p.id and v.active),
                'offers', (
                    select jsonb_agg(jsonb_build_array(f.channel, f.min_order_quantity, f.active) order by f.channel)
                    from catalog.offers f where f.product_id = p.id and f.set_by = 'import'),
                'prices', (
                    select jsonb_agg(jsonb_build_array(r.variant_id, r.currency, r.min_quantity, r.amount, r.compare_at,
                        r.landed_cost, r.rate_id, r.rule_id) order by r.variant_id, r.currency, r.min_quantity)
                    from catalog.variants v join catalog.prices r on r.variant_id = v.id where v.product_id = p.id and v.active))) o
            join jsonb_each(jsonb_build_object(
                'name', s.name, 'name_fr', s.name_fr, 'description', s.description, 'description_fr', s.description_fr,
                'supplier_category', s.supplier_category, 'category_id', s.category_id, 'brand', s.brand, 'brand_slug', s.brand_slug,
                'rating', s.rating, 'review_count', s.review_count, 'images', s.images, 'seller_id', s.seller_id,
                'seller_name', s.seller_name, 'seller_rating', s.seller_rating, 'sales_count', s.sales_count,
                'ships_within_days', s.ships_within_days, 'weight_grams', s.weight_grams, 'specifications', s.specifications,
                'attributes', case when 'attributes' = any(p.locked_fields) then p.attributes else (p.attributes - $2) || s.attributes end,
                'video_url', s.video_url, 'search_key', s.search_key, 'name_key', s.name_key, 'name_key_fr', s.name_key_fr,
                'hidden_by', null,
                'variants', (
                    select jsonb_agg(jsonb_build_array(v.id, v.name, v.options, v.position, v.image) order by v.id)
                    from staged_variants v where v.product_id = p.id),
                'costs', (
                    select jsonb_agg(jsonb_build_array(k.variant_id, k.min_quantity, k.cost, k.list_cost, k.currency)
                        order by k.variant_id, k.min_quantity)
                    from staged_variants v join staged_costs k on k.variant_id = v.id where v.product_id = p.id),
                'offers', jsonb_build_array(jsonb_build_array(s.channel, s.min_order_quantity, true)),
                'prices', (
                    select jsonb_agg(jsonb_build_array(r.variant_id, r.currency, r.min_quantity, r.amount, r.compare_at,
                        r.landed_cost, r.rate_id, r.rule_id) order by r.variant_id, r.currency, r.min_quantity)
                    from staged_variants v join staged_prices r on r.variant_id = v.id where v.product_id = p.id))) n using (key)) b
        where not s.is_new
        on conflict (store_id, run_id, product_id) do update set before = excluded.before || c.before
        """;

    private const string RecordNew =
        """
        insert into catalog.import_changes (store_id, run_id, product_id, kind)
        select kernel.current_store(), $1, id, 'created' from staged_products where is_new
        """;

    private const string InsertVariants =
        """
        insert into catalog.variants (store_id, id, product_id, external_id, sku, name, options, position, image)
        select kernel.current_store(), id, product_id, external_id, sku, name, options, position, image from staged_variants where is_new
        """;

    private const string UpdateVariants =
        """
        update catalog.variants v set name = s.name, options = s.options, position = s.position, image = s.image, active = true
        from staged_variants s
        where v.id = s.id and not s.is_new
          and (v.name, v.options, v.position, v.image, v.active) is distinct from (s.name, s.options, s.position, s.image, true)
        """;

    private const string DropVariants =
        """
        update catalog.variants v set active = false
        from staged_products p
        where v.product_id = p.id and not p.is_new and v.active and v.external_id is not null
          and not exists (select from staged_variants s where s.id = v.id)
        """;

    private const string InsertOffers =
        """
        insert into catalog.offers (store_id, product_id, channel, min_order_quantity, set_by)
        select kernel.current_store(), id, channel, min_order_quantity, 'import' from staged_products where is_new
        """;

    private const string DropOffers =
        """
        delete from catalog.offers o using staged_products s
        where o.product_id = s.id and not s.is_new and o.set_by = 'import' and o.channel <> s.channel
        """;

    private const string UpsertOffers =
        """
        insert into catalog.offers as o (store_id, product_id, channel, min_order_quantity, set_by)
        select kernel.current_store(), id, channel, min_order_quantity, 'import' from staged_products where not is_new
        on conflict (store_id, product_id, channel) do update set min_order_quantity = excluded.min_order_quantity, active = true
        where o.set_by = 'import' and (o.min_order_quantity, o.active) is distinct from (excluded.min_order_quantity, true)
        """;

    // For the history of prices: costs from before.
    private const string KeepCosts =
        """
        create temporary table staged_costs_before on commit drop as
        select k.variant_id, k.min_quantity, k.cost from staged_variants v join catalog.costs k on k.variant_id = v.id where not v.is_new
        """;

    private const string ApplyStock = "select catalog.apply_staged_stock('supplier', $1, null, null)";

    // Nobody else knows variants that this transaction made: nothing to lock, to compare or to keep a history of.
    private const string InsertStock =
        "insert into catalog.stock (store_id, variant_id, on_hand) select kernel.current_store(), id, on_hand from staged_variants";

    private const string InsertPrices =
        """
        insert into catalog.prices (store_id, variant_id, currency, min_quantity, amount, compare_at, landed_cost, rate_id, rule_id)
        select kernel.current_store(), variant_id, currency, min_quantity, amount, compare_at, landed_cost, rate_id, rule_id from staged_prices
        """;

    private const string InsertCosts =
        """
        insert into catalog.costs (store_id, variant_id, min_quantity, cost, list_cost, currency)
        select kernel.current_store(), variant_id, min_quantity, cost, list_cost, currency from staged_costs where is_new
        """;

    private const string DropCosts =
        """
        delete from catalog.costs k using staged_variants v
        where k.variant_id = v.id and not v.is_new
          and not exists (select from staged_costs s where s.variant_id = k.variant_id and s.min_quantity = k.min_quantity)
        """;

    private const string UpsertCosts =
        """
        insert into catalog.costs as k (store_id, variant_id, min_quantity, cost, list_cost, currency)
        select kernel.current_store(), variant_id, min_quantity, cost, list_cost, currency from staged_costs where not is_new
        on conflict (store_id, variant_id, min_quantity) do update set
            cost = excluded.cost, list_cost = excluded.list_cost, currency = excluded.currency
        where (k.cost, k.list_cost, k.currency) is distinct from (excluded.cost, excluded.list_cost, excluded.currency)
        """;

    private const string ApplyPrices = "select catalog.apply_staged_prices('supplier', $1, null)";

    private const string DropExclusions =
        """
        delete from catalog.market_exclusions e using staged_products s
        where e.product_id = s.id and not s.is_new
          and not exists (select from unnest($1, $2, $3) n(product_id, currency, reason)
                          where n.product_id = e.product_id and n.currency = e.currency and n.reason = e.reason)
        """;

    private const string InsertExclusions =
        """
        insert into catalog.market_exclusions (store_id, product_id, currency, reason)
        select kernel.current_store(), * from unnest($1, $2, $3) on conflict do nothing
        """;

    // As catalog.refresh_listings would make them, of what is staged: a new product has the supplier's offer only, no flags and no lists
    // that others could have locked.
    private const string InsertListings =
        """
        insert into catalog.listings (
            store_id, product_id, currency, channel, is_primary, category_id, brand_slug, min_order_quantity, price, compare_at, in_stock,
            rating_hundredths, review_count, ships_within_days, featured, best_seller, new_until, sort_order, name_key, name_key_fr, created_at)
        select kernel.current_store(), p.id, best.currency, p.channel, true, p.category_id, p.brand_slug, p.min_order_quantity, best.amount,
               best.compare_at, best.in_stock, coalesce(p.rating * 100, 0)::int, p.review_count, p.ships_within_days, false, false,
               now() + interval '30 days', 0, p.name_key, p.name_key_fr, now()
        from staged_products p
        join (
            select distinct on (v.product_id, r.currency) v.product_id, r.currency, r.amount, r.compare_at,
                   bool_or(v.on_hand >= n.min_order_quantity) over (partition by v.product_id, r.currency) as in_stock
            from staged_products n
            join staged_variants v on v.product_id = n.id
            join staged_prices r on r.variant_id = v.id and r.min_quantity = n.min_order_quantity
            where n.is_new
            order by v.product_id, r.currency, r.amount, v.position) best on best.product_id = p.id
        """;

    private const string RefreshListings =
        "select catalog.refresh_listings(array(select id from staged_products where not is_new union all select unnest($1)))";

    /// <summary>Fills the temporary tables; they vanish with the transaction.</summary>
    public static async Task FillAsync(StoreTransaction transaction, IReadOnlyList<ChangedProduct> products, CancellationToken ct)
    {
        await transaction.ExecuteAsync(
            ct, Sql.Command(CreateProducts), Sql.Command(CreateVariants), Sql.Command(CreateCosts), Sql.Command(CreatePrices));
        await CopyProductsAsync(transaction, products, ct);
        await CopyVariantsAsync(transaction, products, ct);
        await CopyCostsAsync(transaction, products, ct);
        await CopyPricesAsync(
            transaction,
            products.SelectMany(p => p.Product.Variants.SelectMany(
                v => v.Prices.Where(m => !p.FailingMarkets.ContainsKey(m.Currency)).Select(m => (v.Id, m)))),
            ct);
    }

    /// <param name="runId">Cause of the changes; null: none is recorded.</param>
    /// <param name="filled">Codes of the attributes that specifications fill.</param>
    /// <param name="hidden">Products hidden in this transaction: their listings go.</param>
    public static IEnumerable<NpgsqlBatchCommand> Apply(
        string supplier, Guid? runId, IReadOnlyList<ChangedProduct> products, string[] filled, Guid[] hidden)
    {
        var (anyNew, anyKnown) = (products.Any(p => p.IsNew), products.Any(p => !p.IsNew));
        var excluded = products.SelectMany(p => p.FailingMarkets.Select(f => (p.Id, Currency: f.Key, Reason: f.Value))).ToList();
        NpgsqlParameter[] Exclusions() =>
        [
            Sql.Uuids([.. excluded.Select(e => e.Id)]), Sql.Texts([.. excluded.Select(e => e.Currency)]),
            Sql.Texts([.. excluded.Select(e => e.Reason)]),
        ];

        yield return Sql.Command(InsertBrands);
        if (anyKnown)
        {
            if (runId is not null)
            {
                yield return Sql.Command(RecordUpdates, Sql.Uuid(runId), Sql.Texts(filled));
            }

            yield return Sql.Command(UpdateProducts, Sql.Texts(filled));
            yield return Sql.Command(UpdateVariants);
            yield return Sql.Command(DropVariants);
            yield return Sql.Command(DropOffers);
            yield return Sql.Command(UpsertOffers);
            yield return Sql.Command(DropExclusions, Exclusions());
        }

        if (anyNew)
        {
            yield return Sql.Command(InsertProducts, Sql.Text(supplier));
            yield return Sql.Command(InsertOffers);
            if (runId is not null)
            {
                yield return Sql.Command(RecordNew, Sql.Uuid(runId));
            }
        }

        yield return Sql.Command(InsertVariants);
        yield return Sql.Command(InsertCosts);
        if (anyKnown)
        {
            yield return Sql.Command(KeepCosts);
            yield return Sql.Command(DropCosts);
            yield return Sql.Command(UpsertCosts);
        }

        if (excluded.Count > 0)
        {
            yield return Sql.Command(InsertExclusions, Exclusions());
        }

        // Orders lock stock in variant order and listings after it; an import that did otherwise would deadlock with them.
        if (anyKnown)
        {
            yield return Sql.Command(StageStock);
            yield return Sql.Command(ApplyStock, Sql.Uuid(runId));
            yield return Sql.Command(ApplyPrices, Sql.Uuid(runId));
        }
        else
        {
            yield return Sql.Command(InsertStock);
            yield return Sql.Command(InsertPrices);
        }

        if (anyNew)
        {
            yield return Sql.Command(InsertListings);
        }

        if (anyKnown || hidden.Length > 0)
        {
            yield return Sql.Command(RefreshListings, Sql.Uuids(hidden));
        }
    }

    private static async Task CopyProductsAsync(StoreTransaction transaction, IReadOnlyList<ChangedProduct> products, CancellationToken ct)
    {
        await using var rows = await CopyRows.BeginAsync(transaction.Connection, "staged_products", 30, ct);
        foreach (var (id, isNew, p, attributes, _) in products)
        {
            var (key, keyFr) = (PlainText.Fold(p.Name), p.NameFr is null ? null : PlainText.Fold(p.NameFr));
            await rows.StartRowAsync(ct);
            rows.Add(id);
            rows.Add(isNew);
            rows.Add(p.ExternalId);
            rows.Add(p.Slug);
            rows.Add(p.Name);
            rows.Add(p.NameFr);
            rows.Add(p.Description);
            rows.Add(p.DescriptionFr);
            rows.Add(p.SupplierCategory);
            rows.Add(p.CategoryId);
            rows.Add(p.Brand);
            rows.Add(p.Brand is null ? null : PlainText.Slug(p.Brand));
            rows.Add(p.Rating);
            rows.Add(p.ReviewCount);
            rows.Add(p.Images);
            rows.Add(p.SellerId);
            rows.Add(p.SellerName);
            rows.Add(p.SellerRating);
            rows.Add(p.SalesCount);
            rows.Add(p.ShipsWithinDays);
            rows.Add(p.WeightGrams);
            rows.AddJson(ToJson(p.Specifications));
            rows.AddJson(attributes);
            rows.Add(p.VideoUrl);
            rows.Add(p.ContentHash);
            rows.Add(keyFr is null ? key : key + " " + keyFr);
            rows.Add(SortKey(key));
            rows.Add(SortKey(keyFr ?? key));
            rows.Add(p.Channel);
            rows.Add(p.MinOrderQuantity);
        }

        await rows.CompleteAsync(ct);
    }

    private static async Task CopyVariantsAsync(StoreTransaction transaction, IReadOnlyList<ChangedProduct> products, CancellationToken ct)
    {
        await using var rows = await CopyRows.BeginAsync(transaction.Connection, "staged_variants", 10, ct);
        foreach (var product in products)
        {
            foreach (var v in product.Product.Variants)
            {
                await rows.StartRowAsync(ct);
                rows.Add(v.Id);
                rows.Add(product.Id);
                rows.Add(v.IsNew);
                rows.Add(v.ExternalId);
                rows.Add(v.Sku);
                rows.Add(v.Name);
                rows.AddJson(ToJson(v.Options));
                rows.Add(v.Position);
                rows.Add(v.Image);
                rows.Add(v.OnHand);
            }
        }

        await rows.CompleteAsync(ct);
    }

    private static async Task CopyCostsAsync(StoreTransaction transaction, IReadOnlyList<ChangedProduct> products, CancellationToken ct)
    {
        await using var rows = await CopyRows.BeginAsync(transaction.Connection, "staged_costs", 6, ct);
        foreach (var variant in products.SelectMany(p => p.Product.Variants))
        {
            foreach (var cost in variant.Costs)
            {
                await rows.StartRowAsync(ct);
                rows.Add(variant.Id);
                rows.Add(variant.IsNew);
                rows.Add(cost.MinQuantity);
                rows.Add(cost.Cost);
                rows.Add(cost.ListCost);
                rows.Add(variant.CostCurrency);
            }
        }

        await rows.CompleteAsync(ct);
    }

    /// <summary>Fills the table of <see cref="CreatePrices"/>.</summary>
    public static async Task CopyPricesAsync(
        StoreTransaction transaction, IEnumerable<(Guid VariantId, MadePrice Price)> prices, CancellationToken ct)
    {
        await using var rows = await CopyRows.BeginAsync(transaction.Connection, "staged_prices", 8, ct);
        foreach (var (variantId, price) in prices)
        {
            await rows.StartRowAsync(ct);
            rows.Add(variantId);
            rows.Add(price.Currency);
            rows.Add(price.MinQuantity);
            rows.Add(price.Amount);
            rows.Add(price.CompareAt);
            rows.Add(price.LandedCost);
            rows.Add(price.RateId);
            rows.Add(price.RuleId);
        }

        await rows.CompleteAsync(ct);
    }

    private static string ToJson(List<KeyValuePair<string, string>> pairs) =>
        pairs.Count == 0 ? "[]" : MallgramJson.ToJson(pairs.ConvertAll(p => new[] { p.Key, p.Value }));

    /// <summary>Long enough to sort by, short enough for an index page.</summary>
    private static string SortKey(string key) => key.Length <= 100 ? key : key[..(char.IsHighSurrogate(key[99]) ? 99 : 100)];
}
