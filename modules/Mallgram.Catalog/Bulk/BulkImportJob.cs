using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Bulk;

/// <summary>Works off the bulk imports that wait, of all stores, oldest first. Safe to kill and to run again at any point.</summary>
internal sealed class BulkImportJob(PlatformDataSource platform, IServiceScopeFactory scopes) : IMallgramJob
{
    public static string Name => "bulk-import";

    // A run is asked for with each import; the schedule is for those whose asking was lost.
    public static string DefaultCron => "0 * * * * ?";

    public static LocalText Description { get; } = new("Imports products from uploaded files.", "Importe des produits depuis les fichiers envoyés.");

    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        var done = 0;
        var tried = new HashSet<Guid>();
        while (await NextAsync(tried, ct) is var (storeId, id))
        {
            tried.Add(id);
            await using var scope = scopes.CreateAsyncScope();
            scope.ServiceProvider.GetRequiredService<StoreScope>().Set(storeId);
            await scope.ServiceProvider.GetRequiredService<BulkImportRun>().RunAsync(id, run, ct);
            done++;
        }

        return done == 0 ? null : new { imports = done };
    }

    /// <summary>Cross-store by purpose: which store has work is asked before any store is entered.</summary>
    private async Task<(Guid StoreId, Guid Id)?> NextAsync(IEnumerable<Guid> tried, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            """
            select store_id, id from catalog.bulk_imports
            where state in ('queued', 'validating', 'running') and id <> all($1) order by created_at limit 1
            """);
        command.Parameters.Add(Sql.Uuids([.. tried]));
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? (reader.GetGuid(0), reader.GetGuid(1)) : null;
    }
}
