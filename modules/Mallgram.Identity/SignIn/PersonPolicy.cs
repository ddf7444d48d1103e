using Mallgram.Identity.Contracts;
using Microsoft.AspNetCore.Authorization;

namespace Mallgram.Identity.SignIn;

/// <summary>For <c>RequireAuthorization</c> of what belongs to one person: somebody is signed in, not an API key.</summary>
internal static class PersonPolicy
{
    public static void Of(AuthorizationPolicyBuilder policy) =>
        policy.RequireAuthenticatedUser().RequireAssertion(context => context.User.FindUserId() is not null);
}
