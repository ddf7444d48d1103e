using System.Security.Claims;
using System.Text.Encodings.Web;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Platform;

/// <summary>
/// Scheme <see cref="PlatformRequirement.Scheme"/>, asked by routes that require a platform administrator and by nothing else, and only under
/// <c>/api/v1/platform</c>: anywhere else a platform token is no sign-in.
/// </summary>
internal sealed class PlatformAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, PlatformTokens tokens,
    PlatformAdministrators administrators, StoreScope scope)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    private const string Prefix = "Bearer ";
    private const string Path = "/api/v1/platform";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization;
        if (header.Count == 0 || !Request.Path.StartsWithSegments(Path, StringComparison.Ordinal))
        {
            return AuthenticateResult.NoResult();
        }

        if (header is not [{ } value] || !value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            || tokens.Read(value[Prefix.Length..].Trim()) is not { } id
            || await administrators.FindActiveAsync(id, Context.RequestAborted) is not { } administrator)
        {
            return AuthenticateResult.Fail("The platform token is not valid.");
        }

        var actor = PublicId.Format(PublicId.PlatformAdministrator, administrator.Id);
        scope.Caller = new Caller(actor, OnBehalfOf: null, ClientDevice.Of(Context).Address, ProblemAnswers.RequestId(Context));
        var identity = new ClaimsIdentity([new Claim(CurrentUser.SubjectClaim, actor)], PlatformRequirement.Scheme, CurrentUser.SubjectClaim, CurrentUser.RoleClaim);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), PlatformRequirement.Scheme));
    }
}
