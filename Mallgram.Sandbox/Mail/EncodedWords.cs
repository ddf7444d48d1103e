using System.Text;

namespace Mallgram.Sandbox.Mail;

/// <summary>
/// RFC 2047: <c>=?utf-8?Q?Commande_pay=C3=A9e?=</c>. Neighbouring words of one charset are joined before they are decoded, because
/// senders split a character over two words.
/// </summary>
internal static class EncodedWords
{
    public static string Decode(string header)
    {
        var text = new StringBuilder(header.Length);
        var pending = new List<byte>();
        var pendingCharset = "";
        var at = 0;
        while (at < header.Length)
        {
            var start = header.IndexOf("=?", at, StringComparison.Ordinal);
            if (start < 0 || Word(header, start) is not { } word)
            {
                var end = start < 0 ? header.Length : start + 2;
                Flush();
                text.Append(header, at, end - at);
                at = end;
                continue;
            }

            var between = header[at..start];
            if (pending.Count == 0 || between.Trim().Length > 0)
            {
                Flush();
                text.Append(between);
            }
            else if (!string.Equals(pendingCharset, word.Charset, StringComparison.OrdinalIgnoreCase))
            {
                Flush();
            }

            pending.AddRange(word.Bytes);
            pendingCharset = word.Charset;
            at = word.End;
        }

        Flush();
        return text.ToString();

        void Flush()
        {
            if (pending.Count > 0)
            {
                text.Append(Charset.Of(pendingCharset).GetString([.. pending]));
                pending.Clear();
            }
        }
    }

    private static (string Charset, byte[] Bytes, int End)? Word(string header, int start)
    {
        var first = header.IndexOf('?', start + 2);
        var second = first < 0 ? -1 : header.IndexOf('?', first + 1);
        var end = second < 0 ? -1 : header.IndexOf("?=", second + 1, StringComparison.Ordinal);
        if (end < 0 || second != first + 2)
        {
            return null;
        }

        // RFC 2231 lets a language follow the charset: utf-8*fr.
        var charset = header[(start + 2)..first].Split('*')[0];
        var payload = Encoding.Latin1.GetBytes(header[(second + 1)..end]);
        byte[]? bytes = header[first + 1] switch
        {
            'B' or 'b' => TransferEncoding.Base64(payload),
            'Q' or 'q' => TransferEncoding.Q(payload),
            _ => null,
        };
        return bytes is null ? null : (charset, bytes, end + 2);
    }
}
