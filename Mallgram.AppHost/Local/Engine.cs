using Mallgram.AppHost.Backing;
using Mallgram.AppHost.Local;
using Mallgram.AppHost.Run;

namespace Mallgram.AppHost;

/// <summary>What Program.cs needs besides Aspire's verbs; the folder Aspire has the same for the full package set.</summary>
internal static class Engine
{
    public static IDistributedApplicationBuilder CreateBuilder(RunningCopy copy) =>
        DistributedApplication.CreateBuilder([.. copy.Line.EngineArguments]);

    /// <summary>Servers of the operator's become configuration; others are started by the engine itself.</summary>
    public static Task<ServerPlan> PlanServersAsync(IDistributedApplicationBuilder builder, RunningCopy copy)
    {
        _ = copy;
        return Task.FromResult(ServerPlan.Of(builder.Configuration, redisCanBeStarted: LocalRedis.Find() is not null));
    }

    /// <summary>Data live as long as the data folder.</summary>
    public static IResourceBuilder<PostgresServerResource> WithDataOf(
        this IResourceBuilder<PostgresServerResource> server, RunningCopy copy)
    {
        server.Resource.Folder = copy.Data.Postgres;
        return server;
    }

    public static async Task<int> RunAsync(DistributedApplication app, RunningCopy copy)
    {
        await using var run = new LocalRun(app, copy);
        return await run.RunAsync();
    }
}
