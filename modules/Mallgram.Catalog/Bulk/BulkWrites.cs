using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Bulk;

/// <summary>
/// Writes changed drafts: <c>COPY</c> into temporary tables, then one set-based statement a table. Locks go products, stock, listings, each
/// in id order.
/// </summary>
internal sealed class BulkWrites(StoreTransaction transaction, BulkImport import, TimeProvider clock)
{
    private const string CreateStaging =
        """
        create temporary table bulk_products (
            id uuid, is_new boolean, seen_at timestamptz, slug text, name text, name_fr text, description text, description_fr text,
            category_id uuid, brand text, brand_slug text, images text[], hidden_by text, featured boolean, weight_grams int, seo_title text,
            seo_title_fr text, seo_description text, seo_description_fr text, attributes text, search_key text, name_key text,
            name_key_fr text, locked text[]) on commit drop
        """;

    private const string CreateTags = "create temporary table bulk_tags (product_id uuid, tag text) on commit drop";

    private const string CreateVariants =
        """
        create temporary table bulk_variants (
            id uuid, product_id uuid, is_new boolean, sku text, name text, options text, position int) on commit drop
        """;

    private const string CreateOffers =
        """
        create temporary table bulk_offers (
            product_id uuid, channel text, min_order_quantity int, bulk_discount_percent numeric) on commit drop
        """;

    private const string CreateCosts =
        """
        create temporary table bulk_costs (
            variant_id uuid, min_quantity int, cost numeric, list_cost numeric, currency char(3)) on commit drop
        """;

    private const string CreateOwnPrices =
        """
        create temporary table bulk_prices (
            variant_id uuid, is_new boolean, currency char(3), min_quantity int, amount bigint, compare_at bigint) on commit drop
        """;

    private const string CreateRulePrices =
        """
        create temporary table staged_prices (
            variant_id uuid, currency char(3), min_quantity int, amount bigint, compare_at bigint, landed_cost bigint, rate_id uuid,
            rule_id uuid) on commit drop
        """;

    private const string CreateStock = "create temporary table staged_stock (variant_id uuid, on_hand int) on commit drop";

    private const string LockProducts =
        "select from catalog.products p where p.id = any(array(select id from bulk_products where not is_new)) order by p.id for no key update";

    private const string InsertBrands =
        """
        insert into catalog.brands (store_id, slug, name)
        select kernel.current_store(), brand_slug, min(brand) from bulk_products where brand_slug is not null group by brand_slug order by brand_slug
        on conflict do nothing
        """;

    private const string UpdateProducts =
        """
        with updated as (
            update catalog.products p set
                name = s.name, name_fr = s.name_fr, description = s.description, description_fr = s.description_fr,
                category_id = s.category_id, brand = s.brand, brand_slug = s.brand_slug, image_url = s.images[1], images = s.images,
                status = case when s.hidden_by is null then 'active' else 'hidden' end, hidden_by = s.hidden_by, featured = s.featured,
                weight_grams = s.weight_grams, seo_title = s.seo_title, seo_title_fr = s.seo_title_fr,
                seo_description = s.seo_description, seo_description_fr = s.seo_description_fr, attributes = s.attributes::jsonb,
                search_key = s.search_key, name_key = s.name_key, name_key_fr = s.name_key_fr,
                locked_fields = p.locked_fields || array(
                    select f from unnest(s.locked) f where f <> all(p.locked_fields))
            from bulk_products s where p.id = s.id and not s.is_new and p.updated_at = s.seen_at
            returning 1)
        select count(*) from updated
        """;

    private const string InsertProducts =
        """
        insert into catalog.products (
            store_id, id, slug, name, name_fr, description, description_fr, category_id, brand, brand_slug, image_url, images, status,
            hidden_by, featured, weight_grams, seo_title, seo_title_fr, seo_description, seo_description_fr, attributes, search_key,
            name_key, name_key_fr)
        select kernel.current_store(), id, slug, name, name_fr, description, description_fr, category_id, brand, brand_slug, images[1], images,
               case when hidden_by is null then 'active' else 'hidden' end, hidden_by, featured, weight_grams, seo_title, seo_title_fr,
               seo_description, seo_description_fr, attributes::jsonb, search_key, name_key, name_key_fr
        from bulk_products where is_new
        """;

    private const string DropTags =
        """
        delete from catalog.product_tags t using bulk_products s
        where t.product_id = s.id and not exists (select from bulk_tags n where n.product_id = t.product_id and n.tag = t.tag)
        """;

    private const string InsertTags =
        """
        insert into catalog.product_tags (store_id, tag, product_id)
        select kernel.current_store(), tag, product_id from bulk_tags on conflict do nothing
        """;

    private const string UpdateVariants =
        """
        update catalog.variants v set
            sku = s.sku, name = case when v.options = s.options::jsonb then v.name else s.name end, options = s.options::jsonb
        from bulk_variants s where v.id = s.id and not s.is_new
        """;

    private const string InsertVariants =
        """
        insert into catalog.variants (store_id, id, product_id, sku, name, options, position)
        select kernel.current_store(), id, product_id, sku, name, options::jsonb, position from bulk_variants where is_new
        """;

    private const string DropOffers =
        """
        delete from catalog.offers o where o.product_id in (select product_id from bulk_offers)
            and not exists (select from bulk_offers s where s.product_id = o.product_id and s.channel = o.channel)
        """;

    private const string UpsertOffers =
        """
        insert into catalog.offers (store_id, product_id, channel, min_order_quantity, bulk_discount_percent, set_by)
        select kernel.current_store(), product_id, channel, min_order_quantity, bulk_discount_percent, 'person' from bulk_offers
        on conflict (store_id, product_id, channel) do update set
            min_order_quantity = excluded.min_order_quantity, bulk_discount_percent = excluded.bulk_discount_percent, set_by = 'person', active = true
        """;

    private const string DropCosts =
        "delete from catalog.costs c where c.variant_id in (select variant_id from bulk_costs)";

    private const string InsertCosts =
        """
        insert into catalog.costs (store_id, variant_id, min_quantity, cost, list_cost, currency)
        select kernel.current_store(), variant_id, min_quantity, cost, list_cost, currency from bulk_costs
        """;

    // What a variant starts with is no change, so only prices that replace or join others are recorded.
    private const string ApplyOwnPrices =
        """
        with old as materialized (
            select r.* from catalog.prices r where r.variant_id in (select variant_id from bulk_prices where is_new = $3)),
        dropped as (
            delete from catalog.prices r using old o
            where r.store_id = o.store_id and r.variant_id = o.variant_id and r.currency = o.currency and r.min_quantity = o.min_quantity
              and (o.set_by_person or not exists (select from catalog.costs c where c.store_id = r.store_id and c.variant_id = r.variant_id))
              and not exists (
                select from bulk_prices s where s.variant_id = o.variant_id and s.currency = o.currency and s.min_quantity = o.min_quantity)
            returning o.variant_id, o.currency, o.min_quantity, o.amount),
        written as (
            insert into catalog.prices as r (store_id, variant_id, currency, min_quantity, amount, compare_at, set_by_person)
            select kernel.current_store(), variant_id, currency, min_quantity, amount, compare_at, true from bulk_prices where is_new = $3
            on conflict (store_id, variant_id, currency, min_quantity) do update set
                amount = excluded.amount, compare_at = excluded.compare_at, set_by_person = true, rule_id = null,
                changed_at = case when r.amount = excluded.amount then r.changed_at else now() end
            where (r.amount, r.compare_at, r.set_by_person) is distinct from (excluded.amount, excluded.compare_at, true)
            returning r.variant_id, r.currency, r.min_quantity, r.amount),
        changed as (
            select w.variant_id, w.currency, w.min_quantity, o.amount as before, w.amount as after
            from written w left join old o on o.variant_id = w.variant_id and o.currency = w.currency and o.min_quantity = w.min_quantity
            union all
            select variant_id, currency, min_quantity, amount, null from dropped)
        insert into catalog.price_history (store_id, variant_id, currency, min_quantity, before, after, cause, run_id, actor)
        select kernel.current_store(), variant_id, currency, min_quantity, before, after, 'person', $1, $2 from changed
        where before is distinct from after and not $3
        """;

    /// <exception cref="BatchOvertakenException">A product was changed since it was read.</exception>
    public async Task WriteAsync(List<ProductDraft> products, PriceBook book, CancellationToken ct)
    {
        var variants = products.SelectMany(p => p.Variants.Select(v => (Product: p, Variant: v))).ToList();
        var (ownPrices, rulePrices) = (new List<object?[]>(), new List<object?[]>());
        foreach (var (product, variant) in variants)
        {
            AddPrices(product, variant, book, ownPrices, rulePrices);
        }

        await transaction.ExecuteAsync(
            ct,
            [
                .. new[] { CreateStaging, CreateTags, CreateVariants, CreateOffers, CreateCosts, CreateOwnPrices, CreateRulePrices, CreateStock }
                    .Select(s => Sql.Command(s)),
            ]);
        await CopyAsync("bulk_products", products.Select(Row), ct);
        await CopyAsync("bulk_tags", products.SelectMany(p => BulkCell.Split(p.Now!.Tags).Select(t => new object?[] { p.Id, t })), ct);
        await CopyAsync(
            "bulk_variants",
            variants.Where(v => v.Variant.IsNew || (v.Variant.Before!.Sku, v.Variant.Before.Options) != (v.Variant.Now.Sku, v.Variant.Now.Options))
                .Select(v => Row(v.Product, v.Variant)),
            ct);
        await CopyAsync(
            "bulk_offers",
            products.Where(p => p.Before?.Offers != p.Now!.Offers)
                .SelectMany(p => p.Now!.Offers.Terms().Select(o => new object?[] { p.Id, o.Channel, o.MinOrderQuantity, o.BulkDiscountPercent })),
            ct);
        await CopyAsync(
            "bulk_costs",
            variants.Where(v => (v.Variant.Before?.Cost, v.Variant.Before?.CostCurrency) != (v.Variant.Now.Cost, v.Variant.Now.CostCurrency))
                .SelectMany(v => v.Variant.CostsNow(v.Product.Now!.Offers.BaseQuantity)
                    .Select(c => new object?[] { v.Variant.Id, c.MinQuantity, c.Cost, c.ListCost, v.Variant.Now.CostCurrency })),
            ct);
        await CopyAsync("bulk_prices", ownPrices, ct);
        await CopyAsync("staged_prices", rulePrices, ct);
        await CopyAsync(
            "staged_stock",
            variants.Where(v => v.Variant.Before?.OnHand != v.Variant.Now.OnHand).Select(v => new object?[] { v.Variant.Id, v.Variant.Now.OnHand }),
            ct);
        await ApplyAsync(products, ct);
    }

    private async Task ApplyAsync(List<ProductDraft> products, CancellationToken ct)
    {
        await transaction.ExecuteAsync(ct, Sql.Command(LockProducts), Sql.Command(InsertBrands));
        await using (var rows = await transaction.QueryAsync(ct, Sql.Command(UpdateProducts)))
        {
            await rows.ReadAsync(ct);
            if (rows.GetInt64(0) != products.Count(p => !p.IsNew))
            {
                throw new BatchOvertakenException();
            }
        }

        NpgsqlBatchCommand OwnPrices(bool ofNew) => Sql.Command(ApplyOwnPrices, Sql.Uuid(import.Id), Sql.Text(import.RequestedBy), Sql.Bool(ofNew));
        await transaction.ExecuteAsync(
            ct,
            Sql.Command(InsertProducts), Sql.Command(DropTags), Sql.Command(InsertTags), Sql.Command(UpdateVariants), Sql.Command(InsertVariants),
            Sql.Command(DropOffers), Sql.Command(UpsertOffers), Sql.Command(DropCosts), Sql.Command(InsertCosts),
            OwnPrices(ofNew: false),
            Sql.Command("select count(*) from catalog.apply_staged_prices('person', $1, $2)", Sql.Uuid(import.Id), Sql.Text(import.RequestedBy)),
            OwnPrices(ofNew: true),
            Sql.Command(
                "select count(*) from catalog.apply_staged_stock('person', $1, $2, 'bulk import')", Sql.Uuid(import.Id), Sql.Text(import.RequestedBy)),
            Sql.Command("select catalog.refresh_listings($1)", Sql.Uuids([.. products.Select(p => p.Id).Order()])));
    }

    /// <summary>
    /// A price that a person gave holds for its currency, and its wholesale price follows from it; all others are made from the cost.
    /// </summary>
    private static void AddPrices(ProductDraft product, VariantDraft variant, PriceBook book, List<object?[]> own, List<object?[]> ruled)
    {
        var (before, now) = (product.Before, product.Now!);
        var offersChanged = before?.Offers != now.Offers || variant.IsNew;
        var costChanged = (variant.Before?.Cost, variant.Before?.CostCurrency) != (variant.Now.Cost, variant.Now.CostCurrency);
        var rulesMayDiffer = (before?.CategoryId, before?.WeightGrams) != (now.CategoryId, now.WeightGrams);
        if (variant.Now is { Cost: not null, CostCurrency: { } currency } && (offersChanged || costChanged || rulesMayDiffer))
        {
            var made = book.PriceVariant(new PricingInput(
                product.Supplier, now.CategoryId, now.WeightGrams, currency, variant.CostsNow(now.Offers.BaseQuantity), now.Offers.Terms()));
            ruled.AddRange(made.Prices.Select(p => new object?[]
            {
                variant.Id, p.Currency, p.MinQuantity, p.Amount, p.CompareAt, p.LandedCost, p.RateId, p.RuleId,
            }));
        }

        if (!offersChanged && variant.Given.Count == 0)
        {
            return;
        }

        var prices = new Dictionary<string, PriceRow>(StringComparer.Ordinal);
        foreach (var ((priced, quantity), row) in variant.Prices)
        {
            if (quantity == before!.Offers.BaseQuantity && (row.IsPersons || variant.Now.Cost is null))
            {
                prices[priced] = row;
            }
        }

        foreach (var (priced, row) in variant.Given)
        {
            prices[priced] = row;
        }

        foreach (var (priced, row) in prices)
        {
            own.Add([variant.Id, variant.IsNew, priced, now.Offers.BaseQuantity, row.Amount, row.CompareAt]);
            if (now.Offers is { Retail: not null, Wholesale: { } wholesale } && (now.Offers.DiscountPercent is not null || variant.Now.Cost is null)
                && book.Markets.FirstOrDefault(m => m.Currency.Code == priced) is { } market)
            {
                // Rounded up to the market's step, yet never above retail.
                var reduced = Math.Max(1L, (long)decimal.Ceiling(row.Amount * (1 - ((now.Offers.DiscountPercent ?? 0) / 100))));
                var stepped = reduced + ((((market.Ending - reduced) % market.RoundingStep) + market.RoundingStep) % market.RoundingStep);
                own.Add([variant.Id, variant.IsNew, priced, wholesale, Math.Min(row.Amount, stepped), null]);
            }
        }
    }

    private object?[] Row(ProductDraft draft)
    {
        var p = draft.Now!;
        var (key, keyFr) = (PlainText.Fold(p.Name), PlainText.Fold(p.NameFr ?? p.Name));
        var hiddenBy = p.IsHidden == draft.Before?.IsHidden ? draft.HiddenBy : p.IsHidden ? "staff" : null;
        return
        [
            draft.Id, draft.IsNew, draft.IsNew ? clock.GetUtcNow().UtcDateTime : draft.UpdatedAt, draft.Slug, p.Name, p.NameFr, p.Description,
            p.DescriptionFr, p.CategoryId, p.Brand, p.Brand is null ? null : PlainText.Slug(p.Brand), BulkCell.Split(p.Images).ToArray(), hiddenBy,
            p.IsFeatured, p.WeightGrams, p.SeoTitle, p.SeoTitleFr, p.SeoDescription, p.SeoDescriptionFr, p.Attributes,
            p.NameFr is null ? key : key + " " + keyFr, SortKey(key), SortKey(keyFr), Locked(draft),
        ];
    }

    private static object?[] Row(ProductDraft product, VariantDraft variant)
    {
        var options = BulkCell.SplitPairs(variant.Now.Options) ?? [];
        return
        [
            variant.Id, product.Id, variant.IsNew, variant.Now.Sku, options.Count == 0 ? null : string.Join(", ", options.Select(o => o.Value)),
            MallgramJson.ToJson(options.Select(o => new[] { o.Key, o.Value })), variant.Position,
        ];
    }

    /// <summary>Fields of a supplier's product that the rows changed: from now on its sync leaves them alone.</summary>
    private static string[] Locked(ProductDraft draft)
    {
        if (draft is not { Supplier: not null, Before: { } before, Now: { } now })
        {
            return [];
        }

        (string Field, bool Changed)[] fields =
        [
            ("name", before.Name != now.Name), ("name_fr", before.NameFr != now.NameFr), ("description", before.Description != now.Description),
            ("description_fr", before.DescriptionFr != now.DescriptionFr), ("category_id", before.CategoryId != now.CategoryId),
            ("brand", before.Brand != now.Brand), ("images", before.Images != now.Images), ("weight_grams", before.WeightGrams != now.WeightGrams),
            ("attributes", before.Attributes != now.Attributes),
        ];
        return [.. fields.Where(f => f.Changed).Select(f => f.Field)];
    }

    private async Task CopyAsync(string table, IEnumerable<object?[]> rows, CancellationToken ct)
    {
        await using var copy = await transaction.Connection.BeginBinaryImportAsync($"copy {table} from stdin (format binary)", ct);
        foreach (var row in rows)
        {
            await copy.WriteRowAsync(ct, row!);
        }

        await copy.CompleteAsync(ct);
    }

    /// <summary>Long enough to sort by, short enough for an index page.</summary>
    private static string SortKey(string key) => key.Length <= 100 ? key : key[..(char.IsHighSurrogate(key[99]) ? 99 : 100)];
}
