using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mallgram.Sandbox.MtnMomo;

/// <summary>
/// Bearer tokens of the collection product: user and expiry, signed with the user's key, so that a restart does not end them.
/// </summary>
internal sealed class MomoTokens(MtnMomoOptions options, MomoLedger ledger, TimeProvider clock)
{
    private const string Product = "collection";

    private long _endedUpTo;

    public string Issue(MomoApiUser user)
    {
        var now = clock.GetUtcNow();
        var expires = now.AddSeconds(options.AccessTokenSeconds);
        // A token asked for right after the others were ended, in the same millisecond, is a new one all the same.
        var issued = Math.Max(now.ToUnixTimeMilliseconds(), Volatile.Read(ref _endedUpTo) + 1);
        var body = string.Create(
            CultureInfo.InvariantCulture, $"{user.Id}.{issued}.{expires.ToUnixTimeMilliseconds()}");
        return Convert.ToHexStringLower(Encoding.UTF8.GetBytes(body)) + "." + Seal(body, user);
    }

    public MomoApiUser? Read(string token)
    {
        var dot = token.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0 || dot > 400)
        {
            return null;
        }

        byte[] bytes;
        try
        {
            bytes = Convert.FromHexString(token.AsSpan(0, dot));
        }
        catch (FormatException)
        {
            return null;
        }

        var body = Encoding.UTF8.GetString(bytes);
        var parts = body.Split('.');
        if (parts.Length != 3 || ledger.User(parts[0]) is not { ApiKey: not null } user
            || !CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(Seal(body, user)), Encoding.UTF8.GetBytes(token[(dot + 1)..])))
        {
            return null;
        }

        var issued = long.Parse(parts[1], CultureInfo.InvariantCulture);
        var expires = long.Parse(parts[2], CultureInfo.InvariantCulture);
        return expires > clock.GetUtcNow().ToUnixTimeMilliseconds() && issued > Volatile.Read(ref _endedUpTo) ? user : null;
    }

    public void ExpireAll() => Volatile.Write(ref _endedUpTo, clock.GetUtcNow().ToUnixTimeMilliseconds());

    private static string Seal(string body, MomoApiUser user) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(user.ApiKey!), Encoding.UTF8.GetBytes(Product + body)));
}
