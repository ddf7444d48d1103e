using Mallgram.Identity.Switching;
using Mallgram.Kernel.Access;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Identity.Platform;

internal static class PlatformSetup
{
    /// <summary>Platform administrators with their own scheme, impersonation, switching between one's stores.</summary>
    public static IServiceCollection AddPlatform(this IServiceCollection services)
    {
        services.AddSingleton<PlatformTokens>();
        services.AddSingleton<PlatformAdministrators>();
        services.AddScoped<PlatformLogIn>();
        services.AddScoped<PlatformChallenges>();
        services.AddScoped<PlatformSecondFactors>();
        services.AddScoped<ManageAdministrators>();
        services.AddScoped<AcceptPlatformInvitation>();
        services.AddScoped<PlatformStaff>();
        services.AddScoped<CreateStore>();
        services.AddScoped<Impersonations>();
        services.AddSingleton<OpenImpersonations>();
        services.AddScoped<MyStores>();
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, PlatformAuthentication>(PlatformRequirement.Scheme, configureOptions: null);
        services.AddStoreMeter(
            StoreMeters.Staff,
            "select count(*) from identity.users where store_id = $1 and role not in ('customer', 'affiliate') and status = 'active'");
        services.AddOnboardingStep("staff_invited", 80, "Invite the people who work with you", "Inviter celles et ceux qui travaillent avec vous",
            """
            exists (select from identity.invitations where store_id = $1 and invited_by is not null)
            or (select count(*) from identity.users where store_id = $1 and role not in ('customer', 'affiliate')) > 1
            """);
        return services;
    }
}
