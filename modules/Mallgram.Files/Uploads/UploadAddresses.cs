using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mallgram.Kernel.Ids;
using Microsoft.Extensions.Options;

namespace Mallgram.Files.Uploads;

/// <summary>Signed addresses that take one file without a bearer token: who holds one may upload that file, and nothing else.</summary>
internal sealed class UploadAddresses(IOptions<FilesOptions> options, TimeProvider clock)
{
    // Signatures of images are made with the same key; the first byte keeps the two apart.
    private const byte Kind = (byte)'u';

    private readonly byte[] _key = Encoding.UTF8.GetBytes(options.Value.SigningKey);

    /// <param name="maxBytes">What the upload may weigh.</param>
    public (string Url, DateTimeOffset ExpiresAt) Create(Guid storeId, Guid fileId, long maxBytes)
    {
        var expires = DateTimeOffset.FromUnixTimeSeconds((clock.GetUtcNow() + options.Value.UploadLifetime).ToUnixTimeSeconds());
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"/api/v1/files/{PublicId.Format(PublicId.File, fileId)}/content?store={PublicId.Format(PublicId.Store, storeId)}&expires={expires.ToUnixTimeSeconds()}&max={maxBytes}&signature={Base64Url.EncodeToString(Sign(storeId, fileId, expires.ToUnixTimeSeconds(), maxBytes))}");
        return (new Uri(options.Value.PublicBaseAddress!, path).AbsoluteUri, expires);
    }

    /// <returns>Whether this installation made the address and it is still good.</returns>
    public bool IsGood(Guid storeId, Guid fileId, long expires, long maxBytes, string signature)
    {
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        return signature.Length == Base64Url.GetEncodedLength(given.Length)
            && Base64Url.IsValid(signature, out var length) && length == given.Length
            && Base64Url.DecodeFromChars(signature, given) == length
            && CryptographicOperations.FixedTimeEquals(given, Sign(storeId, fileId, expires, maxBytes))
            && clock.GetUtcNow().ToUnixTimeSeconds() < expires;
    }

    private byte[] Sign(Guid storeId, Guid fileId, long expires, long maxBytes)
    {
        Span<byte> bytes = stackalloc byte[49];
        bytes[0] = Kind;
        storeId.TryWriteBytes(bytes[1..]);
        fileId.TryWriteBytes(bytes[17..]);
        BinaryPrimitives.WriteInt64BigEndian(bytes[33..], expires);
        BinaryPrimitives.WriteInt64BigEndian(bytes[41..], maxBytes);
        return HMACSHA256.HashData(_key, bytes);
    }
}
