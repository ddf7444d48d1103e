using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Mallgram.Kernel.Persistence;

/// <summary>
/// Sends the store with EF's statements. Outside a transaction the command gets a constant prefix (one round trip, still auto-prepared);
/// inside one the store was set when the transaction started. Writes by SaveChanges always run in a transaction, because EF counts
/// affected rows by statement position and a prefix would make a stale update look like a success.
/// </summary>
internal sealed class StoreCommandInterceptor : DbCommandInterceptor
{
    private const string Prefix = "select set_config('app.store_id', @_store, true), set_config('app.caller', @_caller, true);\n";

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Add(command, eventData);
        return ValueTask.FromResult(result);
    }

    public override async ValueTask<DbDataReader> ReaderExecutedAsync(
        DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        if (command.CommandText.StartsWith(Prefix, StringComparison.Ordinal))
        {
            await result.NextResultAsync(cancellationToken);
        }

        return result;
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Add(command, eventData);
        return ValueTask.FromResult(result);
    }

    public override InterceptionResult<DbDataReader> ReaderExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result) => throw Synchronous();

    public override InterceptionResult<int> NonQueryExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result) => throw Synchronous();

    public override InterceptionResult<object> ScalarExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result) => throw Synchronous();

    public override ValueTask<InterceptionResult<object>> ScalarExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("A scalar command would return the store prefix: read a row instead.");

    private static NotSupportedException Synchronous() => new("Database calls are asynchronous here.");

    private static void Add(DbCommand command, CommandEventData eventData)
    {
        if (command.Transaction is not null)
        {
            return;
        }

        if (eventData.Context is not MallgramDbContext context)
        {
            throw new InvalidOperationException("Only MallgramDbContext runs with this interceptor.");
        }

        AddText(command, "_store", context.StoreId?.ToString());
        AddText(command, "_caller", context.Caller?.Setting);
        command.CommandText = Prefix + command.CommandText;
    }

    internal static void AddText(DbCommand command, string name, string? value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;
        parameter.DbType = DbType.String;
        parameter.Value = value ?? "";
        command.Parameters.Add(parameter);
    }
}

/// <summary>Sets the store once at the start of every EF transaction.</summary>
internal sealed class StoreTransactionInterceptor : DbTransactionInterceptor
{
    public override async ValueTask<DbTransaction> TransactionStartedAsync(
        DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
    {
        await SetStoreAsync(connection, eventData.Context, result, cancellationToken);
        return result;
    }

    public override async ValueTask<DbTransaction> TransactionUsedAsync(
        DbConnection connection, TransactionEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
    {
        await SetStoreAsync(connection, eventData.Context, result, cancellationToken);
        return result;
    }

    public override DbTransaction TransactionStarted(DbConnection connection, TransactionEndEventData eventData, DbTransaction result) =>
        throw new NotSupportedException("Database calls are asynchronous here.");

    private static async Task SetStoreAsync(DbConnection connection, DbContext? context, DbTransaction transaction, CancellationToken ct)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "select set_config('app.store_id', @store, true), set_config('app.caller', @caller, true)";
        var store = context as MallgramDbContext;
        StoreCommandInterceptor.AddText(command, "store", store?.StoreId?.ToString());
        StoreCommandInterceptor.AddText(command, "caller", store?.Caller?.Setting);
        await command.ExecuteNonQueryAsync(ct);
    }
}
