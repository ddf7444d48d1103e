using System.Security.Claims;
using Mallgram.Web.Admin.Api;
using Microsoft.AspNetCore.Authentication;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>
/// Sign-in of the platform's administrators: a scheme and a cookie of their own, beside that of a store's staff. It ends with the API's token,
/// which is not renewed.
/// </summary>
internal static class PlatformSession
{
    public const string Scheme = "platform";
    public const string Path = "/platform";
    public const string SignIn = Path + "/login";
    public const string Code = SignIn + "/code";
    public const string SignOut = Path + "/logout";
    private const string Calls = "/api/v1/platform/";

    public static bool IsCall(Uri address) => address.AbsolutePath.StartsWith(Calls, StringComparison.Ordinal);

    public static bool IsSignIn(Uri address) => address.AbsolutePath.StartsWith(Calls + "auth/", StringComparison.Ordinal);

    public static bool IsPage(PathString path) => path.StartsWithSegments(Path, StringComparison.Ordinal);

    public static void Add(AuthenticationBuilder authentication, CookieSecurePolicy secure) => authentication.AddCookie(Scheme, o =>
    {
        o.Cookie.Name = "mallgram_platform";
        o.Cookie.HttpOnly = true;
        o.Cookie.SameSite = SameSiteMode.Lax;
        o.Cookie.SecurePolicy = secure;
        o.SlidingExpiration = false;
        o.LoginPath = SignIn;
        o.Events.OnRedirectToLogin = context =>
        {
            SessionCookie.GoTo(context.HttpContext, SignIn);
            return Task.CompletedTask;
        };
    });

    public static Task StartAsync(HttpContext context, PlatformSessionView session, DateTimeOffset now)
    {
        var ends = now.AddSeconds(session.ExpiresIn);
        var ticket = new AuthenticationProperties { IssuedUtc = now, ExpiresUtc = ends, AllowRefresh = false };
        ticket.StoreTokens([new AuthenticationToken { Name = SessionTicket.AccessToken, Value = session.AccessToken }]);
        var administrator = new ClaimsPrincipal(new ClaimsIdentity(
            [new Claim("sub", session.Administrator.Id), new Claim("name", session.Administrator.FullName)], Scheme, "name", roleType: null));
        return context.SignInAsync(Scheme, administrator, ticket);
    }
}
