using System.Collections.Concurrent;

namespace Mallgram.Sandbox.Control;

/// <summary>What has happened since the process started, by name.</summary>
internal sealed class Counters
{
    private readonly ConcurrentDictionary<string, long> _values = new(StringComparer.Ordinal);

    public void Add(string name) => _values.AddOrUpdate(name, 1, static (_, before) => before + 1);

    public long this[string name] => _values.GetValueOrDefault(name);

    public SortedDictionary<string, long> Snapshot() => new(_values, StringComparer.Ordinal);
}
