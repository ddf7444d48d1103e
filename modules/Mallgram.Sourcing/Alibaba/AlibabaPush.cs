using System.Security.Cryptography;
using System.Text;

namespace Mallgram.Sourcing.Alibaba;

/// <summary>Messages that the platform pushes (products added or gone, orders). Pure.</summary>
/// <remarks>https://openapi.alibaba.com/doc/doc.htm#/?docId=125</remarks>
internal static class AlibabaPush
{
    /// <summary>Whether the header <c>Authorization</c> is HMAC-SHA256, with the app secret, over app key and body, in lower-case hex.</summary>
    /// <param name="body">As received, byte for byte.</param>
    public static bool IsGenuine(ReadOnlySpan<byte> body, string? authorization, string appKey, string appSecret)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes(appKey), .. body];
        var expected = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(appSecret), signed));
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(authorization ?? ""));
    }
}
