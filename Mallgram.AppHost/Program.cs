using Mallgram.AppHost;
using Mallgram.AppHost.Run;

return await Verbs.RunAsync(args, UpAsync);

// What runs, on what, in which order. Compiled against .NET Aspire in the full package set and against Local/ in the core set.
static async Task<int> UpAsync(RunningCopy copy)
{
    var builder = Engine.CreateBuilder(copy);
    var servers = await Engine.PlanServersAsync(builder, copy);
    var (ports, secrets) = (copy.Ports, copy.Secrets);

    // Data. Services never see the administrator's connection string.
    var appPassword = builder.AddParameter("app-password", secrets.AppPassword, secret: true);
    var platformPassword = builder.AddParameter("platform-password", secrets.PlatformPassword, secret: true);
    var signingKey = builder.AddParameter("signing-key", secrets.SigningKey, secret: true);
    var filesSigningKey = builder.AddParameter("files-signing-key", secrets.FilesSigningKey, secret: true);
    var masterKey = builder.AddParameter("master-key", secrets.MasterKey, secret: true);
    var postgresPassword = builder.AddParameter("postgres-password", secrets.PostgresPassword, secret: true);
    var database = servers.GivenPostgres is { } given
        ? Database.Given(builder, given, appPassword, platformPassword)
        : Database.On(
            builder.AddPostgres("postgres", password: postgresPassword).WithDataOf(copy), "mallgram", appPassword, platformPassword);
    IResourceBuilder<IResourceWithConnectionString>? redis =
        servers.RedisIsGiven ? builder.AddConnectionString("redis")
        : servers.RedisCanBeStarted ? builder.AddRedis("redis")
        : null;

    // The schema, the roles and the first administrator; everything else starts once this has ended well.
    var migrations = builder.AddProject<Projects.Mallgram_Worker>("migrations", launchProfileName: null)
        .WithArgs("migrate")
        .InDevelopment()
        .WithReference(database.Administrator, connectionName: "mallgram")
        .WithEnvironment("Database__AppPassword", appPassword)
        .WithEnvironment("Database__PlatformPassword", platformPassword)
        .WaitFor(database.Administrator);

    var api = Service<Projects.Mallgram_Api>("api", ports.Api)
        .WithEnvironment("Identity__SigningKey", signingKey)
        .WithEnvironment("Files__SigningKey", filesSigningKey)
        .WithReplicas(copy.Replicas("api"))
        .WithExternalHttpEndpoints();
    var worker = Service<Projects.Mallgram_Worker>("worker", port: null)
        .WithEnvironment("Identity__SigningKey", signingKey)
        .WithEnvironment("Files__SigningKey", filesSigningKey)
        .WithReplicas(copy.Replicas("worker"));
    var admin = Service<Projects.Mallgram_Web_Admin>("admin", ports.Admin)
        .WithReference(api)
        .WithExternalHttpEndpoints();

    // Stand-ins for outside providers and for the mail server: development only.
    if (builder.ExecutionContext.IsRunMode)
    {
        migrations
            .WithEnvironment("Identity__FirstAdministrator__Email", Summary.AdministratorEmail)
            .WithEnvironment("Identity__FirstAdministrator__Password", secrets.AdministratorPassword);
        var sandbox = builder.AddProject<Projects.Mallgram_Sandbox>("sandbox", launchProfileName: null)
            .InDevelopment()
            .WithHttpEndpoint(port: ports.Sandbox, name: "http")
            .WithEndpoint(port: ports.Smtp, targetPort: ports.Smtp, scheme: "tcp", name: "smtp", env: "Sandbox__SmtpPort", isProxied: false)
            .WithEnvironment("Sandbox__DataDirectory", copy.Data.Private("sandbox"))
            .WithHttpHealthCheck("/health");
        if (ServiceEnvironment.OperatorsOwn("Sandbox__Catalogue") is { } catalogue)
        {
            sandbox.WithEnvironment("Sandbox__Catalogue", Path.GetFullPath(catalogue));
        }
        api.WithSandboxProviders(sandbox, copy);
        worker.WithSandboxProviders(sandbox, copy);
        admin.WithReference(sandbox);
        worker.WithEnvironment("Messaging__Platform__AdminAddress", $"http://127.0.0.1:{ports.Admin}");
    }

    return await Engine.RunAsync(builder.Build(), copy);

    IResourceBuilder<ProjectResource> Service<TProject>(string name, int? port) where TProject : IProjectMetadata, new()
    {
        var service = builder.AddProject<TProject>(name, launchProfileName: null)
            .InDevelopment()
            .WithHttpEndpoint(port: port, name: "http")
            .WithHttpHealthCheck("/health")
            .WithReference(database.App, connectionName: "mallgram")
            .WithReference(database.Platform, connectionName: "mallgram_platform")
            .WithEnvironment("Secrets__MasterKey", masterKey)
            .WaitForCompletion(migrations);
        return redis is null ? service : service.WithReference(redis, connectionName: "redis").WaitFor(redis);
    }
}
