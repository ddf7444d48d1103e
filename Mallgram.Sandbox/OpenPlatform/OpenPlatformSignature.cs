using System.Security.Cryptography;
using System.Text;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>
/// Signatures of the open platforms of AliExpress and Alibaba.com: every parameter but <c>sign</c>, sorted by ordinal key, key and raw value joined without
/// separators; a system interface puts its path (without <c>/rest</c>) in front. Upper-case hex.
/// Source: https://openservice.aliexpress.com/doc/doc.htm ("Signature algorithm").
/// </summary>
internal static class OpenPlatformSignature
{
    /// <summary><c>sign_method=sha256</c>: HMAC-SHA256 with the app secret.</summary>
    /// <param name="path">Of a system interface, such as <c>/auth/token/create</c>; empty for business methods.</param>
    public static string Sha256(IEnumerable<KeyValuePair<string, string>> parameters, string secret, string path = "") =>
        Convert.ToHexString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(path + Base(parameters))));

    /// <summary>Legacy <c>sign_method=md5</c> of <c>/sync</c>: MD5 of secret, pairs, secret.</summary>
#pragma warning disable CA5351 // the legacy scheme is what has to be verified
    public static string Md5(IEnumerable<KeyValuePair<string, string>> parameters, string secret) =>
        Convert.ToHexString(MD5.HashData(Encoding.UTF8.GetBytes(secret + Base(parameters) + secret)));
#pragma warning restore CA5351

    public static string Base(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var sorted = parameters.Where(p => p.Key != "sign").ToArray();
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        var text = new StringBuilder(512);
        foreach (var (key, value) in sorted)
        {
            text.Append(key).Append(value);
        }

        return text.ToString();
    }
}
