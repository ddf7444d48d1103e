using System.Net.Http.Headers;
using Mallgram.Web.Admin.Api;
using Mallgram.Web.Admin.Sessions;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;

namespace Mallgram.Web.Admin.Downloads;

/// <summary>Exports of stores and of people, and the platform's sign-out: what is posted and answered with no page.</summary>
internal static class Exports
{
    public static void MapPlatformActions(this IEndpointRouteBuilder app)
    {
        var platform = app.MapGroup("").RequireAuthorization(new AuthorizeAttribute { AuthenticationSchemes = PlatformSession.Scheme });
        platform.MapPost("/platform/stores/{id}/export", ExportAsync);
        platform.MapPost(PlatformSession.SignOut, SignOutAsync);
    }

    public static void MapPersonalExports(this IEndpointRouteBuilder app)
    {
        app.MapPost("/customers/{id}/export", (string id, HttpContext context, ApiClient api, IAntiforgery antiforgery) =>
            SendAsync(context, antiforgery, () => api.OpenCustomerExportAsync(id, context.RequestAborted), $"{id}.json"));
        app.MapPost("/account/export", (HttpContext context, ApiClient api, IAntiforgery antiforgery) =>
            SendAsync(context, antiforgery, () => api.OpenOwnExportAsync(context.RequestAborted), "my-data.json"));
    }

    private static async Task SendAsync(HttpContext context, IAntiforgery antiforgery, Func<Task<HttpResponseMessage>> open, string? name)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        using var file = await open();
        // The API names a store's file itself.
        file.Content.Headers.ContentDisposition ??= new ContentDispositionHeaderValue("attachment") { FileName = name };
        await file.PassOnAsync(context);
    }

    private static Task ExportAsync(string id, HttpContext context, ApiClient api, IAntiforgery antiforgery) =>
        SendAsync(context, antiforgery, () => api.OpenStoreExportAsync(id, context.RequestAborted), name: null);

    private static async Task<IResult> SignOutAsync(HttpContext context, IAntiforgery antiforgery)
    {
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            return TypedResults.BadRequest();
        }

        await context.SignOutAsync(PlatformSession.Scheme);
        return TypedResults.LocalRedirect(PlatformSession.SignIn);
    }
}
