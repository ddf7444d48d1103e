using System.Diagnostics;
using Mallgram.Catalog.Import;
using Mallgram.Catalog.Pricing;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Catalog.Quality;

/// <param name="After">The last product judged; null: none yet.</param>
/// <param name="Supplier">Null: all products; else those of its category <paramref name="Category"/>.</param>
/// <param name="Actor">Public id of who changed the filters or the mapping.</param>
internal sealed record ProductsToJudge(Guid? After, string? Supplier, string? Category, string Actor);

/// <summary>
/// Brings stored products in line with filters and mappings that a person changed, page by page, each in its own transaction. Judging twice
/// gives the same, so a delivery that is repeated does no harm.
/// </summary>
internal sealed class JudgeProducts(StoreDatabase database, StoreScope scope, OutboxWriter outbox) : IOutboxHandler
{
    /// <summary>Products of one transaction.</summary>
    private const int PageSize = 1000;

    /// <summary>Ends well before a delivery does; what is left goes on in another one.</summary>
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(20);

    private const string SetVisibility =
        """
        update catalog.products p set status = case when v.show then 'active' else 'hidden' end, hidden_by = case when v.show then null else 'filter' end
        from unnest($1, $2) v(id, show)
        where p.id = v.id and (p.status = 'active' or p.hidden_by = 'filter') and (p.status = 'active') <> v.show
        """;

    private const string DropExclusions = "delete from catalog.market_exclusions where product_id = any($1)";

    private const string InsertExclusions =
        """
        insert into catalog.market_exclusions (store_id, product_id, currency, reason)
        select kernel.current_store(), * from unnest($1, $2, $3)
        """;

    public static string Type => "catalog.products_to_judge";

    public static string Effect => "catalog.judge_products";

    public async Task HandleAsync(OutboxMessage message, CancellationToken ct)
    {
        var work = message.Read<ProductsToJudge>();
        var startedAt = Stopwatch.GetTimestamp();
        if (work is { Supplier: { } supplier, Category: { } category, After: null })
        {
            while (await ApplyMappingAsync(supplier, category, ct) > 0)
            {
                // Products follow their category first: banned categories and price rules look at it.
                if (Stopwatch.GetElapsedTime(startedAt) > AtMost)
                {
                    await database.ExecuteAsync(ct, outbox.Add(scope.StoreId, Type, work));
                    return;
                }
            }
        }

        while (await JudgePageAsync(work, ct) is { } last)
        {
            work = work with { After = last };
            if (Stopwatch.GetElapsedTime(startedAt) > AtMost)
            {
                await database.ExecuteAsync(ct, outbox.Add(scope.StoreId, Type, work));
                return;
            }
        }
    }

    private async Task<int> ApplyMappingAsync(string supplier, string category, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            "select catalog.apply_category_mapping($1, $2, $3)", Sql.Text(supplier), Sql.Texts([category]), Sql.Int(PageSize)));
        await reader.Rows.ReadAsync(ct);
        return reader.Rows.GetInt32(0);
    }

    /// <returns>The last product of the page; null when there was none.</returns>
    private async Task<Guid?> JudgePageAsync(ProductsToJudge work, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        PriceBook book;
        QualityFilters filters;
        List<JudgedProduct> products;
        await using (var rows = await transaction.QueryAsync(
            ct,
            [
                .. PriceBook.Load(),
                QualityFilters.LoadCommand(),
                JudgedProducts.OfPage(work.After ?? Guid.Empty, PageSize, work.Supplier, work.Category),
            ]))
        {
            book = await PriceBook.ReadAsync(rows, ct);
            await rows.NextResultAsync(ct);
            filters = await QualityFilters.ReadAsync(rows, ct);
            await rows.NextResultAsync(ct);
            products = await JudgedProducts.ReadAsync(rows, book, ct);
        }

        if (products.Count == 0)
        {
            return null;
        }

        var visible = new List<(Guid Id, bool Show)>();
        var moved = new List<(JudgedProduct Product, IReadOnlyDictionary<string, string> Failing)>();
        foreach (var product in products)
        {
            var verdict = filters.Judge(product.Facts, book.Markets, product.Cheapest());
            var show = !product.IsInExcludedCategory && !verdict.FailsEverywhere;
            if (show != product.IsActive)
            {
                visible.Add((product.Id, show));
            }

            // Prices of a whole category may follow other rules now, so they are made again there.
            if (show && (work.Supplier is not null || show != product.IsActive || !Same(verdict.Failing, product.Exclusions)))
            {
                moved.Add((product, verdict.Failing));
            }
        }

        if (visible.Count + moved.Count > 0)
        {
            await WriteAsync(transaction, work, visible, moved, ct);
        }

        await transaction.CommitAsync(ct);
        return products[^1].Id;
    }

    private static async Task WriteAsync(
        StoreTransaction transaction,
        ProductsToJudge work,
        List<(Guid Id, bool Show)> visible,
        List<(JudgedProduct Product, IReadOnlyDictionary<string, string> Failing)> moved,
        CancellationToken ct)
    {
        await transaction.ExecuteAsync(ct, [Sql.Command(ProductStaging.CreatePrices)]);
        await ProductStaging.CopyPricesAsync(
            transaction,
            moved.SelectMany(m => m.Product.Prices.SelectMany(
                v => v.Prices.Where(p => !m.Failing.ContainsKey(p.Currency)).Select(p => (v.VariantId, p)))),
            ct);
        var failing = moved.SelectMany(m => m.Failing.Select(f => (m.Product.Id, Currency: f.Key, Reason: f.Value))).ToList();
        Guid[] changed = [.. visible.Select(v => v.Id).Union(moved.Select(m => m.Product.Id))];
        await transaction.ExecuteAsync(ct, [
            Sql.Command(
                SetVisibility, Sql.Uuids([.. visible.Select(v => v.Id)]),
                new NpgsqlParameter<bool[]> { TypedValue = [.. visible.Select(v => v.Show)] }),
            Sql.Command(DropExclusions, Sql.Uuids([.. moved.Select(m => m.Product.Id)])),
            Sql.Command(
                InsertExclusions, Sql.Uuids([.. failing.Select(f => f.Id)]), Sql.Texts([.. failing.Select(f => f.Currency)]),
                Sql.Texts([.. failing.Select(f => f.Reason)])),
            Sql.Command("select catalog.apply_staged_prices('rule', null, $1)", Sql.Text(work.Actor)),
            Sql.Command("select catalog.refresh_listings($1)", Sql.Uuids(changed)),
        ]);
    }

    private static bool Same(IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b) =>
        a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var reason) && reason == pair.Value);
}
