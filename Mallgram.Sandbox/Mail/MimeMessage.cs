using System.Globalization;
using System.Text;

namespace Mallgram.Sandbox.Mail;

/// <summary>
/// What a person reads in a mail: RFC 5322 headers with RFC 2047 words decoded, the first plain text and the first HTML part of an
/// RFC 2045 body. Reads what it can of anything: a broken mail gives empty parts, never an exception.
/// </summary>
internal sealed class MimeMessage
{
    private const int DeepestNesting = 20;

    static MimeMessage() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    private MimeMessage(List<(string Name, string Value)> headers) => Headers = headers;

    public IReadOnlyList<(string Name, string Value)> Headers { get; }

    public string Subject => Header("Subject");

    public string MessageId => Header("Message-ID");

    public string From => Header("From");

    public string Date => Header("Date");

    public string Text { get; private set; } = "";

    public string Html { get; private set; } = "";

    /// <summary>Decoded; empty when the mail has no such header.</summary>
    public string Header(string name) =>
        Headers.FirstOrDefault(h => string.Equals(h.Name, name, StringComparison.OrdinalIgnoreCase)).Value ?? "";

    public static MimeMessage Parse(ReadOnlySpan<byte> raw)
    {
        var (headers, body) = Split(raw);
        var message = new MimeMessage([.. headers.Select(h => (h.Name, EncodedWords.Decode(h.Value)))]);
        message.ReadPart(headers, body, depth: 0);
        return message;
    }

    private void ReadPart(List<(string Name, string Value)> headers, ReadOnlySpan<byte> body, int depth)
    {
        var (type, parameters) = ContentType(Raw(headers, "Content-Type"));
        if (type.StartsWith("multipart/", StringComparison.Ordinal) && parameters.TryGetValue("boundary", out var boundary)
            && boundary.Length > 0 && depth < DeepestNesting)
        {
            ReadParts(body, boundary, depth);
            return;
        }

        if (Raw(headers, "Content-Disposition").TrimStart().StartsWith("attachment", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        if (type == "text/html" && Html.Length == 0)
        {
            Html = Decode(headers, parameters, body);
        }
        else if (type == "text/plain" && Text.Length == 0)
        {
            Text = Decode(headers, parameters, body);
        }
    }

    private void ReadParts(ReadOnlySpan<byte> body, string boundary, int depth)
    {
        var marker = Encoding.Latin1.GetBytes("--" + boundary);
        var start = -1;
        for (var at = 0; at <= body.Length;)
        {
            var length = body[at..].IndexOf((byte)'\n');
            var next = length < 0 ? body.Length + 1 : at + length + 1;
            var line = body[at..Math.Min(next, body.Length)].TrimEnd("\r\n \t"u8);
            if (line.StartsWith(marker) && (line.Length == marker.Length || line[marker.Length..].SequenceEqual("--"u8)))
            {
                if (start >= 0)
                {
                    // The line break before a boundary belongs to the boundary.
                    var part = body[start..at];
                    part = part.EndsWith("\r\n"u8) ? part[..^2] : part.EndsWith("\n"u8) ? part[..^1] : part;
                    var (headers, content) = Split(part);
                    ReadPart(headers, content, depth + 1);
                }

                if (line.Length > marker.Length)
                {
                    return;
                }

                start = Math.Min(next, body.Length);
            }

            at = next;
        }

        if (start >= 0)
        {
            var (headers, content) = Split(body[start..]);
            ReadPart(headers, content, depth + 1);
        }
    }

    private static string Decode(List<(string Name, string Value)> headers, Dictionary<string, string> parameters, ReadOnlySpan<byte> body)
    {
        var bytes = Raw(headers, "Content-Transfer-Encoding").Trim().ToUpperInvariant() switch
        {
            "BASE64" => TransferEncoding.Base64(body),
            "QUOTED-PRINTABLE" => TransferEncoding.QuotedPrintable(body),
            _ => body.ToArray(),
        };
        return Charset.Of(parameters.GetValueOrDefault("charset")).GetString(bytes);
    }

    private static string Raw(List<(string Name, string Value)> headers, string name) =>
        headers.FirstOrDefault(h => string.Equals(h.Name, name, StringComparison.OrdinalIgnoreCase)).Value ?? "";

    /// <summary>Unfolded headers as they stand, and the bytes after the empty line.</summary>
    private static (List<(string Name, string Value)> Headers, byte[] Body) Split(ReadOnlySpan<byte> raw)
    {
        var headers = new List<(string Name, string Value)>();
        var at = 0;
        while (at < raw.Length)
        {
            var length = raw[at..].IndexOf((byte)'\n');
            var next = length < 0 ? raw.Length : at + length + 1;
            var line = Charset.HeaderText(raw[at..next].TrimEnd("\r\n"u8));
            at = next;
            if (line.Length == 0)
            {
                break;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (line[0] is ' ' or '\t')
            {
                if (headers.Count > 0)
                {
                    headers[^1] = (headers[^1].Name, headers[^1].Value + " " + line.Trim());
                }
            }
            else if (colon > 0)
            {
                headers.Add((line[..colon].TrimEnd(), line[(colon + 1)..].Trim()));
            }
        }

        return (headers, raw[at..].ToArray());
    }

    /// <summary>RFC 2045: no header means plain text in US-ASCII.</summary>
    private static (string Type, Dictionary<string, string> Parameters) ContentType(string value)
    {
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var pieces = SplitOutsideQuotes(value);
        foreach (var piece in pieces.Skip(1))
        {
            var equals = piece.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                var text = piece[(equals + 1)..].Trim().Trim('"');
                parameters.TryAdd(piece[..equals].Trim(), text.Replace("\\", "", StringComparison.Ordinal));
            }
        }

        var type = pieces[0].Trim().ToLower(CultureInfo.InvariantCulture);
        return (type.Length == 0 ? "text/plain" : type, parameters);
    }

    private static List<string> SplitOutsideQuotes(string value)
    {
        var pieces = new List<string>();
        var quoted = false;
        var start = 0;
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '"')
            {
                quoted = !quoted;
            }
            else if (value[i] == ';' && !quoted)
            {
                pieces.Add(value[start..i]);
                start = i + 1;
            }
        }

        pieces.Add(value[start..]);
        return pieces;
    }
}
