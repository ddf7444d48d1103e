using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;

namespace Mallgram.Catalog.Pricing;

internal sealed class StoreMarkets(StoreDatabase database, StoreScope scope) : IStoreMarkets
{
    public async Task<IReadOnlyList<StoreMarket>> ListAsync(CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            "select currency, country, is_default from catalog.markets where store_id = $1 order by is_default desc, currency",
            Sql.Uuid(scope.StoreId)));
        var markets = new List<StoreMarket>();
        while (await answer.Rows.ReadAsync(ct))
        {
            markets.Add(new StoreMarket(answer.Rows.GetString(0), answer.Rows.GetString(1), answer.Rows.GetBoolean(2)));
        }

        return markets;
    }
}

/// <summary>A new store's own market and the rule that prices everything, as the stores that ship have them: 40 % on landed cost.</summary>
internal sealed class StorePricing(TimeProvider clock) : IStoreSeed
{
    private const int MarkupPercent = 40;

    public async Task SeedAsync(StoreTransaction transaction, NewStore store, CancellationToken ct) => await transaction.ExecuteAsync(
        ct,
        Sql.Command(
            "insert into catalog.markets (store_id, currency, country, is_default, rounding_step, ending) values ($1, $2, $3, true, $4, 0)",
            Sql.Uuid(store.Id), Sql.Text(store.Currency.Code), Sql.Text(store.Country), Sql.Long(RoundingStep(store.Currency))),
        Sql.Command(
            "insert into catalog.price_rules (store_id, id, is_default, markup_percent) values ($1, $2, true, $3)",
            Sql.Uuid(store.Id), Sql.Uuid(Kernel.Ids.PublicId.New(clock)), Sql.Decimal(MarkupPercent)));

    /// <summary>A whole unit; 50 francs, the smallest coin that is common, where the currency has no smaller unit.</summary>
    private static long RoundingStep(Kernel.Currency currency) => currency.Exponent == 0 ? 50 : currency.MinorPerMajor;
}
