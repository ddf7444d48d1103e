using System.Globalization;
using System.Text;

namespace Mallgram.Sandbox.Mail;

/// <summary>
/// One SMTP conversation: HELO, EHLO, MAIL, RCPT, DATA, RSET, NOOP, VRFY, QUIT with SIZE, 8BITMIME, SMTPUTF8 and PIPELINING. A message
/// ends only at CR LF dot CR LF; lone line feeds are part of it.
/// </summary>
internal sealed class SmtpSession(Stream stream, MailStore store, MailFaults faults, TimeSpan timeout)
{
    public const int LargestMessage = 10 * 1024 * 1024;

    private const int LongestCommand = 2048;
    private const int LongestTextLine = 64 * 1024;
    private const int MostRecipients = 100;
    private const int MostErrors = 20;

    private readonly SmtpLineReader _lines = new(stream, timeout);
    private readonly List<string> _to = [];
    private string? _from;
    private bool _greeted;
    private int _errors;

    public async Task RunAsync(CancellationToken ct)
    {
        await SayAsync("220 sandbox.mallgram.test ESMTP ready", ct);
        while (true)
        {
            var (kind, bytes) = await _lines.ReadAsync(LongestCommand, commands: true, ct);
            if (kind == SmtpLine.End)
            {
                return;
            }

            if (kind == SmtpLine.TimedOut)
            {
                await SayAsync("421 4.4.2 Timeout, closing connection", ct);
                return;
            }

            var answer = kind == SmtpLine.TooLong ? "500 5.5.2 Line too long" : await ObeyAsync(Encoding.UTF8.GetString(bytes), ct);
            if (answer is null)
            {
                return;
            }

            if (answer[0] == '5' && ++_errors >= MostErrors)
            {
                await SayAsync("421 4.7.0 Too many errors, closing connection", ct);
                return;
            }

            await SayAsync(answer, ct);
            if (answer.StartsWith("221", StringComparison.Ordinal))
            {
                return;
            }
        }
    }

    /// <returns>The answer; null to close the connection without one.</returns>
    private async Task<string?> ObeyAsync(string line, CancellationToken ct)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var verb = (space < 0 ? line : line[..space]).Trim().ToUpperInvariant();
        var rest = space < 0 ? "" : line[(space + 1)..].Trim();
        switch (verb)
        {
            case "EHLO":
            case "HELO":
                Forget();
                _greeted = true;
                return verb == "HELO"
                    ? "250 sandbox.mallgram.test"
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"250-sandbox.mallgram.test\r\n250-SIZE {LargestMessage}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING");
            case "MAIL":
                return Mail(rest);
            case "RCPT":
                return Recipient(rest);
            case "DATA":
                return await DataAsync(ct);
            case "RSET":
                Forget();
                return "250 2.0.0 Forgotten";
            case "NOOP":
                return "250 2.0.0 Still here";
            case "VRFY":
                return "252 2.5.0 Send some mail and see";
            case "QUIT":
                return "221 2.0.0 Goodbye";
            default:
                return "500 5.5.1 Unknown command";
        }
    }

    private string Mail(string rest)
    {
        if (!_greeted)
        {
            return "503 5.5.1 Say EHLO first";
        }

        if (_from is not null)
        {
            return "503 5.5.1 One sender at a time";
        }

        if (Address(rest, "FROM:", out var parameters) is not { } from)
        {
            return "501 5.5.4 MAIL FROM:<address>";
        }

        foreach (var parameter in parameters)
        {
            if (parameter.StartsWith("SIZE=", StringComparison.OrdinalIgnoreCase)
                && (!long.TryParse(parameter.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
                    || size > LargestMessage))
            {
                return "552 5.3.4 Message too large";
            }
        }

        if (faults.Refusal("mail") is { } refusal)
        {
            return refusal;
        }

        _from = from;
        return "250 2.1.0 Sender ok";
    }

    private string Recipient(string rest)
    {
        if (_from is null)
        {
            return "503 5.5.1 MAIL first";
        }

        if (Address(rest, "TO:", out _) is not { Length: > 0 } to)
        {
            return "501 5.5.4 RCPT TO:<address>";
        }

        if (_to.Count >= MostRecipients)
        {
            return "452 4.5.3 Too many recipients";
        }

        if (faults.Refusal("rcpt") is { } refusal)
        {
            return refusal;
        }

        _to.Add(to);
        return "250 2.1.5 Recipient ok";
    }

    private async Task<string?> DataAsync(CancellationToken ct)
    {
        if (_to.Count == 0)
        {
            return _from is null ? "503 5.5.1 MAIL first" : "554 5.5.1 No valid recipients";
        }

        await SayAsync("354 End with a line that has only a dot", ct);
        using var message = new MemoryStream();
        var refusal = "";
        while (true)
        {
            var (kind, bytes) = await _lines.ReadAsync(LongestTextLine, commands: false, ct);
            if (kind == SmtpLine.End)
            {
                return null;
            }

            if (kind == SmtpLine.TimedOut)
            {
                await SayAsync("421 4.4.2 Timeout, closing connection", ct);
                return null;
            }

            if (kind == SmtpLine.TooLong)
            {
                refusal = "500 5.6.0 Line too long";
                continue;
            }

            if (bytes.AsSpan().SequenceEqual("."u8))
            {
                break;
            }

            if (refusal.Length > 0)
            {
                continue;
            }

            var text = bytes.Length > 0 && bytes[0] == (byte)'.' ? bytes.AsMemory(1) : bytes;
            if (message.Length + text.Length + 2 > LargestMessage)
            {
                refusal = "552 5.3.4 Message too large";
                message.SetLength(0);
                continue;
            }

            message.Write(text.Span);
            message.Write("\r\n"u8);
        }

        var (from, to) = (_from!, _to.ToArray());
        Forget();
        return refusal.Length > 0 ? refusal : Keep(from, to, message.ToArray());
    }

    private string? Keep(string from, string[] to, byte[] raw)
    {
        if (faults.Refusal("data") is { } refusal)
        {
            return refusal;
        }

        var drop = faults.DropsThis(out var keep);
        if (drop && !keep)
        {
            return null;
        }

        store.Add(from, to, raw);
        return drop ? null : "250 2.0.0 Kept";
    }

    /// <summary>The text between the angle brackets, which may be empty; null when there are none.</summary>
    private static string? Address(string rest, string keyword, out string[] parameters)
    {
        parameters = [];
        if (!rest.StartsWith(keyword, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var path = rest[keyword.Length..].TrimStart();
        var close = path.IndexOf('>', StringComparison.Ordinal);
        if (path.Length == 0 || path[0] != '<' || close < 0 || path.Any(char.IsControl))
        {
            return null;
        }

        parameters = path[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return path[1..close];
    }

    private void Forget()
    {
        _from = null;
        _to.Clear();
    }

    private Task SayAsync(string answer, CancellationToken ct) => _lines.WriteAsync(Encoding.UTF8.GetBytes(answer + "\r\n"), ct);
}
