using System.Net.Mail;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Logging;

namespace Mallgram.Messaging.Email;

/// <summary>
/// Sends at most one mail for an event and template: a row claims it, its Message-ID never changes, and a sent row is never sent again.
/// Only a crash between the server's 250 and our commit can repeat a mail, with the same Message-ID.
/// </summary>
internal sealed partial class EmailDelivery(
    StoreDatabase database, IStores stores, SmtpTransport transport, TimeProvider clock, ILogger<EmailDelivery> logger)
{
    /// <param name="model">Names the template uses, made with the store.</param>
    public async Task SendAsync(
        OutboxMessage message, string template, string recipient, string language, Func<Store, object> model, CancellationToken ct)
    {
        var storeId = message.StoreId ?? throw new ArgumentException("A mail belongs to a store.", nameof(message));
        var store = await stores.GetAsync(storeId, ct);
        var content = EmailTemplates.Render(template, language, model(store));
        var messageId = $"<{message.Id:N}.{template}@{new MailAddress(store.EmailFrom).Host}>";
        await using (var claim = await database.QueryAsync(
            ct,
            Sql.Command(
                """
                insert into messaging.messages (store_id, id, event_id, template, channel, recipient, language, subject, message_id)
                values ($1, $2, $3, $4, 'email', $5, $6, $7, $8)
                on conflict (store_id, event_id, template, channel) do nothing
                """,
                Sql.Uuid(storeId), Sql.Uuid(PublicId.New(clock)), Sql.Uuid(message.Id), Sql.Text(template), Sql.Text(recipient), Sql.Text(language),
                Sql.Text(content.Subject), Sql.Text(messageId)),
            Sql.Command(
                "select status from messaging.messages where store_id = $1 and event_id = $2 and template = $3 and channel = 'email'",
                Sql.Uuid(storeId), Sql.Uuid(message.Id), Sql.Text(template))))
        {
            await claim.Rows.ReadAsync(ct);
            if (claim.Rows.GetString(0) != "sending")
            {
                return;
            }
        }

        try
        {
            await transport.SendAsync(
                new OutgoingEmail(store.EmailFrom, recipient, content.Subject, content.Text, content.Html, messageId, language), ct);
            await EndAsync(storeId, message.Id, template, "sent", error: null);
        }
        catch (EmailRefusedException e)
        {
            await EndAsync(storeId, message.Id, template, "refused", e.Message);
            LogRefused(template, message.Id, e.Message);
        }
    }

    // Not cancelled: after the server's 250 the row must say so.
    private Task EndAsync(Guid storeId, Guid eventId, string template, string status, string? error) => database.ExecuteAsync(
        CancellationToken.None,
        Sql.Command(
            """
            update messaging.messages set status = $4, error = $5, sent_at = case when $4 = 'sent' then now() end
            where store_id = $1 and event_id = $2 and template = $3 and channel = 'email'
            """,
            Sql.Uuid(storeId), Sql.Uuid(eventId), Sql.Text(template), Sql.Text(status), Sql.Text(error)));

    [LoggerMessage(LogLevel.Warning, "Mail {Template} of event {EventId} was refused for good: {Reason}")]
    private partial void LogRefused(string template, Guid eventId, string reason);
}
