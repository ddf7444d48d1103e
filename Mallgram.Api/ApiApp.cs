using Mallgram.Api.Edge;
using Mallgram.Api.Health;
using Mallgram.Api.OpenApi;
using Mallgram.Catalog;
using Mallgram.Files;
using Mallgram.Identity;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Audit;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Problems;
using Mallgram.Messaging;
using Mallgram.Orders;
using Mallgram.Payments;
using Mallgram.ServiceDefaults;
using Mallgram.Sourcing;
using Mallgram.Stores;

namespace Mallgram.Api;

/// <summary>The modules' HTTP surface in one process.</summary>
public static class ApiApp
{
    /// <param name="args">Configuration as arguments; a test hosts it with <c>--urls=http://127.0.0.1:0</c> and connection strings.</param>
    /// <param name="configure">Last word on services, e.g. a clock that a test sets.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddServiceDefaults();
        builder.Services.AddKernel(builder.Environment);
        builder.AddDatabaseHealth();
        builder.AddSharedRedis();
        builder.AddForwardedAddresses();
        builder.AddEdge();
        builder.Services.AddStores();
        builder.Services.AddIdentity(builder.Configuration);
        builder.Services.AddFiles();
        builder.Services.AddCatalog();
        builder.Services.AddSourcing(builder.Configuration);
        builder.Services.AddOrders();
        builder.Services.AddPayments(builder.Configuration);
        builder.Services.AddMessaging();

        builder.Services.ConfigureHttpJsonOptions(o => MallgramJson.Configure(o.SerializerOptions));
        builder.Services.AddResponseCompression(o => o.EnableForHttps = true);
        builder.Services.AddMallgramOpenApi();

        configure?.Invoke(builder);

        var app = builder.Build();
        app.UseForwardedAddresses();
        app.UseProblemAnswers();
        app.UseFrontDoor(strictTransport: !app.Environment.IsDevelopment());
        app.UseResponseCompression();
        app.MapDefaultEndpoints();
        app.MapMallgramOpenApi();
        app.UseRouting();
        app.UseRequestTimeouts();
        // The mark keeps the host from putting authentication in front of everything by itself, where no store is known yet.
        ((IApplicationBuilder)app).Properties["__AuthenticationMiddlewareSet"] = true;
        // Probes and the contract belong to no store and must answer without the database.
        app.UseWhen(IsOfStore, stores =>
        {
            stores.UseStores().UseCors().UseStaffAddresses();
            // Most requests are of guests: without a token there is nothing to read, and what wants one still answers 401.
            stores.UseWhen(context => context.Request.Headers.Authorization.Count > 0, signedIn => signedIn.UseAuthentication());
            stores.UseRateLimits();
        });
        app.UseAuthorization();
        app.UseSecondFactorRule();
        app.UseImpersonationLimits();
        app.MapHealthDetails();

        var api = app.MapGroup("/api/v1").WithCosts();
        api.MapIdentity();
        api.MapFiles();
        api.MapCatalog();
        api.MapOrders();
        api.MapPayments();
        api.MapStores();

        var admin = api.MapGroup("/admin").RequireAuthorization(Policies.Staff);
        admin.MapOrdersAdmin();
        admin.MapCatalogAdmin();
        admin.MapSourcingAdmin();
        admin.MapStoresAdmin();
        admin.MapJobsAdmin();
        admin.MapAuditAdmin();
        admin.MapIdentityAdmin();
        var platform = api.MapGroup("/platform").RequirePlatform();
        platform.MapJobsPlatform();
        platform.MapStoresPlatform();
        platform.MapIdentityPlatform();
        platform.MapAuditPlatform();
        return app;
    }

    private static bool IsOfStore(HttpContext context) =>
        context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)
        || (context.Request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase, out var part) && part.HasValue);
}
