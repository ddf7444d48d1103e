using System.Text;

namespace Mallgram.Sandbox.Mail;

internal static class Charset
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>UTF-8 for US-ASCII, which it contains, and for anything unknown.</summary>
    public static Encoding Of(string? name)
    {
        if (string.IsNullOrEmpty(name) || name.Equals("us-ascii", StringComparison.OrdinalIgnoreCase))
        {
            return Encoding.UTF8;
        }

        try
        {
            return Encoding.GetEncoding(name);
        }
        catch (ArgumentException)
        {
            return Encoding.UTF8;
        }
    }

    /// <summary>Headers with raw 8-bit text: UTF-8 (RFC 6532) when it is, else Latin 1.</summary>
    public static string HeaderText(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }
}
