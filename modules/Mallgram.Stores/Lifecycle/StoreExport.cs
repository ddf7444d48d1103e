using System.Data;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Stores.Lifecycle;

/// <summary>
/// All rows of one store as a zip of NDJSON files, one a table, in one consistent snapshot, row by row: memory does not grow with the store.
/// Columns that hold secrets or their hashes are left out, and tables that are nothing else. Bytes of uploaded files are not part of it.
/// </summary>
internal sealed partial class StoreExport(PlatformDataSource platform, TimeProvider clock)
{
    /// <summary>Stored answers hold tokens in the middle of their text; the others are nothing but codes and tokens.</summary>
    private static readonly string[] LeftOut =
        ["kernel.idempotency_keys", "identity.refresh_tokens", "identity.one_time_codes", "identity.recovery_codes"];

    public async Task WriteAsync(Guid storeId, string slug, Stream target, CancellationToken ct)
    {
        await using var connection = await platform.Source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var tables = await StoreTables.ReadAsync(connection, transaction, ct);
        var written = new List<object>();
        await using var zip = await ZipArchive.CreateAsync(target, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, ct);
        foreach (var table in tables.Where(t => t.Walled && Array.IndexOf(LeftOut, t.Name) < 0).OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            var secret = table.Columns.Where(c => Secret().IsMatch(c)).ToList();
            await using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandTimeout = 0;
            command.CommandText =
                $"""
                select row_to_json(r)::text from (
                    select {string.Join(", ", table.Columns.Except(secret, StringComparer.Ordinal).Select(c => $"\"{c}\""))}
                    from {table.Name} where store_id = $1) r
                """;
            command.Parameters.Add(Sql.Uuid(storeId));
            await using var reader = await command.ExecuteReaderAsync(ct);
            var rows = 0L;
            if (await reader.ReadAsync(ct))
            {
                await using var entry = await zip.CreateEntry(table.Name + ".ndjson", CompressionLevel.Fastest).OpenAsync(ct);
                await using var lines = new StreamWriter(entry, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 64 * 1024);
                do
                {
                    await lines.WriteAsync(reader.GetString(0).AsMemory(), ct);
                    await lines.WriteAsync('\n');
                    rows++;
                }
                while (await reader.ReadAsync(ct));
            }

            written.Add(new { table = table.Name, rows, left_out = secret });
        }

        await using var manifest = await zip.CreateEntry("manifest.json").OpenAsync(ct);
        await JsonSerializer.SerializeAsync(
            manifest,
            new { store = PublicId.Format(PublicId.Store, storeId), slug, exported_at = clock.GetUtcNow(), tables = written },
            MallgramJson.Options,
            ct);
    }

    [GeneratedRegex("password|secret|token|sealed|_hash$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Secret();
}
