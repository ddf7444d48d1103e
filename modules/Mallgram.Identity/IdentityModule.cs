using Mallgram.Identity.Access;
using Mallgram.Identity.ApiKeys;
using Mallgram.Identity.Cleanup;
using Mallgram.Identity.Codes;
using Mallgram.Identity.Platform;
using Mallgram.Identity.Profile;
using Mallgram.Identity.Registration;
using Mallgram.Identity.SecondFactors;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Staff;
using Mallgram.Identity.Supabase;
using Mallgram.Identity.Switching;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel;
using Mallgram.Kernel.Migrations;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Identity;

/// <summary>People of a store and their sign-in.</summary>
public static class IdentityModule
{
    /// <summary>For hosts with an HTTP surface: sign-in, scheme <c>Bearer</c>, policies. Settings: section <c>Identity</c>.</summary>
    public static IServiceCollection AddIdentity(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddIdentityData(configuration);
        services.AddOptions<TokenOptions>().Bind(configuration.GetSection("Identity")).ValidateDataAnnotations()
            .Validate(o => o.HasStrongKey, $"Identity:SigningKey needs at least {TokenOptions.MinKeyBytes} bytes.").ValidateOnStart();
        services.AddOptions<SignInAttemptsOptions>().Bind(configuration.GetSection("Identity:Attempts"))
            .ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<SignInAttempts>();
        services.AddAccounts();
        services.AddOneTimeCodes();
        services.AddSecondFactors();
        services.AddSupabaseSignIn();

        services.AddAuthentication(BearerAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, BearerAuthentication>(BearerAuthentication.SchemeName, configureOptions: null);
        services.AddAccess();
        services.AddPlatform();
        services.AddProfile();
        services.AddStaff();
        services.AddApiKeys();
        return services;
    }

    /// <summary>For <c>migrate</c>: tables, and whom <c>Identity:FirstAdministrator</c> names. Needs no signing key.</summary>
    public static IServiceCollection AddIdentityData(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddMigrations(typeof(IdentityModule).Assembly);
        services.AddIdentityCleanup();
        services.AddCodesData();
        services.AddSecondFactorsData();
        services.AddPasswords();
        services.AddOptions<FirstAdministratorOptions>().Bind(configuration.GetSection("Identity:FirstAdministrator"));
        services.AddSingleton<ISeed, FirstAdministrator>();
        return services;
    }

    /// <summary>Maps <c>/auth</c> onto the host's group.</summary>
    public static void MapIdentity(this IEndpointRouteBuilder group)
    {
        group.MapAuthEndpoints();
        group.MapCodes();
        group.MapSecondFactors();
        group.MapSwitch();
        group.MapProfile();
        group.MapAcceptInvitation();
    }

    /// <summary>After authentication: a second factor of staff, where <c>Identity:RequireSecondFactorForStaff</c> asks for it.</summary>
    public static void UseSecondFactorRule(this IApplicationBuilder app) => app.UseStaffRule();

    /// <summary>Maps what staff see and change of people and sign-in onto the host's group for staff.</summary>
    public static void MapIdentityAdmin(this IEndpointRouteBuilder admin)
    {
        admin.MapStaff();
        admin.MapApiKeys();
        admin.MapCustomers();
        admin.MapSupabaseAdmin();
        admin.MapMyStores();
        admin.MapImpersonationsOfStore();
    }

    /// <summary>Maps what platform administrators do with people and stores onto their group <c>/platform</c>.</summary>
    public static void MapIdentityPlatform(this IEndpointRouteBuilder platform) => PlatformEndpoints.Map(platform);
}
