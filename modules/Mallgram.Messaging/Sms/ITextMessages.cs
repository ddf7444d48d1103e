using System.ComponentModel.DataAnnotations;

namespace Mallgram.Messaging.Sms;

/// <param name="To">E.164.</param>
/// <param name="From">Who it is from, as the phone shows it.</param>
/// <param name="Reference">Kept over retries, so that the receiver can drop a repeat.</param>
internal sealed record TextMessage(string To, string From, string Text, string Reference);

/// <summary>The receiver refused the text message for good: trying again would change nothing.</summary>
internal sealed class TextRefusedException(string message) : Exception(message);

/// <summary>Sends text messages to phones.</summary>
internal interface ITextMessages
{
    /// <exception cref="TextRefusedException">Refused for good.</exception>
    /// <exception cref="HttpRequestException">Not sent now; try again later. Time-outs likewise.</exception>
    Task SendAsync(TextMessage message, CancellationToken ct);
}

/// <summary>Settings under <c>Messaging:Sms</c>.</summary>
internal sealed class SmsOptions
{
    public const string Section = "Messaging:Sms";

    /// <summary>Where text messages are posted. Not set: this installation sends none, and codes to phones are refused.</summary>
    public Uri? BaseAddress { get; set; }

    /// <summary>Longest time for one message.</summary>
    /// <value>10 seconds; the event's lease is longer.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:00:40")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    public bool HasUsableAddress => BaseAddress is null or { IsAbsoluteUri: true, Scheme: "http" or "https" };
}
