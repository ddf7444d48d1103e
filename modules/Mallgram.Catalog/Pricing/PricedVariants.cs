using System.Runtime.CompilerServices;
using Mallgram.Kernel.Persistence;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Catalog.Pricing;

/// <summary>A variant with what its prices are made from.</summary>
/// <param name="Id">Null: the product has no variants.</param>
/// <param name="Input">Null: nothing is known of its costs (goods of the merchant's own), so no rule can price it.</param>
/// <param name="ExcludedCurrencies">Markets whose quality filter leaves the product out: it has no prices there.</param>
internal sealed record PricedVariant(Guid ProductId, Guid? Id, PricingInput? Input, string[] ExcludedCurrencies);

/// <summary>Reads what prices are made from, and hands prices to <c>catalog.apply_staged_prices</c>.</summary>
internal static class PricedVariants
{
    public const string CreateStaging =
        """
        create temporary table staged_prices (
            variant_id uuid, currency char(3), min_quantity int, amount bigint, compare_at bigint, landed_cost bigint, rate_id uuid, rule_id uuid)
        on commit drop
        """;

    private const string OfPageOfProducts =
        """
        select p.id, p.supplier, p.category_id, p.weight_grams, o.channels, o.quantities, o.discounts, x.currencies,
               v.id, k.currency, k.quantities, k.costs, k.list_costs
        from page p
        left join lateral (
            select array_agg(f.channel order by f.channel) as channels, array_agg(f.min_order_quantity order by f.channel) as quantities,
                   array_agg(f.bulk_discount_percent order by f.channel) as discounts
            from catalog.offers f where f.store_id = p.store_id and f.product_id = p.id and f.active) o on true
        left join lateral (
            select array_agg(e.currency::text) as currencies from catalog.market_exclusions e
            where e.store_id = p.store_id and e.product_id = p.id) x on true
        left join catalog.variants v on v.store_id = p.store_id and v.product_id = p.id
        left join lateral (
            select min(c.currency)::text as currency, array_agg(c.min_quantity order by c.min_quantity) as quantities,
                   array_agg(c.cost order by c.min_quantity) as costs, array_agg(c.list_cost order by c.min_quantity) as list_costs
            from catalog.costs c where c.store_id = v.store_id and c.variant_id = v.id) k on true
        order by p.id, v.position, v.id
        """;

    /// <summary>The variants of the next products by id, hidden ones too: they are to be right when they are shown again.</summary>
    /// <param name="after">Null: from the first.</param>
    public static NpgsqlBatchCommand OfPage(Guid? after, int products) => Sql.Command(
        $"""
        with page as materialized (
            select store_id, id, supplier, category_id, weight_grams from catalog.products where id > $1 order by id limit $2)
        {OfPageOfProducts}
        """,
        Sql.Uuid(after ?? Guid.Empty), Sql.Int(products));

    /// <summary>The variants of products on sale, newest products first taken.</summary>
    /// <param name="before">Id of the last product read; null: from the newest.</param>
    /// <param name="categoryId">And the categories below it.</param>
    public static NpgsqlBatchCommand OnSale(Guid? before, int products, string? supplier, Guid? categoryId) => Sql.Command(
        $"""
        with page as materialized (
            select store_id, id, supplier, category_id, weight_grams from catalog.products
            where ($1::uuid is null or id < $1) and status = 'active' and ($3::text is null or supplier = $3)
              and ($4::uuid is null or category_id in (select descendant_id from catalog.category_closure where ancestor_id = $4))
            order by id desc limit $2)
        {OfPageOfProducts}
        """,
        Sql.Uuid(before), Sql.Int(products), Sql.Text(supplier), Sql.Uuid(categoryId));

    public static NpgsqlBatchCommand OfProduct(Guid product) => Sql.Command(
        $"""
        with page as materialized (select store_id, id, supplier, category_id, weight_grams from catalog.products where id = $1)
        {OfPageOfProducts}
        """,
        Sql.Uuid(product));

    /// <summary>Reads the result set that the reader stands before; products by id, their variants by position.</summary>
    public static async IAsyncEnumerable<PricedVariant> ReadAsync(NpgsqlDataReader reader, [EnumeratorCancellation] CancellationToken ct)
    {
        var (offersOf, offers) = (Guid.Empty, Array.Empty<OfferTerms>());
        while (await reader.ReadAsync(ct))
        {
            var productId = reader.GetGuid(0);
            if (productId != offersOf)
            {
                (offersOf, offers) = (productId, ReadOffers(reader));
            }

            PricingInput? input = null;
            if (!reader.IsDBNull(9))
            {
                var (quantities, costs, lists) = (
                    reader.GetFieldValue<int[]>(10), reader.GetFieldValue<decimal[]>(11), reader.GetFieldValue<decimal?[]>(12));
                var breaks = new CostBreak[quantities.Length];
                for (var i = 0; i < breaks.Length; i++)
                {
                    breaks[i] = new CostBreak(quantities[i], costs[i], lists[i]);
                }

                input = new PricingInput(
                    reader.IsDBNull(1) ? null : reader.GetString(1),
                    reader.IsDBNull(2) ? null : reader.GetGuid(2),
                    reader.IsDBNull(3) ? null : reader.GetInt32(3),
                    reader.GetString(9),
                    breaks,
                    offers);
            }

            yield return new PricedVariant(
                productId, reader.IsDBNull(8) ? null : reader.GetGuid(8), input, reader.IsDBNull(7) ? [] : reader.GetFieldValue<string[]>(7));
        }
    }

    /// <summary>Copies prices into the table of <see cref="CreateStaging"/>, which exists in the transaction.</summary>
    public static async Task StageAsync(StoreTransaction transaction, List<(Guid VariantId, MadePrice Price)> prices, CancellationToken ct)
    {
        await using var rows = await transaction.Connection.BeginBinaryImportAsync("copy staged_prices from stdin (format binary)", ct);
        foreach (var (variantId, price) in prices)
        {
            await rows.StartRowAsync(ct);
            await rows.WriteAsync(variantId, NpgsqlDbType.Uuid, ct);
            await rows.WriteAsync(price.Currency, NpgsqlDbType.Char, ct);
            await rows.WriteAsync(price.MinQuantity, NpgsqlDbType.Integer, ct);
            await rows.WriteAsync(price.Amount, NpgsqlDbType.Bigint, ct);
            await WriteAsync(rows, price.CompareAt, NpgsqlDbType.Bigint, ct);
            await rows.WriteAsync(price.LandedCost, NpgsqlDbType.Bigint, ct);
            await WriteAsync(rows, price.RateId, NpgsqlDbType.Uuid, ct);
            await rows.WriteAsync(price.RuleId, NpgsqlDbType.Uuid, ct);
        }

        await rows.CompleteAsync(ct);
    }

    /// <summary>Applies what was staged and shows it.</summary>
    /// <returns>One row: products with another price (int).</returns>
    public static NpgsqlBatchCommand Apply(string cause, Guid? run, string? actor) => Sql.Command(
        "select catalog.show_new_prices(array(select catalog.apply_staged_prices($1, $2, $3)))", Sql.Text(cause), Sql.Uuid(run), Sql.Text(actor));

    private static OfferTerms[] ReadOffers(NpgsqlDataReader reader)
    {
        if (reader.IsDBNull(4))
        {
            return [];
        }

        var (channels, quantities, discounts) = (
            reader.GetFieldValue<string[]>(4), reader.GetFieldValue<int[]>(5), reader.GetFieldValue<decimal?[]>(6));
        var offers = new OfferTerms[channels.Length];
        for (var i = 0; i < offers.Length; i++)
        {
            offers[i] = new OfferTerms(channels[i], quantities[i], discounts[i]);
        }

        return offers;
    }

    private static async Task WriteAsync<T>(NpgsqlBinaryImporter rows, T? value, NpgsqlDbType type, CancellationToken ct)
        where T : struct
    {
        if (value is { } given)
        {
            await rows.WriteAsync(given, type, ct);
        }
        else
        {
            await rows.WriteNullAsync(ct);
        }
    }
}
