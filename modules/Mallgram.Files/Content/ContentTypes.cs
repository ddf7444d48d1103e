using System.Buffers.Binary;
using System.Text;
using Mallgram.Files.Contracts;

namespace Mallgram.Files.Content;

/// <summary>
/// What a file is, by its bytes alone. SVG and HTML are not known on purpose: both run scripts in the browser of who opens them.
/// </summary>
internal static class ContentTypes
{
    public const string Jpeg = "image/jpeg";
    public const string Png = "image/png";
    public const string WebP = "image/webp";
    public const string Gif = "image/gif";
    public const string Avif = "image/avif";
    public const string Pdf = "application/pdf";
    public const string Csv = "text/csv";
    public const string NdJson = "application/x-ndjson";
    public const string Text = "text/plain";

    /// <summary>Bytes from the start that <see cref="OfHead"/> needs.</summary>
    public const int HeadLength = 64;

    /// <summary>Image or PDF by its magic bytes; null for anything else.</summary>
    public static string? OfHead(ReadOnlySpan<byte> head) => head switch
    {
        [0xFF, 0xD8, 0xFF, ..] => Jpeg,
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Png,
        _ when head.StartsWith("GIF87a"u8) || head.StartsWith("GIF89a"u8) => Gif,
        _ when head.Length >= 12 && head.StartsWith("RIFF"u8) && head[8..].StartsWith("WEBP"u8) => WebP,
        _ when IsAvif(head) => Avif,
        _ when head.StartsWith("%PDF-"u8) => Pdf,
        _ => null,
    };

    public static bool IsImage(string? contentType) => contentType is Jpeg or Png or WebP or Gif or Avif;

    /// <summary>Which text it is; markup is none. The name only tells one harmless type from another.</summary>
    /// <param name="head">Start of what is known to be UTF-8 without NUL.</param>
    public static string? OfText(ReadOnlySpan<byte> head, string name)
    {
        if (head.StartsWith(Encoding.UTF8.Preamble))
        {
            head = head[Encoding.UTF8.Preamble.Length..];
        }

        head = head.TrimStart(" \t\r\n\f"u8);
        return head switch
        {
            [(byte)'<', ..] => null,
            [(byte)'{', ..] => NdJson,
            [] when name.EndsWith(".ndjson", StringComparison.OrdinalIgnoreCase) => NdJson,
            _ => name.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? Csv : Text,
        };
    }

    public static bool Fits(string? contentType, string purpose) => purpose switch
    {
        FilePurposes.ProductImage => IsImage(contentType),
        FilePurposes.ProductImport => contentType is Csv or NdJson or Text,
        FilePurposes.ProductExport => contentType is Csv or NdJson or Text,
        FilePurposes.Document => IsImage(contentType) || contentType is Pdf or Csv or NdJson or Text,
        _ => false,
    };

    // ISO base media file: size, 'ftyp', major brand, version, compatible brands. AV1 Image File Format 1.1, section 6.
    private static bool IsAvif(ReadOnlySpan<byte> head)
    {
        if (head.Length < 16 || !head[4..].StartsWith("ftyp"u8))
        {
            return false;
        }

        var size = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(head), HeadLength);
        var brands = head[8..Math.Clamp(size, 12, head.Length)];
        for (; brands.Length >= 4; brands = brands[4..])
        {
            if (brands.StartsWith("avif"u8) || brands.StartsWith("avis"u8))
            {
                return true;
            }
        }

        return false;
    }
}
