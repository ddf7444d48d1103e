using Mallgram.Web.Admin.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.Extensions.Primitives;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>The sign-in cookie: encrypted, eight hours from the last thing a person did, renewed with the API's tokens.</summary>
internal sealed class SessionCookie(SessionRefresh refresh, TimeProvider clock, ILogger<SessionCookie> logger) : CookieAuthenticationEvents
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);

    /// <summary>Sent by what a page does by itself (refreshing lists, live parts): it must not keep an abandoned session alive.</summary>
    public const string BackgroundHeader = "X-Background";

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        var store = context.Principal?.FindFirst(SessionTicket.StoreClaim)?.Value;
        var session = context.Principal?.FindFirst(SessionTicket.SessionClaim)?.Value;
        if (store is null || session is null || context.Properties.Tokens() is not { } tokens || refresh.HasEnded(session))
        {
            await EndAsync(context);
            return;
        }

        if (!refresh.IsDue(tokens))
        {
            return;
        }

        try
        {
            if (await RenewAsync(context, session, store, tokens) is not { } renewed)
            {
                await EndAsync(context);
                return;
            }

            context.Properties.Put(renewed);
            // Kept to the old end of life; what a person does moves it on by itself.
            await context.HttpContext.SignInAsync(context.Scheme.Name, context.Principal!, context.Properties);
        }
        catch (Exception e) when (e is ApiUnavailableException or ApiProblemException)
        {
            // The page's own call will say that the API is away; the session may still be good.
            logger.LogWarning(e, "A session could not be renewed now");
        }
    }

    public override Task CheckSlidingExpiration(CookieSlidingExpirationContext context)
    {
        context.ShouldRenew &= !IsBackground(context.Request);
        return Task.CompletedTask;
    }

    public override Task RedirectToLogin(RedirectContext<CookieAuthenticationOptions> context)
    {
        var request = context.Request;
        string back = request.Path + request.QueryString;
        if (IsHtmx(request))
        {
            back = Uri.TryCreate(request.Headers["HX-Current-URL"], UriKind.Absolute, out var page) ? page.PathAndQuery : "/";
        }
        else if (!HttpMethods.IsGet(request.Method))
        {
            // What is posted to may be no page.
            back = context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<ComponentTypeMetadata>() is null ? "/" : request.Path;
        }

        GoTo(context.HttpContext, SignInPage.AddressWith(back));
        return Task.CompletedTask;
    }

    /// <summary>Redirects the whole page, also when only a part of it was asked for.</summary>
    public static void GoTo(HttpContext context, string address)
    {
        if (IsHtmx(context.Request))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            context.Response.Headers["HX-Redirect"] = address;
        }
        else
        {
            context.Response.Redirect(address);
        }
    }

    public static bool IsHtmx(HttpRequest request) => !StringValues.IsNullOrEmpty(request.Headers["HX-Request"]);

    private static bool IsBackground(HttpRequest request) =>
        !StringValues.IsNullOrEmpty(request.Headers[BackgroundHeader]) || request.Path == Live.SyncLive.Path;

    /// <returns>Null when the session is over.</returns>
    private async Task<SessionTokens?> RenewAsync(CookieValidatePrincipalContext context, string session, string store, SessionTokens tokens)
    {
        if (StaffSession.ImpersonationOf(context.Principal!) is not { } acting)
        {
            return await refresh.RenewAsync(session, store, tokens);
        }

        // Has no refresh token: whoever acts as somebody is asked for anew while their own session at the platform lasts.
        var http = context.HttpContext;
        if (!(await http.AuthenticateAsync(PlatformSession.Scheme)).Succeeded)
        {
            return null;
        }

        try
        {
            var token = await http.RequestServices.GetRequiredService<ApiClient>().RenewImpersonationAsync(
                acting.StoreId, acting.Id, http.RequestAborted);
            return new SessionTokens(token.AccessToken, "", clock.GetUtcNow().AddSeconds(token.ExpiresIn));
        }
        catch (Exception e) when (e is SessionEndedException or ApiProblemException { Status: 404 or 409 })
        {
            return null;
        }
    }

    private static async Task EndAsync(CookieValidatePrincipalContext context)
    {
        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync(context.Scheme.Name);
    }
}
