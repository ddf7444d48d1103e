using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>The catalogue of one store, reached as other modules reach it.</summary>
internal sealed class ImportedProducts(MallgramApp app)
{
    public static readonly Guid DefaultStore = Guid.Parse("01930000-0000-7000-8000-000000000001");

    public const string Supplier = "testers";

    public static SupplierProduct Product(string id, string name = "Lamp", decimal? cost = 10m, int stock = 5, params SupplierVariant[] variants) => new()
    {
        ExternalId = id,
        Name = name,
        Variants = variants.Length > 0 ? variants : [Variant("1", cost, stock)],
    };

    public static SupplierVariant Variant(string id, decimal? cost = 10m, int stock = 5) =>
        new() { ExternalId = id, Cost = cost, CostCurrency = "USD", Stock = stock, Name = "Variant " + id };

    public Task<ImportResult> ImportAsync(params SupplierProduct[] products) => ImportAsync(runId: null, products);

    /// <param name="runId">The run that the changes are recorded for.</param>
    public Task<ImportResult> ImportAsync(Guid? runId, params SupplierProduct[] products) => InStoreAsync(services =>
        services.GetRequiredService<ICatalogImport>().ImportAsync(Supplier, runId, products, _ => [], CancellationToken.None));

    public async Task<T> InStoreAsync<T>(Func<IServiceProvider, Task<T>> use, Guid? store = null)
    {
        await using var scope = app.Api.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<StoreScope>().Set(store ?? DefaultStore);
        return await use(scope.ServiceProvider);
    }

    public Task<Guid> VariantIdAsync(string productId, string variantId = "1") => app.Database.ScalarAsync<Guid>(
        $"select v.id from catalog.variants v join catalog.products p on p.id = v.product_id where p.supplier = '{Supplier}' and p.external_id = '{productId}' and v.external_id = '{variantId}'");

    /// <returns>True when everything was held and committed; otherwise nothing was.</returns>
    public Task<bool> HoldAsync(Guid orderId, params StockLine[] lines) => InStoreAsync(async services =>
    {
        var catalog = services.GetRequiredService<IOrderCatalog>();
        await using var transaction = await services.GetRequiredService<StoreDatabase>().BeginAsync(CancellationToken.None);
        IReadOnlySet<Guid> held;
        await using (var reader = await transaction.QueryAsync(
            CancellationToken.None, catalog.Reserve(orderId, lines, DateTimeOffset.UtcNow.AddMinutes(30))))
        {
            held = await catalog.ReadVariantsAsync(reader, CancellationToken.None);
        }

        if (lines.Any(l => !held.Contains(l.VariantId)))
        {
            return false;
        }

        await transaction.CommitAsync(CancellationToken.None);
        return true;
    });

    public Task<int> ReleaseAsync(Guid orderId) => CountAsync(c => c.Release(orderId));

    public Task<int> CommitAsync(Guid orderId) => CountAsync(c => c.Commit(orderId));

    private Task<int> CountAsync(Func<IOrderCatalog, Npgsql.NpgsqlBatchCommand> command) => InStoreAsync(async services =>
    {
        var catalog = services.GetRequiredService<IOrderCatalog>();
        await using var reader = await services.GetRequiredService<StoreDatabase>().QueryAsync(CancellationToken.None, command(catalog));
        return (await catalog.ReadVariantsAsync(reader.Rows, CancellationToken.None)).Count;
    });
}
