using Mallgram.Identity.Devices;
using Mallgram.Identity.Recovery;
using Mallgram.Identity.Registration;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Identity;

internal static class AuthEndpoints
{
    public static void MapAuthEndpoints(this IEndpointRouteBuilder app)
    {
        var auth = app.MapGroup("/auth").WithTags("Sign-in");
        auth.MapPost("/login", LogIn).WithName("LogIn").WithSummary("Sign in by e-mail address or phone number, and password")
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity).ProducesProblem(StatusCodes.Status429TooManyRequests);
        auth.MapPost("/register", RegisterAsync).WithName("Register")
            .WithSummary("Make a customer account by e-mail address or phone number, and sign in")
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity).ProducesProblem(StatusCodes.Status429TooManyRequests);
        auth.MapPost("/refresh", Refresh).WithName("RefreshSession").WithSummary("Trade a refresh token for new tokens; each is good once")
            .Accepts<RefreshRequest>("application/json")
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        auth.MapPost("/logout", LogOut).WithName("LogOut").WithSummary("End the sign-in that a refresh token belongs to")
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        auth.MapSessions();
        auth.MapRecovery();
    }

    private static async Task<Ok<LogInAnswer>> LogIn(JsonBody<LogInRequest> body, LogIn logIn, HttpContext context)
    {
        var answer = await logIn.RunAsync(body.Value, context, context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(answer);
    }

    private static async Task<Created<SessionView>> RegisterAsync(JsonBody<RegisterRequest> body, Register register, HttpContext context)
    {
        var session = await register.RunAsync(body.Value, context, context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created("/api/v1/auth/me", session);
    }

    private static async Task<Ok<SessionView>> Refresh(HttpContext context, RefreshSession refresh, TimeProvider clock)
    {
        var arrivedAt = clock.GetUtcNow();
        var body = await JsonBody<RefreshRequest>.BindAsync(context);
        return Secret(context, await refresh.RunAsync(body.Value, arrivedAt, context.RequestAborted));
    }

    private static async Task<NoContent> LogOut(JsonBody<RefreshRequest> body, RefreshTokens tokens, CancellationToken ct)
    {
        await tokens.RevokeAsync(body.Value.Token(), ct);
        return TypedResults.NoContent();
    }

    private static Ok<SessionView> Secret(HttpContext context, SessionView session)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(session);
    }
}
