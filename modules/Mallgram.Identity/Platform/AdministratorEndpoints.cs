using System.Security.Claims;
using Mallgram.Identity.Codes;
using Mallgram.Identity.SecondFactors;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Identity.Platform;

internal sealed record EnrolRequest(string? Password);

/// <summary>Both.</summary>
internal sealed record RemoveOwnSecondFactorRequest(string? Password, string? Code);

/// <summary>Platform administrators among themselves, and what protects their sign-in.</summary>
internal static class AdministratorEndpoints
{
    public static void Map(IEndpointRouteBuilder platform)
    {
        var signIn = platform.MapGroup("").WithTags("Platform: sign-in");
        signIn.MapPost("/auth/login/second-factor", AnswerAsync).AllowAnonymous().WithName("PlatformAnswerSecondFactor")
            .WithSummary("Finish a sign-in with the code of an app or a recovery code")
            .ProducesProblem(401).ProducesProblem(422).ProducesProblem(429);
        signIn.MapPost("/auth/invitation", AcceptAsync).AllowAnonymous().WithName("PlatformAcceptInvitation")
            .WithSummary("Choose a password with the token of an invitation mail, and sign in").ProducesProblem(401).ProducesProblem(422);
        signIn.MapGet("/me/second-factor", ShowAsync).WithName("PlatformGetSecondFactor").WithSummary("My second factor")
            .ProducesProblem(401);
        signIn.MapPost("/me/second-factor", EnrolAsync).WithName("PlatformAddSecondFactor")
            .WithSummary("Set up an authenticator app; needs the password")
            .ProducesProblem(401).ProducesProblem(409).ProducesProblem(422).ProducesProblem(429);
        signIn.MapPost("/me/second-factor/confirm", ConfirmAsync).WithName("PlatformConfirmSecondFactor")
            .WithSummary("Confirm the app by its first code; the recovery codes are shown once").ProducesProblem(401).ProducesProblem(422);
        signIn.MapDelete("/me/second-factor", RemoveOwnAsync).WithName("PlatformRemoveSecondFactor")
            .WithSummary("Remove my second factor; needs the password and a code")
            .ProducesProblem(401).ProducesProblem(422).ProducesProblem(429);

        var administrators = platform.MapGroup("/administrators").WithTags("Platform: administrators").ProducesProblem(401);
        administrators.MapGet("/", (ManageAdministrators manage, CancellationToken ct) => manage.ListAsync(ct))
            .WithName("PlatformListAdministrators").WithSummary("Everybody who administers the platform, is invited to or was disabled");
        administrators.MapPost("/", InviteAsync).WithName("PlatformInviteAdministrator")
            .WithSummary("Invite an administrator by mail; once more for the same address sends a new link")
            .ProducesProblem(409).ProducesProblem(422);
        administrators.MapPost("/{id}/disable", DisableAsync).WithName("PlatformDisableAdministrator")
            .WithSummary("Take an administrator's access away; it counts within five seconds").ProducesProblem(404).ProducesProblem(409);
        administrators.MapPost("/{id}/enable", EnableAsync).WithName("PlatformEnableAdministrator")
            .WithSummary("Give an administrator access again").ProducesProblem(404);
        administrators.MapDelete("/{id}/second-factor", RemoveAsync).WithName("PlatformRemoveSecondFactorOf")
            .WithSummary("Remove the second factor of an administrator who lost the device").ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<Ok<PlatformSession>> AnswerAsync(JsonBody<SecondFactorAnswer> body, PlatformLogIn logIn, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await logIn.AnswerAsync(body.Value, context, context.RequestAborted));
    }

    private static async Task<Ok<PlatformSession>> AcceptAsync(
        JsonBody<AcceptPlatformInvitationRequest> body, AcceptPlatformInvitation accept, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await accept.RunAsync(body.Value, context, context.RequestAborted));
    }

    private static Task<SecondFactorsView> ShowAsync(ClaimsPrincipal user, PlatformSecondFactors factors, CancellationToken ct) =>
        factors.ShowAsync(PlatformEndpoints.Administrator(user), ct);

    private static async Task<Created<SecondFactorSetUp>> EnrolAsync(
        JsonBody<EnrolRequest> body, ClaimsPrincipal user, PlatformSecondFactors factors, HttpResponse response, CancellationToken ct)
    {
        response.Headers.CacheControl = "no-store";
        var setUp = await factors.StartAsync(PlatformEndpoints.Administrator(user), body.Value.Password, ct);
        return TypedResults.Created((string?)null, setUp);
    }

    private static async Task<Ok<RecoveryCodesView>> ConfirmAsync(
        JsonBody<ConfirmSecondFactor> body, ClaimsPrincipal user, PlatformSecondFactors factors, HttpResponse response,
        CancellationToken ct)
    {
        var fields = new FieldErrors();
        fields.Require(body.Value.Code, "code", CodeEndpoints.MaxCodeLength);
        fields.ThrowIfAny();
        response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await factors.ConfirmAsync(PlatformEndpoints.Administrator(user), body.Value.Code!, ct));
    }

    private static async Task<NoContent> RemoveOwnAsync(
        JsonBody<RemoveOwnSecondFactorRequest> body, ClaimsPrincipal user, PlatformSecondFactors factors, CancellationToken ct)
    {
        await factors.RemoveAsync(PlatformEndpoints.Administrator(user), body.Value.Password, body.Value.Code, ct);
        return TypedResults.NoContent();
    }

    private static async Task<Created<AdministratorRow>> InviteAsync(
        JsonBody<InviteAdministratorRequest> body, ClaimsPrincipal user, ManageAdministrators manage, CancellationToken ct) =>
        TypedResults.Created((string?)null, await manage.InviteAsync(body.Value, PlatformEndpoints.Administrator(user), ct));

    private static async Task<NoContent> DisableAsync(string id, ClaimsPrincipal user, ManageAdministrators manage, CancellationToken ct)
    {
        await manage.DisableAsync(One(id), PlatformEndpoints.Administrator(user), ct);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> EnableAsync(string id, ClaimsPrincipal user, ManageAdministrators manage, CancellationToken ct)
    {
        await manage.EnableAsync(One(id), PlatformEndpoints.Administrator(user), ct);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RemoveAsync(string id, ClaimsPrincipal user, ManageAdministrators manage, CancellationToken ct)
    {
        await manage.RemoveSecondFactorAsync(One(id), PlatformEndpoints.Administrator(user), ct);
        return TypedResults.NoContent();
    }

    private static Guid One(string text) =>
        PublicId.TryParse(PublicId.PlatformAdministrator, text, out var id) ? id : throw new ProblemException(CommonProblems.NotFound);
}
