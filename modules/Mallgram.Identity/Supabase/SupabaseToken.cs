using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Mallgram.Identity.Supabase;

/// <summary>
/// An access token of Supabase Auth: a JSON Web Token of three signed parts (RFC 7519), checked as RFC 8725 asks. What it claims is read
/// strictly and before any key is looked for, so that this code and the token library cannot read it differently.
/// </summary>
/// <remarks>Claims: supabase.com/docs/guides/auth/jwt-fields, read 2026-11.</remarks>
internal sealed class SupabaseToken
{
    public const int MaxLength = 8192;
    private const int MaxSubjectLength = 200;

    /// <summary>How far the clock of the project's server may be ahead of ours.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };
    private static readonly JsonWebTokenHandler Handler = new() { MaximumTokenSizeInBytes = MaxLength };

    private readonly string _text;

    private SupabaseToken(string text) => _text = text;

    public required string Algorithm { get; init; }

    /// <summary>Null in tokens that the project's shared secret signs.</summary>
    public required string? KeyId { get; init; }

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    /// <summary>Lower case; null when the token has none. Proven only when <see cref="EmailIsVerified"/> or the project confirms addresses.</summary>
    public required string? Email { get; init; }

    /// <summary>E.164; null when the token has none.</summary>
    public required string? Phone { get; init; }

    /// <summary>
    /// Said by a claim that the project alone writes: <c>email_verified</c> itself or in <c>app_metadata</c>. The one in
    /// <c>user_metadata</c> counts for nothing: users write that part themselves.
    /// </summary>
    public required bool EmailIsVerified { get; init; }

    public required bool PhoneIsVerified { get; init; }

    /// <summary>How they call themselves; shown, never trusted.</summary>
    public required string? Name { get; init; }

    /// <summary>Reads without checking any signature.</summary>
    /// <returns>Null when it is no such token.</returns>
    public static SupabaseToken? Read(string text)
    {
        if (text.Length is 0 or > MaxLength || text.Split('.') is not [{ Length: > 0 } header, { Length: > 0 } payload, { Length: > 0 }])
        {
            return null;
        }

        try
        {
            using var head = Part(header);
            using var body = Part(payload);
            // "crit" names extensions that must be understood (RFC 7515 section 4.1.11); none is.
            if (Text(head.RootElement, "alg") is not { } algorithm || head.RootElement.TryGetProperty("crit", out _)
                || Text(body.RootElement, "iss") is not { } issuer
                || Text(body.RootElement, "sub") is not { Length: > 0 and <= MaxSubjectLength } subject)
            {
                return null;
            }

            var claims = body.RootElement;
            var (byProject, byUser) = (Object(claims, "app_metadata"), Object(claims, "user_metadata"));
            return new SupabaseToken(text)
            {
                Algorithm = algorithm,
                KeyId = Text(head.RootElement, "kid"),
                Issuer = issuer,
                Subject = subject,
                Email = EmailOf(claims),
                Phone = PhoneOf(claims),
                EmailIsVerified = IsTrue(claims, "email_verified") || IsTrue(byProject, "email_verified"),
                PhoneIsVerified = IsTrue(claims, "phone_verified") || IsTrue(byProject, "phone_verified"),
                Name = NameOf(byUser),
            };
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Whether the key signed it, with the key's own algorithm, and issuer, audience and time are right.</summary>
    public bool IsGenuine(SupabaseProject project, SupabaseKey key, DateTimeOffset now)
    {
        if (!string.Equals(Algorithm, key.Algorithm, StringComparison.Ordinal))
        {
            return false;
        }

        var time = now.UtcDateTime;
        var rules = new TokenValidationParameters
        {
            ValidIssuer = project.Issuer,
            ValidAudience = project.Audience,
            ValidAlgorithms = [key.Algorithm],
            IssuerSigningKey = key.Key,
            // The key was chosen by configuration and key id; the library looks for no other.
            IssuerSigningKeyResolver = (_, _, _, _) => [key.Key],
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = (from, until, _, _) => until is { Ticks: > 0 } end && end > time && !(from > time + ClockSkew),
        };
#pragma warning disable CS0618 // Obsolete in 8.x for being synchronous, but the only call that 6.8 has too; the keys are here, it does no I/O.
        return Handler.ValidateToken(_text, rules).IsValid;
#pragma warning restore CS0618
    }

    private static JsonDocument Part(string text)
    {
        var document = JsonDocument.Parse(Base64Url.DecodeFromChars(text), Strict);
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }

        document.Dispose();
        throw new FormatException("Not an object.");
    }

    private static string? Text(JsonElement from, string name) =>
        from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static JsonElement Object(JsonElement from, string name) =>
        from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : default;

    private static bool IsTrue(JsonElement from, string name) =>
        from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static string? EmailOf(JsonElement claims) =>
        Text(claims, "email")?.Trim().ToLowerInvariant() is { Length: > 2 and <= 320 } email && email.Contains('@') && !email.Any(char.IsControl)
            ? email
            : null;

    /// <summary>Supabase leaves the plus sign out.</summary>
    private static string? PhoneOf(JsonElement claims) =>
        Text(claims, "phone")?.TrimStart('+') is { Length: >= 7 and <= 15 } digits && digits[0] != '0' && digits.All(char.IsAsciiDigit)
            ? "+" + digits
            : null;

    private static string? NameOf(JsonElement byUser)
    {
        var name = (Text(byUser, "full_name") ?? Text(byUser, "name"))?.Trim();
        return name is { Length: > 0 } ? new string([.. name.Where(c => !char.IsControl(c)).Take(200)]) : null;
    }
}
