using Mallgram.Files.Content;
using Mallgram.Files.Scanning;
using Mallgram.Files.Storage;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.Logging;

namespace Mallgram.Files.Uploads;

/// <summary>
/// Takes the bytes of a file: stored while they come, then looked at, scanned, and only then ready. Where the bytes go is written to the row
/// first, so whatever breaks off is found and deleted later. An attempt that fails on its way may be repeated; a refused file stays refused.
/// </summary>
internal sealed partial class ReceiveUpload(
    StoreDatabase database, StoreScope scope, IFileStorage storage, IFileScanner scanner, ILogger<ReceiveUpload> logger)
{
    /// <param name="maxBytes">As signed.</param>
    public async Task ReceiveAsync(Guid id, Stream body, long maxBytes, CancellationToken ct)
    {
        var key = StorageKey.New(scope.StoreId);
        var (name, purpose) = await ClaimAsync(id, key, ct);
        await using var content = new InspectedStream(body, maxBytes);
        try
        {
            await storage.PutAsync(key, content, ct);
        }
        catch (FileTooLargeException e)
        {
            throw new ProblemException(CommonProblems.BodyTooLarge, e.MaxBytes);
        }
        catch (FileNotFoundException)
        {
            // A later attempt cleared this one away.
            throw new ProblemException(FileProblems.AlreadyUploaded);
        }

        if (content.Size == 0)
        {
            await storage.DeleteAsync(key, ct);
            throw new ProblemException(FileProblems.Empty);
        }

        var contentType = content.ContentType(name);
        if (!ContentTypes.Fits(contentType, purpose))
        {
            await RefuseAsync(id, key, "type", ct);
            throw new ProblemException(FileProblems.TypeNotAllowed, contentType ?? "application/octet-stream", purpose);
        }

        await ScanAsync(id, key, ct);
        var changed = await database.ExecuteAsync(ct, Sql.Command(
            """
            update files.files set state = 'ready', content_type = $4, size = $5, sha256 = $6
            where store_id = $1 and id = $2 and storage_key = $3 and state = 'pending'
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(key), Sql.Text(contentType), Sql.Long(content.Size), Sql.Bytes(content.Hash())));
        if (changed == 0)
        {
            // Another upload of the same file took over, or the file was deleted meanwhile.
            await storage.DeleteAsync(key, ct);
            throw new ProblemException(FileProblems.AlreadyUploaded);
        }
    }

    private async Task<(string Name, string Purpose)> ClaimAsync(Guid id, string key, CancellationToken ct)
    {
        string name, purpose;
        string? left;
        await using (var reader = await database.QueryAsync(
            ct,
            Sql.Command(
                """
                with file as (select storage_key from files.files where store_id = $1 and id = $2 for update)
                update files.files f set storage_key = $3 from file where f.store_id = $1 and f.id = $2 and f.state = 'pending'
                returning f.name, f.purpose, file.storage_key
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(key)),
            Sql.Command("select from files.files where store_id = $1 and id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(id))))
        {
            if (!await reader.Rows.ReadAsync(ct))
            {
                await reader.Rows.NextResultAsync(ct);
                throw new ProblemException(await reader.Rows.ReadAsync(ct) ? FileProblems.AlreadyUploaded : FileProblems.NotFound);
            }

            (name, purpose) = (reader.Rows.GetString(0), reader.Rows.GetString(1));
            left = await reader.Rows.IsDBNullAsync(2, ct) ? null : reader.Rows.GetString(2);
        }

        if (left is not null)
        {
            await storage.DeleteAsync(left, ct);
        }

        return (name, purpose);
    }

    private async Task ScanAsync(Guid id, string key, CancellationToken ct)
    {
        string? found;
        try
        {
            await using var stored = await storage.OpenAsync(key, ct);
            found = await scanner.ScanAsync(stored, ct);
        }
        catch (FileNotFoundException)
        {
            // A later attempt cleared this one away.
            throw new ProblemException(FileProblems.AlreadyUploaded);
        }
        catch (ScannerUnavailableException e)
        {
            LogNotScanned(id, e);
            throw new ProblemException(CommonProblems.Unavailable) { RetryAfter = TimeSpan.FromSeconds(30) };
        }

        if (found is not null)
        {
            await RefuseAsync(id, key, "infected: " + found, ct);
            throw new ProblemException(FileProblems.Infected);
        }
    }

    private async Task RefuseAsync(Guid id, string key, string reason, CancellationToken ct)
    {
        await storage.DeleteAsync(key, ct);
        await database.ExecuteAsync(ct, Sql.Command(
            """
            update files.files set state = 'refused', refused_reason = $4, storage_key = null
            where store_id = $1 and id = $2 and storage_key = $3 and state = 'pending'
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(key), Sql.Text(reason)));
    }

    [LoggerMessage(LogLevel.Error, "Upload {FileId} could not be scanned for viruses")]
    private partial void LogNotScanned(Guid fileId, Exception e);
}
