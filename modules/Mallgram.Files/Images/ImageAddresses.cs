using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Mallgram.Files.Contracts;
using Microsoft.Extensions.Options;

namespace Mallgram.Files.Images;

/// <summary>
/// <c>{base}/api/v1/images/{signature}/{source}</c>, both in base64url. The signature is what keeps the proxy from fetching for strangers.
/// </summary>
internal sealed class ImageAddresses : IImageAddresses
{
    /// <summary>Prefix of a source that names an uploaded file.</summary>
    public const string FilePrefix = "file:";

    private const int MaxSourceBytes = 2048;
    // 128 bits of the HMAC: nobody guesses them, and a list of 100 items is not twice as long for its addresses.
    private const int SignatureBytes = 16;
    private const int SignatureLength = 22;
    // Signatures of uploads are made with the same key; the first byte keeps the two apart.
    private const byte Kind = (byte)'i';

    private readonly byte[] _key;
    private readonly string _prefix;

    public ImageAddresses(IOptions<FilesOptions> options)
    {
        _key = Encoding.UTF8.GetBytes(options.Value.SigningKey);
        _prefix = new Uri(options.Value.PublicBaseAddress!, "/api/v1/images/").AbsoluteUri;
    }

    public string? Of(string? source)
    {
        if (source is null)
        {
            return null;
        }

        if (source.StartsWith("//", StringComparison.Ordinal))
        {
            source = "https:" + source;
        }
        else if (!source.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            && !source.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            && !source.StartsWith("file:fil_", StringComparison.Ordinal))
        {
            return null;
        }

        var length = Encoding.UTF8.GetByteCount(source);
        if (length > MaxSourceBytes)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[1 + length];
        bytes[0] = Kind;
        Encoding.UTF8.GetBytes(source, bytes[1..]);
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, bytes, signature);

        Span<char> address = stackalloc char[_prefix.Length + SignatureLength + 1 + Base64Url.GetEncodedLength(length)];
        _prefix.CopyTo(address);
        Base64Url.EncodeToChars(signature[..SignatureBytes], address[_prefix.Length..]);
        address[_prefix.Length + SignatureLength] = '/';
        Base64Url.EncodeToChars(bytes[1..], address[(_prefix.Length + SignatureLength + 1)..]);
        return new string(address);
    }

    /// <summary>Reads back what <see cref="Of"/> wrote; anything that this installation did not sign is refused.</summary>
    public bool TryRead(string signature, string source, [NotNullWhen(true)] out string? text)
    {
        text = null;
        Span<byte> given = stackalloc byte[SignatureBytes];
        if (signature.Length != SignatureLength || source.Length > Base64Url.GetEncodedLength(MaxSourceBytes)
            || !Base64Url.IsValid(signature, out var signatureLength) || signatureLength != SignatureBytes
            || !Base64Url.IsValid(source, out var length))
        {
            return false;
        }

        Base64Url.DecodeFromChars(signature, given);
        Span<byte> bytes = stackalloc byte[1 + length];
        bytes[0] = Kind;
        Base64Url.DecodeFromChars(source, bytes[1..]);
        Span<byte> right = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, bytes, right);
        if (!CryptographicOperations.FixedTimeEquals(given, right[..SignatureBytes]))
        {
            return false;
        }

        text = Encoding.UTF8.GetString(bytes[1..]);
        return true;
    }
}
