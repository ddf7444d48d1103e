using System.Globalization;
using System.Text.Json;
using Mallgram.Files.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <summary>A product with all that staff may see and change. <c>updated_at</c> is its version.</summary>
internal sealed record AdminProduct
{
    public required string Id { get; init; }

    public required string Slug { get; init; }

    /// <summary>Earlier addresses, which lead here.</summary>
    public required IReadOnlyList<string> FormerSlugs { get; init; }

    public required string Name { get; init; }

    public required string? NameFr { get; init; }

    public required string? Description { get; init; }

    public required string? DescriptionFr { get; init; }

    public required string Status { get; init; }

    /// <summary><c>supplier</c>, <c>filter</c>, <c>rollback</c>, <c>cleanup</c> or <c>staff</c>; null when it is active.</summary>
    public required string? HiddenBy { get; init; }

    public required AdminCategoryReference? Category { get; init; }

    public required string? Brand { get; init; }

    public required string? BrandSlug { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Values by attribute code.</summary>
    public required JsonElement Attributes { get; init; }

    /// <summary>In order; the first one is the picture of lists.</summary>
    public required IReadOnlyList<AdminImage> Images { get; init; }

    public required string? VideoUrl { get; init; }

    public required int? WeightGrams { get; init; }

    public required int? ShipsWithinDays { get; init; }

    public required bool Featured { get; init; }

    /// <summary>Null: for 30 days after it was added.</summary>
    public required bool? IsNew { get; init; }

    /// <summary>Null: as computed.</summary>
    public required bool? IsBestSeller { get; init; }

    public required bool ComputedBestSeller { get; init; }

    public required int SortOrder { get; init; }

    /// <summary>Null: the store's default.</summary>
    public required int? LowStockThreshold { get; init; }

    public required string? SeoTitle { get; init; }

    public required string? SeoTitleFr { get; init; }

    public required string? SeoDescription { get; init; }

    public required string? SeoDescriptionFr { get; init; }

    public required IReadOnlyList<AdminOffer> Offers { get; init; }

    public required IReadOnlyList<AdminVariant> Variants { get; init; }

    public required IReadOnlyList<AdminCollectionReference> Collections { get; init; }

    /// <summary>Fields a person set, which imports leave alone.</summary>
    public required IReadOnlyList<string> LockedFields { get; init; }

    /// <summary>Null for goods of the merchant's own.</summary>
    public required AdminSupplierFacts? Supplier { get; init; }

    /// <summary>The last ten price changes and the last ten stock changes, newest first.</summary>
    public required IReadOnlyList<AdminChange> Changes { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The version as an entity tag: microseconds since 1970.</summary>
    public static string Tag(DateTimeOffset updatedAt) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{(updatedAt.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / 10}\"");
}

internal sealed record AdminCategoryReference(string Id, string Name, string Path);

internal sealed record AdminCollectionReference(string Id, string Name);

/// <param name="Source">As it is stored, and as it is sent back: an https address or <c>file:fil_…</c>.</param>
/// <param name="Url">Where browsers get it.</param>
internal sealed record AdminImage(string Source, string? Url);

/// <param name="SetBy"><c>import</c> or <c>person</c>; an import never changes what a person set.</param>
internal sealed record AdminOffer(string Channel, int MinOrderQuantity, decimal? BulkDiscountPercent, string SetBy, bool Active);

/// <param name="Options">Name and value, in order.</param>
internal sealed record AdminVariant(
    string Id,
    string Sku,
    string? Name,
    JsonElement Options,
    AdminImage? Image,
    int Position,
    bool Active,
    int OnHand,
    int Reserved,
    int Available,
    bool LowStock,
    IReadOnlyList<AdminPrice> Prices);

/// <param name="LandedCost">What the goods cost until they are there; null for goods of the merchant's own.</param>
/// <param name="SetByPerson">Rules leave it alone.</param>
internal sealed record AdminPrice(int MinQuantity, Money Amount, Money? CompareAt, Money? LandedCost, bool SetByPerson);

internal sealed record AdminSupplierFacts(
    string Name,
    string ExternalId,
    string? Category,
    string? SellerId,
    string? SellerName,
    decimal? SellerRating,
    int? SalesCount,
    decimal? Rating,
    int ReviewCount,
    JsonElement Specifications);

/// <param name="Kind"><c>price</c> or <c>stock</c>.</param>
/// <param name="Before">Minor units or units; null when there was none.</param>
/// <param name="Currency">Of a price.</param>
internal sealed record AdminChange(
    DateTimeOffset At, string Kind, string VariantId, string Sku, long? Before, long? After, string? Currency, string Cause, string? Actor, string? Reason);

/// <summary>Reads a product for staff: one round trip and the same statements whatever it holds.</summary>
internal sealed class AdminProductReads(StoreDatabase database, IImageAddresses images)
{
    private const string Product =
        """
        select p.id, p.slug, p.name, p.name_fr, p.description, p.description_fr, p.status, p.hidden_by, p.category_id, c.name, c.path,
               p.brand, p.brand_slug, p.attributes::text, p.images, p.video_url, p.weight_grams, p.ships_within_days, p.featured, p.is_new,
               p.is_best_seller, b.product_id is not null, p.sort_order, p.low_stock_threshold, p.seo_title, p.seo_title_fr, p.seo_description,
               p.seo_description_fr, p.locked_fields, p.supplier, p.external_id, p.supplier_category, p.seller_id, p.seller_name,
               p.seller_rating, p.sales_count, p.rating, p.review_count, p.specifications::text, p.created_at, p.updated_at,
               array(select f.slug from catalog.former_slugs f where f.product_id = p.id order by f.slug),
               array(select t.tag from catalog.product_tags t where t.product_id = p.id order by t.tag)
        from catalog.products p
        left join catalog.categories c on c.store_id = p.store_id and c.id = p.category_id
        left join catalog.best_sellers b on b.store_id = p.store_id and b.product_id = p.id
        where p.id = $1
        """;

    private const string Offers =
        "select channel, min_order_quantity, bulk_discount_percent, set_by, active from catalog.offers where product_id = $1 order by channel desc";

    private const string Collections =
        """
        select c.id, c.name from catalog.collection_products m join catalog.collections c on c.store_id = m.store_id and c.id = m.collection_id
        where m.product_id = $1 order by c.name
        """;

    private const string Prices =
        """
        select r.variant_id, r.currency, r.min_quantity, r.amount, r.compare_at, r.landed_cost, r.set_by_person
        from catalog.variants v join catalog.prices r on r.store_id = v.store_id and r.variant_id = v.id
        left join catalog.markets m on m.store_id = r.store_id and m.currency = r.currency
        where v.product_id = $1 order by r.variant_id, coalesce(m.is_default, false) desc, r.currency, r.min_quantity
        """;

    private const string Variants =
        """
        select v.id, v.sku, v.name, v.options::text, v.image, v.position, v.active, t.on_hand, t.reserved, k.variant_id is not null
        from catalog.variants v
        join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
        left join catalog.low_stock k on k.store_id = v.store_id and k.variant_id = v.id
        where v.product_id = $1 order by v.active desc, v.position, v.id
        """;

    private const string Changes =
        """
        (select h.at, 'price', h.variant_id, v.sku, h.before, h.after, h.currency, h.cause, h.actor, null::text
         from catalog.variants v cross join lateral (
             select * from catalog.price_history x where x.store_id = v.store_id and x.variant_id = v.id order by x.at desc limit 10) h
         where v.product_id = $1 order by h.at desc limit 10)
        union all
        (select h.at, 'stock', h.variant_id, v.sku, h.before, h.after, null, h.cause, h.actor, h.reason
         from catalog.variants v cross join lateral (
             select * from catalog.stock_movements x where x.store_id = v.store_id and x.variant_id = v.id order by x.at desc limit 10) h
         where v.product_id = $1 order by h.at desc limit 10)
        order by 1 desc
        """;

    /// <exception cref="ProblemException">404 <c>product_not_found</c>.</exception>
    public async Task<AdminProduct> GetAsync(string id, CancellationToken ct)
    {
        if (!PublicId.TryParse(PublicId.Product, id, out var productId))
        {
            throw new ProblemException(MerchandisingProblems.ProductNotFound);
        }

        await using var reader = await database.QueryAsync(
            ct,
            Sql.Command(Offers, Sql.Uuid(productId)), Sql.Command(Collections, Sql.Uuid(productId)), Sql.Command(Prices, Sql.Uuid(productId)),
            Sql.Command(Variants, Sql.Uuid(productId)), Sql.Command(Changes, Sql.Uuid(productId)), Sql.Command(Product, Sql.Uuid(productId)));
        var rows = reader.Rows;
        var offers = new List<AdminOffer>();
        while (await rows.ReadAsync(ct))
        {
            offers.Add(new AdminOffer(
                rows.GetString(0), rows.GetInt32(1), rows.IsDBNull(2) ? null : rows.GetDecimal(2), rows.GetString(3), rows.GetBoolean(4)));
        }

        await rows.NextResultAsync(ct);
        var collections = new List<AdminCollectionReference>();
        while (await rows.ReadAsync(ct))
        {
            collections.Add(new AdminCollectionReference(PublicId.Format(Merchandising.Collections.IdPrefix, rows.GetGuid(0)), rows.GetString(1)));
        }

        await rows.NextResultAsync(ct);
        var prices = new Dictionary<Guid, List<AdminPrice>>();
        while (await rows.ReadAsync(ct))
        {
            var currency = rows.GetString(1);
            if (!prices.TryGetValue(rows.GetGuid(0), out var list))
            {
                prices[rows.GetGuid(0)] = list = [];
            }

            list.Add(new AdminPrice(
                rows.GetInt32(2), Money.Of(rows.GetInt64(3), currency), rows.IsDBNull(4) ? null : Money.Of(rows.GetInt64(4), currency),
                rows.IsDBNull(5) ? null : Money.Of(rows.GetInt64(5), currency), rows.GetBoolean(6)));
        }

        await rows.NextResultAsync(ct);
        var variants = new List<AdminVariant>();
        while (await rows.ReadAsync(ct))
        {
            var (onHand, reserved) = (rows.GetInt32(7), rows.GetInt32(8));
            variants.Add(new AdminVariant(
                PublicId.Format(PublicId.Variant, rows.GetGuid(0)), rows.GetString(1), rows.TextOrNull(2), JsonElement.Parse(rows.GetString(3)),
                rows.IsDBNull(4) ? null : Image(rows.GetString(4)), rows.GetInt32(5), rows.GetBoolean(6), onHand, reserved,
                Math.Max(0, onHand - reserved), rows.GetBoolean(9), prices.GetValueOrDefault(rows.GetGuid(0)) ?? []));
        }

        await rows.NextResultAsync(ct);
        var changes = new List<AdminChange>();
        while (await rows.ReadAsync(ct))
        {
            changes.Add(new AdminChange(
                rows.GetFieldValue<DateTimeOffset>(0), rows.GetString(1), PublicId.Format(PublicId.Variant, rows.GetGuid(2)), rows.GetString(3),
                rows.IsDBNull(4) ? null : rows.GetInt64(4), rows.IsDBNull(5) ? null : rows.GetInt64(5), rows.TextOrNull(6), rows.GetString(7),
                rows.TextOrNull(8), rows.TextOrNull(9)));
        }

        await rows.NextResultAsync(ct);
        if (!await rows.ReadAsync(ct))
        {
            throw new ProblemException(MerchandisingProblems.ProductNotFound);
        }

        return new AdminProduct
        {
            Id = id,
            Slug = rows.GetString(1),
            FormerSlugs = rows.GetFieldValue<string[]>(41),
            Name = rows.GetString(2),
            NameFr = rows.TextOrNull(3),
            Description = rows.TextOrNull(4),
            DescriptionFr = rows.TextOrNull(5),
            Status = rows.GetString(6),
            HiddenBy = rows.TextOrNull(7),
            Category = rows.IsDBNull(8)
                ? null : new AdminCategoryReference(PublicId.Format(PublicId.Category, rows.GetGuid(8)), rows.GetString(9), rows.GetString(10)),
            Brand = rows.TextOrNull(11),
            BrandSlug = rows.TextOrNull(12),
            Tags = rows.GetFieldValue<string[]>(42),
            Attributes = JsonElement.Parse(rows.GetString(13)),
            Images = [.. rows.GetFieldValue<string[]>(14).Select(Image)],
            VideoUrl = rows.TextOrNull(15),
            WeightGrams = Number(rows, 16),
            ShipsWithinDays = Number(rows, 17),
            Featured = rows.GetBoolean(18),
            IsNew = Flag(rows, 19),
            IsBestSeller = Flag(rows, 20),
            ComputedBestSeller = rows.GetBoolean(21),
            SortOrder = rows.GetInt32(22),
            LowStockThreshold = Number(rows, 23),
            SeoTitle = rows.TextOrNull(24),
            SeoTitleFr = rows.TextOrNull(25),
            SeoDescription = rows.TextOrNull(26),
            SeoDescriptionFr = rows.TextOrNull(27),
            Offers = offers,
            Variants = variants,
            Collections = collections,
            LockedFields = rows.GetFieldValue<string[]>(28),
            Supplier = rows.IsDBNull(29)
                ? null
                : new AdminSupplierFacts(
                    rows.GetString(29), rows.GetString(30), rows.TextOrNull(31), rows.TextOrNull(32), rows.TextOrNull(33), Fraction(rows, 34), Number(rows, 35),
                    Fraction(rows, 36), rows.GetInt32(37), JsonElement.Parse(rows.GetString(38))),
            Changes = changes,
            CreatedAt = rows.GetFieldValue<DateTimeOffset>(39),
            UpdatedAt = rows.GetFieldValue<DateTimeOffset>(40),
        };
    }

    private AdminImage Image(string source) => new(source, images.Of(source));

    private static int? Number(NpgsqlDataReader rows, int column) => rows.IsDBNull(column) ? null : rows.GetInt32(column);

    private static bool? Flag(NpgsqlDataReader rows, int column) => rows.IsDBNull(column) ? null : rows.GetBoolean(column);

    private static decimal? Fraction(NpgsqlDataReader rows, int column) => rows.IsDBNull(column) ? null : rows.GetDecimal(column);
}
