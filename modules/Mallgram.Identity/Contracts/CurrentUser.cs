using System.Security.Claims;
using Mallgram.Kernel.Ids;

namespace Mallgram.Identity.Contracts;

/// <summary>The person behind a request, as the checked access token names them.</summary>
public static class CurrentUser
{
    internal const string SubjectClaim = "sub";
    internal const string RoleClaim = "role";

    /// <summary>The person's id; null for guests.</summary>
    public static Guid? FindUserId(this ClaimsPrincipal principal) =>
        PublicId.TryParse(PublicId.User, principal.FindFirst(SubjectClaim)?.Value, out var id) ? id : null;

    /// <exception cref="InvalidOperationException">Nobody is signed in: the route lacks an authorization policy.</exception>
    public static Guid UserId(this ClaimsPrincipal principal) =>
        principal.FindUserId() ?? throw new InvalidOperationException("Nobody is signed in.");

    /// <summary>One of <see cref="Roles"/>; null for guests. A changed role shows within the life of an access token.</summary>
    public static string? Role(this ClaimsPrincipal principal) => principal.FindFirst(RoleClaim)?.Value;
}
