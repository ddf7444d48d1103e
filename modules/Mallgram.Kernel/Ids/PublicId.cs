using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Mallgram.Kernel.Ids;

/// <summary>
/// Ids as people and front ends see them: a prefix that names the kind and 26 characters of Crockford base 32, e.g.
/// <c>ord_01h455vb4pex5vsknk084sn02q</c>. In the database they are UUIDv7, so they sort by time of creation.
/// Encoding: TypeID specification 0.3 (jetify-com/typeid).
/// </summary>
public static class PublicId
{
    public const string Product = "prd";
    public const string Variant = "var";
    public const string Category = "cat";
    public const string Order = "ord";
    public const string OrderItem = "itm";
    public const string Payment = "pay";
    public const string User = "usr";
    public const string Store = "sto";
    public const string SyncRun = "syn";
    public const string JobRun = "run";
    public const string File = "fil";
    public const string Session = "ses";
    public const string Address = "adr";
    public const string ApiKey = "key";
    public const string Invitation = "inv";
    public const string PlatformAdministrator = "adm";
    public const string Impersonation = "imp";
    public const string AuditEntry = "aud";

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int Length = 26;
    private static readonly sbyte[] Values = BuildValues();

    /// <summary>A new UUIDv7 for the database.</summary>
    public static Guid New(TimeProvider clock) => Guid.CreateVersion7(clock.GetUtcNow());

    public static string Format(string prefix, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var value = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return string.Create(prefix.Length + 1 + Length, (prefix, value), static (span, state) =>
        {
            state.prefix.CopyTo(span);
            span[state.prefix.Length] = '_';
            var rest = state.value;
            for (var i = span.Length - 1; i > state.prefix.Length; i--)
            {
                span[i] = Alphabet[(int)(rest & 31)];
                rest >>= 5;
            }
        });
    }

    /// <summary>Reads back exactly what <see cref="Format"/> wrote with the same prefix; anything else is refused.</summary>
    public static bool TryParse(string prefix, [NotNullWhen(true)] string? text, out Guid id)
    {
        id = default;
        if (text is null || text.Length != prefix.Length + 1 + Length || !text.StartsWith(prefix, StringComparison.Ordinal) || text[prefix.Length] != '_')
        {
            return false;
        }

        UInt128 value = 0;
        for (var i = prefix.Length + 1; i < text.Length; i++)
        {
            var digit = text[i] < 128 ? Values[text[i]] : (sbyte)-1;
            // 26 × 5 = 130 bits: the first character carries three, so it is at most 7.
            if (digit < 0 || (i == prefix.Length + 1 && digit > 7))
            {
                return false;
            }

            value = (value << 5) | (byte)digit;
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        id = new Guid(bytes, bigEndian: true);
        return true;
    }

    private static sbyte[] BuildValues()
    {
        var values = new sbyte[128];
        Array.Fill(values, (sbyte)-1);
        for (var i = 0; i < Alphabet.Length; i++)
        {
            values[Alphabet[i]] = (sbyte)i;
        }

        return values;
    }
}
