using System.Collections.Immutable;
using Mallgram.Sandbox.Control;
using Mallgram.Sandbox.Storage;

namespace Mallgram.Sandbox.Phones;

/// <summary>A text message as it came in.</summary>
/// <param name="Reference">The sender's own name for it; a second one of the same name is a repeat.</param>
internal sealed record StoredText(string Id, DateTimeOffset ReceivedAt, string To, string From, string Text, string Reference);

/// <summary>One line of the file: a text message, or that everything before it was cleared.</summary>
internal sealed record TextEntry
{
    public StoredText? Message { get; init; }

    public bool? Cleared { get; init; }
}

/// <summary>Text messages in the order they came, and what the controls make their intake do wrong.</summary>
internal sealed class TextStore : IDisposable
{
    private readonly Lock _gate = new();
    private readonly JsonLinesFile<TextEntry> _file;
    private readonly Counters _counters;
    private readonly TimeProvider _clock;
    private ImmutableList<StoredText> _messages;

    /// <exception cref="SandboxStartException">The file cannot be read.</exception>
    public TextStore(SandboxOptions options, Counters counters, TimeProvider clock)
    {
        _counters = counters;
        _clock = clock;
        _file = new JsonLinesFile<TextEntry>(options.DataDirectory, "phones.jsonl");
        var messages = ImmutableList.CreateBuilder<StoredText>();
        foreach (var entry in _file.Loaded)
        {
            if (entry.Cleared is true)
            {
                messages.Clear();
            }
            else if (entry.Message is { } message)
            {
                messages.Add(message);
            }
        }

        _messages = messages.ToImmutable();
    }

    /// <summary>Calls that are refused, and with which HTTP status.</summary>
    public Countdown Refusals { get; } = new();

    public int RefusalStatus { get; set; } = 500;

    /// <summary>Oldest first; a snapshot.</summary>
    public ImmutableList<StoredText> All => Volatile.Read(ref _messages);

    /// <returns>The message, or the one that came with this reference before.</returns>
    public StoredText Add(string to, string from, string text, string reference)
    {
        lock (_gate)
        {
            if (_messages.Find(m => m.Reference == reference && m.To == to) is { } known)
            {
                _counters.Add("sms.repeated");
                return known;
            }

            var now = _clock.GetUtcNow();
            var message = new StoredText("sms_" + Guid.CreateVersion7(now).ToString("N"), now, to, from, text, reference);
            _file.Append(new TextEntry { Message = message });
            Volatile.Write(ref _messages, _messages.Add(message));
            _counters.Add("sms.received");
            return message;
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _file.Append(new TextEntry { Cleared = true });
            Volatile.Write(ref _messages, []);
        }
    }

    public void Dispose() => _file.Dispose();
}
