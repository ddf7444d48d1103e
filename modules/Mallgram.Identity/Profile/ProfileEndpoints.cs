using System.Security.Claims;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SecondFactors;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Privacy;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Identity.Profile;

/// <summary>One of the two, to be sure that it is the person who asks.</summary>
/// <param name="Code">As sent by <c>POST /me/second-factors/{kind}/send</c>, or of an authenticator app.</param>
internal sealed record EraseMeRequest(string? Password, string? Code);

/// <summary>What the signed-in person sees and changes of themselves.</summary>
internal static class ProfileEndpoints
{
    public static IServiceCollection AddProfile(this IServiceCollection services)
    {
        services.AddScoped<Profiles>();
        services.AddScoped<IPersonalData, AccountData>();
        services.AddScoped<PersonalRecords>();
        return services;
    }

    public static void MapProfile(this IEndpointRouteBuilder app)
    {
        var own = app.MapGroup("/auth").WithTags("Profile").RequireAuthorization(PersonPolicy.Of);
        own.MapGet("/me", (ClaimsPrincipal user, Profiles profiles, CancellationToken ct) => ShowAsync(user, profiles, ct))
            .WithName("GetMe").WithSummary("Who is signed in").ProducesProblem(401);
        own.MapPatch("/me", ChangeAsync).NotWhileImpersonating().WithName("ChangeMe")
            .WithSummary("Change name, language, e-mail address, phone or password; a new address counts once its code is confirmed")
            .ProducesProblem(401).ProducesProblem(403).ProducesProblem(422).ProducesProblem(429);
        own.MapPost("/me/confirm", ConfirmAsync).NotWhileImpersonating().WithName("ConfirmMyAddress")
            .WithSummary("Confirm a new e-mail address or phone with the code that was sent there")
            .ProducesProblem(401).ProducesProblem(403).ProducesProblem(409).ProducesProblem(422);

        var me = app.MapGroup("/me").WithTags("Profile").RequireAuthorization(PersonPolicy.Of).ProducesProblem(401).ProducesProblem(403);
        me.MapPost("/export", ExportAsync).NotWhileImpersonating().WithName("ExportMe").WithSummary("Everything that is kept about the signed-in person");
        me.MapDelete("", EraseAsync).NotWhileImpersonating().WithName("EraseMe")
            .WithSummary("Erase the signed-in person; orders and payments that the law wants kept lose name and address")
            .ProducesProblem(409).ProducesProblem(422).ProducesProblem(429);
        PreferenceEndpoints.Map(me);
        AddressEndpoints.Map(me);
        AddressEndpoints.MapFormats(app);
    }

    private static async Task<Ok<ProfileView>> ShowAsync(ClaimsPrincipal user, Profiles profiles, CancellationToken ct) =>
        TypedResults.Ok(await profiles.GetAsync(user.UserId(), ct));

    private static async Task<Ok<ProfileView>> ChangeAsync(
        JsonBody<ChangeProfileRequest> body, ClaimsPrincipal user, Profiles profiles, CancellationToken ct)
    {
        Guid? session = PublicId.TryParse(PublicId.Session, user.FindFirst(AccessTokens.SessionClaim)?.Value, out var id) ? id : null;
        await profiles.ChangeAsync(user.UserId(), session, body.Value, ct);
        return await ShowAsync(user, profiles, ct);
    }

    private static async Task<Ok<ProfileView>> ConfirmAsync(
        JsonBody<ConfirmAddressRequest> body, ClaimsPrincipal user, Profiles profiles, CancellationToken ct)
    {
        await profiles.ConfirmAsync(user.UserId(), body.Value, ct);
        return await ShowAsync(user, profiles, ct);
    }

    private static async Task<Ok<PersonalExport>> ExportAsync(
        ClaimsPrincipal user, PersonalRecords records, HttpContext context, CancellationToken ct)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await records.ExportAsync(user.UserId(), ct) ?? throw new ProblemException(CommonProblems.Unauthenticated));
    }

    private static async Task<NoContent> EraseAsync(
        JsonBody<EraseMeRequest> body, ClaimsPrincipal user, ProofOfSelf proof, PersonalRecords records, CancellationToken ct)
    {
        // A second call with the same access token finds nobody to prove anything for, and nothing to do.
        if (await records.FindAsync(user.UserId(), ct) is not null)
        {
            await proof.RequireAsync(user.UserId(), body.Value.Password, body.Value.Code, ct);
            await records.EraseAsync(user.UserId(), ct);
        }

        return TypedResults.NoContent();
    }
}
