using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mallgram.Identity.SecondFactors;

/// <summary>Codes of authenticator apps: RFC 6238 with SHA-1, 30 seconds and 6 digits, which every app knows.</summary>
internal static class Totp
{
    /// <summary>160 bits, as RFC 4226 section 4 recommends.</summary>
    public const int SecretBytes = 20;

    private const int PeriodSeconds = 30;
    private const int Digits = 6;
    private const string Base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    public static long StepOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / PeriodSeconds;

    public static string CodeOf(ReadOnlySpan<byte> secret, long step, int digits = Digits)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // SHA-1 as RFC 6238 has it by default; HMAC does not rest on what SHA-1 lacks, and some apps know no other.
        HMACSHA1.HashData(secret, counter, mac);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(mac[(mac[^1] & 15)..]) & int.MaxValue;
        var code = number % (int)Math.Pow(10, digits);
        return code.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
    }

    /// <summary>Compares with the present step and its neighbours, since clocks of phones are a little off.</summary>
    /// <param name="lastStep">Newest step that was used; it and older ones are good no more.</param>
    /// <returns>The step whose code it is, or null.</returns>
    public static long? Match(ReadOnlySpan<byte> secret, string code, DateTimeOffset now, long lastStep)
    {
        var given = Encoding.UTF8.GetBytes(code);
        long? found = null;
        for (var step = StepOf(now) - 1; step <= StepOf(now) + 1; step++)
        {
            // All three, whichever it is: the time says nothing.
            if (CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(CodeOf(secret, step)), given) && step > lastStep)
            {
                found ??= step;
            }
        }

        return found;
    }

    /// <summary>RFC 4648 section 6, without padding, as apps take it.</summary>
    public static string Base32(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder((bytes.Length * 8 + 4) / 5);
        var (buffer, bits) = (0, 0);
        foreach (var b in bytes)
        {
            buffer = (buffer << 8) | b;
            for (bits += 8; bits >= 5; bits -= 5)
            {
                text.Append(Base32Alphabet[(buffer >> (bits - 5)) & 31]);
            }
        }

        return bits == 0 ? text.ToString() : text.Append(Base32Alphabet[(buffer << (5 - bits)) & 31]).ToString();
    }

    /// <summary>What apps read as a QR code (Key URI format of Google Authenticator).</summary>
    public static string Uri(string issuer, string account, ReadOnlySpan<byte> secret)
    {
        var name = System.Uri.EscapeDataString(issuer);
        return $"otpauth://totp/{name}:{System.Uri.EscapeDataString(account)}?secret={Base32(secret)}&issuer={name}&algorithm=SHA1"
            + string.Create(CultureInfo.InvariantCulture, $"&digits={Digits}&period={PeriodSeconds}");
    }
}
