using System.Security.Claims;
using Mallgram.Identity.Codes;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.Recovery;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Identity.SecondFactors;

internal sealed record SecondFactorAnswer(string? Challenge, string? Method, string? Code);

internal sealed record SendSecondFactor(string? Challenge, string? Method);

/// <param name="Kind"><c>totp</c>, <c>sms</c> or <c>email</c>.</param>
internal sealed record AddSecondFactor(string? Kind);

internal sealed record ConfirmSecondFactor(string? Code);

/// <summary>One of the two.</summary>
internal sealed record ProofRequest(string? Password, string? Code);

internal static class SecondFactorEndpoints
{
    private const int MaxChallengeLength = 1000;

    public static void MapSecondFactors(this IEndpointRouteBuilder app)
    {
        var auth = app.MapGroup("/auth/second-factor").WithTags("Sign-in")
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        auth.MapPost("/", Answer).WithName("AnswerSecondFactor").WithSummary("Finish a sign-in with the second factor")
            .ProducesProblem(StatusCodes.Status403Forbidden);
        auth.MapPost("/send", Send).WithName("SendSecondFactor").WithSummary("Send the code of a second factor by text message or mail");

        var me = app.MapGroup("/me").WithTags("Me").RequireAuthorization(PersonPolicy.Of).NotWhileImpersonating(mayRead: true)
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        me.MapGet("/second-factors", List).WithName("ListSecondFactors").WithSummary("My second factors");
        me.MapPost("/second-factors", Add).WithName("AddSecondFactor")
            .WithSummary("Set up a second factor: an authenticator app, text messages or mails")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        me.MapPost("/second-factors/{kind}/confirm", Confirm).WithName("ConfirmSecondFactor")
            .WithSummary("Confirm a second factor by its first code; with the first one come recovery codes, shown once")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        me.MapPost("/second-factors/{kind}/send", SendOwn).WithName("SendOwnCode")
            .WithSummary("Send me a code that proves who I am")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        me.MapDelete("/second-factors/{kind}", Remove).WithName("RemoveSecondFactor")
            .WithSummary("Remove a second factor; needs the password or a code")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        me.MapPost("/recovery-codes", Renew).WithName("RenewRecoveryCodes")
            .WithSummary("New recovery codes in place of the old ones; needs the password or a code")
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity).ProducesProblem(StatusCodes.Status429TooManyRequests);
    }

    private static async Task<Ok<SessionView>> Answer(
        JsonBody<SecondFactorAnswer> body, SecondStep factors, People people, Sessions sessions, SignInHistory history, HttpContext context)
    {
        var ct = context.RequestAborted;
        var fields = new FieldErrors();
        fields.Require(body.Value.Challenge, "challenge", MaxChallengeLength);
        RequireMethod(body.Value.Method, "method", fields, Methods.Totp, Methods.Sms, Methods.Email, Methods.Recovery);
        fields.Require(body.Value.Code, "code", CodeEndpoints.MaxCodeLength);
        fields.ThrowIfAny();

        var (challenge, right) = await factors.AnswerAsync(body.Value.Challenge!, body.Value.Method!, body.Value.Code!, ct);
        var person = await people.FindAsync(challenge.UserId, ct) ?? throw new ProblemException(SecondFactorProblems.InvalidChallenge);
        if (!right)
        {
            await history.FailedAsync(person, challenge.Method, "wrong_code", context, ct);
            throw new ProblemException(CodeProblems.InvalidCode);
        }

        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await sessions.StartAsync(person, challenge.Method, secondFactor: true, context, ct));
    }

    private static async Task<Accepted<CodeSentView>> Send(JsonBody<SendSecondFactor> body, SecondStep factors, CancellationToken ct)
    {
        var fields = new FieldErrors();
        fields.Require(body.Value.Challenge, "challenge", MaxChallengeLength);
        RequireMethod(body.Value.Method, "method", fields, Methods.Sms, Methods.Email);
        fields.ThrowIfAny();
        return Sent(await factors.SendAsync(body.Value.Challenge!, body.Value.Method!, ct));
    }

    private static async Task<Ok<SecondFactorsView>> List(ClaimsPrincipal user, OwnSecondFactors own, CancellationToken ct) =>
        TypedResults.Ok(await own.ListAsync(user.UserId(), ct));

    private static async Task<Created<SecondFactorSetUp>> Add(
        JsonBody<AddSecondFactor> body, ClaimsPrincipal user, OwnSecondFactors own, HttpResponse response, CancellationToken ct)
    {
        var fields = new FieldErrors();
        RequireMethod(body.Value.Kind, "kind", fields, Methods.Totp, Methods.Sms, Methods.Email);
        fields.ThrowIfAny();
        response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, await own.StartAsync(user.UserId(), body.Value.Kind!, ct));
    }

    private static async Task<Ok<RecoveryCodesView>> Confirm(
        string kind, JsonBody<ConfirmSecondFactor> body, ClaimsPrincipal user, OwnSecondFactors own, HttpResponse response, CancellationToken ct)
    {
        RequireKind(kind);
        var fields = new FieldErrors();
        fields.Require(body.Value.Code, "code", CodeEndpoints.MaxCodeLength);
        fields.ThrowIfAny();
        response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await own.ConfirmAsync(user.UserId(), kind, body.Value.Code!, ct));
    }

    private static async Task<Accepted<CodeSentView>> SendOwn(string kind, ClaimsPrincipal user, ProofOfSelf proof, CancellationToken ct)
    {
        RequireKind(kind);
        return Sent(await proof.SendAsync(user.UserId(), kind, ct));
    }

    private static async Task<NoContent> Remove(
        string kind, JsonBody<ProofRequest> body, ClaimsPrincipal user, OwnSecondFactors own, CancellationToken ct)
    {
        RequireKind(kind);
        await own.RemoveAsync(user.UserId(), kind, body.Value.Password, body.Value.Code, ct);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<RecoveryCodesView>> Renew(
        JsonBody<ProofRequest> body, ClaimsPrincipal user, OwnSecondFactors own, HttpResponse response, CancellationToken ct)
    {
        response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await own.RenewRecoveryCodesAsync(user.UserId(), body.Value.Password, body.Value.Code, ct));
    }

    private static Accepted<CodeSentView> Sent(CodeSent sent) => TypedResults.Accepted((string?)null, CodeSentView.Of(sent));

    private static void RequireKind(string kind)
    {
        if (kind is not (Methods.Totp or Methods.Sms or Methods.Email))
        {
            throw new ProblemException(CommonProblems.NotFound);
        }
    }

    private static void RequireMethod(string? given, string field, FieldErrors fields, params string[] allowed)
    {
        if (given is null || !allowed.Contains(given, StringComparer.Ordinal))
        {
            var list = string.Join(", ", allowed);
            fields.Add(field, "must be one of " + list, "doit être l'un de " + list);
        }
    }
}
