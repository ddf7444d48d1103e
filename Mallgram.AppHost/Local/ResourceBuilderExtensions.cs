using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

internal static class ResourceBuilderExtensions
{
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, string value, bool publishValueAsDefault = false, bool secret = false)
    {
        _ = (publishValueAsDefault, secret);
        return builder.AddResource(new ParameterResource(name, value));
    }

    /// <summary>A server given in configuration under <c>ConnectionStrings:name</c>.</summary>
    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name) =>
        builder.AddResource(new ConnectionStringResource(name, () => builder.Configuration.GetConnectionString(name), isGiven: true));

    public static IResourceBuilder<ConnectionStringResource> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, ReferenceExpression connectionString) =>
        builder.AddResource(new ConnectionStringResource(name, connectionString.GetValue, isGiven: false));

    /// <summary>A server of this machine, see Backing/LocalPostgres. It keeps a superuser password of its own.</summary>
    public static IResourceBuilder<PostgresServerResource> AddPostgres(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource>? password = null)
    {
        _ = password;
        return builder.AddResource(new PostgresServerResource(name));
    }

    /// <summary>The name only: migrations create the database.</summary>
    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(
        this IResourceBuilder<PostgresServerResource> server, string name) =>
        server.ApplicationBuilder.AddResource(new PostgresDatabaseResource(name, server.Resource));

    public static IResourceBuilder<RedisResource> AddRedis(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddResource(new RedisResource(name));

    /// <param name="launchProfileName">Null as everywhere in our model: services take nothing from their launch profiles.</param>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, string? launchProfileName) where TProject : IProjectMetadata, new()
    {
        if (launchProfileName is not null)
        {
            throw new NotSupportedException("Launch profiles of services are not read: pass null.");
        }
        return builder.AddResource(new ProjectResource(name, new TProject()));
    }

    public static IResourceBuilder<ProjectResource> WithArgs(this IResourceBuilder<ProjectResource> project, params string[] args)
    {
        project.Resource.Arguments.AddRange(args);
        return project;
    }

    public static IResourceBuilder<ProjectResource> WithEnvironment(
        this IResourceBuilder<ProjectResource> project, string name, string? value) =>
        project.WithEnvironment(name, () => value);

    public static IResourceBuilder<ProjectResource> WithEnvironment(
        this IResourceBuilder<ProjectResource> project, string name, IResourceBuilder<ParameterResource> parameter) =>
        project.WithEnvironment(name, parameter.Resource.GetValue);

    /// <summary>Sets <c>ConnectionStrings__name</c>.</summary>
    public static IResourceBuilder<ProjectResource> WithReference(
        this IResourceBuilder<ProjectResource> project, IResourceBuilder<IResourceWithConnectionString> source,
        string? connectionName = null) =>
        project.WithEnvironment($"ConnectionStrings__{connectionName ?? source.Resource.Name}", source.Resource.GetValue);

    /// <summary>Sets <c>services__name__http__0</c> and <c>NAME_HTTP</c>, and the like for other endpoints.</summary>
    public static IResourceBuilder<ProjectResource> WithReference(
        this IResourceBuilder<ProjectResource> project, IResourceBuilder<IResourceWithServiceDiscovery> source)
    {
        var name = source.Resource.Name;
        foreach (var endpoint in source.Resource.Endpoints)
        {
            var key = endpoint.Scheme is "http" or "https" ? endpoint.Scheme : endpoint.Name;
            project.WithEnvironment($"services__{name}__{key}__0", () => endpoint.Url);
            project.WithEnvironment($"{Variable(name)}_{Variable(endpoint.Name)}", () => endpoint.Url);
        }
        return project;
    }

    public static IResourceBuilder<ProjectResource> WithHttpEndpoint(
        this IResourceBuilder<ProjectResource> project, int? port = null, string? name = null)
    {
        project.Resource.Endpoints.Add(new EndpointAnnotation(name ?? "http", "http", port ?? 0, null));
        return project;
    }

    /// <summary>Says that people call it from outside; here every endpoint is on 127.0.0.1 all the same.</summary>
    public static IResourceBuilder<ProjectResource> WithExternalHttpEndpoints(this IResourceBuilder<ProjectResource> project) => project;

    public static IResourceBuilder<ProjectResource> WithEndpoint(
        this IResourceBuilder<ProjectResource> project, int port, int targetPort, string scheme, string name, string env, bool isProxied)
    {
        if (port != targetPort || isProxied)
        {
            throw new NotSupportedException("Only the process itself can listen on an endpoint that is not HTTP.");
        }
        project.Resource.Endpoints.Add(new EndpointAnnotation(name, scheme, port, env) { IsProxied = false });
        return project;
    }

    public static IResourceBuilder<ProjectResource> WithHttpHealthCheck(this IResourceBuilder<ProjectResource> project, string path)
    {
        project.Resource.HealthPath = path;
        return project;
    }

    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> project, int replicas)
    {
        project.Resource.Replicas = replicas;
        return project;
    }

    /// <summary>Starts once the other is healthy.</summary>
    public static IResourceBuilder<ProjectResource> WaitFor(
        this IResourceBuilder<ProjectResource> project, IResourceBuilder<IResource> other)
    {
        project.Resource.Waits.Add(new WaitAnnotation(other.Resource, forCompletion: false));
        return project;
    }

    /// <summary>Starts once the other ended with exit code 0.</summary>
    public static IResourceBuilder<ProjectResource> WaitForCompletion(
        this IResourceBuilder<ProjectResource> project, IResourceBuilder<IResource> other)
    {
        project.Resource.Waits.Add(new WaitAnnotation(other.Resource, forCompletion: true));
        return project;
    }

    private static IResourceBuilder<ProjectResource> WithEnvironment(
        this IResourceBuilder<ProjectResource> project, string name, Func<string?> value)
    {
        project.Resource.Environment.Add((name, value));
        return project;
    }

    /// <summary>As Aspire does: upper case, every other character than a letter or digit becomes an underscore.</summary>
    private static string Variable(string name)
    {
        var encoded = new string([.. name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpper(c, CultureInfo.InvariantCulture) : '_')]);
        return char.IsAsciiDigit(encoded[0]) ? "_" + encoded : encoded;
    }
}
