using System.Net.Mail;
using Mallgram.Kernel.Outbox;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Logging;

namespace Mallgram.Messaging.Email;

/// <summary>
/// Sends at most one mail for an event and template: a row claims it, its Message-ID never changes, and a sent row is never sent again.
/// Only a crash between the server's 250 and our commit can repeat a mail, with the same Message-ID.
/// </summary>
internal sealed partial class EmailDelivery(
    MessageLog log, IStores stores, IStorePictures pictures, SmtpTransport transport, ILogger<EmailDelivery> logger)
{
    /// <param name="model">Names the template uses, made with the store.</param>
    public async Task SendAsync(
        OutboxMessage message, string template, string recipient, string language, Func<Store, object> model, CancellationToken ct)
    {
        var storeId = message.StoreId ?? throw new ArgumentException("A mail belongs to a store.", nameof(message));
        var store = await stores.GetAsync(storeId, ct);
        var look = new MailLook(
            store.Look.Primary, store.Look.LogoFileId is { } logo ? pictures.AddressOf(logo) : null,
            language == "fr" ? store.Look.FooterFrench ?? store.Look.FooterEnglish : store.Look.FooterEnglish ?? store.Look.FooterFrench);
        var content = EmailTemplates.Render(template, language, model(store), look);
        var messageId = $"<{message.Id:N}.{template}@{new MailAddress(store.EmailFrom).Host}>";
        var claim = new MessageClaim(storeId, message.Id, template, "email", recipient, language, content.Subject, messageId);
        if (!await log.ClaimAsync(claim, ct))
        {
            return;
        }

        try
        {
            await transport.SendAsync(
                new OutgoingEmail(store.EmailFrom, recipient, content.Subject, content.Text, content.Html, messageId, language), ct);
            await log.SentAsync(claim);
        }
        catch (EmailRefusedException e)
        {
            await log.RefusedAsync(claim, e.Message);
            LogRefused(template, message.Id, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Mail {Template} of event {EventId} was refused for good: {Reason}")]
    private partial void LogRefused(string template, Guid eventId, string reason);
}
