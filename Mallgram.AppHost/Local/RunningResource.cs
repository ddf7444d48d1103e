using Mallgram.AppHost.Run;

namespace Mallgram.AppHost.Local;

/// <summary>A resource of the app model while it runs.</summary>
internal abstract class RunningResource(string name) : IAsyncDisposable
{
    public string Name { get; } = name;

    /// <summary>Returns when it is healthy, or finished if it is meant to end.</summary>
    /// <exception cref="RunException">It did not come up.</exception>
    public abstract Task StartAsync(CancellationToken ct);

    /// <summary>Looks again whether it runs and answers; called every second or two.</summary>
    public abstract Task CheckAsync(CancellationToken ct);

    public abstract ResourceRecord Record();

    /// <summary>What must be ended if this process dies.</summary>
    public virtual IEnumerable<ProcessRecord> Processes => [];

    /// <summary>Servers stop after the services that use them.</summary>
    public virtual bool StopsLast => false;

    public virtual IReadOnlyList<string> LastLines(int lines) => [];

    public abstract ValueTask DisposeAsync();
}
