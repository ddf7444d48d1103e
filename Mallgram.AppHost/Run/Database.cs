using System.Data.Common;

namespace Mallgram.AppHost.Run;

/// <summary>
/// The three ways into the database: the administrator's for migrations, and the two login members for services, neither of which can
/// bypass row-level security.
/// </summary>
internal sealed record Database(
    IResourceBuilder<IResourceWithConnectionString> Administrator,
    IResourceBuilder<IResourceWithConnectionString> App,
    IResourceBuilder<IResourceWithConnectionString> Platform)
{
    /// <summary>The spellings that Npgsql takes.</summary>
    private static readonly string[] LoginKeys =
        ["Username", "User Name", "User Id", "UserId", "User", "UID", "Password", "PWD", "PSW", "Passfile"];

    /// <summary>The operator's server: host, port, database, TLS and so on stay as they wrote them.</summary>
    /// <exception cref="RunException">Not a connection string, or no database in it.</exception>
    public static Database Given(
        IDistributedApplicationBuilder builder, string administrator,
        IResourceBuilder<ParameterResource> appPassword, IResourceBuilder<ParameterResource> platformPassword)
    {
        var settings = new DbConnectionStringBuilder();
        try
        {
            settings.ConnectionString = administrator;
        }
        catch (ArgumentException)
        {
            throw new RunException(
                "ConnectionStrings__mallgram is no Npgsql connection string: Host=…;Port=…;Username=…;Password=…;Database=…");
        }
        var named = settings.TryGetValue("Database", out var name) || settings.TryGetValue("DB", out name);
        var database = named && name is string { Length: > 0 } text
            ? text
            : throw new RunException("ConnectionStrings__mallgram names no database: add Database=mallgram.");
        foreach (var key in LoginKeys)
        {
            settings.Remove(key);
        }
        var server = settings.ConnectionString;
        return new Database(
            builder.AddConnectionString("mallgram"),
            builder.AddConnectionString("mallgram-app", ReferenceExpression.Create(
                $"{server};Username={database}_app_login;Password={appPassword}")),
            builder.AddConnectionString("mallgram-platform", ReferenceExpression.Create(
                $"{server};Username={database}_platform_login;Password={platformPassword}")));
    }

    /// <summary>A database of that name on a server that the engine starts.</summary>
    public static Database On(
        IResourceBuilder<PostgresServerResource> server, string name,
        IResourceBuilder<ParameterResource> appPassword, IResourceBuilder<ParameterResource> platformPassword)
    {
        var builder = server.ApplicationBuilder;
        var host = server.Resource.PrimaryEndpoint.Property(EndpointProperty.Host);
        var port = server.Resource.PrimaryEndpoint.Property(EndpointProperty.Port);
        return new Database(
            server.AddDatabase(name),
            builder.AddConnectionString($"{name}-app", ReferenceExpression.Create(
                $"Host={host};Port={port};Username={name}_app_login;Password={appPassword};Database={name}")),
            builder.AddConnectionString($"{name}-platform", ReferenceExpression.Create(
                $"Host={host};Port={port};Username={name}_platform_login;Password={platformPassword};Database={name}")));
    }
}
