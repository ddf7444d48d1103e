using System.Globalization;
using System.Net.Mail;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Outbox;
using Mallgram.Messaging.Email;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Messaging.People;

/// <summary>Settings under <c>Messaging:Platform</c>.</summary>
internal sealed class PlatformMailOptions
{
    public const string Section = "Messaging:Platform";

    /// <summary>Where browsers reach the admin app, for links in mails to administrators of the platform.</summary>
    /// <value>None: mails then hold the code alone, which the page takes too.</value>
    public Uri? AdminAddress { get; set; }

    public bool HasUsableAddress => AdminAddress is null || AdminAddress is { IsAbsoluteUri: true, Scheme: "http" or "https" };
}

/// <summary>
/// Mails an invitation to administer the platform. It is of no store, so no store's list of messages has it; the default store's sender
/// sends it. Only a crash between the mail server's yes and our commit can repeat it, with the same Message-ID.
/// </summary>
internal sealed partial class SendPlatformInvitation(
    IDataProtectionProvider protection, IStores stores, SmtpTransport transport, IOptions<PlatformMailOptions> options, TimeProvider clock,
    ILogger<SendPlatformInvitation> logger) : IOutboxHandler
{
    private const string Template = "platform_invitation";

    public static string Type => PeopleEvents.PlatformInvitation;

    public static string Effect => "mail";

    public async Task HandleAsync(OutboxMessage message, CancellationToken ct)
    {
        var invitation = message.Read<PlatformInvitationSent>();
        if (invitation.ExpiresAt <= clock.GetUtcNow())
        {
            return;
        }

        var (email, name, token, invitedBy) = invitation.Open(protection);
        var sender = await stores.FindBySlugAsync(Store.DefaultSlug, ct) ?? throw new InvalidOperationException("There is no default store.");
        var from = sender.EmailFrom;
        var address = options.Value.AdminAddress?.AbsoluteUri.TrimEnd('/');
        var content = EmailTemplates.Render(Template, invitation.Language, new PlatformInvitationMail(
            name, invitedBy, token, address is null ? null : $"{address}/platform/invitation#token={token}",
            invitation.ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)));
        var messageId = $"<{message.Id:N}.{Template}@{new MailAddress(from).Host}>";
        try
        {
            await transport.SendAsync(
                new OutgoingEmail(from, email, content.Subject, content.Text, content.Html, messageId, invitation.Language), ct);
        }
        catch (EmailRefusedException e)
        {
            LogRefused(message.Id, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The invitation of event {EventId} to administer the platform was refused for good: {Reason}")]
    private partial void LogRefused(Guid eventId, string reason);
}

/// <summary>What the template <c>platform_invitation</c> says.</summary>
/// <param name="Link">Null when the admin app's address is not known; the token alone is enough. It stands after the #, which browsers do
/// not send.</param>
/// <param name="Until">In UTC.</param>
internal sealed record PlatformInvitationMail(string Name, string InvitedBy, string Token, string? Link, string Until);
