using Mallgram.AppHost.Run;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <summary>Run mode only: artefacts for deployment are Aspire's work, or come ready-made from the folder `deploy`.</summary>
internal sealed class DistributedApplicationExecutionContext
{
    public bool IsRunMode { get; } = true;

    public bool IsPublishMode { get; }
}

internal interface IDistributedApplicationBuilder
{
    ConfigurationManager Configuration { get; }

    DistributedApplicationExecutionContext ExecutionContext { get; }

    IResourceBuilder<T> AddResource<T>(T resource) where T : IResource;

    DistributedApplication Build();
}

/// <summary>The resources of the app model, in the order they were added.</summary>
internal sealed class DistributedApplication(IReadOnlyList<IResource> resources)
{
    public IReadOnlyList<IResource> Resources { get; } = resources;

    /// <exception cref="UsageException">An argument that only Aspire knows.</exception>
    public static IDistributedApplicationBuilder CreateBuilder(string[] args) =>
        args.Length == 0 ? new Builder() : throw new UsageException($"{args[0]} is not understood.");

    private sealed class Builder : IDistributedApplicationBuilder
    {
        private readonly List<IResource> resources = [];

        public ConfigurationManager Configuration { get; } = new();

        public DistributedApplicationExecutionContext ExecutionContext { get; } = new();

        public IResourceBuilder<T> AddResource<T>(T resource) where T : IResource
        {
            if (resources.Exists(other => other.Name == resource.Name))
            {
                throw new InvalidOperationException($"There are two resources named {resource.Name}.");
            }
            resources.Add(resource);
            return new ResourceBuilder<T>(resource, this);
        }

        public DistributedApplication Build() => new(resources);
    }
}
