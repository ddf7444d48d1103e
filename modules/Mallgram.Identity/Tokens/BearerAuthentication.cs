using System.Security.Claims;
using System.Text.Encodings.Web;
using Mallgram.Identity.Access;
using Mallgram.Identity.ApiKeys;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.Platform;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Supabase;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Tokens;

/// <summary>
/// Scheme <c>Bearer</c>: access tokens of ours or of the Supabase project that the store names, and API keys. Runs after the store is
/// known: a token of another store is no sign-in here. Says whose changes are audited. Answers bare 401 and 403, which the problem middleware dresses.
/// </summary>
internal sealed class BearerAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, AccessTokens tokens,
    ApiKeyCheck keys, SupabaseTokens supabase, OpenImpersonations impersonations, StoreDatabase database, StoreScope scope)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";
    private const string Prefix = SchemeName + " ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
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

        var token = value[Prefix.Length..].Trim();
        var person = tokens.Read(token, store) ?? await keys.AuthenticateAsync(token, Context.RequestAborted)
            ?? await supabase.AuthenticateAsync(token, Context.RequestAborted);
        if (person is null)
        {
            return AuthenticateResult.Fail("The access token is not valid.");
        }

        scope.Caller = CallerOf(person);
        if (!await impersonations.AcceptAsync(person, Context, database, scope))
        {
            return AuthenticateResult.Fail("The impersonation has ended.");
        }

        return AuthenticateResult.Success(new AuthenticationTicket(person, SchemeName));
    }

    /// <summary>Null for customers and affiliates, unless a platform administrator acts as one.</summary>
    private Caller? CallerOf(ClaimsPrincipal person)
    {
        if (person.FindFirst(AccessClaims.Key)?.Value is { } key)
        {
            return new Caller(key, OnBehalfOf: null, ClientDevice.Of(Context).Address, ProblemAnswers.RequestId(Context));
        }

        var subject = person.FindFirst(CurrentUser.SubjectClaim)!.Value;
        var administrator = person.FindFirst(AccessTokens.ActorClaim)?.Value;
        return administrator is not null || RolePermissions.IsStaff(person.Role())
            ? new Caller(
                administrator ?? subject, administrator is null ? null : subject, ClientDevice.Of(Context).Address,
                ProblemAnswers.RequestId(Context))
            : null;
    }
}
