using System.Buffers.Text;
using System.Collections.Frozen;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Mallgram.Kernel.Http.Outbound;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Mallgram.Identity.Supabase;

/// <summary>A public key of a project and the one algorithm it is good for.</summary>
internal sealed record SupabaseKey(SecurityKey Key, string Algorithm);

/// <summary>
/// Public keys of Supabase projects, from <c>&lt;issuer&gt;/.well-known/jwks.json</c> (RFC 7517). Kept ten minutes, as long as Supabase's own
/// edge does; a key id that is not among them is asked for once more, and then not before the cool-down is over.
/// </summary>
/// <remarks>Source: supabase.com/docs/guides/auth/signing-keys, read 2026-11.</remarks>
internal sealed partial class SupabaseKeys(
    [FromKeyedServices(SupabaseKeys.Internet)] PublicInternet internet, TimeProvider clock, ILogger<SupabaseKeys> logger) : IDisposable
{
    /// <summary>Key of the <see cref="PublicInternet"/> that may also reach <see cref="SupabaseOptions.AllowedHosts"/>.</summary>
    public const string Internet = "supabase";

    private const int MaxKeyIdLength = 200;
    private const int MaxKeys = 20;
    private const int MaxBytes = 64 * 1024;
    private const int LeastRsaBits = 2048;
    private const int MostRsaBits = 4096;
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    /// <summary>For how long old keys serve while the project's server cannot be reached.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromHours(1);

    private static readonly TimeSpan CoolDown = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(5);

    private readonly MemoryCache _sets = new(new MemoryCacheOptions { SizeLimit = 10_000 });

    /// <returns>Null when the project has no such key, or its keys cannot be had.</returns>
    public async ValueTask<SupabaseKey?> FindAsync(string issuer, string keyId, CancellationToken ct)
    {
        if (keyId.Length is 0 or > MaxKeyIdLength)
        {
            return null;
        }

        var set = _sets.GetOrCreate(issuer, entry =>
        {
            entry.Size = 1;
            entry.SlidingExpiration = Stale;
            return new KeySet();
        })!;
        if (set.Find(keyId, clock.GetUtcNow(), Fresh) is { } known)
        {
            return known;
        }

        if (set.Gate.CurrentCount == 0 && set.Find(keyId, clock.GetUtcNow(), Stale) is { } old)
        {
            return old;
        }

        await set.Gate.WaitAsync(ct);
        try
        {
            if (set.Find(keyId, clock.GetUtcNow(), Fresh) is { } fetchedMeanwhile)
            {
                return fetchedMeanwhile;
            }

            var now = clock.GetUtcNow();
            if (set.AskedAt is not { } asked || now - asked >= CoolDown)
            {
                set.AskedAt = now;
                // Not ended by a caller who leaves: the answer is for everybody.
                if (await FetchAsync(issuer) is { } keys)
                {
                    set.Replace(keys, now);
                }
            }

            return set.Find(keyId, now, Stale);
        }
        finally
        {
            set.Gate.Release();
        }
    }

    public void Dispose() => _sets.Dispose();

    /// <summary>Reads the keys that this can check signatures with; others are passed over.</summary>
    /// <exception cref="JsonException">Not a key set.</exception>
    public static FrozenDictionary<string, SupabaseKey> Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("No list of keys.");
        }

        var keys = new Dictionary<string, SupabaseKey>(StringComparer.Ordinal);
        foreach (var key in list.EnumerateArray().Take(MaxKeys))
        {
            if (key.ValueKind == JsonValueKind.Object && Text(key, "kid") is { Length: > 0 and <= MaxKeyIdLength } id
                && Text(key, "use") is null or "sig" && ReadKey(key) is { } usable)
            {
                keys[id] = usable;
            }
        }

        return keys.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The algorithm follows from the kind of key; one that claims another is of no use.</summary>
    private static SupabaseKey? ReadKey(JsonElement key)
    {
        try
        {
            switch (Text(key, "kty"), Text(key, "crv"), Text(key, "alg"))
            {
                case ("EC", "P-256", null or SecurityAlgorithms.EcdsaSha256):
                    // Importing checks that the point is on the curve.
                    var point = new ECPoint { X = Bytes(key, "x"), Y = Bytes(key, "y") };
                    return new SupabaseKey(
                        new ECDsaSecurityKey(ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = point })),
                        SecurityAlgorithms.EcdsaSha256);
                case ("RSA", _, null or SecurityAlgorithms.RsaSha256):
                    var parameters = new RSAParameters { Modulus = Bytes(key, "n"), Exponent = Bytes(key, "e") };
                    return parameters.Modulus.Length * 8 is >= LeastRsaBits and <= MostRsaBits
                        ? new SupabaseKey(new RsaSecurityKey(parameters), SecurityAlgorithms.RsaSha256)
                        : null;
                default:
                    return null;
            }
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement key, string name) =>
        key.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <exception cref="FormatException">Missing, or not base64url.</exception>
    private static byte[] Bytes(JsonElement key, string name) =>
        Text(key, name) is { } text ? Base64Url.DecodeFromChars(text) : throw new FormatException(name);

    private async Task<FrozenDictionary<string, SupabaseKey>?> FetchAsync(string issuer)
    {
        using var limit = new CancellationTokenSource(FetchTimeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, issuer + "/.well-known/jwks.json");
            request.Headers.TryAddWithoutValidation("User-Agent", "Mallgram");
            // Redirects are not followed: keys come from where the store said or not at all.
            using var answer = await internet.SendAsync(request, limit.Token);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                LogAnswer(issuer, (int)answer.StatusCode);
                return null;
            }

            await using var body = await answer.Content.ReadAsStreamAsync(limit.Token);
            var buffer = new byte[MaxBytes + 1];
            var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, limit.Token);
            if (length <= MaxBytes)
            {
                return Read(buffer.AsMemory(0, length));
            }

            LogTooLarge(issuer);
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or AddressRefusedException or IOException or JsonException or OperationCanceledException)
        {
            LogFailed(issuer, e.Message);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The key set of {Issuer} was answered with {Status}")]
    private partial void LogAnswer(string issuer, int status);

    [LoggerMessage(LogLevel.Warning, "The key set of {Issuer} is larger than a key set can be")]
    private partial void LogTooLarge(string issuer);

    [LoggerMessage(LogLevel.Warning, "The key set of {Issuer} cannot be read: {Reason}")]
    private partial void LogFailed(string issuer, string reason);

    private sealed class KeySet
    {
        private volatile Fetched? _fetched;

        public SemaphoreSlim Gate { get; } = new(1, 1);

        /// <summary>Read and written by who holds the gate.</summary>
        public DateTimeOffset? AskedAt { get; set; }

        public SupabaseKey? Find(string keyId, DateTimeOffset now, TimeSpan maxAge) =>
            _fetched is { } fetched && now - fetched.At < maxAge ? fetched.Keys.GetValueOrDefault(keyId) : null;

        public void Replace(FrozenDictionary<string, SupabaseKey> keys, DateTimeOffset at) => _fetched = new Fetched(keys, at);

        private sealed record Fetched(FrozenDictionary<string, SupabaseKey> Keys, DateTimeOffset At);
    }
}
