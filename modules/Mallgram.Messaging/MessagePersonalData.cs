using System.Text.Json;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Privacy;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Messaging;

/// <summary>Messages that went to a person's proven addresses. Erasing keeps that something was sent, and takes to whom.</summary>
internal sealed class MessagePersonalData(StoreDatabase database, StoreScope scope) : IPersonalData
{
    private const string Theirs = "store_id = $1 and (lower(recipient) = $2 or recipient = $3)";

    public string Name => "messages";

    public Task<long> CountAsync(DataSubject person, CancellationToken ct) =>
        database.ReadCountAsync(Sql.Command($"select count(*) from messaging.messages where {Theirs}", Of(scope.StoreId, person)), ct);

    public Task<JsonElement> ExportAsync(DataSubject person, CancellationToken ct) => database.ReadJsonAsync(
        Sql.Command(
            $"""
            select coalesce(jsonb_agg(jsonb_build_object('template', template, 'channel', channel, 'recipient', recipient, 'language', language,
                'subject', subject, 'status', status, 'created_at', created_at, 'sent_at', sent_at) order by id), '[]')
            from messaging.messages where {Theirs}
            """,
            Of(scope.StoreId, person)),
        ct);

    public Task EraseAsync(DataSubject person, StoreTransaction transaction, CancellationToken ct) => transaction.ExecuteAsync(
        ct,
        [Sql.Command(
            $"update messaging.messages set recipient = 'erased', subject = case when subject is not null then '' end, error = null where {Theirs}",
            Of(transaction.StoreId, person))]);

    private static NpgsqlParameter[] Of(Guid storeId, DataSubject person) =>
        [Sql.Uuid(storeId), Sql.Text(person.Email), Sql.Text(person.Phone)];
}
