using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;

namespace Mallgram.Catalog.Merchandising;

/// <param name="LowStockThreshold">Available units at which stock counts as low, for products without a threshold of their own. Default 5.</param>
/// <param name="BestSellerCount">How many products are best sellers. Default 50.</param>
/// <param name="BestSellerDays">Over how many days they are counted. Default 30.</param>
internal sealed record MerchandisingSettings(int? LowStockThreshold, int? BestSellerCount, int? BestSellerDays);

internal sealed class MerchandisingDefaults(StoreDatabase database)
{
    public async Task<MerchandisingSettings> GetAsync(CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(
            ct, Sql.Command("select low_stock_threshold, best_seller_count, best_seller_days from catalog.merchandising_settings"));
        return await reader.Rows.ReadAsync(ct)
            ? new MerchandisingSettings(reader.Rows.GetInt32(0), reader.Rows.GetInt32(1), reader.Rows.GetInt32(2))
            : new MerchandisingSettings(5, 50, 30);
    }

    /// <summary>What is left out stays as it is.</summary>
    /// <exception cref="ProblemException">422.</exception>
    public Task SetAsync(MerchandisingSettings settings, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Between(settings.LowStockThreshold, "low_stock_threshold", 0, 1_000_000);
        errors.Between(settings.BestSellerCount, "best_seller_count", 1, 1000);
        errors.Between(settings.BestSellerDays, "best_seller_days", 1, 365);
        errors.ThrowIfAny();
        return database.ExecuteAsync(ct, Sql.Command(
            """
            insert into catalog.merchandising_settings as s (store_id, low_stock_threshold, best_seller_count, best_seller_days)
            values (kernel.current_store(), coalesce($1, 5), coalesce($2, 50), coalesce($3, 30))
            on conflict (store_id) do update set low_stock_threshold = coalesce($1, s.low_stock_threshold),
                best_seller_count = coalesce($2, s.best_seller_count), best_seller_days = coalesce($3, s.best_seller_days)
            """,
            Sql.Int(settings.LowStockThreshold), Sql.Int(settings.BestSellerCount), Sql.Int(settings.BestSellerDays)));
    }
}
