using System.Globalization;
using Mallgram.Catalog.Http;
using Mallgram.Kernel;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Catalog.Pricing;

/// <summary>Sets a price by hand; rules and suppliers leave it alone until the lock is taken off.</summary>
/// <param name="MinQuantity">From this many units on; 1 when left out.</param>
/// <param name="CompareAtMinor">Struck-through price; none when left out.</param>
/// <param name="AcceptLoss">Sells below landed cost.</param>
internal sealed record ManualPriceRequest(
    string? VariantId, string? Currency, int? MinQuantity, long? AmountMinor, long? CompareAtMinor, bool? AcceptLoss);

/// <param name="Cost">Of one unit from that quantity on, major units of <paramref name="Currency"/>.</param>
internal sealed record CostView(int MinQuantity, decimal Cost, decimal? ListCost, string Currency);

internal sealed record RuleName(string Id, string Name);

/// <param name="LandedCost">As it was when the price was made; null: goods of one's own.</param>
/// <param name="LandedCostNow">With its parts, by today's costs, rates and taxes.</param>
/// <param name="MarginPercent">Of the price, over landed cost; one decimal.</param>
/// <param name="Rule">That made the price; null: a person did, or the rule is gone.</param>
/// <param name="Rate">Whose conversion the price stands on; null: cost and price are in one currency.</param>
/// <param name="Locked">Set by a person.</param>
internal sealed record PriceView(
    int MinQuantity,
    Money Amount,
    Money? CompareAt,
    Money? LandedCost,
    LandedCostView? LandedCostNow,
    decimal? MarginPercent,
    bool BelowLandedCost,
    RuleName? Rule,
    ExchangeRateView? Rate,
    bool Locked,
    DateTime ChangedAt);

/// <param name="Prices">By currency, then quantity.</param>
internal sealed record VariantPrices(
    string VariantId, string Sku, string? Name, bool Active, IReadOnlyList<CostView> Costs, IReadOnlyList<PriceView> Prices);

internal sealed record ProductPrices(string ProductId, IReadOnlyList<VariantPrices> Variants);

/// <param name="Before">Null: the quantity had no price.</param>
/// <param name="After">Null: it has none any more.</param>
/// <param name="BeforeCost">Of the supplier, in major units of its currency, where known.</param>
/// <param name="Cause"><c>supplier</c>, <c>rate</c>, <c>rule</c>, <c>person</c> or <c>rollback</c>.</param>
/// <param name="Actor">Public id of the person behind it.</param>
internal sealed record PriceChangeView(
    DateTime At,
    string VariantId,
    string Sku,
    int MinQuantity,
    Money? Before,
    Money? After,
    decimal? BeforeCost,
    decimal? AfterCost,
    string Cause,
    string? Actor,
    RuleName? Rule);

internal sealed record PriceChangePage(IReadOnlyList<PriceChangeView> Data, string? NextCursor);

/// <summary>A product's prices for staff: why they are what they are, and setting them by hand.</summary>
internal static class ProductPriceEndpoints
{
    private const int MaxQuantity = 1_000_000;

    private const string SelectPrices =
        """
        select r.variant_id, r.currency, r.min_quantity, r.amount, r.compare_at, r.landed_cost, r.set_by_person, r.changed_at,
               u.id, u.name, x.base, x.quote, x.rate, x.as_of, x.fetched_at, x.source
        from catalog.variants v
        join catalog.prices r on r.store_id = v.store_id and r.variant_id = v.id
        left join catalog.price_rules u on u.store_id = r.store_id and u.id = r.rule_id
        left join catalog.exchange_rates x on x.id = r.rate_id
        where v.product_id = $1 order by r.currency, r.min_quantity
        """;

    public static void MapProductPrices(this IEndpointRouteBuilder admin)
    {
        var prices = admin.MapGroup("/products/{id}").WithTags("Admin: pricing");
        prices.MapGet("/prices", GetAsync).RequirePermission(Permissions.ProductsRead).WithName("AdminGetProductPrices")
            .WithSummary("Prices of a product by variant, currency and quantity, with what they are made from").ProducesProblem(404);
        prices.MapPut("/prices", SetAsync)
            .RequirePermission(Permissions.PricesWrite).WithName("AdminSetPrice")
            .WithSummary("Set a price by hand; rules and suppliers leave it alone")
            .ProducesProblem(404).ProducesProblem(422);
        prices.MapDelete("/prices", UnlockAsync)
            .RequirePermission(Permissions.PricesWrite).WithName("AdminUnlockPrice").WithSummary("Let rules make the price again, now")
            .ProducesProblem(404).ProducesProblem(422);
        prices.MapGet("/price-history", HistoryAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("AdminGetPriceHistory")
            .WithSummary("Why prices became what they are, newest first")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(422);
    }

    private static async Task<Ok<ProductPrices>> GetAsync(string id, StoreDatabase database, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        return TypedResults.Ok(await ReadAsync(transaction, Parse(id), ct));
    }

    private static async Task<Ok<ProductPrices>> SetAsync(
        string id, JsonBody<ManualPriceRequest> body, StoreDatabase database, HttpContext http, CancellationToken ct)
    {
        var (productId, request) = (Parse(id), body.Value);
        var (variantId, currency, quantity) = Check(request.VariantId, request.Currency, request.MinQuantity, request);
        await using var transaction = await database.BeginAsync(ct);
        var (book, variants) = await LoadAsync(transaction, productId, ct);
        var (variant, market) = Find(book, variants, variantId, currency);
        long? landed = variant.Input is { } input && input.Costs.LastOrDefault(c => c.MinQuantity <= quantity) is { MinQuantity: > 0 } cost
            ? book.Land(market, cost.Cost, input.CostCurrency, input.WeightGrams)?.Total
            : null;
        var amount = request.AmountMinor!.Value;
        if (amount < landed && request.AcceptLoss != true)
        {
            var errors = new FieldErrors();
            errors.Add(
                "amount_minor", $"is below the landed cost of {market.Currency.Format(landed.Value)}",
                $"est inférieur au coût de revient de {market.Currency.Format(landed.Value)}");
            throw new ProblemException(PricingProblems.BelowLandedCost, market.Currency.Format(landed.Value))
            {
                Fields = errors,
                Members = new Dictionary<string, object?> { ["landed_cost"] = new Money(landed.Value, market.Currency) },
            };
        }

        await transaction.ExecuteAsync(ct, [
            Sql.Command(
                """
                with before as (
                    select amount from catalog.prices where variant_id = $1 and currency = $2 and min_quantity = $3),
                written as (
                    insert into catalog.prices as r (store_id, variant_id, currency, min_quantity, amount, compare_at, landed_cost, set_by_person)
                    values (kernel.current_store(), $1, $2, $3, $4, $5, $6, true)
                    on conflict (store_id, variant_id, currency, min_quantity) do update set
                        amount = excluded.amount, compare_at = excluded.compare_at, landed_cost = excluded.landed_cost, rule_id = null,
                        set_by_person = true, changed_at = case when r.amount = excluded.amount then r.changed_at else now() end)
                insert into catalog.price_history (store_id, variant_id, currency, min_quantity, before, after, cause, actor)
                select kernel.current_store(), $1, $2, $3, (select amount from before), $4, 'person', $7
                where (select amount from before) is distinct from $4
                """,
                Sql.Uuid(variantId), Sql.Text(currency), Sql.Int(quantity), Sql.Long(amount), Sql.Long(request.CompareAtMinor), Sql.Long(landed),
                Sql.Text(http.Actor())),
            Sql.Command("select catalog.show_new_prices(array[$1])", Sql.Uuid(variantId)),
        ]);
        var prices = await ReadAsync(transaction, productId, ct);
        await transaction.CommitAsync(ct);
        return TypedResults.Ok(prices);
    }

    private static async Task<Ok<ProductPrices>> UnlockAsync(
        string id, string? variant_id, string? currency, int? min_quantity, StoreDatabase database, HttpContext http, CancellationToken ct)
    {
        var productId = Parse(id);
        var (variantId, code, quantity) = Check(variant_id, currency, min_quantity, body: null);
        await using var transaction = await database.BeginAsync(ct);
        var (book, variants) = await LoadAsync(transaction, productId, ct);
        var (variant, _) = Find(book, variants, variantId, code);
        var made = variant.Input is null ? null : book.PriceVariant(variant.Input);
        var unlocked = await transaction.ExecuteAsync(ct, [Sql.Command(
            "update catalog.prices set set_by_person = false where variant_id = $1 and currency = $2 and min_quantity = $3 and set_by_person",
            Sql.Uuid(variantId), Sql.Text(code), Sql.Int(quantity))]);
        if (unlocked == 0)
        {
            throw new ProblemException(PricingProblems.PriceNotFound);
        }

        // Without costs or a rate no rule can make it: the amount stays, no longer locked, until one can.
        if (made is { SkipReason: null })
        {
            await transaction.ExecuteAsync(ct, [new NpgsqlBatchCommand(PricedVariants.CreateStaging)]);
            await PricedVariants.StageAsync(
                transaction,
                [.. made.Prices.Where(p => !variant.ExcludedCurrencies.Contains(p.Currency, StringComparer.Ordinal)).Select(p => (variantId, p))],
                ct);
            await transaction.ExecuteAsync(ct, [PricedVariants.Apply("person", run: null, http.Actor())]);
        }

        var prices = await ReadAsync(transaction, productId, ct);
        await transaction.CommitAsync(ct);
        return TypedResults.Ok(prices);
    }

    private static async Task<Ok<PriceChangePage>> HistoryAsync(
        string id, string? cursor, int? limit, StoreDatabase database, CancellationToken ct)
    {
        var productId = Parse(id);
        if (limit is < 1 or > 100)
        {
            var errors = new FieldErrors();
            errors.Add("limit", "must be 1 to 100", "doit être de 1 à 100");
            errors.ThrowIfAny();
        }

        var (size, filters) = (limit ?? 24, "price-history " + id);
        DateTimeOffset? before = null;
        Guid? beforeId = null;
        if (cursor is not null)
        {
            var values = ListCursor.Read(cursor, filters, 2);
            if (!long.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out var micros) || micros > 4_000_000_000_000_000
                || !Guid.TryParse(values[1], out var last))
            {
                throw ListCursor.Invalid();
            }

            (before, beforeId) = (DateTimeOffset.UnixEpoch.AddMicroseconds(micros), last);
        }

        await using var reader = await database.QueryAsync(
            ct,
            Sql.Command("select from catalog.products where id = $1", Sql.Uuid(productId)),
            Sql.Command(
                """
                select h.at, h.id, h.variant_id, v.sku, h.currency, h.min_quantity, h.before, h.after, h.before_cost, h.after_cost, h.cause, h.actor,
                       u.id, u.name
                from catalog.variants v
                join catalog.price_history h on h.store_id = v.store_id and h.variant_id = v.id
                left join catalog.price_rules u on u.store_id = h.store_id and u.id = h.rule_id
                where v.product_id = $1 and ($2::timestamptz is null or (h.at, h.id) < ($2, $3))
                order by h.at desc, h.id desc limit $4
                """,
                Sql.Uuid(productId), Sql.Time(before), Sql.Uuid(beforeId), Sql.Int(size + 1)));
        var row = reader.Rows;
        if (!await row.ReadAsync(ct))
        {
            throw new ProblemException(PricingProblems.ProductNotFound);
        }

        await row.NextResultAsync(ct);
        var changes = new List<(Guid Id, PriceChangeView View)>();
        while (await row.ReadAsync(ct))
        {
            var currency = row.GetString(4);
            changes.Add((row.GetGuid(1), new PriceChangeView(
                row.GetDateTime(0), PublicId.Format(PublicId.Variant, row.GetGuid(2)), row.GetString(3), row.GetInt32(5), Amount(row, 6, currency),
                Amount(row, 7, currency), row.IsDBNull(8) ? null : row.GetDecimal(8), row.IsDBNull(9) ? null : row.GetDecimal(9), row.GetString(10),
                row.IsDBNull(11) ? null : row.GetString(11), Rule(row, 12))));
        }

        return TypedResults.Ok(new PriceChangePage(
            [.. changes.Take(size).Select(c => c.View)],
            changes.Count <= size
                ? null
                : ListCursor.Write(
                    filters,
                    (new DateTimeOffset(changes[size - 1].View.At).Ticks - DateTimeOffset.UnixEpoch.Ticks).ToMicroseconds(),
                    changes[size - 1].Id.ToString())));
    }

    private static async Task<(PriceBook Book, List<PricedVariant> Variants)> LoadAsync(
        StoreTransaction transaction, Guid productId, CancellationToken ct)
    {
        var variants = new List<PricedVariant>();
        await using var reader = await transaction.QueryAsync(ct, [.. PriceBook.Load(), PricedVariants.OfProduct(productId)]);
        var book = await PriceBook.ReadAsync(reader, ct);
        await reader.NextResultAsync(ct);
        await foreach (var variant in PricedVariants.ReadAsync(reader, ct))
        {
            variants.Add(variant);
        }

        return variants.Count > 0 ? (book, variants) : throw new ProblemException(PricingProblems.ProductNotFound);
    }

    private static async Task<ProductPrices> ReadAsync(StoreTransaction transaction, Guid productId, CancellationToken ct)
    {
        await using var row = await transaction.QueryAsync(ct, [
            .. PriceBook.LoadToShow(),
            PricedVariants.OfProduct(productId),
            Sql.Command("select id, sku, name, active from catalog.variants where product_id = $1 order by position, id", Sql.Uuid(productId)),
            Sql.Command(SelectPrices, Sql.Uuid(productId)),
        ]);
        var book = await PriceBook.ReadAsync(row, ct);
        await row.NextResultAsync(ct);
        var inputs = new Dictionary<Guid, PricingInput?>();
        var exists = false;
        await foreach (var variant in PricedVariants.ReadAsync(row, ct))
        {
            exists = true;
            if (variant.Id is { } id)
            {
                inputs.Add(id, variant.Input);
            }
        }

        if (!exists)
        {
            throw new ProblemException(PricingProblems.ProductNotFound);
        }

        await row.NextResultAsync(ct);
        var variants = new List<(Guid Id, VariantPrices View, List<PriceView> Prices)>();
        while (await row.ReadAsync(ct))
        {
            var (id, prices) = (row.GetGuid(0), new List<PriceView>());
            var input = inputs.GetValueOrDefault(id);
            IReadOnlyList<CostView> costs = input is null
                ? [] : [.. input.Costs.Select(c => new CostView(c.MinQuantity, c.Cost, c.ListCost, input.CostCurrency))];
            variants.Add((id, new VariantPrices(
                PublicId.Format(PublicId.Variant, id), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetBoolean(3), costs, prices),
                prices));
        }

        await row.NextResultAsync(ct);
        while (await row.ReadAsync(ct))
        {
            var (id, code, quantity, amount) = (row.GetGuid(0), row.GetString(1), row.GetInt32(2), row.GetInt64(3));
            long? landed = row.IsDBNull(5) ? null : row.GetInt64(5);
            variants.Find(v => v.Id == id).Prices.Add(new PriceView(
                quantity,
                Money.Of(amount, code),
                Amount(row, 4, code),
                Amount(row, 5, code),
                LandedNow(book, inputs.GetValueOrDefault(id), code, quantity),
                landed is { } cost ? RulePreviews.Margin(amount, cost) : null,
                amount < landed,
                Rule(row, 8),
                row.IsDBNull(10)
                    ? null
                    : new ExchangeRateView(
                        row.GetString(10), row.GetString(11), row.GetDecimal(12), row.GetFieldValue<DateOnly>(13), row.GetDateTime(14), row.GetString(15)),
                row.GetBoolean(6),
                row.GetDateTime(7)));
        }

        return new ProductPrices(PublicId.Format(PublicId.Product, productId), [.. variants.Select(v => v.View)]);
    }

    private static LandedCostView? LandedNow(PriceBook book, PricingInput? input, string currency, int quantity)
    {
        if (input is null || book.Markets.FirstOrDefault(m => m.Currency.Code == currency) is not { } market)
        {
            return null;
        }

        var cost = input.Costs.LastOrDefault(c => c.MinQuantity <= quantity);
        return cost.MinQuantity > 0 && book.Land(market, cost.Cost, input.CostCurrency, input.WeightGrams) is { } landed
            ? LandedCostView.Of(landed, market.Currency)
            : null;
    }

    /// <exception cref="ProblemException">422 with every field that is not valid.</exception>
    private static (Guid VariantId, string Currency, int Quantity) Check(
        string? variantId, string? currency, int? minQuantity, ManualPriceRequest? body)
    {
        var errors = new FieldErrors();
        if (!PublicId.TryParse(PublicId.Variant, variantId, out var variant))
        {
            errors.Add("variant_id", "is no variant of this product", "n'est pas une variante de ce produit");
        }

        if (!Currency.TryFind(currency, out _))
        {
            errors.Add("currency", "is no market of this store", "n'est pas un marché de cette boutique");
        }

        if (minQuantity is < 1 or > MaxQuantity)
        {
            errors.Add("min_quantity", $"must be 1 to {MaxQuantity}", $"doit être de 1 à {MaxQuantity}");
        }

        if (body is not null)
        {
            if (body.AmountMinor is not (>= 1 and <= PriceRuleRequest.LargestAmount))
            {
                errors.Add(
                    "amount_minor", $"must be 1 to {PriceRuleRequest.LargestAmount}", $"doit être de 1 à {PriceRuleRequest.LargestAmount}");
            }

            if (body.CompareAtMinor is { } compareAt && (compareAt <= body.AmountMinor || compareAt > PriceRuleRequest.LargestAmount))
            {
                errors.Add("compare_at_minor", "must be above amount_minor", "doit dépasser amount_minor");
            }
        }

        errors.ThrowIfAny();
        return (variant, currency!, minQuantity ?? 1);
    }

    private static (PricedVariant Variant, Market Market) Find(PriceBook book, List<PricedVariant> variants, Guid variantId, string currency)
    {
        var errors = new FieldErrors();
        var variant = variants.Find(v => v.Id == variantId);
        if (variant is null)
        {
            errors.Add("variant_id", "is no variant of this product", "n'est pas une variante de ce produit");
        }

        var market = book.Markets.FirstOrDefault(m => m.Currency.Code == currency);
        if (market is null)
        {
            errors.Add("currency", "is no market of this store", "n'est pas un marché de cette boutique");
        }

        errors.ThrowIfAny();
        return (variant!, market!);
    }

    private static Money? Amount(NpgsqlDataReader row, int column, string currency) =>
        row.IsDBNull(column) ? null : Money.Of(row.GetInt64(column), currency);

    private static RuleName? Rule(NpgsqlDataReader row, int column) => row.IsDBNull(column)
        ? null
        : new RuleName(PublicId.Format(PriceRuleEndpoints.RuleId, row.GetGuid(column)), row.GetString(column + 1));

    private static string ToMicroseconds(this long ticks) => (ticks / TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture);

    private static Guid Parse(string id) =>
        PublicId.TryParse(PublicId.Product, id, out var product) ? product : throw new ProblemException(PricingProblems.ProductNotFound);
}
