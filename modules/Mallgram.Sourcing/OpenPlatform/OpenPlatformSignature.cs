using System.Security.Cryptography;
using System.Text;

namespace Mallgram.Sourcing.OpenPlatform;

/// <summary>Signatures of the open platforms of AliExpress and Alibaba.com, which are one family. Pure.</summary>
/// <remarks>https://open.alitrip.com/docs/doc.htm?articleId=120692&amp;docType=1&amp;treeId=727</remarks>
internal static class OpenPlatformSignature
{
    /// <summary>
    /// <c>sign_method=sha256</c>: all parameters except <c>sign</c>, sorted by the bytes of their names, name and raw value joined, the path
    /// of a system interface in front; HMAC-SHA256 with the app secret, upper-case hex.
    /// </summary>
    /// <param name="path"><c>/auth/token/create</c> for interfaces below <c>/rest</c>, empty for methods of <c>/sync</c>.</param>
    public static string Sha256(IEnumerable<KeyValuePair<string, string>> parameters, string secret, string path = "") =>
        Convert.ToHexString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(path + Join(parameters))));

    private static string Join(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var text = new StringBuilder(512);
        foreach (var (name, value) in parameters.Where(p => p.Key != "sign").OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            text.Append(name).Append(value);
        }

        return text.ToString();
    }
}
