using System.Text.Json;
using Mallgram.Files.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Catalog.Bulk;

/// <summary>Words of <c>bulk_imports.mode</c>.</summary>
internal static class BulkModes
{
    public const string Upsert = "upsert";
    public const string CreateOnly = "create_only";
    public const string UpdateOnly = "update_only";

    public static bool IsKnown(string mode) => mode is Upsert or CreateOnly or UpdateOnly;
}

/// <summary>Words of <c>bulk_imports.state</c>.</summary>
internal static class BulkStates
{
    public const string Running = "running";
    public const string Succeeded = "succeeded";
    public const string CompletedWithErrors = "completed_with_errors";
    public const string Failed = "failed";
}

/// <summary>An operation as the job works on it.</summary>
/// <param name="LastRow">Number in the file of the last row that is done; 0 before the first.</param>
/// <param name="StoredRows">Failed rows that are kept.</param>
internal sealed record BulkImport(
    Guid Id,
    Guid FileId,
    string Format,
    string Mode,
    bool IsDryRun,
    BulkOptions Options,
    string RequestedBy,
    int? Total,
    int LastRow,
    int Created,
    int Updated,
    int Unchanged,
    int Failed,
    IReadOnlyDictionary<string, int> ErrorCounts,
    int StoredRows,
    int Attempts)
{
    public int Processed => Created + Updated + Unchanged + Failed;
}

/// <summary>The operation was cancelled, or another Worker took it over: what is not committed is undone.</summary>
internal sealed class BulkImportLostException() : Exception("The bulk import is no longer this worker's.");

/// <summary>Rows of bulk imports of the scope's store.</summary>
internal sealed class BulkImports(StoreDatabase database, StoreScope scope, TimeProvider clock)
{
    public const string IdPrefix = "imp";

    /// <summary>Failed rows that are kept of one import; all are counted.</summary>
    public const int MaxStoredRows = 10_000;

    public async Task<Guid> CreateAsync(
        StoredFile file, string format, string mode, bool isDryRun, BulkOptions options, string requestedBy, CancellationToken ct)
    {
        var id = PublicId.New(clock);
        await database.ExecuteAsync(ct, Sql.Command(
            """
            insert into catalog.bulk_imports (store_id, id, file_id, file_name, format, mode, dry_run, options, requested_by, state)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued')
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Uuid(file.Id), Sql.Text(file.Name), Sql.Text(format), Sql.Text(mode), Sql.Bool(isDryRun),
            Sql.Json(MallgramJson.ToJson(options)), Sql.Text(requestedBy)));
        return id;
    }

    /// <returns>False when it is over already or there is none.</returns>
    public async Task<bool> CancelAsync(Guid id, CancellationToken ct) => await database.ExecuteAsync(ct, Sql.Command(
        """
        update catalog.bulk_imports set state = 'cancelled', finished_at = now()
        where id = $1 and state in ('queued', 'validating', 'running')
        """,
        Sql.Uuid(id))) > 0;

    /// <summary>Takes an operation up, or over from a Worker that died.</summary>
    /// <returns>Null when it is not to be worked on any more.</returns>
    public async Task<BulkImport?> TakeAsync(Guid id, long fence, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            update catalog.bulk_imports set fence = $2, attempts = attempts + 1, state = case when state = 'queued' then 'validating' else state end
            where id = $1 and state in ('queued', 'validating', 'running') and (fence is null or fence <= $2)
            returning file_id, format, mode, dry_run, options, requested_by, total, last_row, created, updated, unchanged, failed, error_counts,
                      stored_rows, attempts
            """,
            Sql.Uuid(id), Sql.Long(fence)));
        var row = reader.Rows;
        return await row.ReadAsync(ct)
            ? new BulkImport(
                id, row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetBoolean(3),
                JsonSerializer.Deserialize<BulkOptions>(row.GetString(4), MallgramJson.Options)!, row.GetString(5),
                row.IsDBNull(6) ? null : row.GetInt32(6), row.GetInt32(7), row.GetInt32(8), row.GetInt32(9), row.GetInt32(10), row.GetInt32(11),
                JsonSerializer.Deserialize<Dictionary<string, int>>(row.GetString(12), MallgramJson.Options)!, row.GetInt32(13), row.GetInt32(14))
            : null;
    }

    /// <summary>The file was read through once: its rows begin to be worked on.</summary>
    /// <exception cref="BulkImportLostException">Cancelled or taken over.</exception>
    public Task StartAsync(BulkImport import, long fence, int total, string[]? header, CancellationToken ct) => OwnAsync(
        Sql.Command(
            """
            update catalog.bulk_imports set state = 'running', total = $3, header = $4, started_at = coalesce(started_at, now())
            where id = $1 and fence = $2 and state in ('validating', 'running') returning 1
            """,
            Sql.Uuid(import.Id), Sql.Long(fence), Sql.Int(total),
            new NpgsqlParameter { Value = (object?)header ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text }),
        ct);

    /// <exception cref="BulkImportLostException">Cancelled or taken over.</exception>
    public Task FinishAsync(BulkImport import, long fence, CancellationToken ct) => OwnAsync(
        Sql.Command(
            "update catalog.bulk_imports set state = $3, finished_at = now() where id = $1 and fence = $2 and state = 'running' returning 1",
            Sql.Uuid(import.Id), Sql.Long(fence), Sql.Text(import.Failed > 0 ? BulkStates.CompletedWithErrors : BulkStates.Succeeded)),
        ct);

    /// <exception cref="BulkImportLostException">Cancelled or taken over.</exception>
    public Task FailAsync(BulkImport import, long fence, string code, LocalText text, CancellationToken ct) => OwnAsync(
        Sql.Command(
            """
            update catalog.bulk_imports set state = 'failed', error_code = $3, error = $4, error_fr = $5, finished_at = now()
            where id = $1 and fence = $2 and state in ('validating', 'running') returning 1
            """,
            Sql.Uuid(import.Id), Sql.Long(fence), Sql.Text(code), Sql.Text(text.English), Sql.Text(text.French)),
        ct);

    /// <summary>Stores a batch's end in the batch's transaction: both are there or neither.</summary>
    /// <exception cref="BulkImportLostException">Cancelled or taken over.</exception>
    public static async Task<BulkImport> SaveAsync(
        StoreTransaction transaction, BulkImport import, long fence, int lastRow, BatchOutcome outcome, CancellationToken ct)
    {
        var counts = new Dictionary<string, int>(import.ErrorCounts, StringComparer.Ordinal);
        foreach (var code in outcome.Failed.SelectMany(f => f.Errors.Select(e => e.Code).Distinct(StringComparer.Ordinal)))
        {
            counts[code] = counts.GetValueOrDefault(code) + 1;
        }

        var kept = outcome.Failed.Take(Math.Max(0, MaxStoredRows - import.StoredRows)).ToList();
        var after = import with
        {
            LastRow = lastRow,
            Created = import.Created + outcome.Created,
            Updated = import.Updated + outcome.Updated,
            Unchanged = import.Unchanged + outcome.Unchanged,
            Failed = import.Failed + outcome.Failed.Count,
            ErrorCounts = counts,
            StoredRows = import.StoredRows + kept.Count,
        };
        var statements = new List<NpgsqlBatchCommand>
        {
            Sql.Command(
                """
                update catalog.bulk_imports set last_row = $3, processed = $4, created = $5, updated = $6, unchanged = $7, failed = $8,
                    error_counts = $9, stored_rows = $10, attempts = 0
                where id = $1 and fence = $2 and state = 'running' returning 1
                """,
                Sql.Uuid(import.Id), Sql.Long(fence), Sql.Int(after.LastRow), Sql.Int(after.Processed), Sql.Int(after.Created), Sql.Int(after.Updated),
                Sql.Int(after.Unchanged), Sql.Int(after.Failed), Sql.Json(MallgramJson.ToJson(counts)), Sql.Int(after.StoredRows)),
        };
        var errors = kept.SelectMany(k => k.Errors.Select((e, i) => (k.Record, Error: e, Number: i + 1))).ToList();
        if (errors.Count > 0)
        {
            statements.Add(Sql.Command(
                """
                insert into catalog.bulk_import_errors (store_id, import_id, row, number, column_name, code, detail, detail_fr, raw)
                select kernel.current_store(), $1, e.* from unnest($2, $3, $4, $5, $6, $7, $8) e
                """,
                Sql.Uuid(import.Id), Sql.Ints([.. errors.Select(e => e.Record.Number)]), Sql.Ints([.. errors.Select(e => e.Number)]),
                Sql.Texts([.. errors.Select(e => e.Error.Column!)]), Sql.Texts([.. errors.Select(e => e.Error.Code)]),
                Sql.Texts([.. errors.Select(e => e.Error.Text.English)]), Sql.Texts([.. errors.Select(e => e.Error.Text.French)]),
                Sql.Texts([.. errors.Select(e => e.Number == 1 ? e.Record.Raw().Replace("\0", "", StringComparison.Ordinal) : "")])));
        }

        await using var rows = await transaction.QueryAsync(ct, statements);
        if (!await rows.ReadAsync(ct))
        {
            throw new BulkImportLostException();
        }

        while (await rows.NextResultAsync(ct))
        {
            // Errors of later statements surface only when their results are reached.
        }

        return after;
    }

    private async Task OwnAsync(NpgsqlBatchCommand update, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, update);
        if (!await reader.Rows.ReadAsync(ct))
        {
            throw new BulkImportLostException();
        }
    }
}
