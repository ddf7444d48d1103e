using System.Text.Json;
using Mallgram.Catalog.Pricing;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Bulk;

/// <summary>Products with everything that the format's columns show, read in one round trip.</summary>
internal sealed class CatalogSnapshot
{
    private const string Products =
        """
        select p.id, p.slug, p.supplier, p.external_id, p.name, p.name_fr, p.description, p.description_fr, p.category_id, p.brand, p.images,
               p.status = 'hidden', p.featured, p.weight_grams, p.seo_title, p.seo_title_fr, p.seo_description, p.seo_description_fr,
               p.attributes::text, p.updated_at, p.hidden_by, c.path,
               array(select t.tag from catalog.product_tags t where t.store_id = p.store_id and t.product_id = p.id order by t.tag collate "C")
        from catalog.products p left join catalog.categories c on c.store_id = p.store_id and c.id = p.category_id
        where p.id = any($1) order by p.id
        """;

    private const string Offers =
        "select product_id, channel, min_order_quantity, bulk_discount_percent from catalog.offers where product_id = any($1) and active";

    private const string Variants =
        """
        select v.product_id, v.id, v.sku, v.options::text, v.position, coalesce(t.on_hand, 0)
        from catalog.variants v left join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
        where v.product_id = any($1) and v.active order by v.product_id, v.position, v.id
        """;

    private const string Prices =
        """
        select r.variant_id, r.currency, r.min_quantity, r.amount, r.compare_at, r.set_by_person
        from catalog.variants v join catalog.prices r on r.store_id = v.store_id and r.variant_id = v.id
        where v.product_id = any($1) and v.active
        """;

    private const string Costs =
        """
        select k.variant_id, k.min_quantity, k.cost, k.list_cost, k.currency
        from catalog.variants v join catalog.costs k on k.store_id = v.store_id and k.variant_id = v.id
        where v.product_id = any($1) and v.active order by k.variant_id, k.min_quantity
        """;

    private static readonly string[] Statements = [Products, Offers, Variants, Prices, Costs];

    /// <summary>By rising id.</summary>
    public List<ProductDraft> All { get; } = [];

    public Dictionary<Guid, ProductDraft> ById { get; } = [];

    public Dictionary<Guid, (ProductDraft Product, VariantDraft Variant)> VariantsById { get; } = [];

    public static async Task<CatalogSnapshot> LoadAsync(StoreTransaction transaction, Guid[] products, CancellationToken ct)
    {
        var snapshot = new CatalogSnapshot();
        await using var rows = await transaction.QueryAsync(ct, [.. Statements.Select(s => Sql.Command(s, Sql.Uuids(products)))]);
        var read = new List<Func<OfferValues, ProductDraft>>();
        var ids = new List<Guid>();
        while (await rows.ReadAsync(ct))
        {
            ids.Add(rows.GetGuid(0));
            read.Add(Product(rows));
        }

        await rows.NextResultAsync(ct);
        var offers = new Dictionary<Guid, OfferValues>();
        while (await rows.ReadAsync(ct))
        {
            var offer = offers.GetValueOrDefault(rows.GetGuid(0)) ?? new OfferValues(null, null, null);
            offers[rows.GetGuid(0)] = rows.GetString(1) == "b2c"
                ? offer with { Retail = rows.GetInt32(2) }
                : offer with { Wholesale = rows.GetInt32(2), DiscountPercent = rows.IsDBNull(3) ? null : rows.GetDecimal(3) };
        }

        for (var i = 0; i < ids.Count; i++)
        {
            var product = read[i](offers.GetValueOrDefault(ids[i]) ?? new OfferValues(null, null, null));
            snapshot.All.Add(product);
            snapshot.ById.Add(product.Id, product);
        }

        await rows.NextResultAsync(ct);
        var found = new List<(Guid ProductId, Guid Id, string Sku, string Options, int Position, int OnHand)>();
        while (await rows.ReadAsync(ct))
        {
            found.Add((rows.GetGuid(0), rows.GetGuid(1), rows.GetString(2), BulkCell.JoinPairs(Pairs(rows.GetString(3))), rows.GetInt32(4), rows.GetInt32(5)));
        }

        await rows.NextResultAsync(ct);
        var prices = new List<(Guid VariantId, (string, int) Key, PriceRow Row)>();
        while (await rows.ReadAsync(ct))
        {
            prices.Add((rows.GetGuid(0), (rows.GetString(1), rows.GetInt32(2)), new PriceRow(
                rows.GetInt64(3), rows.IsDBNull(4) ? null : rows.GetInt64(4), rows.GetBoolean(5))));
        }

        await rows.NextResultAsync(ct);
        var costs = new Dictionary<Guid, (List<CostBreak> Breaks, string Currency)>();
        while (await rows.ReadAsync(ct))
        {
            if (!costs.TryGetValue(rows.GetGuid(0), out var known))
            {
                costs[rows.GetGuid(0)] = known = ([], rows.GetString(4));
            }

            known.Breaks.Add(new CostBreak(rows.GetInt32(1), rows.GetDecimal(2), rows.IsDBNull(3) ? null : rows.GetDecimal(3)));
        }

        foreach (var (productId, id, sku, options, position, onHand) in found)
        {
            var cost = costs.TryGetValue(id, out var breaks) ? breaks : ([], null!);
            var values = new VariantValues(
                sku, options, onHand, cost.Breaks.Count > 0 ? cost.Breaks[0].Cost / 1.0000000000m : null, cost.Currency);
            var variant = new VariantDraft { Id = id, Position = position, Before = values, Now = values };
            variant.Costs.AddRange(cost.Breaks);
            snapshot.ById[productId].Variants.Add(variant);
            snapshot.VariantsById.Add(id, (snapshot.ById[productId], variant));
        }

        foreach (var (variantId, key, row) in prices)
        {
            snapshot.VariantsById[variantId].Variant.Prices.Add(key, row);
        }

        return snapshot;
    }

    /// <summary>Codes and values of <c>products.attributes</c>, by rising code.</summary>
    public static SortedDictionary<string, JsonElement> Attributes(string json)
    {
        var values = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in JsonElement.Parse(json).EnumerateObject())
        {
            values[member.Name] = member.Value.Clone();
        }

        return values;
    }

    public static string AttributeCell(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static Func<OfferValues, ProductDraft> Product(NpgsqlDataReader row)
    {
        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
        var values = new ProductValues(
            row.GetString(4), Text(5), Text(6), Text(7), row.IsDBNull(8) ? null : row.GetGuid(8), Text(9),
            BulkCell.Join(row.GetFieldValue<string[]>(10)), BulkCell.Join(row.GetFieldValue<string[]>(22)), row.GetBoolean(11),
            row.GetBoolean(12), row.IsDBNull(13) ? null : row.GetInt32(13), Text(14), Text(15), Text(16), Text(17),
            MallgramJson.ToJson(Attributes(row.GetString(18))), OfferValues.RetailOnly);
        var (id, slug, supplier, externalId) = (row.GetGuid(0), row.GetString(1), Text(2), Text(3));
        var (updatedAt, hiddenBy, path) = (row.GetDateTime(19), Text(20), Text(21));
        return offers => new ProductDraft
        {
            Id = id,
            Slug = slug,
            Supplier = supplier,
            ExternalId = externalId,
            Before = values with { Offers = offers },
            Now = values with { Offers = offers },
            UpdatedAt = updatedAt,
            HiddenBy = hiddenBy,
            CategoryPath = path,
        };
    }

    private static IEnumerable<KeyValuePair<string, string>> Pairs(string json) =>
        JsonSerializer.Deserialize<string[][]>(json, MallgramJson.Options)!.Select(p => KeyValuePair.Create(p[0], p[1]));
}
