using System.Diagnostics;
using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Sourcing.Suppliers;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Sourcing.Sync;

/// <summary>The sync of at least one store failed; the run's rows say why.</summary>
internal sealed class ProductSyncException(string message) : Exception(message);

/// <summary>Brings every store up to date with its suppliers, one after the other. Safe to kill and to run again at any point.</summary>
internal sealed class ProductSync(PlatformDataSource platform, IServiceScopeFactory scopes, IStores stores) : IMallgramJob
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(500);

    public static string Name => "product-sync";

    public static string DefaultCron => "0 0 2 * * ?";

    public static LocalText Description { get; } = new(
        "Brings the catalogue up to date with the suppliers.", "Met le catalogue à jour d'après les fournisseurs.");

    /// <returns>A <see cref="StoreSyncStatus"/> for each store and supplier.</returns>
    /// <exception cref="ProductSyncException">After all were tried, when some failed.</exception>
    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        var done = new List<StoreSyncStatus>();
        var lastReport = 0L;
        foreach (var (storeId, code) in await AccountsAsync(ct))
        {
            var store = await stores.GetAsync(storeId, ct);
            await using var scope = scopes.CreateAsyncScope();
            scope.ServiceProvider.GetRequiredService<StoreScope>().Set(storeId);
            if (scope.ServiceProvider.GetServices<ISupplier>().FirstOrDefault(s => s.Code == code) is not { } supplier)
            {
                done.Add(StoreSyncStatus.NotRun(store.Slug, code, "off", "This supplier has no settings in this installation."));
                continue;
            }

            done.Add(await scope.ServiceProvider.GetRequiredService<StoreSync>().RunAsync(
                store.Slug,
                supplier,
                run,
                async status =>
                {
                    if (lastReport == 0 || Stopwatch.GetElapsedTime(lastReport) >= ReportEvery)
                    {
                        lastReport = Stopwatch.GetTimestamp();
                        await run.ReportAsync(new { stores = done.Append(status) }, ct);
                    }
                },
                ct));
        }

        await run.ReportAsync(new { stores = done }, ct);
        var failed = done.FindAll(s => s.State == SyncStates.Failed);
        return failed.Count == 0
            ? new { stores = done }
            : throw new ProductSyncException(string.Join("; ", failed.Select(f => $"{f.Store}/{f.Supplier}: {f.Error}")));
    }

    /// <summary>Cross-store by purpose: which stores have work is asked before any store is entered.</summary>
    private async Task<List<(Guid StoreId, string Supplier)>> AccountsAsync(CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            """
            select a.store_id, a.supplier from sourcing.supplier_accounts a join stores.stores s on s.id = a.store_id and s.status = 'active'
            where a.enabled order by a.store_id, a.supplier
            """);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var accounts = new List<(Guid, string)>();
        while (await reader.ReadAsync(ct))
        {
            accounts.Add((reader.GetGuid(0), reader.GetString(1)));
        }

        return accounts;
    }
}
