using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Messaging;

/// <summary>One message of one event, on its way to one recipient.</summary>
/// <param name="Channel"><c>email</c> or <c>sms</c>.</param>
/// <param name="Subject">Of a mail. Kept readable, so never with a code in it.</param>
/// <param name="MessageId">Of a mail.</param>
internal sealed record MessageClaim(
    Guid StoreId, Guid EventId, string Template, string Channel, string Recipient, string Language, string? Subject, string? MessageId);

/// <summary><c>messaging.messages</c>: a row claims a message of an event, and one that was sent or refused is never sent again.</summary>
internal sealed class MessageLog(StoreDatabase database, TimeProvider clock)
{
    /// <returns>Whether the message is still to be sent.</returns>
    public async Task<bool> ClaimAsync(MessageClaim message, CancellationToken ct)
    {
        await using var claim = await database.QueryAsync(
            ct,
            Sql.Command(
                """
                insert into messaging.messages (store_id, id, event_id, template, channel, recipient, language, subject, message_id)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                on conflict (store_id, event_id, template, channel) do nothing
                """,
                Sql.Uuid(message.StoreId), Sql.Uuid(PublicId.New(clock)), Sql.Uuid(message.EventId), Sql.Text(message.Template),
                Sql.Text(message.Channel), Sql.Text(message.Recipient), Sql.Text(message.Language), Sql.Text(message.Subject),
                Sql.Text(message.MessageId)),
            Sql.Command("select status from messaging.messages where " + Key, KeyOf(message)));
        await claim.Rows.ReadAsync(ct);
        return claim.Rows.GetString(0) == "sending";
    }

    /// <summary>Not cancelled: after the receiver's yes the row must say so.</summary>
    public Task SentAsync(MessageClaim message) => EndAsync(message, "sent", error: null);

    public Task RefusedAsync(MessageClaim message, string reason) => EndAsync(message, "refused", reason);

    private const string Key = "store_id = $1 and event_id = $2 and template = $3 and channel = $4";

    private static NpgsqlParameter[] KeyOf(MessageClaim message) =>
        [Sql.Uuid(message.StoreId), Sql.Uuid(message.EventId), Sql.Text(message.Template), Sql.Text(message.Channel)];

    private Task EndAsync(MessageClaim message, string status, string? error) => database.ExecuteAsync(
        CancellationToken.None,
        Sql.Command(
            $"update messaging.messages set status = $5, error = $6, sent_at = case when $5 = 'sent' then now() end where {Key}",
            [.. KeyOf(message), Sql.Text(status), Sql.Text(error)]));
}
