using System.Security.Claims;
using System.Text;
using Mallgram.Identity.Access;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Tenancy;
using Microsoft.IdentityModel.Tokens;

namespace Mallgram.Identity.Supabase;

/// <summary>Sign-in by an access token of the Supabase project that the current store names.</summary>
internal sealed class SupabaseTokens(SupabaseProjects projects, SupabaseKeys keys, SupabasePeople people, StoreScope scope, TimeProvider clock)
{
    /// <summary>Claim of a principal that another issuer's token made; its value is <c>supabase</c>.</summary>
    public const string ProviderClaim = "idp";

    /// <summary>A person is added on first sight.</summary>
    /// <returns>The person with the claims of our own tokens; null when the token is not the project's, not in force, or its person may not sign in.</returns>
    public async Task<ClaimsPrincipal?> AuthenticateAsync(string token, CancellationToken ct)
    {
        if (SupabaseToken.Read(token) is not { } claims
            || await projects.FindAsync(ct) is not { } project
            || !string.Equals(claims.Issuer, project.Issuer, StringComparison.Ordinal)
            || await KeyAsync(claims, project, ct) is not { } key
            || !claims.IsGenuine(project, key, clock.GetUtcNow())
            || await people.FindOrAddAsync(project, claims, ct) is not { } person
            || (RolePermissions.IsStaff(person.Role) && !project.AllowsStaff))
        {
            return null;
        }

        return new ClaimsPrincipal(new ClaimsIdentity(
            [
                new Claim(CurrentUser.SubjectClaim, PublicId.Format(PublicId.User, person.Id)),
                new Claim(AccessTokens.StoreClaim, PublicId.Format(PublicId.Store, scope.StoreId)),
                new Claim(CurrentUser.RoleClaim, person.Role),
                new Claim(ProviderClaim, "supabase"),
            ],
            BearerAuthentication.SchemeName, CurrentUser.SubjectClaim, CurrentUser.RoleClaim));
    }

    /// <summary>Configuration and the kind of key decide the algorithm; what the header names must agree with it.</summary>
    private async ValueTask<SupabaseKey?> KeyAsync(SupabaseToken token, SupabaseProject project, CancellationToken ct) => token.Algorithm switch
    {
        SecurityAlgorithms.HmacSha256 => project.Secret is { } secret
            ? new SupabaseKey(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(secret)), SecurityAlgorithms.HmacSha256)
            : null,
        SecurityAlgorithms.EcdsaSha256 or SecurityAlgorithms.RsaSha256 => token.KeyId is { } id ? await keys.FindAsync(project.Issuer, id, ct) : null,
        _ => null,
    };
}
