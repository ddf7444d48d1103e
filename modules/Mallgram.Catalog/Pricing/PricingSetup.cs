using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Stores.Contracts;
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
        services.AddScoped<IStoreMarkets, StoreMarkets>();
        services.AddSingleton<IStoreSeed, StorePricing>();
        services.AddOnboardingStep("currency_and_countries", 20, "Choose currencies and countries", "Choisir devises et pays",
            "exists (select from catalog.markets where store_id = $1 and is_default)");
    }

    public static void MapPricingAdmin(this IEndpointRouteBuilder admin)
    {
        admin.MapPriceRules();
        admin.MapMarkets();
        admin.MapExchangeRates();
        admin.MapProductPrices();
    }
}
