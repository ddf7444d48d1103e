using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Mallgram.Sandbox.AliExpress.Catalogue;

/// <summary>Numbers that only depend on a text: the same on every machine and in every run.</summary>
internal static class StableNumber
{
    /// <summary>1 to 2^63-1.</summary>
    public static long Of(string text)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return Math.Max(1, BinaryPrimitives.ReadInt64BigEndian(hash) & long.MaxValue);
    }

    /// <summary>From <paramref name="least"/> up to, not including, <paramref name="below"/>.</summary>
    public static long Of(string text, long least, long below) => least + (Of(text) % (below - least));
}
