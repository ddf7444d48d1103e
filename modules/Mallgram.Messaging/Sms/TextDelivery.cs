using Mallgram.Kernel.Outbox;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Logging;

namespace Mallgram.Messaging.Sms;

/// <summary>Sends at most one text message for an event and template; a repeat after a crash carries the same reference.</summary>
internal sealed partial class TextDelivery(MessageLog log, IStores stores, ITextMessages messages, ILogger<TextDelivery> logger)
{
    public async Task SendAsync(
        OutboxMessage message, string template, string recipient, string language, Func<Store, string> text, CancellationToken ct)
    {
        var storeId = message.StoreId ?? throw new ArgumentException("A text message belongs to a store.", nameof(message));
        var store = await stores.GetAsync(storeId, ct);
        var claim = new MessageClaim(storeId, message.Id, template, "sms", recipient, language, Subject: null, MessageId: null);
        if (!await log.ClaimAsync(claim, ct))
        {
            return;
        }

        try
        {
            await messages.SendAsync(new TextMessage(recipient, store.Name, text(store), $"{message.Id:N}.{template}"), ct);
            await log.SentAsync(claim);
        }
        catch (TextRefusedException e)
        {
            await log.RefusedAsync(claim, e.Message);
            LogRefused(template, message.Id, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Text message {Template} of event {EventId} was refused for good: {Reason}")]
    private partial void LogRefused(string template, Guid eventId, string reason);
}
