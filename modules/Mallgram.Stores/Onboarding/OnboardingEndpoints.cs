using Mallgram.Kernel.Access;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Stores.Onboarding;

/// <param name="Code">Stable word.</param>
/// <param name="Title">In the language of the request.</param>
internal sealed record OnboardingItem(string Code, string Title, bool Done);

/// <param name="Done">How many of <paramref name="Total"/> are done.</param>
internal sealed record OnboardingView(int Done, int Total, IReadOnlyList<OnboardingItem> Steps);

/// <summary>What is left to do before a store opens. Nothing is ticked by hand: each step looks at the store's own rows.</summary>
internal static class OnboardingEndpoints
{
    public static IServiceCollection AddOnboarding(this IServiceCollection services) => services
        .AddOnboardingStep("name_and_logo", 10, "Give the store its name and logo", "Donner à la boutique son nom et son logo",
            "exists (select from stores.themes where store_id = $1 and logo_file_id is not null)")
        .AddOnboardingStep("payment_method", 30, "Allow a way to pay", "Autoriser un moyen de paiement",
            "exists (select from stores.settings where store_id = $1 and cardinality(payment_methods) > 0)")
        .AddOnboardingStep("shipping", 40, "Allow a way to deliver", "Autoriser un mode de livraison",
            "exists (select from stores.settings where store_id = $1 and cardinality(shipping_methods) > 0)")
        .AddOnboardingStep("domain_verified", 60, "Verify a domain of your own", "Vérifier un domaine à vous",
            "exists (select from stores.domains where store_id = $1 and verified_at is not null)")
        .AddOnboardingStep("policies", 70, "Write terms, privacy and returns", "Rédiger conditions, confidentialité et retours",
            """
            exists (select from stores.settings where store_id = $1
                    and policies -> 'terms' is not null and policies -> 'privacy' is not null and policies -> 'returns' is not null)
            """);

    public static void MapOnboarding(this IEndpointRouteBuilder admin) =>
        admin.MapGet("/stores/{id}/onboarding", GetAsync).WithTags("Admin: store").WithName("AdminGetOnboarding")
            .WithSummary("What is done and what is left to do before the store opens")
            .RequirePermission(Permissions.StoreRead).ProducesProblem(401).ProducesProblem(403).ProducesProblem(404);

    private static async Task<OnboardingView> GetAsync(
        string id, CurrentStore current, IEnumerable<OnboardingStep> registered, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        var store = current.Named(id);
        var steps = registered.OrderBy(s => s.Position).ToList();
        await using var answer = await database.QueryAsync(
            ct, Sql.Command("select " + string.Join(", ", steps.Select(s => $"({s.Sql})")), Sql.Uuid(store.Id)));
        await answer.Rows.ReadAsync(ct);
        var items = steps.Select((s, i) => new OnboardingItem(s.Code, s.Title.In(scope.Language), answer.Rows.GetBoolean(i))).ToList();
        return new OnboardingView(items.Count(i => i.Done), items.Count, items);
    }
}
