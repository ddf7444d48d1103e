using Mallgram.Catalog.Http;
using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Npgsql;

namespace Mallgram.Catalog.Products;

/// <summary>Reads products for shoppers: one round trip a call, whatever the page size.</summary>
internal sealed class ProductReads(StoreDatabase database, StoreScope scope, CurrentStore store)
{
    private const string EnglishColumns = "p.id, p.slug, p.name, l.channel, c.id, c.name, c.path, " + Columns;

    private const string FrenchColumns =
        "p.id, p.slug, coalesce(p.name_fr, p.name), l.channel, c.id, coalesce(c.name_fr, c.name), coalesce(c.path_fr, c.path), " + Columns;

    private const string Columns =
        """
        p.brand, l.currency, l.price, l.compare_at, l.min_order_quantity, l.in_stock, p.rating, p.review_count, p.image_url,
        greatest(p.updated_at, l.updated_at)
        """;

    private bool French => scope.Language == "fr";

    /// <exception cref="Mallgram.Kernel.Problems.ProblemException">400 <c>cursor_invalid</c>.</exception>
    public async Task<ProductPage> ListAsync(ProductQuery query, CancellationToken ct)
    {
        var filters = query.Filters(scope.StoreId, scope.Language);
        var statement = ProductListSql.Build(query, filters, store.Store.Currency.Code, French, French ? FrenchColumns : EnglishColumns);
        await using var reader = await database.QueryAsync(ct, statement.Count is null ? [statement.Page] : [statement.Page, statement.Count]);
        var rows = reader.Rows;
        var items = new List<ProductView>(query.Limit);
        string? last = null;
        var more = false;
        while (!more && await rows.ReadAsync(ct))
        {
            // One row beyond the page was asked for: it only says that there is more.
            more = items.Count == query.Limit;
            if (!more)
            {
                items.Add(Read(rows, description: null, images: null, variants: null));
                last = items.Count == query.Limit ? ListCursor.Write(filters, statement.CursorValues(rows)) : null;
            }
        }

        long? total = null;
        if (statement.Count is not null)
        {
            await rows.NextResultAsync(ct);
            await rows.ReadAsync(ct);
            total = rows.GetInt64(0);
        }

        return new ProductPage(items, more ? last : null, total);
    }

    /// <param name="idOrSlug">A public id (<c>prd_…</c>) or a slug.</param>
    /// <returns>Null when the store shows no such product.</returns>
    public async Task<ProductView?> FindAsync(string idOrSlug, CancellationToken ct)
    {
        var byId = PublicId.TryParse(PublicId.Product, idOrSlug, out var id);
        var which = byId ? "p.id = $1" : "p.slug = $1";
        NpgsqlParameter Key() => byId ? Sql.Uuid(id) : Sql.Text(idOrSlug);
        await using var reader = await database.QueryAsync(
            ct,
            Sql.Command(
                $"""
                select v.id, v.sku, v.name, r.currency, r.amount, r.compare_at, greatest(t.on_hand - t.reserved, 0)
                from catalog.products p
                join catalog.listings l on l.store_id = p.store_id and l.product_id = p.id and l.currency = $2 and l.is_primary
                join catalog.variants v on v.store_id = p.store_id and v.product_id = p.id and v.active
                join catalog.prices r on r.store_id = v.store_id and r.variant_id = v.id and r.currency = l.currency
                    and r.min_quantity = l.min_order_quantity
                join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
                where {which} and p.status = 'active' order by v.position, v.id
                """,
                Key(), Sql.Text(store.Store.Currency.Code)),
            Sql.Command(
                $"""
                select {(French ? FrenchColumns : EnglishColumns)},
                       {(French ? "coalesce(p.description_fr, p.description)" : "p.description")}, p.images
                from catalog.products p
                join catalog.listings l on l.store_id = p.store_id and l.product_id = p.id and l.currency = $2 and l.is_primary
                left join catalog.categories c on c.store_id = p.store_id and c.id = p.category_id
                where {which} and p.status = 'active'
                """,
                Key(), Sql.Text(store.Store.Currency.Code)));
        var rows = reader.Rows;
        var variants = new List<(Guid Id, string Sku, string? Name, Money Price, Money? CompareAt, int Available)>();
        while (await rows.ReadAsync(ct))
        {
            var currency = Currency.Of(rows.GetString(3));
            variants.Add((
                rows.GetGuid(0), rows.GetString(1), rows.IsDBNull(2) ? null : rows.GetString(2), new Money(rows.GetInt64(4), currency),
                rows.IsDBNull(5) ? null : new Money(rows.GetInt64(5), currency), rows.GetInt32(6)));
        }

        await rows.NextResultAsync(ct);
        if (!await rows.ReadAsync(ct))
        {
            return null;
        }

        var name = rows.GetString(2);
        return Read(
            rows,
            rows.IsDBNull(17) ? null : rows.GetString(17),
            rows.GetFieldValue<string[]>(18),
            [.. variants.Select(v => new VariantView(
                PublicId.Format(PublicId.Variant, v.Id), v.Sku, v.Name ?? name, v.Price, v.CompareAt, v.Available > 0, v.Available))]);
    }

    private static ProductView Read(NpgsqlDataReader rows, string? description, string[]? images, IReadOnlyList<VariantView>? variants)
    {
        var currency = Currency.Of(rows.GetString(8));
        return new ProductView
        {
            Id = PublicId.Format(PublicId.Product, rows.GetGuid(0)),
            Slug = rows.GetString(1),
            Name = rows.GetString(2),
            Description = description,
            Channel = rows.GetString(3),
            Category = rows.IsDBNull(4)
                ? null
                : new CategoryReference(PublicId.Format(PublicId.Category, rows.GetGuid(4)), rows.GetString(5), rows.GetString(6)),
            Brand = rows.IsDBNull(7) ? null : rows.GetString(7),
            Price = new Money(rows.GetInt64(9), currency),
            CompareAtPrice = rows.IsDBNull(10) ? null : new Money(rows.GetInt64(10), currency),
            MinOrderQuantity = rows.GetInt32(11),
            InStock = rows.GetBoolean(12),
            // Dividing drops the trailing zeros that numeric(3,2) has: 4.9, not 4.90.
            Rating = rows.IsDBNull(13) ? null : rows.GetDecimal(13) / 1.00m,
            ReviewCount = rows.GetInt32(14),
            ImageUrl = rows.IsDBNull(15) ? null : rows.GetString(15),
            Images = images,
            Variants = variants,
            UpdatedAt = rows.GetDateTime(16),
        };
    }
}
