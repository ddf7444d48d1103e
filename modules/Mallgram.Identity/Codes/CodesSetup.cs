using Mallgram.Kernel.Cleanup;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Identity.Codes;

internal static class CodesSetup
{
    public static IServiceCollection AddOneTimeCodes(this IServiceCollection services)
    {
        services.AddOptions<OneTimeCodeOptions>().BindConfiguration("Identity:Codes").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<CodeKeys>();
        services.AddScoped<OneTimeCodes>();
        return services;
    }

    /// <summary>Rows of the last hour are what the limits count.</summary>
    public static IServiceCollection AddCodesCleanup(this IServiceCollection services) => services
        .AddRowCleanup("one-time-codes", TimeSpan.FromDays(1), "identity.one_time_codes", "t.expires_at < $1");
}
