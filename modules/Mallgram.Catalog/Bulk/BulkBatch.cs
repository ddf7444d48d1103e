using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Import;
using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Catalog.Bulk;

/// <summary>What became of some rows.</summary>
internal sealed class BatchOutcome
{
    public int Created { get; set; }

    public int Updated { get; set; }

    public int Unchanged { get; set; }

    public List<(BulkRecord Record, IReadOnlyList<RowError> Errors)> Failed { get; } = [];
}

/// <summary>Somebody else changed a product while a batch worked on it; the batch is to be done again.</summary>
internal sealed class BatchOvertakenException() : Exception("A product was changed meanwhile.");

/// <summary>
/// Some rows against the catalogue: reads what they name, puts their cells on it, and writes only what differs, in the caller's transaction.
/// </summary>
/// <param name="room">Products that the store's plan has room for; null: no limit.</param>
internal sealed class BulkBatch(BulkImport import, CatalogNames names, long? room, TimeProvider clock)
{
    private const string Resolve =
        """
        select v.product_id, v.sku, v.active from catalog.variants v where v.id = any($1)
        union all
        select v.product_id, v.sku, v.active from catalog.variants v where v.sku = any($2)
        union all
        select p.id, null, true from catalog.products p where p.id = any($3)
        union all
        select p.id, null, true from catalog.products p where p.slug = any($4)
        union all
        select p.id, null, true from unnest($5, $6) e(supplier, external_id)
        join catalog.products p on p.supplier = e.supplier and p.external_id = e.external_id
        """;

    private static readonly HashSet<string> Keys = new(StringComparer.Ordinal)
    {
        BulkColumns.Id, BulkColumns.Sku, BulkColumns.Supplier, BulkColumns.ExternalId, BulkColumns.Product,
    };

    private readonly Dictionary<string, (ProductDraft Product, VariantDraft Variant)> _bySku = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ProductDraft> _bySlug = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), ProductDraft> _byExternalId = [];
    private readonly HashSet<string> _takenSkus = new(StringComparer.Ordinal);
    private readonly List<ProductDraft> _products = [];
    private CatalogSnapshot _snapshot = new();
    private PriceBook _book = null!;
    private int _made;
    private RowContext _context = null!;

    /// <summary>All but the commit. Nothing is written in a dry run.</summary>
    public async Task<BatchOutcome> RunAsync(StoreTransaction transaction, IReadOnlyList<BulkRecord> records, CancellationToken ct)
    {
        if (import.Options.CreateMissingCategories)
        {
            await names.CreateCategoriesAsync(
                transaction,
                records.SelectMany(r => r.Variants).Select(c => c.GetValueOrDefault(BulkColumns.Category)).Where(c => c is not null and not BulkCell.Clear)!,
                import.IsDryRun,
                ct);
        }

        await LoadAsync(transaction, [.. records.SelectMany(r => r.Variants)], ct);
        var outcome = new BatchOutcome();
        foreach (var record in records)
        {
            Apply(record, outcome);
        }

        var changed = _products.FindAll(p => p.Now is not null && p.IsChanged);
        if (changed.Count > 0 && !import.IsDryRun)
        {
            await new BulkWrites(transaction, import, clock).WriteAsync(changed, _book, ct);
        }

        return outcome;
    }

    /// <summary>What makes two rows the same one.</summary>
    public static IEnumerable<string> Identities(Dictionary<string, string> cells)
    {
        var (id, sku) = (cells.GetValueOrDefault(BulkColumns.Id), cells.GetValueOrDefault(BulkColumns.Sku));
        if (id is not null && (sku is null || id.StartsWith(PublicId.Variant + "_", StringComparison.Ordinal)))
        {
            yield return "id " + id;
        }

        if (sku is not null)
        {
            yield return "sku " + sku;
        }

        if (id is null && sku is null && cells.TryGetValue(BulkColumns.ExternalId, out var externalId))
        {
            yield return "ext " + cells.GetValueOrDefault(BulkColumns.Supplier) + " " + externalId;
        }
    }

    /// <summary>The slug that a handle of the column <c>product</c> stands for: itself when it looks like one.</summary>
    public static string SlugOf(string handle) =>
        handle.Length <= 100 && handle.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? handle
            : PlainText.Slug(handle) + "-" + StableCode.Of(8, "handle", handle);

    private async Task LoadAsync(StoreTransaction transaction, List<Dictionary<string, string>> rows, CancellationToken ct)
    {
        var (variants, products, skus, slugs) = (new List<Guid>(), new List<Guid>(), new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var externals = new HashSet<(string Supplier, string Id)>();
        foreach (var cells in rows)
        {
            if (PublicId.TryParse(PublicId.Variant, cells.GetValueOrDefault(BulkColumns.Id), out var variant))
            {
                variants.Add(variant);
            }
            else if (PublicId.TryParse(PublicId.Product, cells.GetValueOrDefault(BulkColumns.Id), out var product))
            {
                products.Add(product);
            }

            if (OwnSku(cells) is { } sku)
            {
                skus.Add(sku);
            }

            if (cells.TryGetValue(BulkColumns.Supplier, out var supplier) && cells.TryGetValue(BulkColumns.ExternalId, out var externalId))
            {
                externals.Add((supplier, externalId));
            }

            if (cells.TryGetValue(BulkColumns.Product, out var handle))
            {
                slugs.Add(SlugOf(handle));
            }
        }

        if (!import.IsDryRun)
        {
            // Before anything is read that prices are made from.
            await transaction.ExecuteAsync(ct, Sql.Command("call catalog.lock_prices()"));
        }

        var found = new HashSet<Guid>();
        await using (var reader = await transaction.QueryAsync(ct, Sql.Command(
            Resolve, Sql.Uuids([.. variants]), Sql.Texts([.. skus]), Sql.Uuids([.. products]), Sql.Texts([.. slugs]),
            Sql.Texts([.. externals.Select(e => e.Supplier)]), Sql.Texts([.. externals.Select(e => e.Id)]))))
        {
            while (await reader.ReadAsync(ct))
            {
                found.Add(reader.GetGuid(0));
                if (!reader.IsDBNull(1))
                {
                    _takenSkus.Add(reader.GetString(1));
                }
            }
        }

        _snapshot = await CatalogSnapshot.LoadAsync(transaction, [.. found], ct);
        var currencies = rows.Select(r => r.GetValueOrDefault(BulkColumns.CostCurrency)?.ToUpperInvariant())
            .Concat(_snapshot.VariantsById.Values.Select(v => v.Variant.Now.CostCurrency)).OfType<string>()
            .Where(c => Mallgram.Kernel.Currency.TryFind(c, out _)).Distinct(StringComparer.Ordinal);
        await using (var reader = await transaction.QueryAsync(ct, [.. PriceBook.LoadToShow(currencies)]))
        {
            _book = await PriceBook.ReadAsync(reader, ct);
        }

        _context = new RowContext(names.Categories, names.Attributes, [.. _book.Markets.Select(m => m.Currency)]);
        foreach (var product in _snapshot.All)
        {
            _products.Add(product);
            _bySlug[product.Slug] = product;
            if (product is { Supplier: { } supplier, ExternalId: { } externalId })
            {
                _byExternalId[(supplier, externalId)] = product;
            }

            foreach (var variant in product.Variants)
            {
                _bySku[variant.Now.Sku] = (product, variant);
            }
        }
    }

    private void Apply(BulkRecord record, BatchOutcome outcome)
    {
        if (record.Error is { } unreadable)
        {
            outcome.Failed.Add((record, [unreadable]));
            return;
        }

        // A record stands or falls as one: what its variants did is taken back when one of them is wrong.
        var undo = new Stack<Action>();
        var (created, changed) = (false, false);
        foreach (var cells in record.Variants)
        {
            var (errors, isNew, isChanged) = Apply(cells, undo);
            if (errors.Count > 0)
            {
                while (undo.TryPop(out var step))
                {
                    step();
                }

                outcome.Failed.Add((record, errors));
                return;
            }

            created |= isNew;
            changed |= isChanged;
        }

        outcome.Created += created ? 1 : 0;
        outcome.Updated += changed && !created ? 1 : 0;
        outcome.Unchanged += changed || created ? 0 : 1;
    }

    private (IReadOnlyList<RowError> Errors, bool IsNew, bool IsChanged) Apply(Dictionary<string, string> cells, Stack<Action> undo)
    {
        var (product, variant, problem) = Find(cells);
        if (problem is not null)
        {
            return ([problem], false, false);
        }

        var sku = OwnSku(cells);
        var makesVariant = variant is null && (product is null || sku is not null);
        if (Refuse(cells, product, variant, makesVariant, sku) is { } refused)
        {
            return ([refused], false, false);
        }

        var before = variant?.Now ?? new VariantValues(sku ?? "", "", 0, null, null);
        var edit = new RowEdit(_context, cells, product?.Now, before);
        edit.Apply();
        if (edit.Variant.Sku != before.Sku && (_takenSkus.Contains(edit.Variant.Sku) || _bySku.ContainsKey(edit.Variant.Sku)))
        {
            edit.Fail(BulkColumns.Sku, "sku_taken", "belongs to another variant", "appartient à une autre variante");
        }

        var said = cells.Where(c => !Keys.Contains(c.Key) && !BulkColumns.OfVariant.Contains(c.Key)).ToList();
        foreach (var (column, cell) in said)
        {
            if (product is not null && product.Said.TryGetValue(column, out var other) && other != cell)
            {
                edit.Fail(column, "conflicting_values", "differs from what an earlier row says of the same product",
                    "diffère de ce qu'une ligne précédente dit du même produit");
            }
        }

        if (product?.Supplier is not null && (edit.Variant.Cost, edit.Variant.CostCurrency) != (before.Cost, before.CostCurrency))
        {
            edit.Fail(BulkColumns.Cost, "supplier_cost", "is the supplier's and cannot be changed here", "est celui du fournisseur et ne peut être changé ici");
        }

        var given = Given(edit, product, variant, makesVariant);
        if (edit.Errors.Count == 0)
        {
            CheckCost(edit, product, variant, given, makesVariant);
        }

        if (edit.Errors.Count > 0)
        {
            return (edit.Errors, false, false);
        }

        return Take(cells, product, variant, makesVariant, edit, given, said, undo);
    }

    private (ProductDraft? Product, VariantDraft? Variant, RowError? Problem) Find(Dictionary<string, string> cells)
    {
        var handle = cells.TryGetValue(BulkColumns.Product, out var text) ? SlugOf(text) : null;
        var named = handle is null ? null : _bySlug.GetValueOrDefault(handle);
        ProductDraft? product = null;
        VariantDraft? variant = null;
        if (cells.TryGetValue(BulkColumns.Id, out var id))
        {
            if (PublicId.TryParse(PublicId.Variant, id, out var variantId) && _snapshot.VariantsById.TryGetValue(variantId, out var found))
            {
                (product, variant) = found;
            }
            else if (PublicId.TryParse(PublicId.Product, id, out var productId) && _snapshot.ById.TryGetValue(productId, out product))
            {
                variant = cells.TryGetValue(BulkColumns.Sku, out var sku) ? product.Variants.Find(v => v.Now.Sku == sku) : null;
            }
            else
            {
                return Problem(BulkColumns.Id, "unknown_id", "is no product or variant of this store", "n'est ni un produit ni une variante de cette boutique");
            }
        }
        else if (cells.TryGetValue(BulkColumns.Sku, out var sku) && _bySku.TryGetValue(sku, out var bySku))
        {
            (product, variant) = bySku;
        }
        else if (cells.TryGetValue(BulkColumns.Supplier, out var supplier))
        {
            if (!cells.TryGetValue(BulkColumns.ExternalId, out var externalId) || !_byExternalId.TryGetValue((supplier, externalId), out product))
            {
                return Problem(
                    BulkColumns.Supplier, "unknown_product", "has no such product here; goods of suppliers come in by their sync",
                    "n'a pas ce produit ici ; les produits des fournisseurs arrivent par leur synchronisation");
            }
        }
        else if (OwnSku(cells) is { } own && _bySku.TryGetValue(own, out bySku))
        {
            (product, variant) = bySku;
        }

        if (product is not null && named is not null && named != product)
        {
            return Problem(BulkColumns.Product, "product_mismatch", "is another product than the row's", "est un autre produit que celui de la ligne");
        }

        product ??= named;
        if (product is not null && variant is null && OwnSku(cells) is null && product.Variants.Count == 1)
        {
            variant = product.Variants[0];
        }

        return (product, variant, null);

        static (ProductDraft?, VariantDraft?, RowError?) Problem(string column, string code, string english, string french) =>
            (null, null, new RowError(column, code, english, french));
    }

    private RowError? Refuse(Dictionary<string, string> cells, ProductDraft? product, VariantDraft? variant, bool makesVariant, string? sku)
    {
        if (makesVariant && sku is null)
        {
            return new RowError(null, "missing_key", "needs id, sku or external_id", "doit avoir id, sku ou external_id");
        }

        if (makesVariant && import.Mode == BulkModes.UpdateOnly)
        {
            return new RowError(null, "not_found", "matches nothing in the store, and only updates were asked for",
                "ne correspond à rien dans la boutique, et seules des mises à jour sont demandées");
        }

        if (!makesVariant && import.Mode == BulkModes.CreateOnly && variant is not { IsNew: true })
        {
            return new RowError(null, "exists", "is in the store already, and only new ones were asked for",
                "existe déjà dans la boutique, et seules des créations sont demandées");
        }

        if (makesVariant && product?.Supplier is not null)
        {
            return new RowError(BulkColumns.Sku, "supplier_variant", "is new, but the product's variants are the supplier's",
                "est nouveau, mais les variantes du produit sont celles du fournisseur");
        }

        if (product is null && _made >= room)
        {
            return new RowError(null, SkipReasons.PlanLimit, "is new, and the store has as many products as its plan allows",
                "est nouveau, et la boutique a autant de produits que sa formule en permet");
        }

        if (makesVariant && _takenSkus.Contains(sku!) && !_bySku.ContainsKey(sku!))
        {
            return new RowError(BulkColumns.Sku, "sku_taken", "belongs to a variant that is no longer sold", "appartient à une variante qui n'est plus vendue");
        }

        return variant is null && !makesVariant && cells.Keys.Any(c => c != BulkColumns.Id && c is not (BulkColumns.Currency or BulkColumns.CostCurrency) && BulkColumns.OfVariant.Contains(c))
            ? new RowError(BulkColumns.Id, "ambiguous_variant", "is a product of several variants: say which by sku or var_ id",
                "est un produit à plusieurs variantes : dites laquelle par sku ou id var_")
            : null;
    }

    private static KeyValuePair<string, PriceRow>? Given(RowEdit edit, ProductDraft? product, VariantDraft? variant, bool makesVariant)
    {
        if (edit.Price is not { } price)
        {
            if (makesVariant && edit.Variant.Cost is null && edit.Errors.Count == 0)
            {
                edit.Fail(BulkColumns.Price, "required", "or a cost is required for something new", "ou un coût est obligatoire pour toute nouveauté");
            }

            return null;
        }

        var baseQuantity = product?.Before?.Offers.BaseQuantity ?? 1;
        PriceRow? now = variant is null ? null
            : variant.Given.TryGetValue(price.Currency, out var earlier) ? earlier
            : variant.Prices.TryGetValue((price.Currency, baseQuantity), out var row) ? row : null;
        if ((price.Amount ?? now?.Amount) is not { } amount)
        {
            if (edit.Errors.Count == 0)
            {
                edit.Fail(BulkColumns.Price, "required", "is required with compare_at_price", "est obligatoire avec compare_at_price");
            }

            return null;
        }

        var compareAt = price.SetsCompareAt ? price.CompareAt : now?.CompareAt;
        if (compareAt <= amount)
        {
            if (price.SetsCompareAt && price.CompareAt != now?.CompareAt)
            {
                edit.Fail(BulkColumns.CompareAtPrice, "bad_price", "must be above the price", "doit être supérieur au prix");
            }

            compareAt = null;
        }

        return (amount, compareAt) == (now?.Amount, now?.CompareAt) ? null : KeyValuePair.Create(price.Currency, new PriceRow(amount, compareAt, IsPersons: true));
    }

    /// <summary>A new cost that nothing can be priced from is only taken together with a price.</summary>
    private void CheckCost(RowEdit edit, ProductDraft? product, VariantDraft? variant, KeyValuePair<string, PriceRow>? given, bool makesVariant)
    {
        if (edit.Variant is not { Cost: { } cost, CostCurrency: { } currency } || given?.Key == _book.DefaultMarket.Currency.Code
            || (!makesVariant && (variant!.Before?.Cost, variant.Before?.CostCurrency) == (cost, currency)))
        {
            return;
        }

        var offers = edit.Product.Offers;
        var result = _book.PriceVariant(new PricingInput(
            product?.Supplier, edit.Product.CategoryId, edit.Product.WeightGrams, currency, [new CostBreak(offers.BaseQuantity, cost, null)], offers.Terms()));
        if (result.SkipReason is { } reason)
        {
            edit.Fail(BulkColumns.Cost, reason, $"gives no price ({result.Detail})", $"ne donne pas de prix ({result.Detail})");
        }
    }

    private (IReadOnlyList<RowError> Errors, bool IsNew, bool IsChanged) Take(
        Dictionary<string, string> cells, ProductDraft? product, VariantDraft? variant, bool makesVariant, RowEdit edit,
        KeyValuePair<string, PriceRow>? given, List<KeyValuePair<string, string>> said, Stack<Action> undo)
    {
        if (product is null)
        {
            var slug = cells.TryGetValue(BulkColumns.Product, out var handle)
                ? SlugOf(handle)
                : PlainText.Slug(edit.Product.Name) + "-" + StableCode.Of(8, "own", edit.Variant.Sku);
            product = new ProductDraft { Id = PublicId.New(clock), Slug = slug };
            var made = product;
            _products.Add(made);
            _bySlug[slug] = made;
            _made++;
            undo.Push(() =>
            {
                _made--;
                _products.Remove(made);
                _bySlug.Remove(slug);
            });
        }

        var target = product;
        var (productBefore, variantBefore) = (target.Now, variant?.Now);
        target.Now = edit.Product;
        undo.Push(() => target.Now = productBefore);
        foreach (var (column, cell) in said)
        {
            if (target.Said.TryAdd(column, cell))
            {
                undo.Push(() => target.Said.Remove(column));
            }
        }

        if (makesVariant)
        {
            variant = new VariantDraft
            {
                Id = PublicId.New(clock),
                Position = target.Variants.Count == 0 ? 0 : target.Variants.Max(v => v.Position) + 1,
                Now = edit.Variant,
            };
            var added = variant;
            target.Variants.Add(added);
            undo.Push(() => target.Variants.Remove(added));
        }

        if (variant is not null)
        {
            variant.Now = edit.Variant;
            var sku = edit.Variant.Sku;
            if (_bySku.TryAdd(sku, (target, variant)))
            {
                undo.Push(() => _bySku.Remove(sku));
            }

            if (variantBefore is not null)
            {
                undo.Push(() => variant.Now = variantBefore);
            }

            if (given is { } price)
            {
                PriceRow? earlier = variant.Given.TryGetValue(price.Key, out var known) ? known : null;
                variant.Given[price.Key] = price.Value;
                undo.Push(() =>
                {
                    if (earlier is { } row)
                    {
                        variant.Given[price.Key] = row;
                    }
                    else
                    {
                        variant.Given.Remove(price.Key);
                    }
                });
            }
        }

        return ([], makesVariant, productBefore != edit.Product || (variantBefore is not null && variantBefore != edit.Variant) || given is not null);
    }

    /// <summary>Goods of the merchant's own without a sku are known by the id they have elsewhere.</summary>
    private static string? OwnSku(Dictionary<string, string> cells) =>
        cells.GetValueOrDefault(BulkColumns.Sku) ?? (cells.ContainsKey(BulkColumns.Supplier) || cells.ContainsKey(BulkColumns.Id) ? null : cells.GetValueOrDefault(BulkColumns.ExternalId));
}
