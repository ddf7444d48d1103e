using Microsoft.AspNetCore.Http;

namespace Mallgram.Files;

/// <summary>Keeps browsers from taking what people uploaded for anything else than it is.</summary>
internal static class SafeHeaders
{
    public static void Set(HttpResponse response)
    {
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
    }
}
