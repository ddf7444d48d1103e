using System.Buffers.Binary;
using System.IO.Compression;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>Small PNG files with a palette: a colour block with a lighter round shape that tells items and their pictures apart.</summary>
/// <remarks>https://www.w3.org/TR/png-3/</remarks>
internal static class PngPicture
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static byte[] Draw(long item, int number, int width, int height)
    {
        using var png = new MemoryStream();
        png.Write(Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = 3; // palette
        WriteChunk(png, "IHDR"u8, header);
        var hue = (int)((item + (number * 47L)) % 360);
        WriteChunk(png, "PLTE"u8, [.. Colour(hue, 0.45, 0.55), .. Colour(hue, 0.5, 0.78), .. Colour((hue + 30) % 360, 0.5, 0.9)]);
        WriteChunk(png, "IDAT"u8, Rows(item + number, width, height));
        WriteChunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    private static byte[] Rows(long shape, int width, int height)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal))
        {
            // Every row begins with its filter: none. Coordinates go from -1 to 1.
            var row = new byte[width + 1];
            var (squeeze, inner) = (0.6 + (shape % 5 * 0.2), 0.15 + (shape % 3 * 0.1));
            for (var y = 0; y < height; y++)
            {
                var v = ((2.0 * y) + 1 - height) / height;
                for (var x = 0; x < width; x++)
                {
                    var u = ((2.0 * x) + 1 - width) / width;
                    var distance = (u * u * squeeze) + (v * v / squeeze);
                    row[x + 1] = distance < inner * inner * 4 ? (byte)2 : distance < 0.5 ? (byte)1 : (byte)0;
                }

                zlib.Write(row);
            }
        }

        return compressed.ToArray();
    }

    private static void WriteChunk(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(type);
        png.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, type), data));
        png.Write(number);
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
            }
        }

        return crc;
    }

    /// <summary>Red, green and blue of a hue in degrees, with saturation and lightness from 0 to 1.</summary>
    private static byte[] Colour(int hue, double saturation, double lightness)
    {
        return [Channel(0), Channel(8), Channel(4)];

        byte Channel(int n)
        {
            var k = (n + (hue / 30.0)) % 12;
            var spread = saturation * Math.Min(lightness, 1 - lightness);
            return (byte)Math.Round(255 * (lightness - (spread * Math.Max(-1, Math.Min(Math.Min(k - 3, 9 - k), 1)))));
        }
    }
}
