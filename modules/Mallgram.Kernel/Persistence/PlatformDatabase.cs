using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Kernel.Persistence;

/// <summary>
/// Plain SQL of platform administrators across stores; the caller goes along, so that what they change is audited. Row-level security
/// shows all rows here: every statement names the store it means.
/// </summary>
public sealed class PlatformDatabase(PlatformDataSource platform, StoreScope scope, IOutboxSignal signal)
{
    /// <summary>Runs statements in one round trip and one implicit transaction. The reader stands before the first statement's rows.</summary>
    public Task<StoreReader> QueryAsync(CancellationToken ct, params NpgsqlBatchCommand[] commands) =>
        StoreDatabase.QueryAsync(platform.Source, storeId: null, scope.Caller, commands, ct);

    /// <summary>Runs statements that return nothing of interest, in one round trip and one implicit transaction.</summary>
    /// <returns>Rows inserted, updated or deleted.</returns>
    public async Task<int> ExecuteAsync(CancellationToken ct, params NpgsqlBatchCommand[] commands)
    {
        await using var reader = await QueryAsync(ct, commands);
        while (await reader.Rows.NextResultAsync(ct))
        {
            // Errors of later statements surface only when their results are reached.
        }

        return Math.Max(reader.Rows.RecordsAffected, 0);
    }

    /// <summary>Starts a transaction about one store.</summary>
    public Task<StoreTransaction> BeginAsync(Guid storeId, CancellationToken ct) =>
        StoreDatabase.BeginAsync(platform.Source, storeId, scope.Caller, signal, ct);
}
