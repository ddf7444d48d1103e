using System.Collections.Immutable;
using Mallgram.Sandbox.Control;
using Mallgram.Sandbox.Storage;

namespace Mallgram.Sandbox.Mail;

/// <summary>A mail as it came in; <paramref name="Raw"/> is everything after DATA, dots undone.</summary>
internal sealed record StoredMail(string Id, DateTimeOffset ReceivedAt, string From, IReadOnlyList<string> To, byte[] Raw)
{
    private MimeMessage? _parsed;

    public MimeMessage Parsed() => _parsed ??= MimeMessage.Parse(Raw);
}

/// <summary>One line of the mail file: a mail, or that everything before it was cleared.</summary>
internal sealed record MailEntry
{
    public StoredMail? Mail { get; init; }

    public bool? Cleared { get; init; }
}

/// <summary>Mails in the order they came. A mail is on disk before the sender hears 250.</summary>
internal sealed class MailStore : IDisposable
{
    private readonly Lock _gate = new();
    private readonly JsonLinesFile<MailEntry> _file;
    private readonly Counters _counters;
    private readonly TimeProvider _clock;
    private ImmutableList<StoredMail> _mails = [];

    /// <exception cref="SandboxStartException">The mail file cannot be read.</exception>
    public MailStore(SandboxOptions options, Counters counters, TimeProvider clock)
    {
        _counters = counters;
        _clock = clock;
        _file = new JsonLinesFile<MailEntry>(options.DataDirectory, "mailbox.jsonl");
        var mails = _mails.ToBuilder();
        foreach (var entry in _file.Loaded)
        {
            if (entry.Cleared is true)
            {
                mails.Clear();
            }
            else if (entry.Mail is { } mail)
            {
                mails.Add(mail);
            }
        }

        _mails = mails.ToImmutable();
    }

    /// <summary>Oldest first; a snapshot.</summary>
    public ImmutableList<StoredMail> All => Volatile.Read(ref _mails);

    public StoredMail? Find(string id) => All.Find(m => m.Id == id);

    public void Add(string from, IReadOnlyList<string> to, byte[] raw)
    {
        var now = _clock.GetUtcNow();
        lock (_gate)
        {
            var mail = new StoredMail("msg_" + Guid.CreateVersion7(now).ToString("N"), now, from, to, raw);
            _file.Append(new MailEntry { Mail = mail });
            Volatile.Write(ref _mails, _mails.Add(mail));
        }

        _counters.Add("mail.received");
    }

    public void Clear()
    {
        lock (_gate)
        {
            _file.Append(new MailEntry { Cleared = true });
            Volatile.Write(ref _mails, []);
        }
    }

    public void Dispose() => _file.Dispose();
}
