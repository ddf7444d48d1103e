using System.Text.Json;
using Mallgram.Catalog.Http;
using Mallgram.Catalog.Search;
using Mallgram.Files.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Products;

/// <summary>Reads products for shoppers: one round trip a call, whatever the page size.</summary>
/// <remarks>Joins of one product leave the store to the walls: naming it once more is one more check for each table.</remarks>
internal sealed class ProductReads(StoreDatabase database, IImageAddresses images)
{
    private const string EnglishColumns = "p.id, p.slug, p.name, l.channel, c.id, c.name, c.path, " + Columns;

    private const string FrenchColumns =
        "p.id, p.slug, coalesce(p.name_fr, p.name), l.channel, c.id, coalesce(c.name_fr, c.name), coalesce(c.path_fr, c.path), " + Columns;

    private const string Columns =
        """
        p.brand, l.currency, l.price, l.compare_at, l.min_order_quantity, l.in_stock, p.rating, p.review_count, p.image_url,
        greatest(p.updated_at, l.updated_at)
        """;

    /// <summary>Of the columns above; what else is selected comes after.</summary>
    private const int ColumnCount = 17;

    /// <exception cref="Mallgram.Kernel.Problems.ProblemException">400 <c>cursor_invalid</c>.</exception>
    public async Task<ProductPage> ListAsync(ProductQuery query, Shop shop, StoreFacts facts, CancellationToken ct)
    {
        var filters = query.Filters(shop);
        var attributes = query.IncludeFacets ? await facts.FilterablesAsync(shop, ct) : [];
        var commands = new List<NpgsqlBatchCommand>(3)
        {
            ProductListSql.Page(query, filters, shop.French, shop.French ? FrenchColumns : EnglishColumns),
        };
        if (query.IncludeTotal)
        {
            commands.Add(ProductListSql.Count(query));
        }

        if (query.IncludeFacets)
        {
            commands.Add(ProductListSql.FacetCounts(query, shop.French, attributes));
        }

        await using var reader = await database.QueryAsync(ct, [.. commands]);
        var rows = reader.Rows;
        var items = new List<ProductItem>(query.Limit);
        string? last = null;
        string? corrected = null;
        var more = false;
        while (!more && await rows.ReadAsync(ct))
        {
            // One row beyond the page was asked for: it only says that there is more.
            more = items.Count == query.Limit;
            if (!more)
            {
                items.Add(ReadItem(rows));
                corrected = rows.IsDBNull(ColumnCount) ? null : rows.GetString(ColumnCount);
                last = items.Count == query.Limit ? ListCursor.Write(filters, ProductListSql.CursorValues(query.Sort, rows)) : null;
            }
        }

        long? total = null;
        var capped = false;
        if (query.IncludeTotal)
        {
            await rows.NextResultAsync(ct);
            await rows.ReadAsync(ct);
            total = rows.GetInt64(0);
            capped = total > ProductListSql.MostCounted || rows.GetBoolean(1);
        }

        Facets? counts = null;
        if (query.IncludeFacets)
        {
            await rows.NextResultAsync(ct);
            counts = await Facets.ReadAsync(rows, attributes, shop.French, ct);
        }

        return new ProductPage(items, more ? last : null, total, capped ? true : null, corrected, counts);
    }

    /// <summary>
    /// A short text that changes with everything the product's page shows. Null when the store shows no such product in the currency.
    /// </summary>
    public async Task<string?> VersionAsync(string idOrSlug, string currency, CancellationToken ct)
    {
        var key = Key(idOrSlug, out var which);
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            $"""
            select concat_ws('.', hash_record_extended((
                p.id, p.updated_at, c.updated_at, l.updated_at, l.price, l.in_stock, l.new_until > now(),
                (select bit_xor(hash_record_extended((o.channel, o.active, o.updated_at), 1))
                 from catalog.offers o where o.product_id = p.id),
                (select string_agg(g.tag, ',' order by g.tag) from catalog.product_tags g where g.product_id = p.id),
                (select max(a.updated_at) from catalog.attributes a)), 2),
                (select bit_xor(hash_record_extended((v.id, v.updated_at, r.min_quantity, r.amount, r.compare_at, t.on_hand - t.reserved), 3))
                 from catalog.variants v
                 join catalog.prices r on r.variant_id = v.id and r.currency = l.currency
                 join catalog.stock t on t.variant_id = v.id
                 where v.product_id = p.id and v.active))
            from catalog.products p
            join catalog.listings l on l.product_id = p.id and l.currency = $2::char(3) and l.is_primary
            left join catalog.categories c on c.id = p.category_id
            where p.id = {which} and p.status = 'active'
            """,
            key, Sql.Text(currency)));
        return await reader.Rows.ReadAsync(ct) ? reader.Rows.GetString(0) : null;
    }

    /// <param name="idOrSlug">A public id (<c>prd_…</c>), a slug or a former slug.</param>
    /// <returns>Null when the store shows no such product in the currency.</returns>
    public async Task<ProductView?> FindAsync(string idOrSlug, Shop shop, string currency, CancellationToken ct)
    {
        var key = Key(idOrSlug, out var which);
        string Local(string column) => shop.French ? $"coalesce(p.{column}_fr, p.{column})" : "p." + column;
        await using var reader = await database.QueryAsync(
            ct,
            Sql.Command(
                $"""
                select {(shop.French ? FrenchColumns : EnglishColumns)},
                       {Local("description")}, p.images, p.brand_slug, l.featured, l.new_until > now(), l.best_seller, p.ships_within_days, p.video_url,
                       p.specifications::text, {Local("seo_title")}, {Local("seo_description")},
                       array(select g.tag from catalog.product_tags g where g.product_id = p.id order by g.tag),
                       (select json_agg(json_build_array(o.channel, o.min_order_quantity, o.bulk_discount_percent) order by o.channel = l.channel desc)
                        from catalog.offers o where o.product_id = p.id and o.active)::text,
                       case when p.attributes = '{EmptyObject}' then null else (
                           select json_agg(json_build_array(a.code, {(shop.French ? "coalesce(a.name_fr, a.name)" : "a.name")},
                               p.attributes ->> a.code, a.unit) order by a.position, a.code)
                           from catalog.attributes a where p.attributes ->> a.code <> '') end::text
                from catalog.products p
                join catalog.listings l on l.product_id = p.id and l.currency = $2::char(3) and l.is_primary
                left join catalog.categories c on c.id = p.category_id
                where p.id = {which} and p.status = 'active'
                """,
                key, Sql.Text(currency)),
            Sql.Command(
                $"""
                select v.id, v.sku, v.name, v.image, v.options::text, greatest(t.on_hand - t.reserved, 0), r.min_quantity, r.amount, r.compare_at
                from catalog.variants v
                join catalog.prices r on r.variant_id = v.id and r.currency = $2::char(3)
                join catalog.stock t on t.variant_id = v.id
                where v.product_id = {which} and v.active order by v.position, v.id, r.min_quantity
                """,
                key.Clone(), Sql.Text(currency)));
        var rows = reader.Rows;
        if (!await rows.ReadAsync(ct))
        {
            return null;
        }

        var item = ReadItem(rows);
        var description = rows.TextOrNull(17);
        var view = new ProductView
        {
            Id = item.Id,
            Slug = item.Slug,
            Name = item.Name,
            Channel = item.Channel,
            Category = item.Category,
            Brand = item.Brand,
            Price = item.Price,
            CompareAtPrice = item.CompareAtPrice,
            MinOrderQuantity = item.MinOrderQuantity,
            InStock = item.InStock,
            Rating = item.Rating,
            ReviewCount = item.ReviewCount,
            ImageUrl = item.ImageUrl,
            UpdatedAt = item.UpdatedAt,
            Description = description,
            Images = [.. rows.GetFieldValue<string[]>(18).Select(images.Of).OfType<string>()],
            BrandSlug = rows.TextOrNull(19),
            Featured = rows.GetBoolean(20),
            New = rows.GetBoolean(21),
            BestSeller = rows.GetBoolean(22),
            ShipsWithinDays = rows.IsDBNull(23) ? null : rows.GetInt32(23),
            VideoUrl = rows.TextOrNull(24),
            Specifications = Pairs(rows.GetString(25)),
            Seo = new SeoView(rows.TextOrNull(26) ?? item.Name, rows.TextOrNull(27) ?? Beginning(description)),
            Tags = rows.GetFieldValue<string[]>(28),
            Offers = ReadOffers(rows.TextOrNull(29)),
            Attributes = ReadAttributes(rows.TextOrNull(30)),
            Variants = [],
        };
        await rows.NextResultAsync(ct);
        return view with { Variants = await ReadVariantsAsync(rows, item, ct) };
    }

    private const string EmptyObject = "{}";

    private static NpgsqlParameter Key(string idOrSlug, out string which)
    {
        if (PublicId.TryParse(PublicId.Product, idOrSlug, out var id))
        {
            which = "$1";
            return Sql.Uuid(id);
        }

        which = "(select coalesce((select id from catalog.products where slug = $1), (select product_id from catalog.former_slugs where slug = $1)))";
        return Sql.Text(idOrSlug);
    }

    private async Task<IReadOnlyList<VariantView>> ReadVariantsAsync(NpgsqlDataReader rows, ProductItem product, CancellationToken ct)
    {
        var variants = new List<VariantView>();
        var tiers = new List<TierView>();
        VariantView? variant = null;
        Guid? current = null;
        var priced = false;
        void Finish()
        {
            // Whatever is on sale has a price at the smallest order.
            if (variant is not null && priced)
            {
                variants.Add(variant with { Tiers = [.. tiers] });
            }
        }

        while (await rows.ReadAsync(ct))
        {
            var id = rows.GetGuid(0);
            if (id != current)
            {
                Finish();
                current = id;
                priced = false;
                tiers.Clear();
                var available = rows.GetInt32(5);
                variant = new VariantView(
                    PublicId.Format(PublicId.Variant, id), rows.GetString(1), rows.TextOrNull(2) ?? product.Name, default, null,
                    available >= product.MinOrderQuantity, available, images.Of(rows.TextOrNull(3)), Pairs(rows.GetString(4)), []);
            }

            var least = rows.GetInt32(6);
            var price = new Money(rows.GetInt64(7), product.Price.Currency);
            tiers.Add(new TierView(least, price));
            if (least == product.MinOrderQuantity)
            {
                priced = true;
                variant = variant! with { Price = price, CompareAtPrice = rows.IsDBNull(8) ? null : new Money(rows.GetInt64(8), price.Currency) };
            }
        }

        Finish();
        return variants;
    }

    private ProductItem ReadItem(NpgsqlDataReader rows)
    {
        var currency = Currency.Of(rows.GetString(8));
        return new ProductItem
        {
            Id = PublicId.Format(PublicId.Product, rows.GetGuid(0)),
            Slug = rows.GetString(1),
            Name = rows.GetString(2),
            Channel = rows.GetString(3),
            Category = rows.IsDBNull(4)
                ? null
                : new CategoryReference(PublicId.Format(PublicId.Category, rows.GetGuid(4)), rows.GetString(5), rows.GetString(6)),
            Brand = rows.TextOrNull(7),
            Price = new Money(rows.GetInt64(9), currency),
            CompareAtPrice = rows.IsDBNull(10) ? null : new Money(rows.GetInt64(10), currency),
            MinOrderQuantity = rows.GetInt32(11),
            InStock = rows.GetBoolean(12),
            // Dividing drops the trailing zeros that numeric(3,2) has: 4.9, not 4.90.
            Rating = rows.IsDBNull(13) ? null : rows.GetDecimal(13) / 1.00m,
            ReviewCount = rows.GetInt32(14),
            ImageUrl = images.Of(rows.TextOrNull(15)),
            UpdatedAt = rows.GetDateTime(16),
        };
    }

    private static string? Beginning(string? text) =>
        text is null ? null : text.Length <= 160 ? text.ReplaceLineEndings(" ") : text[..(char.IsHighSurrogate(text[159]) ? 159 : 160)].ReplaceLineEndings(" ");

    /// <summary><c>[["Color", "Blue"], …]</c></summary>
    private static List<Specification> Pairs(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Where(p => p.ValueKind == JsonValueKind.Array && p.GetArrayLength() == 2)
            .Select(p => new Specification(p[0].ToString(), p[1].ToString()))];
    }

    private static List<OfferView> ReadOffers(string? json)
    {
        using var document = JsonDocument.Parse(json ?? "[]");
        return [.. document.RootElement.EnumerateArray().Select(o => new OfferView(
            o[0].GetString()!, o[1].GetInt32(), o[2].ValueKind == JsonValueKind.Null ? null : o[2].GetDecimal() / 1.00m))];
    }

    private static List<AttributeView> ReadAttributes(string? json)
    {
        using var document = JsonDocument.Parse(json ?? "[]");
        return [.. document.RootElement.EnumerateArray().Select(a => new AttributeView(a[0].GetString()!, a[1].GetString()!, a[2].GetString()!, a[3].GetString()))];
    }
}
