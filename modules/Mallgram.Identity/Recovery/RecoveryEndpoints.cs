using System.Security.Claims;
using Mallgram.Identity.Codes;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Identity.Recovery;

/// <param name="ExpiresAt">UTC: when the code, if one was sent, stops being good.</param>
internal sealed record CodeSentView(DateTimeOffset ExpiresAt, int ResendAfterSeconds)
{
    public static CodeSentView Of(CodeSent sent) => new(sent.ExpiresAt, (int)sent.ResendAfter.TotalSeconds);
}

internal static class RecoveryEndpoints
{
    public static void MapRecovery(this IEndpointRouteBuilder auth)
    {
        auth.MapPost("/verify-email", VerifyEmailAsync).WithName("VerifyEmail").WithSummary("Prove an e-mail address by the code sent to it")
            .ProducesProblem(401).ProducesProblem(422);
        auth.MapPost("/verify-phone", VerifyPhoneAsync).WithName("VerifyPhone").WithSummary("Prove a phone number by the code sent to it")
            .ProducesProblem(401).ProducesProblem(422);
        auth.MapPost("/verify-email/send", SendEmailAsync).WithName("SendEmailVerification")
            .WithSummary("Send a code to the e-mail address of the one signed in")
            .RequireAuthorization(PersonPolicy.Of).ProducesProblem(401).ProducesProblem(403).ProducesProblem(422).ProducesProblem(429);
        auth.MapPost("/verify-phone/send", SendPhoneAsync).WithName("SendPhoneVerification")
            .WithSummary("Send a code to the phone of the one signed in")
            .RequireAuthorization(PersonPolicy.Of).ProducesProblem(401).ProducesProblem(403).ProducesProblem(422).ProducesProblem(429);
        auth.MapPost("/forgot-password", ForgotAsync).WithName("ForgotPassword")
            .WithSummary("Send a code for a new password; the answer is the same when nobody has the address")
            .ProducesProblem(422).ProducesProblem(429);
        auth.MapPost("/reset-password", ResetAsync).WithName("ResetPassword")
            .WithSummary("Set a new password by a code; ends all sessions").ProducesProblem(401).ProducesProblem(422);
    }

    private static async Task<NoContent> VerifyEmailAsync(JsonBody<VerifyEmailRequest> body, VerifyAddress verify, CancellationToken ct)
    {
        await verify.RunAsync(body.Value.Email, phone: null, body.Value.Code, ct);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> VerifyPhoneAsync(JsonBody<VerifyPhoneRequest> body, VerifyAddress verify, CancellationToken ct)
    {
        await verify.RunAsync(email: null, body.Value.Phone, body.Value.Code, ct);
        return TypedResults.NoContent();
    }

    private static async Task<Accepted<CodeSentView>> SendEmailAsync(ClaimsPrincipal user, VerifyAddress verify, CancellationToken ct) =>
        Sent(await verify.SendAsync(user.UserId(), CodeChannels.Email, ct));

    private static async Task<Accepted<CodeSentView>> SendPhoneAsync(ClaimsPrincipal user, VerifyAddress verify, CancellationToken ct) =>
        Sent(await verify.SendAsync(user.UserId(), CodeChannels.Sms, ct));

    private static async Task<Accepted<CodeSentView>> ForgotAsync(JsonBody<ForgotPasswordRequest> body, ResetPassword reset, CancellationToken ct) =>
        Sent(await reset.SendAsync(body.Value, ct));

    private static async Task<NoContent> ResetAsync(JsonBody<ResetPasswordRequest> body, ResetPassword reset, CancellationToken ct)
    {
        await reset.RunAsync(body.Value, ct);
        return TypedResults.NoContent();
    }

    private static Accepted<CodeSentView> Sent(CodeSent sent) => TypedResults.Accepted((string?)null, CodeSentView.Of(sent));
}
