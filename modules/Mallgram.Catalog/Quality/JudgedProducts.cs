using Mallgram.Catalog.Pricing;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Quality;

/// <summary>A stored product with all that filters look at and what they said last.</summary>
/// <param name="Exclusions">Reason by currency of the markets it is kept out of now.</param>
/// <param name="Prices">What its variants cost in every market, filters left aside.</param>
internal sealed record JudgedProduct(
    Guid Id,
    string Name,
    bool IsActive,
    bool IsInExcludedCategory,
    IReadOnlyDictionary<string, string> Exclusions,
    QualityFacts Facts,
    List<(Guid VariantId, IReadOnlyList<MadePrice> Prices)> Prices)
{
    /// <summary>Of the cheapest variant at the smallest order, by currency.</summary>
    public Dictionary<string, long> Cheapest()
    {
        var cheapest = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (_, prices) in Prices)
        {
            foreach (var price in prices.GroupBy(p => p.Currency, (_, breaks) => breaks.MinBy(b => b.MinQuantity)))
            {
                cheapest[price.Currency] = Math.Min(price.Amount, cheapest.GetValueOrDefault(price.Currency, long.MaxValue));
            }
        }

        return cheapest;
    }
}

/// <summary>Reads suppliers' products that filters decide about: those on sale and those that a filter hid.</summary>
internal static class JudgedProducts
{
    private const string Page =
        """
        with page as materialized (
            select p.* from catalog.products p
            where p.id > $1 and p.supplier is not null and (p.status = 'active' or p.hidden_by = 'filter')
              and ($3::text is null or (p.supplier = $3 and p.supplier_category = $4))
            order by p.id limit $2)
        select p.id, p.name, p.status = 'active', coalesce(m.excluded, false), x.currencies, x.reasons, p.search_key, p.seller_rating, p.rating,
               p.review_count, p.image_url is not null, p.category_id, p.supplier, p.weight_grams, o.channels, o.quantities, o.discounts,
               v.id, coalesce(t.on_hand, 0), k.currency, k.quantities, k.costs, k.list_costs
        from page p
        left join catalog.supplier_categories m on m.supplier = p.supplier and m.external_id = p.supplier_category
        left join lateral (
            select array_agg(e.currency::text order by e.currency) as currencies, array_agg(e.reason order by e.currency) as reasons
            from catalog.market_exclusions e where e.store_id = p.store_id and e.product_id = p.id) x on true
        left join lateral (
            select array_agg(f.channel order by f.channel) as channels, array_agg(f.min_order_quantity order by f.channel) as quantities,
                   array_agg(f.bulk_discount_percent order by f.channel) as discounts
            from catalog.offers f where f.store_id = p.store_id and f.product_id = p.id and f.active) o on true
        join catalog.variants v on v.store_id = p.store_id and v.product_id = p.id and v.active
        left join catalog.stock t on t.store_id = v.store_id and t.variant_id = v.id
        join lateral (
            select min(c.currency)::text as currency, array_agg(c.min_quantity order by c.min_quantity) as quantities,
                   array_agg(c.cost order by c.min_quantity) as costs, array_agg(c.list_cost order by c.min_quantity) as list_costs
            from catalog.costs c where c.store_id = v.store_id and c.variant_id = v.id) k on k.quantities is not null
        order by p.id
        """;

    /// <param name="after">Empty: from the first.</param>
    /// <param name="supplier">Null: of all suppliers; else of its category <paramref name="category"/> only.</param>
    public static NpgsqlBatchCommand OfPage(Guid after, int limit, string? supplier, string? category) => Sql.Command(
        Page, Sql.Uuid(after), Sql.Int(limit), Sql.Text(supplier), Sql.Text(category));

    /// <summary>Reads the result set that the reader stands before.</summary>
    public static async Task<List<JudgedProduct>> ReadAsync(NpgsqlDataReader row, PriceBook book, CancellationToken ct)
    {
        var products = new List<JudgedProduct>();
        while (await row.ReadAsync(ct))
        {
            var id = row.GetGuid(0);
            if (products.Count == 0 || products[^1].Id != id)
            {
                products.Add(Begin(row, id));
            }

            var product = products[^1];
            var (quantities, costs, lists) = (row.GetFieldValue<int[]>(20), row.GetFieldValue<decimal[]>(21), row.GetFieldValue<decimal?[]>(22));
            var breaks = new CostBreak[quantities.Length];
            for (var i = 0; i < breaks.Length; i++)
            {
                breaks[i] = new CostBreak(quantities[i], costs[i], lists[i]);
            }

            var result = book.PriceVariant(new PricingInput(
                row.GetString(12), product.Facts.CategoryId, row.IsDBNull(13) ? null : row.GetInt32(13), row.GetString(19), breaks, Offers(row)));
            product.Prices.Add((row.GetGuid(17), result.Prices));
            products[^1] = product with { Facts = product.Facts with { Stock = product.Facts.Stock + row.GetInt32(18) } };
        }

        return products;
    }

    private static JudgedProduct Begin(NpgsqlDataReader row, Guid id)
    {
        var exclusions = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!row.IsDBNull(4))
        {
            foreach (var (currency, reason) in row.GetFieldValue<string[]>(4).Zip(row.GetFieldValue<string[]>(5)))
            {
                exclusions.Add(currency, reason);
            }
        }

        var facts = new QualityFacts(
            row.GetString(6), row.IsDBNull(7) ? null : row.GetDecimal(7), row.IsDBNull(8) ? null : row.GetDecimal(8), row.GetInt32(9), 0,
            row.GetBoolean(10), row.IsDBNull(11) ? null : row.GetGuid(11));
        return new JudgedProduct(id, row.GetString(1), row.GetBoolean(2), row.GetBoolean(3), exclusions, facts, []);
    }

    private static OfferTerms[] Offers(NpgsqlDataReader row)
    {
        if (row.IsDBNull(14))
        {
            return [];
        }

        var (channels, quantities, discounts) = (row.GetFieldValue<string[]>(14), row.GetFieldValue<int[]>(15), row.GetFieldValue<decimal?[]>(16));
        return [.. channels.Select((channel, i) => new OfferTerms(channel, quantities[i], discounts[i]))];
    }
}
