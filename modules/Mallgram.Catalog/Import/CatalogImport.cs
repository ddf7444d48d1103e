using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Text;
using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Catalog.Import;

internal sealed class CatalogImport(StoreDatabase database, StoreScope scope, IStores stores, TimeProvider clock) : ICatalogImport
{
    private const int MaxBatch = 1000;

    // One anti-join by hash decides what is written at all. What the import itself hid comes back even with the old content.
    private const string Compare =
        """
        select g.n::int, p.id, p.content_hash = g.content_hash and p.hidden_by is distinct from 'supplier'
        from unnest($2, $3) with ordinality g(external_id, content_hash, n)
        join catalog.products p on p.supplier = $1 and p.external_id = g.external_id
        """;

    private const string DefaultRule = "select markup_percent, rounding_step, ending from catalog.price_rules where is_default";

    private const string NewestRates =
        """
        select distinct on (base) base, id, rate from catalog.exchange_rates
        where quote = $1 and base = any($2) and as_of <= (now() at time zone 'utc')::date
        order by base, as_of desc, source
        """;

    private const string Hide =
        """
        with hidden as (
            update catalog.products set status = 'hidden', hidden_by = 'supplier'
            where supplier = $1 and external_id = any($2) and status = 'active' returning store_id, id),
        unlisted as (
            delete from catalog.listings l using hidden h where l.store_id = h.store_id and l.product_id = h.id)
        select count(*) from hidden
        """;

    public async Task<ImportResult> ImportAsync(
        string supplier,
        IReadOnlyList<SupplierProduct> products,
        Func<ImportResult, IReadOnlyList<NpgsqlBatchCommand>> alongside,
        CancellationToken ct)
    {
        if (products.Count > MaxBatch)
        {
            throw new ArgumentException($"At most {MaxBatch} products go into one transaction.", nameof(products));
        }

        await using var transaction = await database.BeginAsync(ct);
        if (products.Count == 0)
        {
            return await FinishAsync(transaction, [], new ImportResult(0, 0, 0, 0, []), alongside, ct);
        }

        var skipped = new List<SkippedItem>();
        var items = Distinct(products, skipped);
        var hashes = items.ConvertAll(p => p.ContentHash());
        var currency = (await stores.GetAsync(scope.StoreId, ct)).Currency;
        var (known, pricing) = await CompareAsync(transaction, supplier, items, hashes, currency, ct);

        var changed = new List<(Guid Id, PreparedProduct Product)>();
        var unsaleable = new List<string>();
        int created = 0, updated = 0, unchanged = 0;
        for (var i = 0; i < items.Count; i++)
        {
            Guid? knownId = known.TryGetValue(i, out var match) ? match.Id : null;
            if (match.IsSame)
            {
                unchanged++;
                continue;
            }

            var (prepared, problem) = ProductPreparation.Prepare(supplier, items[i], hashes[i], pricing);
            if (prepared is null)
            {
                skipped.Add(problem!);
                if (knownId is not null)
                {
                    unsaleable.Add(items[i].ExternalId);
                }

                continue;
            }

            changed.Add((knownId ?? PublicId.New(clock), prepared));
            created += knownId is null ? 1 : 0;
            updated += knownId is null ? 0 : 1;
        }

        var hidden = unsaleable.Count == 0 ? 0 : await HideAsync(transaction, supplier, unsaleable, ct);
        var writes = new List<NpgsqlBatchCommand>();
        if (changed.Count > 0)
        {
            await ProductStaging.FillAsync(transaction, changed, () => PublicId.New(clock), ct);
            writes.AddRange(ProductStaging.Apply(supplier, currency.Code));
        }

        return await FinishAsync(transaction, writes, new ImportResult(created, updated, unchanged, hidden, skipped), alongside, ct);
    }

    public async Task<ImportResult> ImportCategoriesAsync(
        string supplier,
        IReadOnlyList<SupplierCategory> categories,
        Func<ImportResult, IReadOnlyList<NpgsqlBatchCommand>> alongside,
        CancellationToken ct)
    {
        var tree = CategoryTree.Build(categories);
        await using var transaction = await database.BeginAsync(ct);
        var known = new Dictionary<string, CategoryRow>(StringComparer.Ordinal);
        var slugs = new HashSet<string>(StringComparer.Ordinal);
        await using (var rows = await transaction.QueryAsync(
            ct, Sql.Command("select supplier, external_id, id, parent_id, slug, name, name_fr, path, path_fr from catalog.categories")))
        {
            while (await rows.ReadAsync(ct))
            {
                slugs.Add(rows.GetString(4));
                if (rows.GetString(0) == supplier)
                {
                    known.Add(rows.GetString(1), new CategoryRow(
                        rows.GetGuid(2), rows.IsDBNull(3) ? null : rows.GetGuid(3), rows.GetString(4), rows.GetString(5),
                        rows.IsDBNull(6) ? null : rows.GetString(6), rows.GetString(7), rows.IsDBNull(8) ? null : rows.GetString(8)));
                }
            }
        }

        var placed = new Dictionary<string, CategoryRow>(StringComparer.Ordinal);
        var changed = new List<(string ExternalId, CategoryRow Row)>();
        var created = 0;
        foreach (var node in tree.Nodes)
        {
            var before = known.GetValueOrDefault(node.ExternalId);
            var parent = node.Parent is null ? null : placed[node.Parent.ExternalId];
            var row = new CategoryRow(
                before?.Id ?? PublicId.New(clock), parent?.Id, before?.Slug ?? NewSlug(node, parent, supplier, slugs),
                node.Name, node.NameFr, node.Path, node.PathFr);
            placed.Add(node.ExternalId, row);
            if (row != before)
            {
                changed.Add((node.ExternalId, row));
                created += before is null ? 1 : 0;
            }
        }

        return await FinishAsync(
            transaction,
            changed.Count == 0 ? [] : [UpsertCategories(supplier, changed)],
            new ImportResult(created, changed.Count - created, tree.Nodes.Count - changed.Count, 0, tree.Problems),
            alongside,
            ct);
    }

    public async Task<int> HideAsync(
        string supplier, IReadOnlyList<string> externalIds, IReadOnlyList<NpgsqlBatchCommand> alongside, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var hidden = await HideAsync(transaction, supplier, externalIds, ct);
        await transaction.ExecuteAsync(ct, alongside);
        await transaction.CommitAsync(ct);
        return hidden;
    }

    private static async Task<int> HideAsync(
        StoreTransaction transaction, string supplier, IEnumerable<string> externalIds, CancellationToken ct)
    {
        await using var rows = await transaction.QueryAsync(ct, Sql.Command(Hide, Sql.Text(supplier), Sql.Texts([.. externalIds])));
        await rows.ReadAsync(ct);
        return (int)rows.GetInt64(0);
    }

    private static async Task<ImportResult> FinishAsync(
        StoreTransaction transaction,
        List<NpgsqlBatchCommand> writes,
        ImportResult result,
        Func<ImportResult, IReadOnlyList<NpgsqlBatchCommand>> alongside,
        CancellationToken ct)
    {
        writes.AddRange(alongside(result));
        if (writes.Count > 0)
        {
            await transaction.ExecuteAsync(ct, writes);
        }

        await transaction.CommitAsync(ct);
        return result;
    }

    private static List<SupplierProduct> Distinct(IReadOnlyList<SupplierProduct> products, List<SkippedItem> skipped)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var items = new List<SupplierProduct>(products.Count);
        foreach (var product in products)
        {
            if (seen.Add(product.ExternalId))
            {
                items.Add(product);
            }
            else
            {
                skipped.Add(new SkippedItem(product.ExternalId, SkipReasons.Duplicate, Detail: null));
            }
        }

        return items;
    }

    private static async Task<(Dictionary<int, (Guid Id, bool IsSame)> Known, PriceContext Pricing)> CompareAsync(
        StoreTransaction transaction, string supplier, List<SupplierProduct> items, List<byte[]> hashes, Currency currency, CancellationToken ct)
    {
        var currencies = items.SelectMany(i => i.Variants).Select(v => v.CostCurrency).Distinct(StringComparer.Ordinal).ToArray();
        await using var rows = await transaction.QueryAsync(
            ct,
            Sql.Command(
                Compare,
                Sql.Text(supplier),
                Sql.Texts([.. items.Select(i => i.ExternalId)]),
                new NpgsqlParameter<byte[][]> { TypedValue = [.. hashes], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea }),
            Sql.Command(DefaultRule),
            Sql.Command(NewestRates, Sql.Text(currency.Code), Sql.Texts(currencies)));
        var known = new Dictionary<int, (Guid, bool)>();
        while (await rows.ReadAsync(ct))
        {
            known.Add(rows.GetInt32(0) - 1, (rows.GetGuid(1), rows.GetBoolean(2)));
        }

        await rows.NextResultAsync(ct);
        if (!await rows.ReadAsync(ct))
        {
            throw new InvalidOperationException("The store has no default price rule, so nothing can be priced.");
        }

        var rule = new PriceRule(rows.GetDecimal(0), rows.GetInt64(1), rows.GetInt64(2));
        await rows.NextResultAsync(ct);
        var rates = new Dictionary<string, (Guid?, decimal)>(StringComparer.Ordinal) { [currency.Code] = (null, 1m) };
        while (await rows.ReadAsync(ct))
        {
            rates[rows.GetString(0)] = (rows.GetGuid(1), rows.GetDecimal(2));
        }

        return (known, new PriceContext(currency, rule, rates));
    }

    private static string NewSlug(CategoryNode node, CategoryRow? parent, string supplier, HashSet<string> taken)
    {
        var slug = PlainText.Slug(node.Name);
        if (taken.Add(slug))
        {
            return slug;
        }

        if (parent is not null && taken.Add(parent.Slug + "-" + slug))
        {
            return parent.Slug + "-" + slug;
        }

        slug += "-" + StableCode.Of(8, supplier, node.ExternalId);
        taken.Add(slug);
        return slug;
    }

    private static NpgsqlBatchCommand UpsertCategories(string supplier, List<(string ExternalId, CategoryRow Row)> changed) => Sql.Command(
        """
        insert into catalog.categories (store_id, supplier, external_id, id, parent_id, slug, name, name_fr, path, path_fr)
        select kernel.current_store(), $1, c.* from unnest($2, $3, $4, $5, $6, $7, $8, $9) c
        on conflict (store_id, id) do update set
            parent_id = excluded.parent_id, name = excluded.name, name_fr = excluded.name_fr, path = excluded.path, path_fr = excluded.path_fr
        """,
        Sql.Text(supplier),
        Sql.Texts([.. changed.Select(c => c.ExternalId)]),
        Sql.Uuids([.. changed.Select(c => c.Row.Id)]),
        new NpgsqlParameter<Guid?[]>
        {
            TypedValue = [.. changed.Select(c => c.Row.ParentId)],
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid,
        },
        Sql.Texts([.. changed.Select(c => c.Row.Slug)]),
        Sql.Texts([.. changed.Select(c => c.Row.Name)]),
        Sql.Texts([.. changed.Select(c => c.Row.NameFr!)]),
        Sql.Texts([.. changed.Select(c => c.Row.Path)]),
        Sql.Texts([.. changed.Select(c => c.Row.PathFr!)]));

    private sealed record CategoryRow(Guid Id, Guid? ParentId, string Slug, string Name, string? NameFr, string Path, string? PathFr);
}
