using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Mallgram.Files.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mallgram.Catalog.Bulk;

/// <summary>
/// One bulk import of the scope's store. The file is read through once to see whether it can be taken at all, then worked on in batches; a
/// batch and the checkpoint commit together, so a killed import goes on without doing a row twice.
/// </summary>
internal sealed partial class BulkImportRun(
    BulkImports imports, StoreDatabase database, IFiles files, IStoreRoom room, TimeProvider clock, ILogger<BulkImportRun> logger)
{
    private const int BatchRows = 1000;

    /// <summary>Rows of one product stay together up to this.</summary>
    private const int LargestBatch = 2000;

    private const int BatchCells = 4 * 1024 * 1024;
    private const int TriesOfBatch = 4;

    /// <summary>Times an import is taken up without getting on before it is given up.</summary>
    private const int TriesOfImport = 5;

    private readonly HashSet<UInt128> _seen = [];

    public async Task RunAsync(Guid id, JobRun run, CancellationToken ct)
    {
        if (await imports.TakeAsync(id, run.Fence, ct) is not { } import)
        {
            return;
        }

        try
        {
            if (import.Attempts > TriesOfImport)
            {
                await imports.FailAsync(import, run.Fence, "internal_error", new LocalText(
                    "Something went wrong on our side, several times. What was done before stays.",
                    "Une erreur est survenue chez nous, plusieurs fois. Ce qui était fait reste."), ct);
                return;
            }

            try
            {
                await ValidateAsync(import, run.Fence, ct);
                await WorkAsync(import, run, ct);
            }
            catch (BulkFileException e)
            {
                await imports.FailAsync(import, run.Fence, e.Code, e.Text, ct);
            }
            catch (FileNotFoundException)
            {
                await imports.FailAsync(import, run.Fence, "file_missing", new LocalText("The file is no longer there.", "Le fichier n'est plus là."), ct);
            }
        }
        catch (BulkImportLostException)
        {
            LogLost(PublicId.Format(BulkImports.IdPrefix, id));
        }
    }

    private async Task ValidateAsync(BulkImport import, long fence, CancellationToken ct)
    {
        var file = new BulkFile(import.Format, import.Options);
        var total = 0;
        await using var content = await files.OpenAsync(import.FileId, ct);
        await foreach (var record in file.ReadAsync(content, ct))
        {
            total++;
        }

        await imports.StartAsync(import, fence, total, file.Header, ct);
    }

    private async Task WorkAsync(BulkImport import, JobRun run, CancellationToken ct)
    {
        var names = new CatalogNames(database, clock);
        await names.LoadAsync(ct);
        var file = new BulkFile(import.Format, import.Options);
        var batch = new List<BulkRecord>(BatchRows);
        var size = 0;
        var lastProduct = "";
        await using var content = await files.OpenAsync(import.FileId, ct);
        await foreach (var record in file.ReadAsync(content, ct))
        {
            var unique = Unrepeated(record);
            if (record.Number <= import.LastRow)
            {
                continue;
            }

            var product = record.Variants.Count > 0 ? record.Variants[0].GetValueOrDefault(BulkColumns.Product, "") : "";
            if (((batch.Count >= BatchRows || size >= BatchCells) && (product.Length == 0 || product != lastProduct)) || batch.Count >= LargestBatch)
            {
                import = await SaveAsync(import, batch, names, run, ct);
                batch.Clear();
                size = 0;
            }

            lastProduct = product;
            batch.Add(unique);
            size += unique.Variants.Sum(v => v.Sum(c => c.Value.Length));
        }

        if (batch.Count > 0)
        {
            import = await SaveAsync(import, batch, names, run, ct);
        }

        await imports.FinishAsync(import, run.Fence, ct);
    }

    /// <summary>Remembers the row by 128 bits, so a million rows need some 40 MB; rows that were done before a restart count too.</summary>
    private BulkRecord Unrepeated(BulkRecord record)
    {
        var repeated = false;
        foreach (var identity in record.Variants.SelectMany(BulkBatch.Identities))
        {
            repeated |= !_seen.Add(BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(identity))));
        }

        return repeated
            ? record with
            {
                Variants = [],
                Error = new RowError(null, "duplicate_row", "names the same item as an earlier row of the file",
                    "désigne le même article qu'une ligne précédente du fichier"),
            }
            : record;
    }

    private async Task<BulkImport> SaveAsync(BulkImport import, IReadOnlyList<BulkRecord> batch, CatalogNames names, JobRun run, CancellationToken ct)
    {
        var after = await SaveAsync(import, batch, names, run.Fence, ct);
        await run.ReportAsync(
            new { import = PublicId.Format(BulkImports.IdPrefix, after.Id), after.Processed, after.Created, after.Updated, after.Unchanged, after.Failed }, ct);
        return after;
    }

    private async Task<BulkImport> SaveAsync(BulkImport import, IReadOnlyList<BulkRecord> batch, CatalogNames names, long fence, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TrySaveAsync(import, batch, names, fence, ct);
            }
            catch (Exception e) when (attempt < TriesOfBatch && e is BatchOvertakenException or PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure })
            {
                LogAgain(e.Message, batch[0].Number);
                await names.LoadAsync(ct);
            }
            catch (PostgresException e) when (e.SqlState[..2] is "22" or "23")
            {
                // Data that slipped through every check, or somebody was faster with the same key: find the row, let the others in.
                LogRejected(e.SqlState, e.ConstraintName, batch[0].Number, batch.Count);
                await names.LoadAsync(ct);
                if (batch.Count == 1)
                {
                    return await RejectAsync(import, batch[0], fence, e, ct);
                }

                var half = batch.Count / 2;
                import = await SaveAsync(import, [.. batch.Take(half)], names, fence, ct);
                return await SaveAsync(import, [.. batch.Skip(half)], names, fence, ct);
            }
        }
    }

    private async Task<BulkImport> TrySaveAsync(BulkImport import, IReadOnlyList<BulkRecord> batch, CatalogNames names, long fence, CancellationToken ct)
    {
        // A dry run writes nothing: what it would have made takes room all the same.
        var left = await room.LeftAsync(StoreMeters.Products, ct) - (import.IsDryRun ? import.Created : 0);
        await using var transaction = await database.BeginAsync(ct);
        var outcome = await new BulkBatch(import, names, left, clock).RunAsync(transaction, batch, ct);
        var after = await BulkImports.SaveAsync(transaction, import, fence, batch[^1].Number, outcome, ct);
        await transaction.CommitAsync(ct);
        return after;
    }

    private async Task<BulkImport> RejectAsync(BulkImport import, BulkRecord record, long fence, PostgresException e, CancellationToken ct)
    {
        var outcome = new BatchOutcome();
        outcome.Failed.Add((record, [new RowError(null, "rejected", $"was rejected by the database ({e.SqlState} {e.ConstraintName})",
            $"a été refusée par la base de données ({e.SqlState} {e.ConstraintName})")]));
        await using var transaction = await database.BeginAsync(ct);
        var after = await BulkImports.SaveAsync(transaction, import, fence, record.Number, outcome, ct);
        await transaction.CommitAsync(ct);
        return after;
    }

    [LoggerMessage(LogLevel.Information, "Bulk import {Import} was cancelled or taken over")]
    private partial void LogLost(string import);

    [LoggerMessage(LogLevel.Information, "Bulk import batch at row {Row} starts again: {Reason}")]
    private partial void LogAgain(string reason, int row);

    [LoggerMessage(LogLevel.Warning, "The database rejects something in the {Count} rows from {Row} of a bulk import: {SqlState} {Constraint}")]
    private partial void LogRejected(string sqlState, string? constraint, int row, int count);
}
