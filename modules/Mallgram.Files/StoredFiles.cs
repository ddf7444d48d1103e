using Mallgram.Files.Content;
using Mallgram.Files.Contracts;
using Mallgram.Files.Storage;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Files;

internal sealed class StoredFiles(StoreDatabase database, StoreScope scope, IFileStorage storage, TimeProvider clock) : IFiles
{
    public async Task<StoredFile?> FindAsync(Guid id, CancellationToken ct) => (await ReadAsync(id, ct))?.File;

    public async Task<Stream> OpenAsync(Guid id, CancellationToken ct) =>
        await ReadAsync(id, ct) is { } known
            ? await storage.OpenAsync(known.Key, ct)
            : throw new FileNotFoundException("There is no such file.");

    public async Task<StoredFile> SaveAsync(string name, string purpose, Stream content, CancellationToken ct)
    {
        var (id, key) = (PublicId.New(clock), StorageKey.New(scope.StoreId));
        await database.ExecuteAsync(ct, Sql.Command(
            "insert into files.files (store_id, id, name, purpose, max_size, storage_key) values ($1, $2, $3, $4, $5, $6)",
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(name), Sql.Text(purpose), Sql.Long(long.MaxValue), Sql.Text(key)));
        await using var inspected = new InspectedStream(content, long.MaxValue);
        await storage.PutAsync(key, inspected, ct);
        var contentType = inspected.ContentType(name);
        if (!ContentTypes.Fits(contentType, purpose))
        {
            await DeleteAsync(id, ct);
            throw new ArgumentException($"A {purpose} is not {contentType ?? "of an unknown type"}.", nameof(content));
        }

        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            update files.files set state = 'ready', content_type = $3, size = $4, sha256 = $5
            where store_id = $1 and id = $2 returning created_at
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(contentType), Sql.Long(inspected.Size), Sql.Bytes(inspected.Hash())));
        await reader.Rows.ReadAsync(ct);
        return new StoredFile(id, name, contentType!, inspected.Size, purpose, reader.Rows.GetFieldValue<DateTimeOffset>(0));
    }

    public async Task DeleteAsync(Guid id, CancellationToken ct) => await TryDeleteAsync(id, ct);

    /// <returns>Whether there was such a file, ready or not.</returns>
    public async Task<bool> TryDeleteAsync(Guid id, CancellationToken ct)
    {
        // Again when an upload chose a new place for its bytes in between.
        for (; ; )
        {
            string? key;
            await using (var reader = await database.QueryAsync(ct, Sql.Command(
                "select storage_key from files.files where store_id = $1 and id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(id))))
            {
                if (!await reader.Rows.ReadAsync(ct))
                {
                    return false;
                }

                key = await reader.Rows.IsDBNullAsync(0, ct) ? null : reader.Rows.GetString(0);
            }

            // Bytes first: a deletion that breaks off can be repeated, and leaves nothing that no row knows of.
            if (key is not null)
            {
                await storage.DeleteAsync(key, ct);
            }

            if (await database.ExecuteAsync(ct, Sql.Command(
                "delete from files.files where store_id = $1 and id = $2 and storage_key is not distinct from $3",
                Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(key))) > 0)
            {
                return true;
            }
        }
    }

    private async Task<(StoredFile File, string Key)?> ReadAsync(Guid id, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            select name, content_type, size, purpose, created_at, storage_key
            from files.files where store_id = $1 and id = $2 and state = 'ready'
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(id)));
        var row = reader.Rows;
        return await row.ReadAsync(ct)
            ? (new StoredFile(
                    id, row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4)),
                row.GetString(5))
            : null;
    }
}
