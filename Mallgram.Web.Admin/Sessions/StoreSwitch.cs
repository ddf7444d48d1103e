using Mallgram.Web.Admin.Api;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>Goes on in another of one's stores, with a session of that store in place of this one's.</summary>
internal static class StoreSwitch
{
    public const string Path = "/switch-store";

    public static void MapStoreSwitch(this IEndpointRouteBuilder app) => app.MapPost(Path, SwitchAsync);

    private static async Task<IResult> SwitchAsync(
        HttpContext context, IAntiforgery antiforgery, ApiClient api, SessionRefresh refresh, SealedCookie<SecondStep> step)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return TypedResults.BadRequest();
        }

        var slug = context.Request.Form["store"].ToString();
        var answer = await api.SwitchStoreAsync(slug, context.RequestAborted);
        var old = (await context.AuthenticateAsync()).Properties?.Tokens();
        var oldStore = context.User.FindFirst(SessionTicket.StoreClaim)!.Value;
        if (answer.SecondFactor is { } asked)
        {
            step.Put(context, new SecondStep(slug, asked.Challenge, asked.Methods, Back: null));
            return TypedResults.LocalRedirect(SignInPage.SecondFactor);
        }

        refresh.End(context.User.FindFirst(SessionTicket.SessionClaim)!.Value);
        await StaffSession.StartAsync(context, answer.Session, slug);
        if (old is { RefreshToken.Length: > 0 })
        {
            await api.LogOutAsync(oldStore, old.RefreshToken, context.RequestAborted);
        }

        return TypedResults.LocalRedirect(SignInPage.Home);
    }
}
