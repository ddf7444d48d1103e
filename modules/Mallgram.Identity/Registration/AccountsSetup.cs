using Mallgram.Identity.Recovery;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Tokens;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Mallgram.Identity.Registration;

internal static class AccountsSetup
{
    /// <summary>Registration, sign-in, sessions and recovery.</summary>
    public static IServiceCollection AddAccounts(this IServiceCollection services)
    {
        services.AddPasswords();
        services.AddScoped<RefreshTokens>();
        services.AddScoped<People>();
        services.AddScoped<SignInHistory>();
        services.AddScoped<SignInRules>();
        services.AddScoped<Sessions>();
        services.AddScoped<PasswordCheck>();
        services.AddScoped<LogIn>();
        services.AddScoped<RefreshSession>();
        services.AddScoped<Register>();
        services.AddScoped<AddressClaims>();
        services.AddScoped<AddressCodes>();
        services.AddScoped<VerifyAddress>();
        services.AddScoped<ResetPassword>();
        return services;
    }

    /// <summary>Hashes and rules of passwords, also for <c>migrate</c>.</summary>
    public static IServiceCollection AddPasswords(this IServiceCollection services)
    {
        services.AddOptions<PasswordOptions>().BindConfiguration("Identity:Passwords").ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<Passwords>();
        services.TryAddSingleton<PasswordRules>();
        return services;
    }
}
