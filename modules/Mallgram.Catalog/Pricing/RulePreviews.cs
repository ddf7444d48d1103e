using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Catalog.Pricing;

/// <param name="RuleId"><c>rul_…</c> of the rule that this one is to replace; left out: a new rule.</param>
/// <param name="Currency">Market to show prices of; the store's own when left out.</param>
/// <param name="Supplier">Only products of this supplier.</param>
/// <param name="CategoryId">Only products of this category and below.</param>
internal sealed record RulePreviewRequest(PriceRuleRequest? Rule, string? RuleId, string? Currency, string? Supplier, string? CategoryId);

/// <summary>Landed cost of one unit with its parts, all in the market's currency.</summary>
internal sealed record LandedCostView(Money Total, Money Goods, Money FxBuffer, Money Freight, Money Duty, Money Tax, Money GatewayFee)
{
    public static LandedCostView Of(LandedCost cost, Currency currency) => new(
        new Money(cost.Total, currency), new Money(cost.Goods, currency), new Money(cost.FxBuffer, currency), new Money(cost.Freight, currency),
        new Money(cost.Duty, currency), new Money(cost.Tax, currency), new Money(cost.GatewayFee, currency));
}

/// <summary>A product's price for its first variant at the smallest quantity the change touches.</summary>
/// <param name="Cost">Major units of <paramref name="CostCurrency"/>.</param>
/// <param name="PriceNow">As stored; null when it has none.</param>
/// <param name="PriceThen">Null when it would have none. A locked price stays.</param>
/// <param name="MarginNowPercent">Of the price, over landed cost; one decimal.</param>
/// <param name="RuleThen"><c>rul_…</c> that would make the price; null: the rule that is previewed.</param>
/// <param name="Locked">Set by a person: no rule changes it.</param>
internal sealed record PreviewedProduct(
    string ProductId,
    string Name,
    string VariantId,
    string? VariantName,
    int MinQuantity,
    decimal Cost,
    string CostCurrency,
    LandedCostView LandedCost,
    Money? PriceNow,
    Money? PriceThen,
    Money? CompareAtThen,
    decimal? MarginNowPercent,
    decimal? MarginThenPercent,
    string? RuleThen,
    bool Locked);

/// <param name="Data">Up to 20 products the rule would price, newest first.</param>
/// <param name="Scanned">Products looked at, newest first.</param>
/// <param name="WouldChange">Of the scanned, those that would get another price in any market.</param>
/// <param name="Complete">All products that the rule and the filter can concern were scanned, so the counts are exact.</param>
internal sealed record RulePreview(IReadOnlyList<PreviewedProduct> Data, int Scanned, int WouldChange, bool Complete);

/// <summary>Shows what a rule would do before it is saved. Writes nothing and waits for nobody.</summary>
internal sealed class RulePreviews(StoreDatabase database, StoreScope scope, TimeProvider clock)
{
    private const int Shown = 20;

    /// <summary>Products a preview looks at: about a second of work.</summary>
    private const int MostScanned = 5000;

    private const int PageSize = 500;

    private const string Prices =
        "select variant_id, currency, min_quantity, amount, set_by_person from catalog.prices where variant_id = any($1)";

    private const string Names =
        """
        select v.id, case when $2 then coalesce(p.name_fr, p.name) else p.name end, v.name
        from catalog.variants v join catalog.products p on p.store_id = v.store_id and p.id = v.product_id where v.id = any($1)
        """;

    /// <exception cref="ProblemException">404 for an unknown rule to replace, 422 for what is not valid.</exception>
    public async Task<RulePreview> PreviewAsync(RulePreviewRequest request, CancellationToken ct)
    {
        if (request.Rule is not { } wanted)
        {
            var missing = new FieldErrors();
            missing.Add("rule", "is required", "est obligatoire");
            throw new ProblemException(CommonProblems.ValidationFailed) { Fields = missing };
        }

        Guid? replaced = null;
        if (request.RuleId is not null)
        {
            replaced = PublicId.TryParse(PriceRuleEndpoints.RuleId, request.RuleId, out var id)
                ? id : throw new ProblemException(PricingProblems.RuleNotFound);
        }

        await using var transaction = await database.BeginAsync(ct);
        var (isDefault, category, _) = await PriceRuleEndpoints.ReadContextAsync(transaction, replaced, wanted, ct);
        var rule = wanted.ToRule(replaced ?? PublicId.New(clock), isDefault, category, "rule.");
        PriceBook now;
        await using (var reader = await transaction.QueryAsync(ct, PriceBook.LoadToShow()))
        {
            now = await PriceBook.ReadAsync(reader, ct);
        }

        var then = wanted.Active == false && !isDefault ? now.Without(rule.Id) : now.With(rule);
        var market = now.DefaultMarket;
        var errors = new FieldErrors();
        if (request.Currency is not null)
        {
            market = now.Markets.FirstOrDefault(m => m.Currency.Code == request.Currency);
            if (market is null)
            {
                errors.Add("currency", "is no market of this store", "n'est pas un marché de cette boutique");
            }
        }

        Guid? filterCategory = null;
        if (request.CategoryId is not null)
        {
            filterCategory = PublicId.TryParse(PublicId.Category, request.CategoryId, out var filter) ? filter : Guid.Empty;
        }

        if (request.Supplier?.Contains('\0', StringComparison.Ordinal) == true)
        {
            errors.Add("supplier", "is no supplier", "n'est pas un fournisseur");
        }

        errors.ThrowIfAny();

        // A rule that is narrowed or moved also concerns what it let go of: only a new rule's own conditions may narrow the look.
        var supplier = request.Supplier ?? (replaced is null ? rule.Supplier : null);
        filterCategory ??= replaced is null ? wanted.Category : null;
        return await ScanAsync(transaction, new Comparison(now, then, rule, market!), supplier, filterCategory, ct);
    }

    private async Task<RulePreview> ScanAsync(
        StoreTransaction transaction, Comparison books, string? supplier, Guid? categoryId, CancellationToken ct)
    {
        var shown = new List<(PricedVariant Variant, MadePrice? Then, CostBreak Cost)>();
        var (scanned, changes) = (0, 0);
        Guid? before = null;
        var complete = false;
        while (scanned < MostScanned && !complete)
        {
            var page = new List<PricedVariant>();
            await using (var reader = await transaction.QueryAsync(ct, [PricedVariants.OnSale(before, PageSize, supplier, categoryId)]))
            {
                await foreach (var variant in PricedVariants.ReadAsync(reader, ct))
                {
                    page.Add(variant);
                }
            }

            var products = page.GroupBy(v => v.ProductId).OrderByDescending(g => g.Key, UuidOrder).ToList();
            foreach (var product in products)
            {
                scanned++;
                before = product.Key;
                var (changed, first) = books.Compare(product);
                changes += changed ? 1 : 0;
                if (first is { } example && shown.Count < Shown)
                {
                    shown.Add(example);
                }
            }

            complete = products.Count < PageSize;
        }

        return new RulePreview(await DescribeAsync(transaction, books, shown, ct), scanned, changes, complete);
    }

    private async Task<List<PreviewedProduct>> DescribeAsync(
        StoreTransaction transaction, Comparison books, List<(PricedVariant Variant, MadePrice? Then, CostBreak Cost)> shown, CancellationToken ct)
    {
        var ids = shown.ConvertAll(s => s.Variant.Id!.Value).ToArray();
        var stored = new Dictionary<(Guid, string, int), (long Amount, bool Locked)>();
        var names = new Dictionary<Guid, (string Product, string? Variant)>();
        await using (var rows = await transaction.QueryAsync(
            ct, [Sql.Command(Prices, Sql.Uuids(ids)), Sql.Command(Names, Sql.Uuids(ids), Sql.Bool(scope.Language == "fr"))]))
        {
            while (await rows.ReadAsync(ct))
            {
                stored.Add((rows.GetGuid(0), rows.GetString(1), rows.GetInt32(2)), (rows.GetInt64(3), rows.GetBoolean(4)));
            }

            await rows.NextResultAsync(ct);
            while (await rows.ReadAsync(ct))
            {
                names.Add(rows.GetGuid(0), (rows.GetString(1), rows.IsDBNull(2) ? null : rows.GetString(2)));
            }
        }

        var (market, currency) = (books.Market, books.Market.Currency);
        return shown.ConvertAll(s =>
        {
            var (variant, then, cost) = s;
            var quantity = then?.MinQuantity ?? cost.MinQuantity;
            var landed = books.Now.Land(market, cost.Cost, variant.Input!.CostCurrency, variant.Input.WeightGrams) ?? default;
            (long Amount, bool Locked)? known = stored.TryGetValue((variant.Id!.Value, currency.Code, quantity), out var row) ? row : null;
            var amountThen = known is { Locked: true } ? known.Value.Amount : then?.Amount;
            return new PreviewedProduct(
                PublicId.Format(PublicId.Product, variant.ProductId), names[variant.Id.Value].Product,
                PublicId.Format(PublicId.Variant, variant.Id.Value), names[variant.Id.Value].Variant, quantity, cost.Cost,
                variant.Input.CostCurrency, LandedCostView.Of(landed, currency),
                known is null ? null : new Money(known.Value.Amount, currency),
                amountThen is { } amount ? new Money(amount, currency) : null,
                then?.CompareAt is { } compareAt && known is not { Locked: true } ? new Money(compareAt, currency) : null,
                Margin(known?.Amount, landed.Total), Margin(amountThen, landed.Total),
                then is null || then.Value.RuleId == books.Rule.Id ? null : PublicId.Format(PriceRuleEndpoints.RuleId, then.Value.RuleId),
                known is { Locked: true });
        });
    }

    /// <returns>Percent of the price that stays over landed cost, one decimal; null without a price.</returns>
    public static decimal? Margin(long? price, long landed) =>
        price is > 0 ? decimal.Round((price.Value - landed) * 100m / price.Value, 1, MidpointRounding.AwayFromZero) : null;

    /// <summary>As PostgreSQL orders ids: byte by byte.</summary>
    private static readonly Comparer<Guid> UuidOrder = Comparer<Guid>.Create(static (a, b) =>
        a.ToByteArray(bigEndian: true).AsSpan().SequenceCompareTo(b.ToByteArray(bigEndian: true)));

    private sealed record Comparison(PriceBook Now, PriceBook Then, PricingRule Rule, Market Market)
    {
        /// <returns>Whether a price changes, and the first one that the rule would make or that would change, for showing.</returns>
        public (bool Changed, (PricedVariant Variant, MadePrice? Then, CostBreak Cost)? First) Compare(IEnumerable<PricedVariant> product)
        {
            var changed = false;
            (PricedVariant, MadePrice?, CostBreak)? first = null;
            foreach (var variant in product)
            {
                if (variant is not { Id: not null, Input: { } input })
                {
                    continue;
                }

                var (now, then) = (Sold(Now, variant), Sold(Then, variant));
                var differs = !now.Select(Shape).SequenceEqual(then.Select(Shape));
                changed |= differs;
                if (first is null && then.Find(p => p.Currency == Market.Currency.Code && p.RuleId == Rule.Id) is { Currency: not null } made)
                {
                    first = (variant, made, input.Costs.Last(c => c.MinQuantity <= made.MinQuantity));
                }
                else if (first is null && differs && then.Find(p => p.Currency == Market.Currency.Code) is { Currency: not null } other)
                {
                    first = (variant, other, input.Costs.Last(c => c.MinQuantity <= other.MinQuantity));
                }
            }

            return (changed, first);
        }

        private static List<MadePrice> Sold(PriceBook book, PricedVariant variant) =>
            [.. book.PriceVariant(variant.Input!).Prices.Where(p => !variant.ExcludedCurrencies.Contains(p.Currency, StringComparer.Ordinal))];

        private static (string, int, long, long?) Shape(MadePrice price) => (price.Currency, price.MinQuantity, price.Amount, price.CompareAt);
    }
}
