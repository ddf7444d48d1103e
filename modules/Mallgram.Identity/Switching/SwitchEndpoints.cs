using System.Security.Claims;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Identity.Switching;

internal static class SwitchEndpoints
{
    public static void MapSwitch(this IEndpointRouteBuilder api) =>
        api.MapPost("/auth/switch", SwitchAsync).WithTags("Sign-in").WithName("SwitchStore")
            .WithSummary("Sign in at another of your stores, by the same verified e-mail address")
            .RequireAuthorization(Policies.Staff).NotWhileImpersonating().ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);

    public static void MapMyStores(this IEndpointRouteBuilder admin) =>
        admin.MapGet("/stores", ListAsync).WithTags("Admin: store").WithName("AdminListMyStores").WithSummary("The stores where you work")
            .RequirePermission(Permissions.StoreRead).NotWhileImpersonating().ProducesProblem(401).ProducesProblem(403);

    private static Task<Ok<LogInAnswer>> SwitchAsync(
        JsonBody<SwitchRequest> body, ClaimsPrincipal user, MyStores stores, HttpContext context) =>
        stores.SwitchAsync(user, body.Value.Store, context, context.RequestAborted);

    private static Task<MyStoreList> ListAsync(ClaimsPrincipal user, MyStores stores, CancellationToken ct) => stores.ListAsync(user, ct);
}
