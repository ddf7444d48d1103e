using System.Runtime.CompilerServices;

// The verbs and names of .NET Aspire that Program.cs uses, so that it compiles unchanged against either; what they mean is in Aspire's own
// documentation. Here is only what this app model needs.
namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value known once what it speaks of has started.</summary>
internal interface IValueProvider
{
    string? GetValue();
}

internal interface IResource
{
    string Name { get; }
}

internal interface IResourceWithConnectionString : IResource, IValueProvider;

internal interface IResourceWithServiceDiscovery : IResource
{
    IReadOnlyList<EndpointAnnotation> Endpoints { get; }
}

internal interface IResourceBuilder<out T> where T : IResource
{
    T Resource { get; }

    IDistributedApplicationBuilder ApplicationBuilder { get; }
}

internal interface IProjectMetadata
{
    string ProjectPath { get; }

    /// <summary>The built program.</summary>
    string AssemblyPath { get; }
}

/// <summary>For the generated classes Projects.*: their paths are relative to this program, so that a built clone may be moved.</summary>
internal static class FromHere
{
    public static string Path(string relative) =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(AppContext.BaseDirectory, relative));
}

internal sealed record ResourceBuilder<T>(T Resource, IDistributedApplicationBuilder ApplicationBuilder) : IResourceBuilder<T>
    where T : IResource;

/// <param name="Port">The public port; 0 until one is chosen.</param>
/// <param name="Variable">Receives the port the process itself listens on.</param>
internal sealed record EndpointAnnotation(string Name, string Scheme, int Port, string? Variable)
{
    public int Port { get; set; } = Port;

    /// <summary>A replica of the process listens elsewhere and something in front of it holds the public port.</summary>
    public bool IsProxied { get; init; } = true;

    public string Url => $"{Scheme}://127.0.0.1:{Port}";
}

/// <param name="resource">What is waited for.</param>
/// <param name="forCompletion">Until it ended with exit code 0; else until it is healthy.</param>
internal sealed class WaitAnnotation(IResource resource, bool forCompletion)
{
    public IResource Resource { get; } = resource;

    public bool ForCompletion { get; } = forCompletion;
}

internal sealed class ParameterResource(string name, string value) : IResource, IValueProvider
{
    public string Name { get; } = name;

    public string? GetValue() => value;
}

/// <summary>Given by configuration, or put together from what other resources say.</summary>
internal sealed class ConnectionStringResource(string name, Func<string?> value, bool isGiven) : IResourceWithConnectionString
{
    public string Name { get; } = name;

    /// <summary>A server of the operator's, not of ours.</summary>
    public bool IsGiven { get; } = isGiven;

    public string? GetValue() => value();
}

internal sealed class PostgresServerResource(string name) : IResource
{
    public string Name { get; } = name;

    public EndpointReference PrimaryEndpoint { get; } = new(new EndpointAnnotation("tcp", "tcp", 0, null));

    /// <summary>Holds binaries, when fetched, and data.</summary>
    public string? Folder { get; set; }

    /// <summary>Of a database on the server, for its superuser; set once it accepts connections.</summary>
    public Func<string, string>? ConnectionString { get; set; }
}

internal sealed class PostgresDatabaseResource(string name, PostgresServerResource parent) : IResourceWithConnectionString
{
    public string Name { get; } = name;

    public PostgresServerResource Parent { get; } = parent;

    public string? GetValue() =>
        (Parent.ConnectionString ?? throw new InvalidOperationException($"{Parent.Name} has not started: add WaitFor({Name})."))(Name);
}

internal sealed class RedisResource(string name) : IResourceWithConnectionString
{
    public string Name { get; } = name;

    public string? Address { get; set; }

    public string? GetValue() => Address ?? throw new InvalidOperationException($"{Name} has not started: add WaitFor({Name}).");
}

internal sealed class ProjectResource(string name, IProjectMetadata project) : IResourceWithServiceDiscovery
{
    public string Name { get; } = name;

    public IProjectMetadata Project { get; } = project;

    public List<EndpointAnnotation> Endpoints { get; } = [];

    IReadOnlyList<EndpointAnnotation> IResourceWithServiceDiscovery.Endpoints => Endpoints;

    /// <summary>Asked when the process starts; a null value sets nothing.</summary>
    public List<(string Name, Func<string?> Value)> Environment { get; } = [];

    public List<string> Arguments { get; } = [];

    public List<WaitAnnotation> Waits { get; } = [];

    /// <summary>Null: healthy as soon as it runs.</summary>
    public string? HealthPath { get; set; }

    public int Replicas { get; set; } = 1;

    public EndpointAnnotation? Http => Endpoints.Find(endpoint => endpoint.Scheme == "http");
}

internal enum EndpointProperty
{
    Url,
    Host,
    Port,
}

internal sealed class EndpointReference(EndpointAnnotation endpoint) : IValueProvider
{
    public EndpointAnnotation Endpoint { get; } = endpoint;

    public string? GetValue() => Endpoint.Url;

    public EndpointReferenceExpression Property(EndpointProperty property) => new(Endpoint, property);
}

internal sealed class EndpointReferenceExpression(EndpointAnnotation endpoint, EndpointProperty property) : IValueProvider
{
    public string? GetValue() => property switch
    {
        EndpointProperty.Host => "127.0.0.1",
        EndpointProperty.Port => endpoint.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => endpoint.Url,
    };
}

/// <summary>Text with values in it that are known later.</summary>
internal sealed class ReferenceExpression : IValueProvider
{
    private readonly IReadOnlyList<Func<string?>> parts;

    private ReferenceExpression(IReadOnlyList<Func<string?>> parts) => this.parts = parts;

    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => new(handler.Parts);

    public string? GetValue() => string.Concat(parts.Select(part => part()));

    [InterpolatedStringHandler]
    internal readonly ref struct ExpressionInterpolatedStringHandler
    {
        public ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
        {
            _ = literalLength;
            Parts = new(2 * formattedCount);
        }

        internal List<Func<string?>> Parts { get; }

        public void AppendLiteral(string value) => Parts.Add(() => value);

        public void AppendFormatted(string? value) => Parts.Add(() => value);

        public void AppendFormatted<T>(T value) where T : IValueProvider => Parts.Add(value.GetValue);

        public void AppendFormatted<T>(IResourceBuilder<T> value) where T : IResource, IValueProvider => Parts.Add(value.Resource.GetValue);
    }
}
