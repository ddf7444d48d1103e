using System.Security.Cryptography;
using System.Text;

namespace Mallgram.Catalog.Import;

/// <summary>
/// Short codes that only depend on the supplier's ids: the same item gets the same slug and stock number in every installation.
/// </summary>
internal static class StableCode
{
    // Crockford base 32 without look-alikes; 5 bits a character.
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    public static string Of(int length, params ReadOnlySpan<string> parts)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts)), hash);
        Span<char> code = stackalloc char[length];
        for (var i = 0; i < length; i++)
        {
            code[i] = Alphabet[hash[i] & 31];
        }

        return new string(code);
    }
}
