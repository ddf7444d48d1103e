using Mallgram.Catalog;
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
using Mallgram.Worker.Verbs;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.Services.AddKernel(builder.Environment);
builder.AddDatabaseHealth();
builder.AddSharedRedis();
builder.Services.AddStores();
builder.Services.AddIdentityData(builder.Configuration);
builder.Services.AddCatalog();
builder.Services.AddSourcing(builder.Configuration);
builder.Services.AddOrders();
builder.Services.AddPayments(builder.Configuration);
builder.Services.AddMessaging();
builder.Services.AddMallgramJobs(builder.Configuration);
builder.Services.AddOutboxDispatcher();
builder.Services.AddSingleton<Migrator>();

var app = builder.Build();
switch (args)
{
    case ["migrate", ..]:
        return await MigrateVerb.RunAsync(app.Services);
    case ["job", "run", var name, ..]:
        return await JobVerb.RunAsync(app.Services, name);
    default:
        app.MapDefaultEndpoints();
        await app.RunAsync();
        return 0;
}
