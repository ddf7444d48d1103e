using System.Text.Json;

namespace Mallgram.Web.Admin.Live;

/// <summary>How far one store's synchronisation is.</summary>
/// <param name="Rate">Items a second; null while unknown.</param>
/// <param name="Eta">Time to the end; null while unknown.</param>
internal sealed record StoreProgress(
    string? Store,
    string? Supplier,
    string? State,
    long Seen,
    long? Total,
    long Created,
    long Updated,
    long Unchanged,
    long Skipped,
    long Failed,
    double? Rate,
    TimeSpan? Eta,
    IReadOnlyDictionary<string, long> Reasons,
    string? Error);

/// <summary>
/// Reads the progress or summary of <c>product-sync</c>: an object with <c>stores</c>, or the figures of one store. It is the job's own
/// JSON, so what is missing or of another kind counts as not said.
/// </summary>
internal static class SyncProgress
{
    /// <param name="store">Slug of the reader's store; figures of other stores are left out.</param>
    public static IReadOnlyList<StoreProgress> Read(JsonElement? json, string store)
    {
        if (json is not { ValueKind: JsonValueKind.Object } root)
        {
            return [];
        }

        var parts = root.TryGetProperty("stores", out var stores) && stores.ValueKind == JsonValueKind.Array
            ? stores.EnumerateArray().Where(s => s.ValueKind == JsonValueKind.Object).Select(ReadOne)
            : root.TryGetProperty("seen", out _) ? [ReadOne(root)] : [];
        return [.. parts.Where(p => p.Store is null || p.Store == store)];
    }

    private static StoreProgress ReadOne(JsonElement json) => new(
        Text(json, "store"), Text(json, "supplier"), Text(json, "state"), Count(json, "seen") ?? 0, Count(json, "total"),
        Count(json, "created") ?? 0, Count(json, "updated") ?? 0, Count(json, "unchanged") ?? 0,
        Count(json, "skipped") ?? 0, Count(json, "failed") ?? 0,
        Real(json, "rate_per_second") is { } rate and > 0 ? rate : null,
        Real(json, "eta_seconds") is { } eta and >= 0 and < 1e7 ? TimeSpan.FromSeconds(eta) : null,
        Reasons(json), Text(json, "error"));

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Count(JsonElement json, string name) =>
        Number(json, name) is { } value && value.TryGetInt64(out var count) ? count : null;

    private static double? Real(JsonElement json, string name) =>
        Number(json, name) is { } value && value.TryGetDouble(out var real) ? real : null;

    private static JsonElement? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value : null;

    private static Dictionary<string, long> Reasons(JsonElement json)
    {
        var reasons = new Dictionary<string, long>(StringComparer.Ordinal);
        if (json.TryGetProperty("reasons", out var value) && value.ValueKind == JsonValueKind.Object)
        {
            foreach (var reason in value.EnumerateObject())
            {
                if (reason.Value.ValueKind == JsonValueKind.Number && reason.Value.TryGetInt64(out var count))
                {
                    reasons[reason.Name] = count;
                }
            }
        }

        return reasons;
    }
}
