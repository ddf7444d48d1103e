using Mallgram.Catalog.Pricing;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <param name="MinOrderQuantity">1 for b2c, at least 2 for b2b.</param>
/// <param name="BulkDiscountPercent">Off the retail price, where the supplier has no price of its own for that quantity.</param>
internal sealed record OfferInput(int? MinOrderQuantity, decimal? BulkDiscountPercent);

/// <summary>How a product is sold: singly, in bulk, or both. What a person sets, imports leave alone.</summary>
internal sealed class ProductOffers(StoreDatabase database)
{
    /// <exception cref="ProblemException">404; 409 <c>no_price_for_offer</c>; 422.</exception>
    public async Task SetAsync(string productId, string channel, OfferInput input, FieldErrors errors, string actor, CancellationToken ct)
    {
        var quantity = Check(channel, input.MinOrderQuantity, input.BulkDiscountPercent, "", errors);
        errors.ThrowIfAny();
        await using var transaction = await database.BeginAsync(ct);
        var (product, isOwn) = await FindAsync(transaction, productId, channel, ct);
        await transaction.ExecuteAsync(ct, Upsert(product, channel, quantity, input.BulkDiscountPercent));
        await PriceAsync(transaction, product, isOwn, actor, ct);
        await transaction.ExecuteAsync(ct, ProductWrites.Finish([product]));
        await transaction.CommitAsync(ct);
    }

    /// <exception cref="ProblemException">404 <c>product_not_found</c>, <c>offer_not_found</c>; 409 <c>last_offer</c>.</exception>
    public async Task RemoveAsync(string productId, string channel, string actor, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var (product, isOwn) = await FindAsync(transaction, productId, channel, ct);
        var active = new List<string>();
        await using (var rows = await transaction.QueryAsync(ct, Sql.Command(
            "select channel from catalog.offers where product_id = $1 and active", Sql.Uuid(product))))
        {
            while (await rows.ReadAsync(ct))
            {
                active.Add(rows.GetString(0));
            }
        }

        if (!active.Contains(channel, StringComparer.Ordinal))
        {
            throw new ProblemException(MerchandisingProblems.OfferNotFound);
        }

        if (active.Count == 1)
        {
            throw new ProblemException(MerchandisingProblems.LastOffer);
        }

        // A supplier's product keeps the row: without it the next import would offer the product on that channel again.
        await transaction.ExecuteAsync(ct, Sql.Command(
            isOwn
                ? "delete from catalog.offers where product_id = $1 and channel = $2"
                : "update catalog.offers set active = false, set_by = 'person' where product_id = $1 and channel = $2",
            Sql.Uuid(product), Sql.Text(channel)));
        await PriceAsync(transaction, product, isOwn, actor, ct);
        await transaction.ExecuteAsync(ct, ProductWrites.Finish([product]));
        await transaction.CommitAsync(ct);
    }

    /// <returns>The smallest order.</returns>
    public static int Check(string channel, int? quantity, decimal? discount, string prefix, FieldErrors errors)
    {
        if (channel == "b2c")
        {
            if (quantity is not (null or 1))
            {
                errors.Add(prefix + "min_order_quantity", "is 1 for b2c", "est 1 pour b2c");
            }

            if (discount is not null)
            {
                errors.Add(prefix + "bulk_discount_percent", "is for b2b", "concerne b2b");
            }

            return 1;
        }

        if (quantity is not (>= 2 and <= 100_000))
        {
            errors.Add(prefix + "min_order_quantity", "must be 2 to 100000 for b2b", "doit être de 2 à 100000 pour b2b");
        }

        if (discount is < 0 or >= 100 || discount is { Scale: > 2 })
        {
            errors.Add(
                prefix + "bulk_discount_percent", "must be 0 to 99.99, with two decimals at most", "doit être de 0 à 99.99, avec deux décimales au plus");
        }

        return quantity ?? 2;
    }

    public static NpgsqlBatchCommand Upsert(Guid product, string channel, int quantity, decimal? discount) => Sql.Command(
        """
        insert into catalog.offers (store_id, product_id, channel, min_order_quantity, bulk_discount_percent, set_by)
        values (kernel.current_store(), $1, $2, $3, $4, 'person')
        on conflict (store_id, product_id, channel) do update set
            min_order_quantity = excluded.min_order_quantity, bulk_discount_percent = excluded.bulk_discount_percent, set_by = 'person', active = true
        """,
        Sql.Uuid(product), Sql.Text(channel), Sql.Int(quantity), Sql.Decimal(discount));

    private static async Task<(Guid Product, bool IsOwn)> FindAsync(StoreTransaction transaction, string productId, string channel, CancellationToken ct)
    {
        if (channel is not ("b2c" or "b2b"))
        {
            throw new ProblemException(MerchandisingProblems.OfferNotFound);
        }

        var id = PublicId.TryParse(PublicId.Product, productId, out var found) ? found : Guid.Empty;
        await using var rows = await transaction.QueryAsync(
            ct, Sql.Command("call catalog.lock_prices()"), Sql.Command("select supplier is null from catalog.products where id = $1 for update", Sql.Uuid(id)));
        return await rows.ReadAsync(ct) ? (id, rows.GetBoolean(0)) : throw new ProblemException(MerchandisingProblems.ProductNotFound);
    }

    /// <summary>Every active offer has a price at its smallest order for each variant that is sold.</summary>
    private static async Task PriceAsync(StoreTransaction transaction, Guid product, bool isOwn, string actor, CancellationToken ct)
    {
        if (isOwn)
        {
            await transaction.ExecuteAsync(ct, OwnPrices.Wholesale(product, actor));
            return;
        }

        var prices = new List<(Guid VariantId, MadePrice Price)>();
        await using (var rows = await transaction.QueryAsync(ct, [.. PriceBook.Load(), PricedVariants.OfProduct(product)]))
        {
            var book = await PriceBook.ReadAsync(rows, ct);
            await rows.NextResultAsync(ct);
            await foreach (var variant in PricedVariants.ReadAsync(rows, ct))
            {
                if (variant is not { Id: { } id, Input: { } input })
                {
                    continue;
                }

                var made = book.PriceVariant(input);
                if (made.SkipReason is { } reason)
                {
                    throw new ProblemException(MerchandisingProblems.NoRetailPrice, made.Detail ?? reason);
                }

                prices.AddRange(made.Prices.Where(p => !variant.ExcludedCurrencies.Contains(p.Currency, StringComparer.Ordinal)).Select(p => (id, p)));
            }
        }

        await transaction.ExecuteAsync(ct, Sql.Command(PricedVariants.CreateStaging));
        await PricedVariants.StageAsync(transaction, prices, ct);
        await transaction.ExecuteAsync(ct, PricedVariants.Apply("person", run: null, actor));
    }
}
