using System.Text.Json;
using System.Text.Json.Serialization;
using Mallgram.AppHost.Backing;

namespace Mallgram.AppHost.Run;

internal enum ResourceState
{
    /// <summary>Waits for what it needs, or runs but is not healthy yet.</summary>
    Starting,
    Healthy,
    Unhealthy,

    /// <summary>Ran to its end with exit code 0.</summary>
    Finished,

    /// <summary>Ended, and should not have.</summary>
    Exited,

    /// <summary>Not part of this run, and not needed.</summary>
    Absent,
}

/// <summary>One process of a replicated resource.</summary>
internal sealed record ReplicaRecord(string Name, ResourceState State, string? Url, int? Pid);

/// <param name="Url">Public address; for a server <c>host:port</c>.</param>
/// <param name="Pid">The process; the first replica's where there are several.</param>
/// <param name="Detail">For people: a version, an exit code, why it is absent.</param>
/// <param name="Replicas">Only where there are several.</param>
internal sealed record ResourceRecord(
    string Name, ResourceState State, string? Url = null, int? Pid = null, string? Detail = null,
    IReadOnlyList<ReplicaRecord>? Replicas = null)
{
    public static readonly ResourceRecord NoRedis =
        new("redis", ResourceState.Absent, Detail: "not needed: caches and limits are kept in each process");

    /// <summary>One for several processes of the same resource; their own records are kept where there is more than one.</summary>
    public static ResourceRecord Of(string name, string? url, IReadOnlyList<ReplicaRecord> replicas)
    {
        var first = replicas[0];
        var state = replicas.All(replica => replica.State == first.State) ? first.State
            : replicas.Any(replica => replica.State is ResourceState.Starting) ? ResourceState.Starting
            : ResourceState.Unhealthy;
        return replicas.Count == 1
            ? new ResourceRecord(name, state, url, first.Pid)
            : new ResourceRecord(name, state, url, first.Pid, $"{replicas.Count} replicas", replicas);
    }
}

/// <summary>A process to end when its owner no longer can.</summary>
internal sealed record ProcessRecord(string Name, ProcessIdentity Identity, bool IsDatabase);

/// <summary>How to start the worker's program for a job: its own variables only, the rest comes from whoever asks.</summary>
internal sealed record WorkerRecord(string Assembly, string Directory, IReadOnlyDictionary<string, string> Environment);

/// <summary>run.json: what one running copy says about itself.</summary>
internal sealed record RunRecord
{
    public required ProcessIdentity AppHost { get; init; }

    /// <summary><c>local</c> or <c>aspire</c>.</summary>
    public required string Engine { get; init; }

    /// <summary>True once everything was healthy; it stays so when something ends later.</summary>
    public bool Ready { get; init; }

    public int PortOffset { get; init; }

    public IReadOnlyList<ResourceRecord> Resources { get; init; } = [];

    public IReadOnlyList<ProcessRecord> Processes { get; init; } = [];

    public WorkerRecord? Worker { get; init; }

    [JsonIgnore]
    public bool IsAlive => AppHost.IsAlive;

    /// <summary>Everything that should run does, and answers.</summary>
    [JsonIgnore]
    public bool IsHealthy => Ready && AllIsUp;

    [JsonIgnore]
    public bool AllIsUp => Resources.All(resource =>
        resource.State is ResourceState.Healthy or ResourceState.Finished or ResourceState.Absent);

    [JsonIgnore]
    public bool HasExited => Resources.Any(resource =>
        resource.State is ResourceState.Exited || resource.Replicas?.Any(replica => replica.State is ResourceState.Exited) == true);

    /// <summary>The state as run.json and people see it.</summary>
    public static string Word(ResourceState state) => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        WriteIndented = true,
    };

    /// <returns>Null when there is none, or a crash of the machine left it unreadable.</returns>
    public static RunRecord? Read(DataFolder data)
    {
        try
        {
            return File.Exists(data.RunFile) ? JsonSerializer.Deserialize<RunRecord>(File.ReadAllBytes(data.RunFile), Json) : null;
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>For a file that this user alone can read: the worker's variables hold passwords.</summary>
    public byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(this, Json);
}
