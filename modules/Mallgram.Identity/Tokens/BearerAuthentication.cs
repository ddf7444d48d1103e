using System.Text.Encodings.Web;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Tokens;

/// <summary>
/// Scheme <c>Bearer</c>. Runs after the store is known: a token of another store is no sign-in here. Answers bare 401 and 403, which the
/// problem middleware dresses.
/// </summary>
internal sealed class BearerAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, AccessTokens tokens, StoreScope scope)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";
    private const string Prefix = SchemeName + " ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    private AuthenticateResult Authenticate()
    {
        var header = Request.Headers.Authorization;
        if (header.Count == 0)
        {
            return AuthenticateResult.NoResult();
        }

        if (header is not [{ } value] || !value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            || scope.StoreIdOrNull is not { } store)
        {
            return AuthenticateResult.Fail("No bearer token.");
        }

        return tokens.Read(value[Prefix.Length..].Trim(), store) is { } person
            ? AuthenticateResult.Success(new AuthenticationTicket(person, SchemeName))
            : AuthenticateResult.Fail("The access token is not valid.");
    }
}
