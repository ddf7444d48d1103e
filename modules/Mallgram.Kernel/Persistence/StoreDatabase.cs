using System.Data;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Kernel.Persistence;

/// <summary>
/// Plain SQL under row-level security for hot paths: the store is set in the same round trip as the statements, transaction-locally, so
/// it cannot leak through the pool and works behind a pooler in transaction mode.
/// </summary>
public sealed class StoreDatabase(AppDataSource app, StoreScope scope, IOutboxSignal signal)
{
    private const string SetStore = "select set_config('app.store_id', $1, true)";
    private const string SetStoreAndCaller = "select set_config('app.store_id', $1, true), set_config('app.caller', $2, true)";

    /// <summary>Runs statements in one round trip and one implicit transaction. The reader stands before the first statement's rows.</summary>
    public Task<StoreReader> QueryAsync(CancellationToken ct, params NpgsqlBatchCommand[] commands) =>
        QueryAsync(app.Source, scope.StoreIdOrNull, scope.Caller, commands, ct);

    internal static async Task<StoreReader> QueryAsync(
        NpgsqlDataSource source, Guid? storeId, Caller? caller, NpgsqlBatchCommand[] commands, CancellationToken ct)
    {
        var connection = await source.OpenConnectionAsync(ct);
        try
        {
            var batch = new NpgsqlBatch(connection);
            // What a transaction was not told, the policies read as no store: no row.
            var set = storeId is not null || caller is not null;
            if (set)
            {
                batch.BatchCommands.Add(SetStoreCommand(storeId, caller));
            }

            foreach (var command in commands)
            {
                batch.BatchCommands.Add(command);
            }

            var reader = await batch.ExecuteReaderAsync(ct);
            if (set)
            {
                await reader.NextResultAsync(ct);
            }

            return new StoreReader(reader, batch, connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

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

    /// <summary>Starts a transaction for the scope's store. <c>BEGIN</c> and the store travel with the first statements.</summary>
    public Task<StoreTransaction> BeginAsync(CancellationToken ct) => BeginAsync(app.Source, scope.StoreId, scope.Caller, signal, ct);

    internal static async Task<StoreTransaction> BeginAsync(
        NpgsqlDataSource source, Guid storeId, Caller? caller, IOutboxSignal signal, CancellationToken ct)
    {
        var connection = await source.OpenConnectionAsync(ct);
        try
        {
            var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, ct);
            return new StoreTransaction(connection, transaction, storeId, caller, signal);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    internal static NpgsqlBatchCommand SetStoreCommand(Guid? storeId, Caller? caller) => caller is null
        ? Sql.Command(SetStore, Sql.Text(storeId?.ToString() ?? ""))
        : Sql.Command(SetStoreAndCaller, Sql.Text(storeId?.ToString() ?? ""), Sql.Text(caller.Setting));
}

/// <summary>Rows of one round trip; disposing gives the connection back.</summary>
public sealed class StoreReader(NpgsqlDataReader rows, NpgsqlBatch batch, NpgsqlConnection connection) : IAsyncDisposable
{
    public NpgsqlDataReader Rows { get; } = rows;

    public async ValueTask DisposeAsync()
    {
        await Rows.DisposeAsync();
        await batch.DisposeAsync();
        await connection.DisposeAsync();
    }
}

/// <summary>
/// One unit of work on one store. Modules that must commit together (an order and its stock hold) pass it to each other. Disposing without
/// <see cref="CommitAsync"/> undoes everything.
/// </summary>
public sealed class StoreTransaction(
    NpgsqlConnection connection, NpgsqlTransaction transaction, Guid storeId, Caller? caller, IOutboxSignal signal) : IAsyncDisposable
{
    private bool _storeIsSet;
    private bool _wroteOutbox;

    public Guid StoreId { get; } = storeId;

    public NpgsqlConnection Connection { get; } = connection;

    /// <summary>Runs statements in one round trip. Dispose the reader before the next call.</summary>
    public async Task<NpgsqlDataReader> QueryAsync(CancellationToken ct, params IReadOnlyList<NpgsqlBatchCommand> commands)
    {
        var batch = new NpgsqlBatch(Connection, transaction);
        var first = !_storeIsSet;
        if (first)
        {
            batch.BatchCommands.Add(StoreDatabase.SetStoreCommand(StoreId, caller));
        }

        foreach (var command in commands)
        {
            _wroteOutbox |= command is { CommandText: OutboxWriter.Insert };
            batch.BatchCommands.Add(command);
        }

        var reader = await batch.ExecuteReaderAsync(ct);
        if (first)
        {
            _storeIsSet = true;
            await reader.NextResultAsync(ct);
        }

        return reader;
    }

    /// <summary>Runs statements whose rows do not matter, in one round trip.</summary>
    /// <returns>Rows inserted, updated or deleted by all of them.</returns>
    public async Task<int> ExecuteAsync(CancellationToken ct, params IReadOnlyList<NpgsqlBatchCommand> commands)
    {
        await using var reader = await QueryAsync(ct, commands);
        while (await reader.NextResultAsync(ct))
        {
            // Errors of later statements surface only when their results are reached.
        }

        return Math.Max(reader.RecordsAffected, 0);
    }

    public async Task CommitAsync(CancellationToken ct)
    {
        await transaction.CommitAsync(ct);
        if (_wroteOutbox)
        {
            signal.Notify();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }
}
