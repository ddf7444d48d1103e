using System.Globalization;
using System.Security.Claims;
using Mallgram.Web.Admin.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>The API's tokens of one session, with the access token's end of life (UTC).</summary>
internal sealed record SessionTokens(string AccessToken, string RefreshToken, DateTimeOffset ExpiresAt)
{
    public static SessionTokens Of(SessionView session, DateTimeOffset now) =>
        new(session.AccessToken, session.RefreshToken, now.AddSeconds(session.ExpiresIn));
}

/// <summary>What the encrypted cookie holds: who, at which store, and the API's tokens. No session state is kept on the server.</summary>
internal static class SessionTicket
{
    public const string AccessToken = "access_token";
    public const string StoreClaim = "store";
    public const string SessionClaim = "sid";
    public const string RoleClaim = "role";
    private const string RefreshToken = "refresh_token";
    private const string ExpiresAt = "expires_at";

    public static ClaimsPrincipal Principal(PersonView person, string store) => new(new ClaimsIdentity(
        [
            new Claim("sub", person.Id),
            new Claim("name", person.FullName),
            new Claim(RoleClaim, person.Role),
            new Claim(StoreClaim, store),
            new Claim(SessionClaim, Guid.NewGuid().ToString("N")),
        ],
        CookieAuthenticationDefaults.AuthenticationScheme, "name", RoleClaim));

    public static void Put(this AuthenticationProperties properties, SessionTokens tokens) => properties.StoreTokens(
    [
        new AuthenticationToken { Name = AccessToken, Value = tokens.AccessToken },
        new AuthenticationToken { Name = RefreshToken, Value = tokens.RefreshToken },
        new AuthenticationToken { Name = ExpiresAt, Value = tokens.ExpiresAt.ToString("O", CultureInfo.InvariantCulture) },
    ]);

    public static SessionTokens? Tokens(this AuthenticationProperties properties) =>
        properties.GetTokenValue(AccessToken) is { } access && properties.GetTokenValue(RefreshToken) is { } refresh
        && DateTimeOffset.TryParse(
            properties.GetTokenValue(ExpiresAt), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var expires)
            ? new SessionTokens(access, refresh, expires)
            : null;
}
