using System.Text.Json;
using Mallgram.Web.Admin.Api;

namespace Mallgram.Web.Admin.Live;

/// <summary>How far the repricing of one store is, or how it ended.</summary>
/// <param name="Unpriced">Variants that kept their old price, by reason.</param>
/// <param name="BelowLanded">Prices set by a person that are below the landed cost; null while unknown.</param>
internal sealed record RepriceProgress(
    long Seen, long Total, long Changed, IReadOnlyDictionary<string, long> Unpriced, long? BelowLanded, double? EtaSeconds)
{
    public const string Job = "reprice";

    /// <returns>Null when the run says nothing of the store. It is the job's own JSON, so what is of another kind counts as not said.</returns>
    public static RepriceProgress? Read(JobRun run, string store)
    {
        var json = run.IsActive ? run.Progress : run.Summary ?? run.Progress;
        if (json is not { ValueKind: JsonValueKind.Object } root || !root.TryGetProperty("stores", out var stores)
            || stores.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        foreach (var part in stores.EnumerateArray())
        {
            if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("store", out var name) && name.ValueKind == JsonValueKind.String
                && name.GetString() == store)
            {
                return new RepriceProgress(
                    Count(part, "seen") ?? 0, Count(part, "total") ?? 0, Count(part, "changed") ?? 0, Reasons(part), Count(part, "below_landed"),
                    part.TryGetProperty("eta_seconds", out var eta) && eta.ValueKind == JsonValueKind.Number ? eta.GetDouble() : null);
            }
        }

        return null;
    }

    private static long? Count(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count) ? count : null;

    private static Dictionary<string, long> Reasons(JsonElement json) =>
        json.TryGetProperty("unpriced", out var unpriced) && unpriced.ValueKind == JsonValueKind.Object
            ? unpriced.EnumerateObject().Where(r => r.Value.ValueKind == JsonValueKind.Number)
                .ToDictionary(r => r.Name, r => r.Value.TryGetInt64(out var n) ? n : 0, StringComparer.Ordinal)
            : [];
}
