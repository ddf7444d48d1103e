namespace Mallgram.Sandbox.Mail;

/// <summary>Decoders that take what can be decoded and leave the rest as it stands.</summary>
internal static class TransferEncoding
{
    public static byte[] Base64(ReadOnlySpan<byte> encoded)
    {
        var digits = new List<char>(encoded.Length);
        foreach (var b in encoded)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'+' or (byte)'/')
            {
                digits.Add((char)b);
            }
        }

        // A single left-over digit carries no byte; the padding is put back.
        if (digits.Count % 4 == 1)
        {
            digits.RemoveAt(digits.Count - 1);
        }

        while (digits.Count % 4 != 0)
        {
            digits.Add('=');
        }

        return Convert.FromBase64CharArray([.. digits], 0, digits.Count);
    }

    /// <summary>RFC 2045 body encoding: spaces at the end of a line go, <c>=</c> at its end joins it to the next.</summary>
    public static byte[] QuotedPrintable(ReadOnlySpan<byte> encoded)
    {
        var bytes = new List<byte>(encoded.Length);
        for (var at = 0; at < encoded.Length;)
        {
            var length = encoded[at..].IndexOf((byte)'\n');
            var next = length < 0 ? encoded.Length : at + length + 1;
            var whole = encoded[at..next];
            var line = whole.TrimEnd("\r\n \t"u8);
            var soft = line.Length > 0 && line[^1] == (byte)'=';
            Escapes(soft ? line[..^1] : line, bytes);
            if (!soft && length >= 0)
            {
                bytes.AddRange(whole.EndsWith("\r\n"u8) ? "\r\n"u8 : "\n"u8);
            }

            at = next;
        }

        return [.. bytes];
    }

    /// <summary>The Q encoding of headers: as above, and <c>_</c> is a space.</summary>
    public static byte[] Q(ReadOnlySpan<byte> encoded)
    {
        var bytes = new List<byte>(encoded.Length);
        var spaced = encoded.ToArray();
        spaced.AsSpan().Replace((byte)'_', (byte)' ');
        Escapes(spaced, bytes);
        return [.. bytes];
    }

    private static void Escapes(ReadOnlySpan<byte> text, List<byte> into)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == (byte)'=' && i + 2 < text.Length
                && char.IsAsciiHexDigit((char)text[i + 1]) && char.IsAsciiHexDigit((char)text[i + 2]))
            {
                into.Add((byte)((Hex(text[i + 1]) << 4) | Hex(text[i + 2])));
                i += 2;
            }
            else
            {
                into.Add(text[i]);
            }
        }
    }

    private static int Hex(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
