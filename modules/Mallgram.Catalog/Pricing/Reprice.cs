using System.Diagnostics;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mallgram.Catalog.Pricing;

/// <summary>How the repricing of one store stands, for progress and summary.</summary>
/// <param name="Seen">Products, of <paramref name="Total"/>.</param>
/// <param name="Changed">Products with another price.</param>
/// <param name="Unpriced">Variants that kept their old prices, by reason (<see cref="SkipReasons"/>).</param>
/// <param name="BelowLanded">Prices set by a person that are below the landed cost now; known at the end.</param>
internal sealed record RepriceStatus(
    string Store, string Cause, int Seen, int Total, int Changed, IReadOnlyDictionary<string, int> Unpriced, long? BelowLanded,
    double RatePerSecond, double? EtaSeconds);

/// <summary>The repricing of at least one store failed; the log says why.</summary>
internal sealed class RepriceException(string message, Exception first) : Exception(message, first);

/// <summary>
/// Makes all prices again in stores where a rule, a market or a rate has changed, and once a day everywhere, because taxes have dates. Goes
/// through the products by id, a batch a transaction; a kill costs at most one batch done twice.
/// </summary>
internal sealed partial class Reprice(
    PlatformDataSource platform, IServiceScopeFactory scopes, IStores stores, ILogger<Reprice> logger) : IMallgramJob
{
    public static string Name => "reprice";

    /// <summary>A look at one small table, unless something is to be done.</summary>
    public static string DefaultCron => "0 1/5 * * * ?";

    public static LocalText Description { get; } = new(
        "Makes prices again after a rule, a market, a tax or an exchange rate changed.",
        "Recalcule les prix après un changement de règle, de marché, de taxe ou de taux de change.");

    /// <exception cref="RepriceException">After all stores were tried, when some failed.</exception>
    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        var done = new List<RepriceStatus>();
        var failed = new List<(Guid StoreId, string Store, Exception Why)>();
        while (await NextStoreAsync([.. failed.Select(f => f.StoreId)], ct) is { } storeId)
        {
            var store = await stores.GetAsync(storeId, ct);
            await using var scope = scopes.CreateAsyncScope();
            scope.ServiceProvider.GetRequiredService<StoreScope>().Set(storeId);
            try
            {
                done.Add(await scope.ServiceProvider.GetRequiredService<StoreReprice>().RunAsync(
                    store.Slug, run, status => run.ReportAsync(new { stores = done.Append(status) }, ct), ct));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // The other stores still get their turn.
                LogFailed(e, store.Slug);
                failed.Add((storeId, store.Slug, e));
            }
        }

        if (failed.Count > 0)
        {
            throw new RepriceException(string.Join("; ", failed.Select(f => $"{f.Store}: {f.Why.Message}")), failed[0].Why);
        }

        return done.Count == 0 ? null : new { stores = done };
    }

    /// <summary>Cross-store by purpose: which stores have work is asked before any store is entered.</summary>
    private async Task<Guid?> NextStoreAsync(Guid[] except, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            """
            select m.store_id from catalog.markets m join stores.stores s on s.id = m.store_id and s.status = 'active'
            left join catalog.repricings r on r.store_id = m.store_id
            where m.is_default and m.store_id <> all($1)
              and exists (select from catalog.price_rules d where d.store_id = m.store_id and d.is_default)
              and (r.finished_at is null or r.wanted > r.done or r.working_on is not null
                   or r.finished_at < date_trunc('day', now() at time zone 'utc') at time zone 'utc')
            order by r.working_on is null, r.finished_at nulls first, m.store_id limit 1
            """);
        command.Parameters.Add(Sql.Uuids(except));
        return await command.ExecuteScalarAsync(ct) as Guid?;
    }

    [LoggerMessage(LogLevel.Error, "Repricing of store {Store} failed")]
    private partial void LogFailed(Exception e, string store);
}

/// <summary>Makes the prices of the scope's store again.</summary>
internal sealed partial class StoreReprice(StoreDatabase database, ILogger<StoreReprice> logger)
{
    /// <summary>Products of one transaction: what is in memory at a time, and how long an import waits at most.</summary>
    private const int BatchSize = 2000;

    private const string Open =
        """
        insert into catalog.repricings as r (store_id, working_on, started_at) values (kernel.current_store(), 0, now())
        on conflict (store_id) do update set
            working_on = coalesce(r.working_on, r.wanted),
            after_product = case when r.working_on is null then null else r.after_product end,
            seen = case when r.working_on is null then 0 else r.seen end,
            changed = case when r.working_on is null then 0 else r.changed end,
            unpriced = case when r.working_on is null then '{}' else r.unpriced end,
            started_at = case when r.working_on is null then now() else r.started_at end
        returning working_on, after_product, cause, actor, seen, changed, unpriced, (select count(*)::int from catalog.products)
        """;

    private const string Advance =
        """
        update catalog.repricings set after_product = $2, seen = $3, changed = $4, unpriced = $5
        where working_on = $1 and after_product is not distinct from $6
        """;

    private const string Finish =
        """
        with finished as (
            update catalog.repricings set done = working_on, working_on = null, after_product = null, finished_at = now()
            where working_on = $1 and after_product is not distinct from $2 returning 1)
        select (select count(*) from finished), (select count(*) from catalog.prices where set_by_person and amount < landed_cost)
        """;

    /// <param name="report">Called after each batch.</param>
    public async Task<RepriceStatus> RunAsync(string store, JobRun run, Func<RepriceStatus, Task> report, CancellationToken ct)
    {
        var pass = await OpenAsync(store, run, ct);
        while (true)
        {
            await using var transaction = await database.BeginAsync(ct);
            var prices = new List<(Guid VariantId, MadePrice Price)>();
            var before = pass.After;
            var products = await PriceBatchAsync(transaction, pass, prices, ct);
            if (products == 0)
            {
                var belowLanded = await FinishAsync(transaction, pass, ct);
                await transaction.CommitAsync(ct);
                if (belowLanded > 0)
                {
                    LogBelowLanded(store, belowLanded);
                }

                return pass.Status(belowLanded);
            }

            await transaction.ExecuteAsync(ct, [new NpgsqlBatchCommand(PricedVariants.CreateStaging)]);
            await PricedVariants.StageAsync(transaction, prices, ct);
            await using (var rows = await transaction.QueryAsync(ct, [PricedVariants.Apply(pass.Cause, run.Id, pass.Actor)]))
            {
                await rows.ReadAsync(ct);
                pass.Changed += rows.GetInt32(0);
            }

            pass.Seen += products;
            // Last, so that a person who changes a rule meanwhile waits for milliseconds only.
            var moved = await transaction.ExecuteAsync(ct, [Sql.Command(
                Advance, Sql.Long(pass.WorkingOn), Sql.Uuid(pass.After), Sql.Int(pass.Seen), Sql.Int(pass.Changed),
                Sql.Json(MallgramJson.ToJson(pass.Unpriced)), Sql.Uuid(before))]);
            if (moved != 1)
            {
                throw new InvalidOperationException("Another run has taken this repricing over.");
            }

            await transaction.CommitAsync(ct);
            await report(pass.Status(belowLanded: null));
        }
    }

    private async Task<Pass> OpenAsync(string store, JobRun run, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(Open));
        var row = reader.Rows;
        await row.ReadAsync(ct);
        var pass = new Pass(store, row.GetInt64(0), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), row.GetInt32(7), row.GetInt32(4))
        {
            After = row.IsDBNull(1) ? null : row.GetGuid(1),
            Changed = row.GetInt32(5),
            Unpriced = JsonSerializer.Deserialize<Dictionary<string, int>>(row.GetString(6), MallgramJson.Options)!,
        };
        if (pass.After is not null)
        {
            LogResumed(store, run.Id, pass.Seen);
        }

        return pass;
    }

    /// <returns>Products of the batch; 0: there are no more.</returns>
    private static async Task<int> PriceBatchAsync(
        StoreTransaction transaction, Pass pass, List<(Guid VariantId, MadePrice Price)> prices, CancellationToken ct)
    {
        var products = 0;
        await using var reader = await transaction.QueryAsync(ct, [.. PriceBook.Load(), PricedVariants.OfPage(pass.After, BatchSize)]);
        var book = await PriceBook.ReadAsync(reader, ct);
        await reader.NextResultAsync(ct);
        await foreach (var variant in PricedVariants.ReadAsync(reader, ct))
        {
            if (variant.ProductId != pass.After)
            {
                products++;
                pass.After = variant.ProductId;
            }

            if (variant is not { Id: { } id, Input: { } input })
            {
                continue;
            }

            var result = book.PriceVariant(input);
            if (result.SkipReason is { } reason)
            {
                pass.Unpriced[reason] = pass.Unpriced.GetValueOrDefault(reason) + 1;
                continue;
            }

            foreach (var price in result.Prices)
            {
                if (!variant.ExcludedCurrencies.Contains(price.Currency, StringComparer.Ordinal))
                {
                    prices.Add((id, price));
                }
            }
        }

        return products;
    }

    private static async Task<long> FinishAsync(StoreTransaction transaction, Pass pass, CancellationToken ct)
    {
        await using var rows = await transaction.QueryAsync(ct, [Sql.Command(Finish, Sql.Long(pass.WorkingOn), Sql.Uuid(pass.After))]);
        await rows.ReadAsync(ct);
        return rows.GetInt64(0) == 1 ? rows.GetInt64(1) : throw new InvalidOperationException("Another run has taken this repricing over.");
    }

    private sealed class Pass(string store, long workingOn, string cause, string? actor, int total, int seenBefore)
    {
        private readonly long _startedAt = Stopwatch.GetTimestamp();

        public long WorkingOn { get; } = workingOn;

        public string Cause { get; } = cause;

        public string? Actor { get; } = actor;

        public Guid? After { get; set; }

        public int SeenBefore { get; } = seenBefore;

        public int Seen { get; set; } = seenBefore;

        public int Changed { get; set; }

        public Dictionary<string, int> Unpriced { get; init; } = [];

        public RepriceStatus Status(long? belowLanded)
        {
            var seconds = Stopwatch.GetElapsedTime(_startedAt).TotalSeconds;
            var rate = seconds > 0 ? Math.Round((Seen - SeenBefore) / seconds, 1) : 0;
            double? eta = belowLanded is null && rate > 0 ? Math.Round(Math.Max(0, total - Seen) / rate, 1) : null;
            return new RepriceStatus(store, Cause, Seen, Math.Max(total, Seen), Changed, new Dictionary<string, int>(Unpriced), belowLanded, rate, eta);
        }
    }

    [LoggerMessage(LogLevel.Information, "Repricing of store {Store} goes on in run {RunId} after {Seen} products")]
    private partial void LogResumed(string store, Guid runId, int seen);

    [LoggerMessage(LogLevel.Warning, "{Count} prices of store {Store} that a person has set are below their landed cost now")]
    private partial void LogBelowLanded(string store, long count);
}
