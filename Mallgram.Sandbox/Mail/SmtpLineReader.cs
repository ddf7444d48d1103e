namespace Mallgram.Sandbox.Mail;

internal enum SmtpLine
{
    Text,
    TooLong,
    TimedOut,
    End,
}

/// <summary>Lines off a connection, whatever the packets look like.</summary>
internal sealed class SmtpLineReader(Stream stream, TimeSpan timeout)
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>
    /// One line without its end. <paramref name="commands"/>: a lone LF ends it too; in message text only CR LF does. A line over the
    /// limit is read to its end and reported as too long.
    /// </summary>
    public async ValueTask<(SmtpLine Kind, byte[] Bytes)> ReadAsync(int limit, bool commands, CancellationToken ct)
    {
        var line = new MemoryStream();
        var tooLong = false;
        while (true)
        {
            if (_start == _end)
            {
                var filled = await FillAsync(ct);
                if (filled != SmtpLine.Text)
                {
                    return (filled, []);
                }
            }

            var found = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            var take = found < 0 ? _end - _start : found + 1;
            line.Write(_buffer, _start, take);
            _start += take;
            if (found >= 0 && EndsLine(line, commands))
            {
                var bytes = line.ToArray();
                var length = bytes.Length - (bytes.Length > 1 && bytes[^2] == (byte)'\r' ? 2 : 1);
                return tooLong || length > limit ? (SmtpLine.TooLong, []) : (SmtpLine.Text, bytes[..length]);
            }

            if (line.Length > limit + 2)
            {
                // Only its last byte matters from here on: a CR that the next LF completes.
                tooLong = true;
                var last = line.GetBuffer()[line.Length - 1];
                line.SetLength(0);
                line.WriteByte(last);
            }
        }
    }

    public async Task WriteAsync(byte[] bytes, CancellationToken ct)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(timeout);
        await stream.WriteAsync(bytes, limited.Token);
    }

    private static bool EndsLine(MemoryStream line, bool commands) =>
        commands || (line.Length > 1 && line.GetBuffer()[line.Length - 2] == (byte)'\r');

    private async ValueTask<SmtpLine> FillAsync(CancellationToken ct)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(timeout);
        try
        {
            _start = 0;
            _end = 0;
            _end = await stream.ReadAsync(_buffer, limited.Token);
            return _end == 0 ? SmtpLine.End : SmtpLine.Text;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return SmtpLine.TimedOut;
        }
    }
}
