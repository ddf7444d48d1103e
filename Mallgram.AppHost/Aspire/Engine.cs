using System.Security.Cryptography;
using System.Text;
using Mallgram.AppHost.AspireGlue;
using Mallgram.AppHost.Backing;
using Mallgram.AppHost.Run;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.AppHost;

/// <summary>What Program.cs needs besides Aspire's verbs; the folder Local has the same for the core package set.</summary>
internal static class Engine
{
    /// <summary>
    /// The dashboard is where the core set has its status page; Aspire reads its addresses from the environment, where only a launch
    /// profile puts them, and knows no offset.
    /// </summary>
    public static IDistributedApplicationBuilder CreateBuilder(RunningCopy copy)
    {
        var first = copy.Ports.StatusPage;
        SetUnlessGiven("ASPNETCORE_URLS", $"http://localhost:{first}");
        SetUnlessGiven("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", $"http://localhost:{first + 1}");
        SetUnlessGiven("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", $"http://localhost:{first + 2}");
        SetUnlessGiven("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true");
        return DistributedApplication.CreateBuilder([.. copy.Line.EngineArguments]);

        void SetUnlessGiven(string name, string value)
        {
            if (copy.Ports.Offset > 0 || string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)))
            {
                Environment.SetEnvironmentVariable(name, value);
            }
        }
    }

    /// <summary>
    /// Given servers, else containers, else servers of this machine: those are started here, before the model is built, and
    /// become given ones for it.
    /// </summary>
    public static async Task<ServerPlan> PlanServersAsync(IDistributedApplicationBuilder builder, RunningCopy copy)
    {
        if (builder.ExecutionContext.IsPublishMode)
        {
            builder.AddDockerComposeEnvironment("compose");
            return new ServerPlan(GivenPostgres: null, RedisIsGiven: false, RedisCanBeStarted: true);
        }
        var wantsRedis = Environment.GetEnvironmentVariable(LocalRedis.ChoiceVariable) != "none";
        var plan = ServerPlan.Of(builder.Configuration, redisCanBeStarted: wantsRedis);
        var choseMachine = Environment.GetEnvironmentVariable(LocalPostgres.ChoiceVariable) is { Length: > 0 };
        if ((plan.GivenPostgres is not null && (plan.RedisIsGiven || !wantsRedis))
            || (!choseMachine && await ContainerRuntime.AnswersAsync(copy.StopRequested)))
        {
            return plan;
        }

        var servers = await MachineServers.StartAsync(copy, plan);
        builder.Services.AddSingleton(servers);
        builder.Configuration["ConnectionStrings:mallgram"] = plan.GivenPostgres ?? servers.Postgres?.ConnectionString("mallgram");
        builder.Configuration["ConnectionStrings:redis"] = servers.Redis ?? builder.Configuration["ConnectionStrings:redis"];
        return ServerPlan.Of(builder.Configuration, redisCanBeStarted: false);
    }

    /// <summary>
    /// A volume of its own for every data folder, whose secrets.json holds the password of what is in it. The tag is pinned and
    /// named first: the mount path depends on the major version, which is in the volume's name for the same reason.
    /// </summary>
    public static IResourceBuilder<PostgresServerResource> WithDataOf(
        this IResourceBuilder<PostgresServerResource> server, RunningCopy copy)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(copy.Data.Path)))[..12];
        return server.WithImageTag("18.3").WithDataVolume($"mallgram-pg18-{hash}");
    }

    public static async Task<int> RunAsync(DistributedApplication app, RunningCopy copy)
    {
        if (copy.Line.Publishes)
        {
            await app.RunAsync();
            return 0;
        }
        await using var servers = app.Services.GetService<MachineServers>();
        return await new AspireRun(app, copy, servers).RunAsync();
    }
}
