using System.ComponentModel.DataAnnotations;

namespace Mallgram.Messaging.Email;

/// <summary>One mail, ready to send.</summary>
/// <param name="From"><c>Name &lt;address&gt;</c>.</param>
/// <param name="MessageId">With angle brackets; kept over retries, so that receivers can drop a repeat.</param>
internal sealed record OutgoingEmail(string From, string To, string Subject, string Text, string Html, string MessageId, string Language);

/// <summary>The mail server refused the mail for good (5xx): trying again would only annoy it.</summary>
internal sealed class EmailRefusedException(string message, Exception inner) : Exception(message, inner);

/// <summary>Settings under <c>Messaging:Smtp</c>.</summary>
internal sealed class SmtpOptions
{
    public const string Section = "Messaging:Smtp";

    [Required]
    public string Host { get; set; } = "";

    /// <value>587.</value>
    [Range(1, 65535)]
    public int Port { get; set; } = 587;

    /// <summary>Asks for STARTTLS and refuses to go on without it. Off only for a local development server.</summary>
    public bool RequireTls { get; set; }

    public string? User { get; set; }

    /// <summary>Never logged.</summary>
    public string? Password { get; set; }

    /// <summary>Longest time for one mail.</summary>
    /// <value>20 seconds; the event's lease is longer.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:00:40")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(20);
}
