using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Quality;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Stores.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Catalog.Import;

internal sealed class CatalogImport(StoreDatabase database, CategoryImport categories, IStoreRoom room, TimeProvider clock) : ICatalogImport
{
    private const int MaxBatch = 10_000;

    private const int LookedUpAtOnce = 2_500;

    // Statistics of a few rows are worse than none: every column would look unique, the store too.
    private const int EnoughForStatistics = 500;

    // One anti-join by hash decides what is written at all. What the supplier took off sale comes back even with the old content.
    private const string Differing =
        """
        select g.n::int from unnest($2, $3) with ordinality g(external_id, content_hash, n)
        where not exists (
            select from catalog.products p
            where p.supplier = $1 and p.external_id = g.external_id and p.content_hash = g.content_hash and p.hidden_by is distinct from 'supplier')
        order by g.n
        """;

    private const string Known =
        "select g.n::int, p.id from unnest($2, $3) g(n, external_id) join catalog.products p on p.supplier = $1 and p.external_id = g.external_id";

    private const string Hide =
        """
        with hidden as (
            update catalog.products set status = 'hidden', hidden_by = $3
            where supplier = $1 and external_id = any($2) and status = 'active' returning store_id, id),
        recorded as (
            insert into catalog.import_changes as c (store_id, run_id, product_id, kind, before)
            select store_id, $4, id, 'hidden', '{"hidden_by": null}' from hidden where $4 is not null
            on conflict (store_id, run_id, product_id) do update set
                kind = case c.kind when 'updated' then 'hidden' else c.kind end, before = excluded.before || c.before)
        select id from hidden
        """;

    public async Task<ImportResult> ImportAsync(
        string supplier,
        Guid? runId,
        IReadOnlyList<SupplierProduct> products,
        Func<ImportResult, IReadOnlyList<NpgsqlBatchCommand>> alongside,
        CancellationToken ct)
    {
        if (products.Count > MaxBatch)
        {
            throw new ArgumentException($"At most {MaxBatch} products go into one transaction.", nameof(products));
        }

        var left = await room.LeftAsync(StoreMeters.Products, ct);
        await using var transaction = await database.BeginAsync(ct);
        var skipped = new List<SkippedItem>();
        var items = Distinct(products, skipped);
        var hashes = new byte[items.Count][];
        var differing = await DifferingAsync(transaction, supplier, items, hashes, ct);
        var prepared = new List<(Guid? KnownId, SupplierProduct Item, PreparedProduct Product)>();
        var unsaleable = new List<string>();
        var unchanged = items.Count - differing.Count;
        foreach (var (i, knownId) in differing)
        {
            var (product, problem) = ProductPreparation.Prepare(supplier, items[i], hashes[i]);
            if (product is null)
            {
                Leave(items[i], knownId, problem!, unsaleable);
            }
            else
            {
                prepared.Add((knownId, items[i], product));
            }
        }

        var filtered = new List<string>();
        var partly = new List<SkippedItem>();
        var changed = new List<ChangedProduct>(prepared.Count);
        string[] filled = [];
        if (prepared.Count > 0)
        {
            var state = await ImportState.LoadAsync(
                transaction,
                supplier,
                prepared.SelectMany(p => p.Product.Variants).Select(v => v.CostCurrency).Distinct(StringComparer.Ordinal),
                [.. prepared.Select(p => p.Product.SupplierCategory).OfType<string>().Distinct(StringComparer.Ordinal)],
                [.. prepared.Where(p => p.KnownId is not null).Select(p => p.KnownId!.Value)],
                ct);
            filled = state.Attributes.Codes;
            foreach (var (knownId, item, product) in prepared)
            {
                Decide(supplier, state, knownId, item, product);
            }
        }

        var hidden = await HideAsync(transaction, supplier, runId, unsaleable, "supplier", ct);
        hidden.AddRange(await HideAsync(transaction, supplier, runId, filtered, "filter", ct));
        var writes = new List<NpgsqlBatchCommand>();
        if (changed.Count > 0)
        {
            await ProductStaging.FillAsync(transaction, changed, ct);
            writes.AddRange(ProductStaging.Apply(supplier, runId, changed, filled, [.. hidden]));
        }
        else if (hidden.Count > 0)
        {
            writes.Add(RefreshListings(hidden));
        }

        var created = changed.Count(c => c.IsNew);
        writes.AddRange(alongside(new ImportResult(created, changed.Count - created, unchanged, hidden.Count, skipped, partly)));
        if (writes.Count > 0)
        {
            await transaction.ExecuteAsync(ct, writes);
        }

        await transaction.CommitAsync(ct);
        if (created >= EnoughForStatistics)
        {
            await database.ExecuteAsync(ct, Sql.Command("select catalog.first_statistics()"));
        }

        return new ImportResult(created, changed.Count - created, unchanged, hidden.Count, skipped, partly);

        void Leave(SupplierProduct item, Guid? knownId, SkippedItem reason, List<string> hide)
        {
            skipped.Add(reason);
            if (knownId is not null)
            {
                hide.Add(item.ExternalId);
            }
        }

        void Decide(string supplier, ImportState state, Guid? knownId, SupplierProduct item, PreparedProduct product)
        {
            var (categoryId, isExcluded) = state.Mapping(product.SupplierCategory);
            if (isExcluded)
            {
                Leave(item, knownId, ProductPreparation.Skip(item, SkipReasons.ExcludedCategory), filtered);
                return;
            }

            var id = knownId ?? PublicId.New(clock);
            product = state.WithLocked(id, product with { CategoryId = categoryId });
            if (Price(supplier, state, id, item, product) is { } problem)
            {
                Leave(item, knownId, problem, unsaleable);
                return;
            }

            var verdict = Judge(state, product);
            if (verdict.FailsEverywhere)
            {
                Leave(item, knownId, ProductPreparation.Skip(item, verdict.Reason!), filtered);
                return;
            }

            if (knownId is null && left-- <= 0)
            {
                Leave(item, knownId, ProductPreparation.Skip(item, SkipReasons.PlanLimit), unsaleable);
                return;
            }

            foreach (var market in state.Book.Markets.Where(m => verdict.Failing.ContainsKey(m.Currency.Code)))
            {
                partly.Add(ProductPreparation.Skip(item, verdict.Failing[market.Currency.Code] + "@" + market.Country));
            }

            foreach (var variant in product.Variants)
            {
                var knownVariant = knownId is null ? null : state.VariantId(id, variant.ExternalId);
                variant.Id = knownVariant ?? PublicId.New(clock);
                variant.IsNew = knownVariant is null;
            }

            changed.Add(new ChangedProduct(
                id, knownId is null, product, state.Attributes.Read(product.Specifications, product.CategoryId), verdict.Failing));
        }
    }

    public Task<ImportResult> ImportCategoriesAsync(
        string supplier,
        IReadOnlyList<SupplierCategory> tree,
        Func<ImportResult, IReadOnlyList<NpgsqlBatchCommand>> alongside,
        CancellationToken ct) => categories.ImportAsync(supplier, tree, alongside, ct);

    public async Task<int> HideAsync(
        string supplier, Guid? runId, IReadOnlyList<string> externalIds, IReadOnlyList<NpgsqlBatchCommand> alongside, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var hidden = await HideAsync(transaction, supplier, runId, externalIds, "supplier", ct);
        await transaction.ExecuteAsync(ct, [RefreshListings(hidden), .. alongside]);
        await transaction.CommitAsync(ct);
        return hidden.Count;
    }

    public async Task<int> RollBackAsync(Guid runId, string actor, int limit, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(
            ct, Sql.Command("select catalog.roll_back($1, $2, $3)", Sql.Uuid(runId), Sql.Text(actor), Sql.Int(limit)));
        await reader.Rows.ReadAsync(ct);
        return reader.Rows.GetInt32(0);
    }

    /// <summary>Their listings stay for now: stock is locked before listings.</summary>
    private static async Task<List<Guid>> HideAsync(
        StoreTransaction transaction, string supplier, Guid? runId, IReadOnlyList<string> externalIds, string hiddenBy, CancellationToken ct)
    {
        var hidden = new List<Guid>();
        if (externalIds.Count > 0)
        {
            await using var rows = await transaction.QueryAsync(
                ct, Sql.Command(Hide, Sql.Text(supplier), Sql.Texts([.. externalIds]), Sql.Text(hiddenBy), Sql.Uuid(runId)));
            while (await rows.ReadAsync(ct))
            {
                hidden.Add(rows.GetGuid(0));
            }
        }

        return hidden;
    }

    private static NpgsqlBatchCommand RefreshListings(List<Guid> products) =>
        Sql.Command("select catalog.refresh_listings($1)", Sql.Uuids([.. products]));

    private static List<SupplierProduct> Distinct(IReadOnlyList<SupplierProduct> products, List<SkippedItem> skipped)
    {
        var seen = new HashSet<string>(products.Count, StringComparer.Ordinal);
        var items = new List<SupplierProduct>(products.Count);
        foreach (var product in products)
        {
            if (seen.Add(product.ExternalId))
            {
                items.Add(product);
            }
            else
            {
                skipped.Add(ProductPreparation.Skip(product, SkipReasons.Duplicate));
            }
        }

        return items;
    }

    /// <summary>Hashes the items, some while PostgreSQL looks up those before: of an unchanged sync each of the two is half of the work.</summary>
    /// <returns>Places in <paramref name="items"/> of those that are new or changed, and the ids of those known.</returns>
    private static async Task<List<(int Place, Guid? KnownId)>> DifferingAsync(
        StoreTransaction transaction, string supplier, List<SupplierProduct> items, byte[][] hashes, CancellationToken ct)
    {
        var places = new List<int>();
        var hashing = HashAsync(0);
        for (var from = 0; from < items.Count; from += LookedUpAtOnce)
        {
            await hashing;
            hashing = HashAsync(from + LookedUpAtOnce);
            var to = Math.Min(from + LookedUpAtOnce, items.Count);
            await using var rows = await transaction.QueryAsync(
                ct,
                Sql.Command(
                    Differing,
                    Sql.Text(supplier),
                    Sql.Texts([.. items[from..to].Select(i => i.ExternalId)]),
                    new NpgsqlParameter<byte[][]> { TypedValue = hashes[from..to], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea }));
            while (await rows.ReadAsync(ct))
            {
                places.Add(from + rows.GetInt32(0) - 1);
            }
        }

        if (places.Count == 0)
        {
            return [];
        }

        var known = new Dictionary<int, Guid>();
        await using (var rows = await transaction.QueryAsync(
            ct, Sql.Command(Known, Sql.Text(supplier), Sql.Ints([.. places]), Sql.Texts([.. places.Select(p => items[p].ExternalId)]))))
        {
            while (await rows.ReadAsync(ct))
            {
                known.Add(rows.GetInt32(0), rows.GetGuid(1));
            }
        }

        return places.ConvertAll(p => (p, known.TryGetValue(p, out var id) ? id : (Guid?)null));

        Task HashAsync(int from) => Task.Run(
            () =>
            {
                for (var i = from; i < Math.Min(from + LookedUpAtOnce, items.Count); i++)
                {
                    hashes[i] = items[i].ContentHash();
                }
            },
            ct);
    }

    /// <summary>Prices every variant; those without a price are dropped.</summary>
    /// <returns>Why nothing of it can be sold, or null.</returns>
    private static SkippedItem? Price(string supplier, ImportState state, Guid id, SupplierProduct item, PreparedProduct product)
    {
        var offers = state.Offers(id, product);
        SkippedItem? firstProblem = null;
        product.Variants.RemoveAll(variant =>
        {
            var result = state.Book.PriceVariant(new PricingInput(
                supplier, product.CategoryId, product.WeightGrams, variant.CostCurrency, variant.Costs, offers));
            variant.Prices = result.Prices;
            if (result.SkipReason is { } reason)
            {
                firstProblem ??= ProductPreparation.Skip(item, reason, result.Detail);
            }

            return result.SkipReason is not null;
        });
        return product.Variants.Count == 0 ? firstProblem : null;
    }

    private static QualityVerdict Judge(ImportState state, PreparedProduct product)
    {
        if (state.Filters.IsEmpty)
        {
            return QualityVerdict.Passes;
        }

        var cheapest = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var price in product.Variants.SelectMany(v => v.Prices.GroupBy(p => p.Currency, (_, breaks) => breaks.MinBy(b => b.MinQuantity))))
        {
            cheapest[price.Currency] = Math.Min(price.Amount, cheapest.GetValueOrDefault(price.Currency, long.MaxValue));
        }

        var facts = new QualityFacts(
            PlainText.Fold(product.NameFr is null ? product.Name : product.Name + " " + product.NameFr),
            product.SellerRating,
            product.Rating,
            product.ReviewCount,
            product.Variants.Sum(v => (long)v.OnHand),
            product.Images.Length > 0,
            product.CategoryId);
        return state.Filters.Judge(facts, state.Book.Markets, cheapest);
    }
}
