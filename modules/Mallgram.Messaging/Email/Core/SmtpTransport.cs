using System.Net;
using System.Net.Mail;
using System.Net.Mime;
using System.Text;
using Microsoft.Extensions.Options;

namespace Mallgram.Messaging.Email;

/// <summary>Sends by SMTP with the framework's own client, one connection a mail.</summary>
internal sealed class SmtpTransport(IOptions<SmtpOptions> options)
{
    /// <exception cref="EmailRefusedException">Refused for good.</exception>
    /// <exception cref="SmtpException">Not sent now; try again later.</exception>
    /// <exception cref="TimeoutException">No answer in time: it may or may not have been taken.</exception>
    public async Task SendAsync(OutgoingEmail email, CancellationToken ct)
    {
        var settings = options.Value;
        using var client = new SmtpClient(settings.Host, settings.Port)
        {
            EnableSsl = settings.RequireTls,
            DeliveryFormat = SmtpDeliveryFormat.SevenBit,
            Credentials = settings.User is { Length: > 0 } user ? new NetworkCredential(user, settings.Password) : null,
        };
        using var message = new MailMessage
        {
            From = new MailAddress(email.From),
            Subject = email.Subject,
            SubjectEncoding = Encoding.UTF8,
            HeadersEncoding = Encoding.UTF8,
        };
        message.To.Add(new MailAddress(email.To));
        message.Headers.Add("Message-ID", email.MessageId);
        message.Headers.Add("Content-Language", email.Language);
        message.AlternateViews.Add(AlternateView.CreateAlternateViewFromString(email.Text, Encoding.UTF8, MediaTypeNames.Text.Plain));
        message.AlternateViews.Add(AlternateView.CreateAlternateViewFromString(email.Html, Encoding.UTF8, MediaTypeNames.Text.Html));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(settings.Timeout);
        try
        {
            await client.SendMailAsync(message, timeout.Token);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"The mail server did not take the mail within {settings.Timeout.TotalSeconds:F0} s.", e);
        }
        catch (SmtpException e) when (e.StatusCode is SmtpStatusCode.MailboxUnavailable or SmtpStatusCode.MailboxNameNotAllowed
            or SmtpStatusCode.UserNotLocalTryAlternatePath or SmtpStatusCode.ExceededStorageAllocation or SmtpStatusCode.TransactionFailed)
        {
            throw new EmailRefusedException($"The mail server refused the mail ({(int)e.StatusCode}).", e);
        }
    }
}
