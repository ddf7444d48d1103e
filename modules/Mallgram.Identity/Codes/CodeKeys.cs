using System.Security.Cryptography;
using System.Text;
using Mallgram.Identity.Tokens;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Codes;

/// <summary>
/// Keyed hashes of short codes, which a plain hash would not hide. Keys come from <c>Identity:SigningKey</c> by HKDF (RFC 5869), one label
/// each, so that no two uses share a key.
/// </summary>
internal sealed class CodeKeys(IOptions<TokenOptions> options)
{
    private readonly byte[] _oneTime = Derive(options.Value.SigningKey, "mallgram one-time codes 1");
    private readonly byte[] _recovery = Derive(options.Value.SigningKey, "mallgram recovery codes 1");

    public byte[] OneTime(Guid storeId, string purpose, string destination, string code) =>
        HMACSHA256.HashData(_oneTime, Encoding.UTF8.GetBytes($"{storeId:N}\n{purpose}\n{destination}\n{code}"));

    public byte[] Recovery(Guid storeId, Guid userId, string code) =>
        HMACSHA256.HashData(_recovery, Encoding.UTF8.GetBytes($"{storeId:N}\n{userId:N}\n{code}"));

    private static byte[] Derive(string signingKey, string label) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(signingKey), 32, info: Encoding.UTF8.GetBytes(label));
}
