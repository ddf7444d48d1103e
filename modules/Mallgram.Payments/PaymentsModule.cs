using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Privacy;
using Mallgram.Orders.Contracts;
using Mallgram.Payments.Gateways;
using Mallgram.Payments.Gateways.MtnMomo;
using Mallgram.Payments.Jobs;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Payments;

/// <summary>Collects money for orders through gateways, each a folder under <c>Gateways/</c>.</summary>
public static class PaymentsModule
{
    public static IServiceCollection AddPayments(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddMigrations(typeof(PaymentsModule).Assembly);
        services.AddSingleton<IEntityMapping, Payment.Mapping>();
        services.AddOptions<PaymentsOptions>().BindConfiguration("Payments").ValidateDataAnnotations().ValidateOnStart();
        services.AddScoped<IPaymentStarter, StartPayment>();
        services.AddScoped<IOrderPaymentViews, OrderPaymentViews>();
        services.AddScoped<IPersonalData, PaymentPersonalData>();
        services.AddScoped<SettlePayment>();
        services.AddScoped<ReceiveNotice>();
        services.AddOutboxHandler<ProcessNotice>();
        services.AddJob<SettlePendingPayments>();
        if (configuration.GetSection(MtnMomoOptions.Section).Exists())
        {
            services.AddMtnMomo();
        }

        return services;
    }

    public static void MapPayments(this IEndpointRouteBuilder app) => PaymentEndpoints.Map(app);

    private static void AddMtnMomo(this IServiceCollection services)
    {
        services.AddOptions<MtnMomoOptions>().BindConfiguration(MtnMomoOptions.Section).ValidateDataAnnotations()
            .Validate(o => o.BaseAddress?.AbsolutePath.EndsWith('/') != false, "Payments:MtnMomo:BaseAddress must end in '/'.")
            .ValidateOnStart();
        services.AddHttpClient(MtnMomoGateway.HttpClientName, (provider, client) =>
            client.BaseAddress = provider.GetRequiredService<IOptions<MtnMomoOptions>>().Value.BaseAddress);
        services.AddSingleton<MtnMomoTokens>();
        services.AddSingleton<IPaymentGateway, MtnMomoGateway>();
    }
}
