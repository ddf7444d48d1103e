using Mallgram.Web.Admin.Api;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>The ways a session ends: the person signs out, or the API no longer accepts it.</summary>
internal static partial class SessionEnd
{
    public const string Path = "/logout";

    /// <summary>Answers <see cref="SessionEndedException"/> from anywhere below with the sign-in page.</summary>
    public static IApplicationBuilder UseSessionEnd(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
        }
        catch (SessionEndedException) when (!context.Response.HasStarted && PlatformSession.IsPage(context.Request.Path))
        {
            await context.SignOutAsync(PlatformSession.Scheme);
            SessionCookie.GoTo(context, PlatformSession.SignIn + "?ended=1");
        }
        catch (SessionEndedException) when (!context.Response.HasStarted)
        {
            Forget(context);
            await context.SignOutAsync();
            SessionCookie.GoTo(context, SignInPage.Path + "?ended=1");
        }
    });

    public static void MapSignOut(this IEndpointRouteBuilder app) => app.MapPost(Path, SignOutAsync);

    private static async Task<IResult> SignOutAsync(
        HttpContext context, IAntiforgery antiforgery, ApiClient api, ILogger<SessionCookie> logger)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return TypedResults.BadRequest();
        }

        var ticket = await context.AuthenticateAsync();
        if (ticket is { Properties: { } properties, Principal: { } person } && properties.Tokens() is { RefreshToken.Length: > 0 } tokens)
        {
            try
            {
                await api.LogOutAsync(person.FindFirst(SessionTicket.StoreClaim)!.Value, tokens.RefreshToken, context.RequestAborted);
            }
            catch (Exception e) when (e is ApiUnavailableException or ApiProblemException)
            {
                // The person leaves all the same; the tokens leave with the cookie.
                LogNotTold(logger, e);
            }
        }

        Forget(context);
        await context.SignOutAsync();
        return TypedResults.Redirect(SignInPage.Path);
    }

    private static void Forget(HttpContext context)
    {
        if (context.User.FindFirst(SessionTicket.SessionClaim) is { } session)
        {
            context.RequestServices.GetRequiredService<SessionRefresh>().End(session.Value);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The API could not be told of a sign-out")]
    private static partial void LogNotTold(ILogger logger, Exception e);
}
