using Mallgram.Web.Admin.Api;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>Ends an administrator's acting as one of the store's people, here and at the API, and leads back to the platform's page.</summary>
internal static partial class ImpersonationEnd
{
    public const string Path = "/end-impersonation";

    public static void MapImpersonationEnd(this IEndpointRouteBuilder app) => app.MapPost(Path, EndAsync);

    private static async Task<IResult> EndAsync(
        HttpContext context, IAntiforgery antiforgery, ApiClient api, SessionRefresh refresh, ILogger<SessionCookie> logger)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return TypedResults.BadRequest();
        }

        if (StaffSession.ImpersonationOf(context.User) is not { } acting)
        {
            return TypedResults.LocalRedirect(SignInPage.Home);
        }

        refresh.End(context.User.FindFirst(SessionTicket.SessionClaim)!.Value);
        await context.SignOutAsync();
        try
        {
            await api.EndImpersonationAsync(acting.StoreId, acting.Id, context.RequestAborted);
        }
        catch (Exception e) when (e is ApiUnavailableException or ApiProblemException or SessionEndedException)
        {
            // It ends by itself at the time that was said; here it has ended already.
            LogNotTold(logger, e);
        }

        return TypedResults.LocalRedirect($"{PlatformSession.Path}/stores/{acting.StoreId}");
    }

    [LoggerMessage(LogLevel.Warning, "The API could not be told that an impersonation has ended")]
    private static partial void LogNotTold(ILogger logger, Exception e);
}
