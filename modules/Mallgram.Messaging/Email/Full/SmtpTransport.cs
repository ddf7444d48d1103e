using System.Text;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Mallgram.Messaging.Email;

/// <summary>Sends by SMTP with MailKit, one connection a mail.</summary>
internal sealed class SmtpTransport(IOptions<SmtpOptions> options)
{
    /// <exception cref="EmailRefusedException">Refused for good.</exception>
    /// <exception cref="SmtpCommandException">Not sent now (4xx); try again later. Protocol and connection errors likewise.</exception>
    /// <exception cref="TimeoutException">No answer in time: it may or may not have been taken.</exception>
    public async Task SendAsync(OutgoingEmail email, CancellationToken ct)
    {
        var settings = options.Value;
        using var message = new MimeMessage();
        message.From.Add(MailboxAddress.Parse(email.From));
        message.To.Add(MailboxAddress.Parse(email.To));
        message.Subject = email.Subject;
        message.MessageId = email.MessageId.Trim('<', '>');
        message.Headers.Add(HeaderId.ContentLanguage, Encoding.UTF8, email.Language);
        message.Body = new BodyBuilder { TextBody = email.Text, HtmlBody = email.Html }.ToMessageBody();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(settings.Timeout);
        using var client = new SmtpClient { Timeout = (int)settings.Timeout.TotalMilliseconds };
        try
        {
            await client.ConnectAsync(
                settings.Host, settings.Port, settings.RequireTls ? SecureSocketOptions.StartTls : SecureSocketOptions.None, timeout.Token);
            if (settings.User is { Length: > 0 } user)
            {
                await client.AuthenticateAsync(user, settings.Password, timeout.Token);
            }

            await client.SendAsync(message, timeout.Token);
            await client.DisconnectAsync(quit: true, timeout.Token);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"The mail server did not take the mail within {settings.Timeout.TotalSeconds:F0} s.", e);
        }
        catch (SmtpCommandException e) when ((int)e.StatusCode >= 550
            && e.ErrorCode is (SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted))
        {
            throw new EmailRefusedException($"The mail server refused the mail ({(int)e.StatusCode}).", e);
        }
    }
}
