using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Tenancy;
using Mallgram.Worker;

namespace Mallgram.Benchmarks.Data;

/// <summary>The catalogue's import in this process, as a sync of the Worker reaches it.</summary>
internal sealed class Importer(WebApplication worker) : IAsyncDisposable
{
    public static Importer Open(BenchDatabase database) => Open(database.ServiceArgs);

    public static Importer Open(string[] serviceArgs) => new(WorkerApp.Build(serviceArgs));

    public async Task<ImportResult> ImportAsync(IReadOnlyList<SupplierProduct> products)
    {
        await using var scope = worker.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<StoreScope>().Set(BenchDatabase.Store);
        return await scope.ServiceProvider.GetRequiredService<ICatalogImport>().ImportAsync(
            Goods.Supplier, runId: null, products, _ => [], CancellationToken.None);
    }

    public ValueTask DisposeAsync() => worker.DisposeAsync();
}
