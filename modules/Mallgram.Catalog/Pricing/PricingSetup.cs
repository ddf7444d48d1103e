using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Pricing;

internal static class PricingSetup
{
    public static void AddPricing(this IServiceCollection services)
    {
        services.AddOptions<ExchangeRateOptions>().BindConfiguration("Catalog:ExchangeRates").ValidateDataAnnotations()
            .Validate(
                o => o.BaseAddress is { IsAbsoluteUri: true } address && address.AbsolutePath.EndsWith('/'),
                "Catalog:ExchangeRates:BaseAddress must be absolute and end in '/'.")
            .ValidateOnStart();
        services.AddHttpClient<OpenExchangeRates>(http => http.MaxResponseContentBufferSize = OpenExchangeRates.MaxBytes);
        services.AddJob<FetchExchangeRates>();
        services.AddJob<Reprice>();
        services.AddScoped<StoreReprice>();
        services.AddScoped<RulePreviews>();
        services.AddOutboxHandler<RequestReprice>();
    }

    public static void MapPricingAdmin(this IEndpointRouteBuilder admin)
    {
        admin.MapPriceRules();
        admin.MapMarkets();
        admin.MapExchangeRates();
        admin.MapProductPrices();
    }
}
