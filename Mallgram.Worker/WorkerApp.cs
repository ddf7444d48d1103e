using Mallgram.Catalog;
using Mallgram.Files;
using Mallgram.Identity;
using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Migrations;
using Mallgram.Messaging;
using Mallgram.Orders;
using Mallgram.Payments;
using Mallgram.ServiceDefaults;
using Mallgram.Sourcing;
using Mallgram.Stores;

namespace Mallgram.Worker;

/// <summary>The modules' jobs and the outbox dispatcher in one process.</summary>
public static class WorkerApp
{
    /// <param name="configure">Further services, e.g. a job or a clock of a test; called before the jobs are scheduled.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddServiceDefaults();
        builder.Services.AddKernel(builder.Environment);
        builder.AddDatabaseHealth();
        builder.AddSharedRedis();
        builder.Services.AddStores();
        builder.Services.AddIdentityData(builder.Configuration);
        builder.Services.AddFiles();
        builder.Services.AddCatalog();
        builder.Services.AddSourcing(builder.Configuration);
        builder.Services.AddOrders();
        builder.Services.AddPayments(builder.Configuration);
        builder.Services.AddMessaging();
        configure?.Invoke(builder);
        builder.Services.AddMallgramJobs(builder.Configuration);
        builder.Services.AddOutboxDispatcher();
        builder.Services.AddSingleton<Migrator>();

        var app = builder.Build();
        app.MapDefaultEndpoints();
        return app;
    }
}
