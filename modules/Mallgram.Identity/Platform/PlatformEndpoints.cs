using System.Security.Claims;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Identity.Platform;

/// <summary>People who run the installation: their sign-in, new stores with their owners, acting as somebody of a store.</summary>
internal static class PlatformEndpoints
{
    /// <param name="platform">The group <c>/platform</c>, which lets platform administrators in only.</param>
    public static void Map(IEndpointRouteBuilder platform)
    {
        platform.MapPost("/auth/login", LogInAsync).WithTags("Platform: sign-in").AllowAnonymous().WithName("PlatformLogIn")
            .WithSummary("Sign in as a platform administrator: a session, or what second factor to answer with first")
            .ProducesProblem(401).ProducesProblem(422).ProducesProblem(429);
        platform.MapGet("/me", MeAsync).WithTags("Platform: sign-in").WithName("PlatformGetMe").WithSummary("Which administrator is signed in")
            .ProducesProblem(401);

        AdministratorEndpoints.Map(platform);

        platform.MapPost("/stores", CreateAsync).WithTags("Platform: stores").WithName("PlatformCreateStore")
            .WithSummary("Create a store from a preset and invite its owner").ProducesProblem(401).ProducesProblem(409).ProducesProblem(422);
        platform.MapGet("/stores/{id}/staff", StaffAsync).WithTags("Platform: stores").WithName("PlatformListStaff")
            .WithSummary("People who work for a store").ProducesProblem(401).ProducesProblem(404);

        var impersonations = platform.MapGroup("").WithTags("Platform: impersonation");
        impersonations.MapPost("/stores/{id}/impersonations", StartAsync).WithName("PlatformStartImpersonation")
            .WithSummary("Act as one of the store's people, for a stated reason and at most an hour; the store sees it")
            .ProducesProblem(401).ProducesProblem(404).ProducesProblem(422);
        impersonations.MapPost("/stores/{id}/impersonations/{impersonation}/token", TokenAsync).WithName("PlatformRenewImpersonationToken")
            .WithSummary("A new access token of an impersonation that you started and that is open")
            .ProducesProblem(401).ProducesProblem(404).ProducesProblem(409);
        impersonations.MapDelete("/stores/{id}/impersonations/{impersonation}", EndAsync).WithName("PlatformEndImpersonation")
            .WithSummary("End an impersonation; its tokens are void within five seconds").ProducesProblem(401).ProducesProblem(404);
        impersonations.MapGet("/impersonations", ListAsync).WithName("PlatformListImpersonations")
            .WithSummary("Impersonations at all stores, newest first").ProducesProblem(400).ProducesProblem(401).ProducesProblem(422);
    }

    public static void MapImpersonationsOfStore(this IEndpointRouteBuilder admin) =>
        admin.MapGet("/impersonations", ListOfStoreAsync).WithTags("Admin: staff").WithName("AdminListImpersonations")
            .WithSummary("When and why the platform acted as somebody of this store, newest first")
            .RequirePermission(Permissions.AuditRead).ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(422);

    private static async Task<Ok<PlatformLogInAnswer>> LogInAsync(
        JsonBody<PlatformLogInRequest> body, PlatformLogIn logIn, HttpContext context)
    {
        var answer = await logIn.RunAsync(body.Value, context, context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(answer);
    }

    private static async Task<PlatformAdministratorView> MeAsync(ClaimsPrincipal user, PlatformAdministrators administrators, CancellationToken ct) =>
        await administrators.FindActiveAsync(Administrator(user), ct) is { } administrator
            ? PlatformAdministratorView.Of(administrator)
            : throw new ProblemException(CommonProblems.Unauthenticated);

    private static async Task<Created<CreatedStore>> CreateAsync(JsonBody<NewStoreRequest> body, CreateStore create, CancellationToken ct)
    {
        var store = await create.RunAsync(body.Value, ct);
        return TypedResults.Created($"/api/v1/platform/stores/{store.Id}", store);
    }

    private static Task<PlatformStaffList> StaffAsync(string id, PlatformStaff staff, CancellationToken ct) => staff.ListAsync(Store(id), ct);

    private static async Task<Created<ImpersonationToken>> StartAsync(
        string id, JsonBody<ImpersonationRequest> body, ClaimsPrincipal user, Impersonations impersonations, HttpContext context)
    {
        var token = await impersonations.StartAsync(Store(id), body.Value, Administrator(user), context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, token);
    }

    private static async Task<Ok<ImpersonationToken>> TokenAsync(
        string id, string impersonation, ClaimsPrincipal user, Impersonations impersonations, HttpContext context)
    {
        var token = await impersonations.TokenAsync(Store(id), One(impersonation), Administrator(user), context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(token);
    }

    private static async Task<NoContent> EndAsync(string id, string impersonation, Impersonations impersonations, CancellationToken ct)
    {
        await impersonations.EndAsync(Store(id), One(impersonation), ct);
        return TypedResults.NoContent();
    }

    private static Task<ImpersonationList> ListAsync(Impersonations impersonations, bool? open, string? cursor, int? limit, CancellationToken ct) =>
        impersonations.ListAsync(open, Before(cursor), Limit(limit), ct);

    private static Task<ImpersonationList> ListOfStoreAsync(Impersonations impersonations, string? cursor, int? limit, CancellationToken ct) =>
        impersonations.ListOfStoreAsync(Before(cursor), Limit(limit), ct);

    /// <exception cref="ProblemException">401.</exception>
    public static Guid Administrator(ClaimsPrincipal user) =>
        PublicId.TryParse(PublicId.PlatformAdministrator, user.FindFirst(CurrentUser.SubjectClaim)?.Value, out var id)
            ? id
            : throw new ProblemException(CommonProblems.Unauthenticated);

    private static Guid Store(string text) =>
        PublicId.TryParse(PublicId.Store, text, out var id) ? id : throw new ProblemException(CommonProblems.StoreNotFound);

    private static Guid One(string text) =>
        PublicId.TryParse(PublicId.Impersonation, text, out var id) ? id : throw new ProblemException(CommonProblems.NotFound);

    private static Guid? Before(string? cursor) =>
        cursor is null ? null
        : PublicId.TryParse(PublicId.Impersonation, cursor, out var last) ? last : throw new ProblemException(CommonProblems.CursorInvalid);

    private static int Limit(int? limit)
    {
        if (limit is < 1 or > 100)
        {
            var errors = new FieldErrors();
            errors.Add("limit", "must be 1 to 100", "doit être de 1 à 100");
            errors.ThrowIfAny();
        }

        return limit ?? 24;
    }
}
