using Mallgram.Kernel.Cleanup;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Cleanup;

internal static class CatalogCleanup
{
    /// <summary>
    /// Kept for good: reservations held or committed, which <c>catalog.stock.reserved</c> sums up and which tell what was ever ordered,
    /// and price history and stock movements, which nobody may delete from.
    /// </summary>
    public static IServiceCollection AddCatalogCleanup(this IServiceCollection services) => services
        .AddRowCleanup("reservations", TimeSpan.FromDays(90), "catalog.reservations", "t.status = 'released' and t.updated_at < $1")
        // A run cannot be rolled back after this.
        .AddRowCleanup("import-changes", TimeSpan.FromDays(30), "catalog.import_changes", "t.at < $1")
        .AddRowCleanup("bulk-imports", TimeSpan.FromDays(90), "catalog.bulk_imports", "t.finished_at < $1")
        .AddRowCleanup("search-log", TimeSpan.FromDays(90), "catalog.search_log", "t.day < ($1 at time zone 'utc')::date")
        .AddCleanupTask<WithdrawnProducts>();
}
