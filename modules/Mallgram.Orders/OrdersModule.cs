using Mallgram.Kernel;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Privacy;
using Mallgram.Orders.Contracts;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Orders;

/// <summary>Orders from placement on: what was bought, at which price, for whom, and how it went.</summary>
public static class OrdersModule
{
    public static IServiceCollection AddOrders(this IServiceCollection services)
    {
        services.AddMigrations(typeof(OrdersModule).Assembly);
        services.AddSingleton<IEntityMapping, Order.Mapping>();
        services.AddStoreMeter(StoreMeters.Orders, "select count(*) from orders.orders where store_id = $1");
        services.AddOnboardingStep("first_test_order", 90, "Place a test order", "Passer une commande d'essai",
            "exists (select from orders.orders where store_id = $1)");
        services.AddScoped<PlaceOrder>();
        services.AddScoped<OrderStock>();
        services.AddScoped<CompleteOrder>();
        services.AddScoped<IPayableOrders, PayableOrders>();
        services.AddScoped<IOrderDetails, OrderDetailsReader>();
        services.AddScoped<OrderPersonalData>();
        services.AddScoped<IOrdersOfPerson>(provider => provider.GetRequiredService<OrderPersonalData>());
        services.AddScoped<IPersonalData>(provider => provider.GetRequiredService<OrderPersonalData>());
        return services;
    }

    public static void MapOrders(this IEndpointRouteBuilder app) => OrderEndpoints.Map(app);

    /// <param name="admin">A group that asks for a staff role.</param>
    public static void MapOrdersAdmin(this IEndpointRouteBuilder admin) => AdminOrderEndpoints.Map(admin);
}
