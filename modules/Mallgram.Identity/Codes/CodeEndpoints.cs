using System.Security.Claims;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.Recovery;
using Mallgram.Identity.Registration;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Identity.Codes;

/// <param name="Purpose"><c>sign_in</c> when left out; <c>verify_phone</c> sends to the number of the one signed in.</param>
internal sealed record AskForCode(string? Phone, string? Email, string? Purpose);

/// <param name="FullName">Of somebody who signs in for the first time; may be left out.</param>
/// <param name="Purpose">What the code was asked for.</param>
internal sealed record GiveCode(string? Phone, string? Email, string? Code, string? FullName, string? Purpose);

internal static class CodeEndpoints
{
    public const int MaxCodeLength = 40;

    public static void MapCodes(this IEndpointRouteBuilder app)
    {
        var auth = app.MapGroup("/auth").WithTags("Sign-in")
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        auth.MapPost("/otp", Send).WithName("SendCode")
            .WithSummary("Send a code to a phone or an e-mail address, to sign in, to register, or to confirm one's own number");
        auth.MapPost("/verify-otp", Verify).WithName("VerifyCode")
            .WithSummary("Sign in with a code; whoever is new is registered. A code that confirms a number answers 204")
            .ProducesProblem(StatusCodes.Status403Forbidden);
    }

    private static async Task<Accepted<CodeSentView>> Send(
        JsonBody<AskForCode> body, ClaimsPrincipal user, CurrentStore store, People people, OneTimeCodes codes, CancellationToken ct)
    {
        var (request, fields) = (body.Value, new FieldErrors());
        var signsIn = SignsIn(request.Purpose, fields);
        if (!signsIn && user.FindUserId() is null)
        {
            throw new ProblemException(CommonProblems.Unauthenticated);
        }

        var contact = Contact.Read(request.Email, request.Phone, store.Store.Country, fields);
        fields.ThrowIfAny();
        var person = await people.FindAsync(contact!, ct);
        if (!signsIn && (person is null || person.Id != user.FindUserId() || contact!.IsEmail))
        {
            fields.Add("phone", "is not the number of your account", "n'est pas le numéro de votre compte");
            fields.ThrowIfAny();
        }

        var sent = await codes.SendAsync(
            signsIn ? CodePurposes.SignIn : CodePurposes.VerifyPhone, contact!.IsEmail ? CodeChannels.Email : CodeChannels.Sms, contact.Key,
            person?.Id, ct);
        return TypedResults.Accepted((string?)null, CodeSentView.Of(sent));
    }

    private static async Task<Results<Ok<LogInAnswer>, NoContent>> Verify(
        JsonBody<GiveCode> body, CurrentStore store, SignInByCode signIn, VerifyAddress verify, HttpContext context)
    {
        var (request, fields, ct) = (body.Value, new FieldErrors(), context.RequestAborted);
        var signsIn = SignsIn(request.Purpose, fields);
        fields.Require(request.Code, "code", MaxCodeLength);
        if (!string.IsNullOrEmpty(request.FullName))
        {
            PersonName.Check(request.FullName, "full_name", fields);
        }

        var contact = Contact.Read(request.Email, request.Phone, store.Store.Country, fields);
        fields.ThrowIfAny();
        if (!signsIn)
        {
            await verify.RunAsync(contact!.Email, contact.Phone, request.Code, ct);
            return TypedResults.NoContent();
        }

        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await signIn.RunAsync(contact!, request.Code!, request.FullName, context, ct));
    }

    private static bool SignsIn(string? purpose, FieldErrors fields)
    {
        if (purpose is not (null or CodePurposes.SignIn or CodePurposes.VerifyPhone))
        {
            fields.Add("purpose", "must be sign_in or verify_phone", "doit être sign_in ou verify_phone");
        }

        return purpose is not CodePurposes.VerifyPhone;
    }
}
