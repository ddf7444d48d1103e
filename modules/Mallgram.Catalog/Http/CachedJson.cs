using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Mallgram.Catalog.Http;

/// <summary>
/// JSON with an <c>ETag</c> over its bytes; a caller that has them already gets 304. The tag is weak because compression changes the bytes
/// on the wire. Caches may keep the answer but must ask each time: a price is never shown stale.
/// </summary>
internal sealed class CachedJson(byte[] json) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var tag = new EntityTagHeaderValue(Tag(json), isWeak: true);
        var headers = httpContext.Response.GetTypedHeaders();
        headers.ETag = tag;
        httpContext.Response.Headers.CacheControl = "no-cache";
        httpContext.Response.Headers.Vary = "Accept-Language, X-Store";
        if (httpContext.Request.GetTypedHeaders().IfNoneMatch is { Count: > 0 } known
            && known.Any(k => k.Equals(EntityTagHeaderValue.Any) || k.Compare(tag, useStrongComparison: false)))
        {
            httpContext.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        httpContext.Response.ContentType = "application/json; charset=utf-8";
        httpContext.Response.ContentLength = json.Length;
        await httpContext.Response.Body.WriteAsync(json, httpContext.RequestAborted);
    }

    private static string Tag(byte[] bytes)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes, hash);
        return "\"" + Convert.ToHexStringLower(hash[..12]) + "\"";
    }
}
