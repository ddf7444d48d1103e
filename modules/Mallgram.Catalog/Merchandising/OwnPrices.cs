using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Catalog.Merchandising;

/// <summary>A retail price a person sets.</summary>
/// <param name="Currency">ISO 4217 of a market of the store; its own when left out.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="CompareAt">Minor units, above the amount; what it cost before.</param>
internal sealed record PriceInput(string? Currency, long? Amount, long? CompareAt);

/// <summary>
/// Prices of goods of the merchant's own: what a person says, in each currency they say it in. Wholesale follows from retail by the
/// offer's discount. Every change of a price that was there leaves a row of history.
/// </summary>
internal static class OwnPrices
{
    private const long LargestPrice = 1_000_000_000_000;

    private const string SetRetail =
        """
        with told as materialized (
            select * from unnest($1, $2, $3, $4) as t(variant_id, currency, amount, compare_at)),
        old as materialized (
            select r.variant_id, r.currency::text as currency, r.amount from catalog.prices r
            where r.variant_id in (select variant_id from told) and r.min_quantity = 1),
        gone as (
            delete from catalog.prices r using old o
            where r.variant_id = o.variant_id and r.currency = o.currency and r.min_quantity = 1
              and not exists (select from told t where t.variant_id = o.variant_id and t.currency = o.currency)),
        written as (
            insert into catalog.prices as r (store_id, variant_id, currency, min_quantity, amount, compare_at, set_by_person)
            select kernel.current_store(), t.variant_id, t.currency, 1, t.amount, t.compare_at, true from told t
            on conflict (store_id, variant_id, currency, min_quantity) do update set
                amount = excluded.amount, compare_at = excluded.compare_at, set_by_person = true, rule_id = null,
                changed_at = case when r.amount = excluded.amount then r.changed_at else now() end)
        insert into catalog.price_history (store_id, variant_id, currency, min_quantity, before, after, cause, actor)
        select kernel.current_store(), coalesce(o.variant_id, t.variant_id), coalesce(o.currency, t.currency), 1, o.amount, t.amount, 'person', $5
        from told t full join old o on o.variant_id = t.variant_id and o.currency = t.currency
        where o.amount is distinct from t.amount and exists (select from old x where x.variant_id = coalesce(o.variant_id, t.variant_id))
        """;

    // Rounded up to the market's step, yet never above retail.
    private const string SetWholesale =
        """
        with told as materialized (
            select r.variant_id, r.currency::text as currency, o.min_order_quantity as quantity,
                   least(r.amount, d.amount + ((m.ending - d.amount) % m.rounding_step + m.rounding_step) % m.rounding_step) as amount
            from catalog.variants v
            join catalog.offers o on o.store_id = v.store_id and o.product_id = v.product_id and o.channel = 'b2b' and o.active
            join catalog.prices r on r.store_id = v.store_id and r.variant_id = v.id and r.min_quantity = 1
            join catalog.markets m on m.store_id = r.store_id and m.currency = r.currency
            cross join lateral (select greatest(1, ceil(r.amount * (1 - coalesce(o.bulk_discount_percent, 0) / 100)))::bigint as amount) d
            where v.product_id = $1),
        old as materialized (
            select r.variant_id, r.currency::text as currency, r.min_quantity as quantity, r.amount
            from catalog.variants v join catalog.prices r on r.store_id = v.store_id and r.variant_id = v.id and r.min_quantity > 1
            where v.product_id = $1),
        gone as (
            delete from catalog.prices r using old o
            where r.variant_id = o.variant_id and r.currency = o.currency and r.min_quantity = o.quantity and not exists (
                select from told t where t.variant_id = o.variant_id and t.currency = o.currency and t.quantity = o.quantity)),
        written as (
            insert into catalog.prices as r (store_id, variant_id, currency, min_quantity, amount, set_by_person)
            select kernel.current_store(), t.variant_id, t.currency, t.quantity, t.amount, true from told t
            on conflict (store_id, variant_id, currency, min_quantity) do update set
                amount = excluded.amount, compare_at = null, set_by_person = true, rule_id = null, changed_at = now()
            where r.amount <> excluded.amount)
        insert into catalog.price_history (store_id, variant_id, currency, min_quantity, before, after, cause, actor)
        select kernel.current_store(), coalesce(o.variant_id, t.variant_id), coalesce(o.currency, t.currency), coalesce(o.quantity, t.quantity),
               o.amount, t.amount, 'person', $2
        from told t full join old o on o.variant_id = t.variant_id and o.currency = t.currency and o.quantity = t.quantity
        where o.amount is distinct from t.amount and exists (select from old x where x.variant_id = coalesce(o.variant_id, t.variant_id))
        """;

    /// <summary>The store's markets, its own first. Read with <see cref="ReadCurrenciesAsync"/>.</summary>
    public static NpgsqlBatchCommand Currencies() => Sql.Command("select currency from catalog.markets order by is_default desc, currency");

    public static async Task<IReadOnlyList<string>> ReadCurrenciesAsync(NpgsqlDataReader rows, CancellationToken ct)
    {
        var currencies = new List<string>();
        while (await rows.ReadAsync(ct))
        {
            currencies.Add(rows.GetString(0));
        }

        return currencies;
    }

    /// <param name="currencies">Of the store's markets, its own first: a price in that one is required.</param>
    public static List<(string Currency, long Amount, long? CompareAt)> Read(
        IReadOnlyList<PriceInput>? prices, string field, IReadOnlyList<string> currencies, FieldErrors errors)
    {
        var read = new List<(string Currency, long Amount, long? CompareAt)>();
        for (var i = 0; i < (prices?.Count ?? 0); i++)
        {
            var (price, at) = (prices![i], $"{field}[{i}]");
            var currency = price?.Currency ?? currencies[0];
            if (!currencies.Contains(currency, StringComparer.Ordinal) || read.Exists(r => r.Currency == currency))
            {
                errors.Add($"{at}.currency", "is one of " + string.Join(", ", currencies) + ", each once", "est l'une de " + string.Join(", ", currencies) + ", une fois chacune");
            }
            else if (price?.Amount is not (>= 1 and <= LargestPrice))
            {
                errors.Add($"{at}.amount", "must be a price in minor units, at least 1", "doit être un prix en unités mineures, au moins 1");
            }
            else if (price.CompareAt is { } before && (before <= price.Amount || before > LargestPrice))
            {
                errors.Add($"{at}.compare_at", "must be above the amount", "doit être supérieur au montant");
            }
            else
            {
                read.Add((currency, price.Amount.Value, price.CompareAt));
            }
        }

        if (!read.Exists(r => r.Currency == currencies[0]) && !errors.Any)
        {
            errors.Add(field, $"needs a price in {currencies[0]}", $"demande un prix en {currencies[0]}");
        }

        return read;
    }

    /// <summary>Makes the retail prices of variants exactly these.</summary>
    /// <param name="actor">Public id of the person.</param>
    public static NpgsqlBatchCommand Set(IReadOnlyList<(Guid Variant, string Currency, long Amount, long? CompareAt)> prices, string actor) => Sql.Command(
        SetRetail,
        Sql.Uuids([.. prices.Select(p => p.Variant)]), Sql.Texts([.. prices.Select(p => p.Currency)]), Sql.Longs([.. prices.Select(p => p.Amount)]),
        new NpgsqlParameter<long?[]> { TypedValue = [.. prices.Select(p => p.CompareAt)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
        Sql.Text(actor));

    /// <summary>Makes the wholesale prices of own goods follow retail and the b2b offer; run it after either changed.</summary>
    public static NpgsqlBatchCommand Wholesale(Guid product, string actor) => Sql.Command(SetWholesale, Sql.Uuid(product), Sql.Text(actor));
}
