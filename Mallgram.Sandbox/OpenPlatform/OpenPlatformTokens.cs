using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>
/// Access and refresh tokens that carry when they were issued and when they end, signed with the app secret: a restarted sandbox knows
/// them without having stored any.
/// </summary>
internal sealed class OpenPlatformTokens(OpenPlatformOptions options, TimeProvider clock)
{
    private long _revokedUpTo;

    public enum Kind
    {
        Access,
        Refresh,
    }

    public (string Token, DateTimeOffset Expires) Issue(Kind kind)
    {
        var now = clock.GetUtcNow();
        var expires = now.AddSeconds(kind == Kind.Access ? options.AccessTokenSeconds : options.RefreshTokenSeconds);
        // A token asked for right after the others were ended, in the same millisecond, is a new one all the same.
        var issued = Math.Max(now.ToUnixTimeMilliseconds(), Volatile.Read(ref _revokedUpTo) + 1);
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $"{Prefix(kind)}{issued:x}z{expires.ToUnixTimeMilliseconds():x}z{RandomNumberGenerator.GetHexString(8, lowercase: true)}z");
        return (body + Seal(body), expires);
    }

    public bool IsValid(Kind kind, string token)
    {
        var parts = token.Split('z');
        if (parts.Length != 4 || !parts[0].StartsWith(Prefix(kind), StringComparison.Ordinal))
        {
            return false;
        }

        var body = token[..(token.LastIndexOf('z') + 1)];
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Seal(body)), Encoding.UTF8.GetBytes(parts[3])))
        {
            return false;
        }

        var issued = long.Parse(parts[0].AsSpan(Prefix(kind).Length), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var expires = long.Parse(parts[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return expires > clock.GetUtcNow().ToUnixTimeMilliseconds() && (kind == Kind.Refresh || issued > Volatile.Read(ref _revokedUpTo));
    }

    /// <summary>Ends every access token issued so far; refresh tokens live on.</summary>
    public void ExpireAccessTokens() => Volatile.Write(ref _revokedUpTo, clock.GetUtcNow().ToUnixTimeMilliseconds());

    private static string Prefix(Kind kind) => kind == Kind.Access ? "50000a" : "50001r";

    private string Seal(string body) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(options.AppSecret), Encoding.UTF8.GetBytes(body))[..16]);
}
