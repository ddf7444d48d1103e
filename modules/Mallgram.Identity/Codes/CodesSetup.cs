using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Cleanup;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Mallgram.Identity.Codes;

internal static class CodesSetup
{
    public static IServiceCollection AddOneTimeCodes(this IServiceCollection services)
    {
        services.AddOptions<OneTimeCodeOptions>().BindConfiguration("Identity:Codes").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<CodeKeys>();
        services.AddScoped<OneTimeCodes>();
        services.AddScoped<SignInByCode>();
        return services;
    }

    /// <summary>What every host has: how messages find people, and cleaning up. Rows of the last hour are what the limits count.</summary>
    public static IServiceCollection AddCodesData(this IServiceCollection services)
    {
        services.TryAddScoped<People>();
        services.AddScoped<IRecipients, Recipients>();
        return services
            .AddRowCleanup("one-time-codes", TimeSpan.FromDays(1), "identity.one_time_codes", "t.expires_at < $1");
    }
}
