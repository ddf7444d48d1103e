using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Tests.Unit.Sandbox;

public sealed class PngPictureTests
{
    [Theory]
    [InlineData(800, 800), InlineData(220, 220), InlineData(300, 10)]
    public void A_picture_is_a_png_of_the_size_that_was_asked_for(int width, int height)
    {
        var png = PngPicture.Draw(1005006000000001, 2, width, height);
        var chunks = Chunks(png);
        Assert.Equal(["IHDR", "PLTE", "IDAT", "IEND"], chunks.Select(c => c.Type));
        Assert.Equal((width, height), (BinaryPrimitives.ReadInt32BigEndian(chunks[0].Data), BinaryPrimitives.ReadInt32BigEndian(chunks[0].Data.AsSpan(4))));
        using var zlib = new ZLibStream(new MemoryStream(chunks[2].Data), CompressionMode.Decompress);
        using var rows = new MemoryStream();
        zlib.CopyTo(rows);
        Assert.Equal((width + 1) * height, rows.Length);
        Assert.Equal(3 * (rows.ToArray().Max() + 1), chunks[1].Data.Length);
    }

    [Fact]
    public void The_same_picture_has_the_same_bytes_and_another_one_others()
    {
        Assert.Equal(PngPicture.Draw(1, 1, 100, 100), PngPicture.Draw(1, 1, 100, 100));
        Assert.NotEqual(PngPicture.Draw(1, 1, 100, 100), PngPicture.Draw(1, 2, 100, 100));
        Assert.NotEqual(PngPicture.Draw(1, 1, 100, 100), PngPicture.Draw(2, 1, 100, 100));
    }

    /// <summary>Checks the CRC of each with the polynomial written as the standard does, bit by bit from the top.</summary>
    private static List<(string Type, byte[] Data)> Chunks(byte[] png)
    {
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], png[..8]);
        var chunks = new List<(string, byte[])>();
        for (var at = 8; at < png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            Assert.Equal(Crc(png.AsSpan(at + 4, length + 4)), BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at + 8 + length)));
            chunks.Add((Encoding.ASCII.GetString(png, at + 4, 4), png[(at + 8)..(at + 8 + length)]));
            at += 12 + length;
        }

        return chunks;
    }

    private static uint Crc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var top = (crc >> 31) ^ ((uint)(b >> bit) & 1);
                crc = (crc << 1) ^ (top * 0x04C11DB7);
            }
        }

        // Bits are counted from the other end on the wire.
        var reversed = 0u;
        for (var bit = 0; bit < 32; bit++)
        {
            reversed |= ((~crc >> bit) & 1) << (31 - bit);
        }

        return reversed;
    }
}
