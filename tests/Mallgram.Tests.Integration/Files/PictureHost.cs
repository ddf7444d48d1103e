using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Mallgram.Tests.Integration.Files;

/// <summary>A web server on 127.0.0.1 that counts what it is asked for.</summary>
internal sealed class PictureHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PictureHost(WebApplication app) => _app = app;

    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>Answers what is not refused by the test.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context => Results.Bytes(Pictures.Png, "text/html").ExecuteAsync(context);

    /// <summary><c>http://127.0.0.1:port</c></summary>
    public string Address => _app.Urls.First();

    public string Authority => new Uri(Address).Authority;

    public int CountOf(string path) => Requests.Count(r => r == path);

    public static async Task<PictureHost> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var host = new PictureHost(builder.Build());
        host._app.Run(async context =>
        {
            host.Requests.Enqueue(context.Request.Path + context.Request.QueryString);
            await host.Answer(context);
        });
        await host._app.StartAsync();
        return host;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

internal static class Pictures
{
    /// <summary>400 by 300 pixels, grey.</summary>
    public static readonly byte[] Png = Draw(400, 300);

    /// <summary>A grey picture.</summary>
    public static byte[] Draw(int width, int height)
    {
        var rows = new byte[height * (1 + (3 * width))];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = (byte)(i % (1 + (3 * width)) == 0 ? 0 : 128);
        }

        var packed = new MemoryStream();
        using (var zip = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zip.Write(rows);
        }

        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, packed.ToArray()), .. Chunk("IEND"u8, [])];
    }

    /// <summary>Width of a WebP picture, lossy or extended. Source: RFC 9649.</summary>
    public static int WidthOfWebP(ReadOnlySpan<byte> picture) => picture[12..16] switch
    {
        [(byte)'V', (byte)'P', (byte)'8', (byte)' '] => BinaryPrimitives.ReadUInt16LittleEndian(picture[26..]) & 0x3FFF,
        [(byte)'V', (byte)'P', (byte)'8', (byte)'X'] => 1 + (picture[24] | (picture[25] << 8) | (picture[26] << 16)),
        _ => throw new InvalidOperationException("Not a picture that is known here."),
    };

    private static byte[] Chunk(ReadOnlySpan<byte> type, byte[] data)
    {
        byte[] content = [.. type, .. data];
        var chunk = new byte[8 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        content.CopyTo(chunk, 4);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(4 + content.Length), Crc(content));
        return chunk;
    }

    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }
}
