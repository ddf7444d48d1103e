using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Kernel.Inbox;

/// <summary>A message from a provider, as it came.</summary>
/// <param name="Provider">Gateway name, <c>mtn_momo</c>.</param>
/// <param name="EventKey">What makes the delivery unique at that provider; a repeated delivery has the same.</param>
/// <param name="Headers">JSON object of the headers worth keeping; never credentials.</param>
/// <param name="Body">Raw body bytes.</param>
/// <param name="Genuine">False for a forgery, kept for forensics and never processed.</param>
public sealed record InboundMessage(Guid? StoreId, string Provider, string EventKey, string Headers, byte[] Body, bool Genuine);

/// <summary>Stores what providers send before anything is done with it, once per (provider, event key).</summary>
public sealed class InboxWriter(PlatformDataSource platform, OutboxWriter outbox, IOutboxSignal signal, TimeProvider clock)
{
    /// <summary>
    /// Stores the message and, when it is new and genuine, the event that has it processed, in one commit.
    /// </summary>
    /// <returns>False when the same delivery was stored before.</returns>
    public async Task<bool> StoreAsync<T>(InboundMessage message, string eventType, Func<Guid, T> payload, CancellationToken ct)
    {
        var id = PublicId.New(clock);
        await using var connection = await platform.Source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(Sql.Command(
            """
            insert into kernel.inbox (id, store_id, provider, event_key, headers, body, genuine)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (provider, event_key) where genuine do nothing
            returning id
            """,
            Sql.Uuid(id), Sql.Uuid(message.StoreId), Sql.Text(message.Provider), Sql.Text(message.EventKey),
            Sql.Json(message.Headers), Sql.Bytes(message.Body), Sql.Bool(message.Genuine)));
        bool isNew;
        await using (var reader = await batch.ExecuteReaderAsync(ct))
        {
            isNew = await reader.ReadAsync(ct);
        }

        if (isNew && message.Genuine)
        {
            await using var next = new NpgsqlBatch(connection, transaction);
            next.BatchCommands.Add(outbox.Add(message.StoreId, eventType, payload(id)));
            await next.ExecuteNonQueryAsync(ct);
        }

        await transaction.CommitAsync(ct);
        if (isNew && message.Genuine)
        {
            signal.Notify();
        }

        return isNew;
    }
}
