using System.Text.Json;
using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Quality;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Import;

/// <summary>All that the writing of changed products depends on, read in one round trip. Their rows are locked from then on.</summary>
internal sealed class ImportState
{
    // What a person maps or edits meanwhile waits for this transaction, so nothing is decided on what is no longer so.
    private const string LoadMappings =
        """
        select external_id, category_id, excluded from catalog.supplier_categories
        where supplier = $1 and external_id = any($2) order by external_id for share
        """;

    private const string LockProducts = "select from catalog.products where id = any($1) order by id for no key update";

    private const string LoadLocked =
        """
        select id, locked_fields, name, name_fr, description, description_fr, category_id, brand, images, rating, review_count,
               ships_within_days, weight_grams, specifications::text, video_url
        from catalog.products where id = any($1) and locked_fields <> '{}'
        """;

    private const string LoadOffers =
        """
        select product_id, channel, min_order_quantity, bulk_discount_percent, active from catalog.offers
        where product_id = any($1) and set_by = 'person'
        """;

    private const string LoadVariants = "select product_id, external_id, id from catalog.variants where product_id = any($1) and external_id is not null";

    private readonly Dictionary<string, (Guid? CategoryId, bool IsExcluded)> _mappings = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, Func<PreparedProduct, PreparedProduct>> _locks = [];
    private readonly Dictionary<Guid, List<(OfferTerms Terms, bool IsActive)>> _offers = [];
    private readonly Dictionary<(Guid ProductId, string ExternalId), Guid> _variants = [];

    private ImportState(PriceBook book, QualityFilters filters, AttributeReading attributes) => (Book, Filters, Attributes) = (book, filters, attributes);

    public PriceBook Book { get; }

    public QualityFilters Filters { get; }

    public AttributeReading Attributes { get; }

    /// <param name="categories">External ids.</param>
    /// <param name="known">Ids of the products that will be written and exist already.</param>
    public static async Task<ImportState> LoadAsync(
        StoreTransaction transaction,
        string supplier,
        IEnumerable<string> costCurrencies,
        string[] categories,
        Guid[] known,
        CancellationToken ct)
    {
        var commands = new List<NpgsqlBatchCommand>(PriceBook.Load(costCurrencies))
        {
            QualityFilters.LoadCommand(),
            AttributeReading.LoadCommand(),
            Sql.Command(LoadMappings, Sql.Text(supplier), Sql.Texts(categories)),
        };
        if (known.Length > 0)
        {
            commands.Add(Sql.Command(LockProducts, Sql.Uuids(known)));
            commands.Add(Sql.Command(LoadLocked, Sql.Uuids(known)));
            commands.Add(Sql.Command(LoadOffers, Sql.Uuids(known)));
            commands.Add(Sql.Command(LoadVariants, Sql.Uuids(known)));
        }

        await using var rows = await transaction.QueryAsync(ct, commands);
        var book = await PriceBook.ReadAsync(rows, ct);
        await rows.NextResultAsync(ct);
        var filters = await QualityFilters.ReadAsync(rows, ct);
        await rows.NextResultAsync(ct);
        var state = new ImportState(book, filters, await AttributeReading.ReadAsync(rows, ct));
        await rows.NextResultAsync(ct);
        while (await rows.ReadAsync(ct))
        {
            state._mappings.Add(rows.GetString(0), (rows.IsDBNull(1) ? null : rows.GetGuid(1), rows.GetBoolean(2)));
        }

        if (known.Length > 0)
        {
            await rows.NextResultAsync(ct);
            await rows.NextResultAsync(ct);
            while (await rows.ReadAsync(ct))
            {
                state._locks.Add(rows.GetGuid(0), KeepLocked(rows));
            }

            await rows.NextResultAsync(ct);
            while (await rows.ReadAsync(ct))
            {
                var id = rows.GetGuid(0);
                if (!state._offers.TryGetValue(id, out var offers))
                {
                    state._offers.Add(id, offers = []);
                }

                offers.Add((
                    new OfferTerms(rows.GetString(1), rows.GetInt32(2), rows.IsDBNull(3) ? null : rows.GetDecimal(3)), rows.GetBoolean(4)));
            }

            await rows.NextResultAsync(ct);
            while (await rows.ReadAsync(ct))
            {
                state._variants.Add((rows.GetGuid(0), rows.GetString(1)), rows.GetGuid(2));
            }
        }

        return state;
    }

    /// <summary>The store's category for a supplier's; none when it is not mapped.</summary>
    public (Guid? CategoryId, bool IsExcluded) Mapping(string? supplierCategory) =>
        supplierCategory is null ? default : _mappings.GetValueOrDefault(supplierCategory);

    /// <summary>The product with what a person edited in place of what the supplier says.</summary>
    public PreparedProduct WithLocked(Guid id, PreparedProduct product) =>
        _locks.TryGetValue(id, out var keep) ? keep(product) : product;

    /// <summary>Null when the variant is new.</summary>
    public Guid? VariantId(Guid productId, string externalId) =>
        _variants.TryGetValue((productId, externalId), out var id) ? id : null;

    /// <summary>The offers that prices are needed for: those a person set, and the supplier's own unless a person set that channel.</summary>
    public List<OfferTerms> Offers(Guid productId, PreparedProduct product)
    {
        var own = new OfferTerms(product.Channel, product.MinOrderQuantity, BulkDiscountPercent: null);
        if (!_offers.TryGetValue(productId, out var set))
        {
            return [own];
        }

        var offers = set.Where(o => o.IsActive).Select(o => o.Terms).ToList();
        if (!set.Exists(o => o.Terms.Channel == own.Channel))
        {
            offers.Add(own);
        }

        // With every offer switched off the product is not listed, but keeps its prices for the day one is switched on.
        return offers.Count == 0 ? [own] : offers;
    }

    private static Func<PreparedProduct, PreparedProduct> KeepLocked(NpgsqlDataReader row)
    {
        var locked = row.GetFieldValue<string[]>(1).ToHashSet(StringComparer.Ordinal);
        bool Has(string field) => locked.Contains(field);
        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
        int? Number(int column) => row.IsDBNull(column) ? null : row.GetInt32(column);
        var (name, nameFr, description, descriptionFr) = (row.GetString(2), Text(3), Text(4), Text(5));
        Guid? categoryId = row.IsDBNull(6) ? null : row.GetGuid(6);
        var (brand, images) = (Text(7), row.GetFieldValue<string[]>(8));
        decimal? rating = row.IsDBNull(9) ? null : row.GetDecimal(9);
        var (reviewCount, days, weight, video) = (row.GetInt32(10), Number(11), Number(12), Text(14));
        var specifications = JsonSerializer.Deserialize<string[][]>(row.GetString(13), MallgramJson.Options)!
            .Where(p => p.Length == 2).Select(p => KeyValuePair.Create(p[0], p[1])).ToList();
        return p => p with
        {
            Name = Has("name") ? name : p.Name,
            NameFr = Has("name_fr") ? nameFr : p.NameFr,
            Description = Has("description") ? description : p.Description,
            DescriptionFr = Has("description_fr") ? descriptionFr : p.DescriptionFr,
            CategoryId = Has("category") || Has("category_id") ? categoryId : p.CategoryId,
            Brand = Has("brand") ? brand : p.Brand,
            Images = Has("images") ? images : p.Images,
            Rating = Has("rating") ? rating : p.Rating,
            ReviewCount = Has("review_count") ? reviewCount : p.ReviewCount,
            ShipsWithinDays = Has("ships_within_days") ? days : p.ShipsWithinDays,
            WeightGrams = Has("weight_grams") ? weight : p.WeightGrams,
            Specifications = Has("specifications") ? specifications : p.Specifications,
            VideoUrl = Has("video_url") ? video : p.VideoUrl,
        };
    }
}
