using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Mallgram.Catalog.Http;

/// <summary>Finished JSON with its <c>ETag</c>, compressed at most once. The tag is weak because compression changes the bytes on the wire.</summary>
internal sealed class Answer(byte[] json)
{
    private const int WorthCompressing = 1024;
    // Of 0 to 11: higher ones take ten times as long for a few percent.
    private const int BrotliQuality = 5;
    private const int BrotliWindow = 22;

    private readonly string _tag = "W/\"" + Convert.ToHexStringLower(SHA256.HashData(json).AsSpan(0, 12)) + "\"";
    private byte[]? _brotli;

    public byte[] Json { get; } = json;

    /// <summary>Of what it shows, where that has one.</summary>
    public string? Version { get; set; }

    /// <summary>Things found, for the log of searches.</summary>
    public int Found { get; init; }

    /// <summary>Bytes in memory, about.</summary>
    public int Size => Json.Length + (Json.Length / 3) + 300;

    /// <summary>
    /// Sends it; 304 to a caller that has it. Caches may keep the answer but must ask each time: a price is never shown stale.
    /// </summary>
    public Task SendAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ETag = _tag;
        headers.CacheControl = "no-cache";
        headers.Vary = "Accept-Language, X-Store, Accept-Encoding";
        var known = context.Request.Headers.IfNoneMatch;
        if (known.Count > 0 && IsAmong(known))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        headers.ContentType = "application/json; charset=utf-8";
        var body = Json;
        if (Json.Length >= WorthCompressing && TakesBrotli(context.Request.Headers.AcceptEncoding))
        {
            headers.ContentEncoding = "br";
            body = _brotli ??= Compress();
        }

        headers.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private bool IsAmong(StringValues sent)
    {
        // What our own callers send is exactly the tag; anything else is read by the book.
        if (sent.Count == 1 && (sent[0] == _tag || sent[0] == "*"))
        {
            return true;
        }

        var tag = EntityTagHeaderValue.Parse(_tag);
        return EntityTagHeaderValue.TryParseList(sent, out var known) && known.Any(k => k.Compare(tag, useStrongComparison: false));
    }

    private static bool TakesBrotli(StringValues sent)
    {
        if (sent.Count == 0)
        {
            return false;
        }

        if (sent.Count == 1 && !sent[0]!.Contains(';', StringComparison.Ordinal))
        {
            foreach (var part in sent[0].AsSpan().Split(','))
            {
                if (sent[0].AsSpan()[part].Trim().Equals("br", StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }

            return false;
        }

        return StringWithQualityHeaderValue.TryParseList(sent, out var encodings)
            && encodings.Any(e => e.Value.Equals("br", StringComparison.OrdinalIgnoreCase) && e.Quality is not 0);
    }

    private byte[] Compress()
    {
        var buffer = new byte[BrotliEncoder.GetMaxCompressedLength(Json.Length)];
        return BrotliEncoder.TryCompress(Json, buffer, out var written, BrotliQuality, BrotliWindow)
            ? buffer[..written]
            : throw new InvalidOperationException("The buffer is as long as Brotli may need.");
    }
}
