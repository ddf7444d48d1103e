using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Sourcing.Suppliers;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.Sourcing.OpenPlatform;

internal static class OpenPlatformSetup
{
    /// <summary>Adds a supplier of the open platform family, with an <see cref="OpenPlatformAccount"/> keyed by its code.</summary>
    public static void AddOpenPlatformSupplier<TSupplier, TOptions>(this IServiceCollection services, string code, string section)
        where TSupplier : class, ISupplier
        where TOptions : OpenPlatformOptions
    {
        services.AddOptions<TOptions>().BindConfiguration(section).ValidateDataAnnotations()
            .Validate(o => o.BaseAddress?.AbsolutePath.EndsWith('/') != false, $"{section}:BaseAddress must end in '/'.")
            .ValidateOnStart();
        services.AddHttpClient(code, (provider, http) =>
        {
            http.BaseAddress = Settings(provider).BaseAddress;
            // The largest answers are product pages with long descriptions; anything bigger is not one.
            http.MaxResponseContentBufferSize = 8 * 1024 * 1024;
        });
        services.AddKeyedSingleton(code, (provider, _) =>
        {
            var (settings, clock) = (Settings(provider), provider.GetRequiredService<TimeProvider>());
            return new CallBudget(
                settings, new DailyQuota(code, settings, provider.GetRequiredService<PlatformDataSource>(), clock), clock);
        });
        services.AddKeyedScoped(code, (provider, _) =>
        {
            var (settings, clock) = (Settings(provider), provider.GetRequiredService<TimeProvider>());
            var client = new OpenPlatformClient(
                provider.GetRequiredService<IHttpClientFactory>().CreateClient(code),
                settings,
                provider.GetRequiredKeyedService<CallBudget>(code),
                clock,
                provider.GetRequiredService<ILogger<OpenPlatformClient>>());
            return new OpenPlatformAccount(client, new OpenPlatformTokens(
                code,
                client,
                settings,
                provider.GetRequiredService<StoreDatabase>(),
                provider.GetRequiredService<StoreScope>(),
                provider.GetRequiredService<IDataProtectionProvider>(),
                clock,
                provider.GetRequiredService<ILogger<OpenPlatformTokens>>()));
        });
        services.AddScoped<ISupplier, TSupplier>();

        static OpenPlatformOptions Settings(IServiceProvider provider) => provider.GetRequiredService<IOptions<TOptions>>().Value;
    }
}
