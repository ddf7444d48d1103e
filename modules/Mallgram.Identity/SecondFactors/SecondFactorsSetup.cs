using Mallgram.Kernel.Cleanup;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Identity.SecondFactors;

internal static class SecondFactorsSetup
{
    public static IServiceCollection AddSecondFactors(this IServiceCollection services)
    {
        services.AddOptions<SecondFactorOptions>().BindConfiguration("Identity");
        services.AddScoped<Challenges>();
        services.AddScoped<SecondStep>();
        services.AddScoped<ProofOfSelf>();
        services.AddScoped<OwnSecondFactors>();
        return services;
    }

    /// <summary>Rows of the last hour are what the limit on wrong answers counts.</summary>
    public static IServiceCollection AddSecondFactorsData(this IServiceCollection services) => services
        .AddRowCleanup("second-factor-challenges", TimeSpan.FromDays(1), "identity.second_factor_challenges", "t.expires_at < $1")
        .AddRowCleanup("platform-challenges", TimeSpan.FromDays(1), "identity.platform_challenges", "t.expires_at < $1");
}
