using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.Mail;

/// <summary>What the controls make the SMTP server do wrong. In memory: a restart heals everything.</summary>
internal sealed class MailFaults
{
    private readonly Countdown _refuse = new();
    private readonly Countdown _drop = new();
    private volatile int _code = 451;
    private volatile string _stage = "rcpt";
    private volatile bool _keepDropped = true;

    public int RefusalsLeft => _refuse.Left;

    public int DropsLeft => _drop.Left;

    public void RefuseNext(int count, int code, string stage)
    {
        _code = code;
        _stage = stage;
        _refuse.Set(count);
    }

    /// <param name="keep">Whether the mail is kept although its sender never hears so.</param>
    public void DropNext(int count, bool keep)
    {
        _keepDropped = keep;
        _drop.Set(count);
    }

    /// <summary>The refusal for this stage (mail, rcpt, data), or null.</summary>
    public string? Refusal(string stage) =>
        _stage == stage && _refuse.Take() ? (_code < 500 ? $"{_code} 4.3.0 Try again later" : $"{_code} 5.7.1 Refused") : null;

    public bool DropsThis(out bool keep)
    {
        keep = _keepDropped;
        return _drop.Take();
    }

    public void Reset()
    {
        _refuse.Set(0);
        _drop.Set(0);
    }
}
