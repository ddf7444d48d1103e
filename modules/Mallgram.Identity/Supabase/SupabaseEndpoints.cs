using System.Security.Claims;
using System.Text;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Http.Outbound;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Supabase;

/// <param name="Issuer"><c>https://&lt;ref&gt;.supabase.co/auth/v1</c>; or give <paramref name="ProjectUrl"/>.</param>
/// <param name="ProjectUrl"><c>https://&lt;ref&gt;.supabase.co</c></param>
/// <param name="JwtSecret">The project's legacy secret, when it still signs with it. Missing: the stored one stays while the issuer does; empty: removed.</param>
/// <param name="Audience">Missing: <c>authenticated</c>.</param>
/// <param name="ConfirmsAddresses">The project proves e-mail addresses and phones before it signs people in.</param>
/// <param name="AllowsStaff">People who work for the store sign in by it too; only an owner may say so.</param>
internal sealed record SupabaseProjectRequest(
    string? Issuer, string? ProjectUrl, string? JwtSecret, string? Audience, bool? ConfirmsAddresses, bool? AllowsStaff);

/// <param name="HasJwtSecret">The secret itself is never shown.</param>
internal sealed record SupabaseProjectView(
    string Issuer, string KeySetUrl, string Audience, bool HasJwtSecret, bool ConfirmsAddresses, bool AllowsStaff, DateTimeOffset UpdatedAt)
{
    public static SupabaseProjectView Of(SupabaseProject project) => new(
        project.Issuer, project.Issuer + "/.well-known/jwks.json", project.Audience, project.Secret is not null, project.ConfirmsAddresses,
        project.AllowsStaff, project.UpdatedAt);
}

internal static class SupabaseEndpoints
{
    private const int MaxUrlLength = 300;
    private const int LeastSecretBytes = 32;
    private const string DefaultAudience = "authenticated";

    private static readonly ProblemCode NoProject = new("supabase_project_not_found", 404,
        "This store names no Supabase project.", "Cette boutique n'indique aucun projet Supabase.");

    private static readonly ProblemCode OwnerOnly = new("owner_required", 403,
        "Only an owner may change how staff sign in.", "Seul un propriétaire peut changer la connexion du personnel.");

    /// <param name="admin">The host's group <c>/admin</c>.</param>
    public static void MapSupabaseAdmin(this IEndpointRouteBuilder admin)
    {
        var supabase = admin.MapGroup("/sign-in/supabase").WithTags("Sign-in").RequirePermission(Permissions.StoreWrite)
            .NotWhileImpersonating(mayRead: true);
        supabase.MapGet("/", Get).WithName("AdminGetSupabaseProject").WithSummary("The Supabase project whose access tokens are accepted")
            .ProducesProblem(StatusCodes.Status404NotFound);
        supabase.MapPut("/", Put).WithName("AdminSetSupabaseProject").WithSummary("Accept the access tokens of a Supabase project")
            .ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        supabase.MapDelete("/", Delete).WithName("AdminRemoveSupabaseProject").WithSummary("Accept no more Supabase access tokens")
            .ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<SupabaseProjectView>> Get(SupabaseProjects projects, CancellationToken ct) =>
        TypedResults.Ok(SupabaseProjectView.Of(await projects.ReadAsync(ct) ?? throw new ProblemException(NoProject)));

    private static async Task<Ok<SupabaseProjectView>> Put(
        JsonBody<SupabaseProjectRequest> body, ClaimsPrincipal user, SupabaseProjects projects,
        [FromKeyedServices(SupabaseKeys.Internet)] PublicInternet internet, IOptions<SupabaseOptions> options, TimeProvider clock, CancellationToken ct)
    {
        var request = body.Value;
        var fields = new FieldErrors();
        var issuer = IssuerOf(request, internet, options.Value.AllowedHosts!, fields);
        var audience = string.IsNullOrWhiteSpace(request.Audience) ? DefaultAudience : request.Audience.Trim();
        fields.AtMost(audience, "audience", 100);
        fields.AtMost(request.JwtSecret, "jwt_secret", 500);
        if (request.JwtSecret is { Length: > 0 } secret && Encoding.UTF8.GetByteCount(secret) < LeastSecretBytes)
        {
            fields.Add("jwt_secret", $"must have at least {LeastSecretBytes} bytes", $"doit avoir au moins {LeastSecretBytes} octets");
        }

        fields.ThrowIfAny();
        var before = await projects.ReadAsync(ct);
        CheckOwner(user, before is { AllowsStaff: true } || request.AllowsStaff == true);
        var kept = before is not null && before.Issuer == issuer ? before.Secret : null;
        var project = new SupabaseProject(
            issuer!, audience, request.JwtSecret switch { null => kept, "" => null, var given => given },
            request.ConfirmsAddresses ?? false, request.AllowsStaff ?? false, clock.GetUtcNow());
        await projects.SaveAsync(project, ct);
        return TypedResults.Ok(SupabaseProjectView.Of(project));
    }

    private static async Task<NoContent> Delete(ClaimsPrincipal user, SupabaseProjects projects, CancellationToken ct)
    {
        CheckOwner(user, await projects.ReadAsync(ct) is { AllowsStaff: true });
        return await projects.RemoveAsync(ct) ? TypedResults.NoContent() : throw new ProblemException(NoProject);
    }

    /// <summary>Who controls the project can sign in as its staff, so an admin must not point it elsewhere and become an owner.</summary>
    private static void CheckOwner(ClaimsPrincipal user, bool staffSignInByIt)
    {
        if (staffSignInByIt && user.Role() != Roles.Owner)
        {
            throw new ProblemException(OwnerOnly);
        }
    }

    /// <summary>
    /// The issuer as tokens name it. Keys are fetched from there, so it must be https on the public internet; a host that is neither may
    /// only be named with a secret, or when the installation allows it.
    /// </summary>
    private static string? IssuerOf(SupabaseProjectRequest request, PublicInternet internet, string[] allowed, FieldErrors fields)
    {
        var field = request.Issuer is null && request.ProjectUrl is not null ? "project_url" : "issuer";
        var text = (request.Issuer ?? request.ProjectUrl)?.Trim().TrimEnd('/');
        fields.Require(text, field, MaxUrlLength);
        if (fields.Any)
        {
            return null;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http")
            || address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0 || text!.Any(char.IsControl))
        {
            fields.Add(field, "must be the address of a project", "doit être l'adresse d'un projet");
            return null;
        }

        if (string.IsNullOrEmpty(request.JwtSecret) && !IsReachable(address, internet, allowed))
        {
            fields.Add(field, "must be an https address on the public internet", "doit être une adresse https de l'internet public");
        }

        return field == "issuer" ? text : text + "/auth/v1";
    }

    private static bool IsReachable(Uri address, PublicInternet internet, string[] allowed)
    {
        if (allowed.Contains($"{address.IdnHost}:{address.Port}", StringComparer.OrdinalIgnoreCase))
        {
            return true;
        }

        try
        {
            internet.Check(address);
            return address.Scheme == "https" && (!System.Net.IPAddress.TryParse(address.IdnHost.Trim('[', ']'), out var ip) || PublicAddress.IsPublic(ip));
        }
        catch (AddressRefusedException)
        {
            return false;
        }
    }
}
