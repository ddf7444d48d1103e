using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Kernel.Secrets;

/// <summary>The keys outside the database that seal the keys inside it: AES-256-GCM, derived from the settings by HKDF-SHA-256.</summary>
internal sealed class MasterKeys
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly List<(string Id, byte[] Key)> _keys;

    public MasterKeys(IOptions<SecretsOptions> options)
    {
        var texts = string.IsNullOrEmpty(options.Value.MasterKey) ? [] : options.Value.OldMasterKeys.Where(k => k.Length > 0).Prepend(options.Value.MasterKey);
        _keys = [.. texts.Select(Derive)];
    }

    /// <summary>Tells keys apart and tells nothing about them; null when there is none and nothing is sealed.</summary>
    public string? CurrentId => _keys.Count > 0 ? _keys[0].Id : null;

    public bool Knows(string id) => _keys.Exists(k => k.Id == id);

    public XElement Seal(XElement secret)
    {
        var (id, key) = _keys[0];
        var plain = Encoding.UTF8.GetBytes(secret.ToString(SaveOptions.DisableFormatting));
        var sealedBytes = new byte[NonceBytes + plain.Length + TagBytes];
        var nonce = sealedBytes.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(
            nonce, plain, sealedBytes.AsSpan(NonceBytes, plain.Length), sealedBytes.AsSpan(NonceBytes + plain.Length), Encoding.ASCII.GetBytes(id));
        CryptographicOperations.ZeroMemory(plain);
        return new XElement("sealed", new XAttribute("key", id), Convert.ToBase64String(sealedBytes));
    }

    /// <exception cref="CryptographicException">No key of the settings opens it.</exception>
    public XElement Open(XElement element)
    {
        var id = element.Attribute("key")?.Value;
        var found = _keys.Find(k => k.Id == id);
        if (found.Key is null)
        {
            throw new CryptographicException($"Sealed with master key '{id}', which is neither Secrets:MasterKey nor in Secrets:OldMasterKeys.");
        }

        var bytes = Convert.FromBase64String(element.Value);
        var plain = new byte[bytes.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(found.Key, TagBytes);
        aes.Decrypt(bytes.AsSpan(0, NonceBytes), bytes.AsSpan(NonceBytes, plain.Length), bytes.AsSpan(^TagBytes..), plain, Encoding.ASCII.GetBytes(found.Id));
        return XElement.Parse(Encoding.UTF8.GetString(plain));
    }

    private static (string Id, byte[] Key) Derive(string text)
    {
        var secret = Encoding.UTF8.GetBytes(text);
        return (
            Convert.ToHexStringLower(HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 4, info: "mallgram master key id"u8.ToArray())),
            HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: "mallgram data protection keys"u8.ToArray()));
    }
}

/// <summary>Seals new keys before they are stored.</summary>
internal sealed class MasterKeyXmlEncryptor(MasterKeys keys) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement) => new(keys.Seal(plaintextElement), typeof(MasterKeyXmlDecryptor));
}

/// <summary>Opens stored keys. Data Protection makes it by the type name written beside each sealed key: never rename.</summary>
internal sealed class MasterKeyXmlDecryptor : IXmlDecryptor
{
    private readonly MasterKeys _keys;

    public MasterKeyXmlDecryptor(IServiceProvider services) => _keys = services.GetRequiredService<MasterKeys>();

    public XElement Decrypt(XElement encryptedElement) => _keys.Open(encryptedElement);
}
