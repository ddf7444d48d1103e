using System.Security.Claims;
using Mallgram.Web.Admin.Api;
using Microsoft.AspNetCore.Authentication;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>Why somebody of the platform acts as one of the store's people. Every page says so.</summary>
/// <param name="Id">imp_…</param>
/// <param name="StoreId">sto_…</param>
/// <param name="Until">UTC.</param>
internal sealed record ActingAs(string Id, string StoreId, string Reason, DateTimeOffset Until);

/// <summary>Starts the cookie's session, whichever way a person has proven who they are.</summary>
internal static class StaffSession
{
    private const string ImpersonationClaim = "imp";
    private const string StoreIdClaim = "imp_store";
    private const string ReasonClaim = "imp_reason";
    private const string UntilClaim = "imp_until";

    /// <returns>False: the account has no access to the administration.</returns>
    public static async Task<bool> StartAsync(HttpContext context, SessionView session, string store, ActingAs? impersonation = null)
    {
        if (session.User.Role is "customer" or "affiliate")
        {
            return false;
        }

        var ticket = new AuthenticationProperties { AllowRefresh = impersonation is null, ExpiresUtc = impersonation?.Until };
        ticket.Put(SessionTokens.Of(session, context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow()));
        var person = SessionTicket.Principal(session.User, store);
        if (impersonation is not null)
        {
            ((ClaimsIdentity)person.Identity!).AddClaims(
            [
                new Claim(ImpersonationClaim, impersonation.Id),
                new Claim(StoreIdClaim, impersonation.StoreId),
                new Claim(ReasonClaim, impersonation.Reason),
                new Claim(UntilClaim, impersonation.Until.ToString("O", System.Globalization.CultureInfo.InvariantCulture)),
            ]);
        }

        await context.SignInAsync(person, ticket);
        return true;
    }

    /// <returns>Null for people who signed in themselves.</returns>
    public static ActingAs? ImpersonationOf(ClaimsPrincipal person) =>
        person.FindFirst(ImpersonationClaim) is { } id && person.FindFirst(StoreIdClaim) is { } store && person.FindFirst(ReasonClaim) is { } reason
        && DateTimeOffset.TryParse(
            person.FindFirst(UntilClaim)?.Value, System.Globalization.CultureInfo.InvariantCulture,
            System.Globalization.DateTimeStyles.AssumeUniversal, out var until)
            ? new ActingAs(id.Value, store.Value, reason.Value, until)
            : null;
}
