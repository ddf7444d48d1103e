using Mallgram.Files.Storage;
using Mallgram.Kernel.Cleanup;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Files.Uploads;

/// <summary>Removes what was announced and never came, what broke off half way, and what was refused, with the bytes that were left.</summary>
internal sealed class UnfinishedUploads(PlatformDataSource platform, IFileStorage storage) : ICleanupTask
{
    public string Name => "unfinished-uploads";

    /// <summary>Upload addresses live a day at most.</summary>
    public TimeSpan DefaultRetention => TimeSpan.FromDays(1);

    public async Task<long> RemoveAsync(DateTimeOffset before, int limit, CancellationToken ct)
    {
        await using var connection = await platform.Source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var removed = 0L;
        var keys = new List<string>();
        await using (var command = connection.CreateCommand())
        {
            command.CommandText =
                """
                delete from files.files where ctid = any(array(
                    select ctid from files.files where state <> 'ready' and created_at < $1 limit $2 for update skip locked))
                returning storage_key
                """;
            command.Parameters.Add(Sql.Time(before));
            command.Parameters.Add(Sql.Int(limit));
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                removed++;
                if (!await reader.IsDBNullAsync(0, ct))
                {
                    keys.Add(reader.GetString(0));
                }
            }
        }

        // Before the commit: where this fails, the rows stay and name the bytes next time.
        foreach (var key in keys)
        {
            await storage.DeleteAsync(key, ct);
        }

        await transaction.CommitAsync(ct);
        return removed;
    }
}
