using System.Text.Json;

namespace Mallgram.Kernel.Tenancy;

/// <summary>
/// Whose changes the database writes to the audit log: staff, an API key or a platform administrator. Shoppers, guests, jobs and syncs
/// have none.
/// </summary>
/// <param name="Actor"><c>usr_…</c>, <c>key_…</c> or <c>adm_…</c>.</param>
/// <param name="OnBehalfOf"><c>usr_…</c> whom a platform administrator acts as.</param>
/// <param name="Address">Network address the request came from.</param>
/// <param name="Reason">Why, where the caller had to say so.</param>
public sealed record Caller(string Actor, string? OnBehalfOf, string? Address, string? RequestId, string? Reason = null)
{
    /// <summary>Value of <c>app.caller</c>, which the triggers read.</summary>
    public string Setting { get; } = JsonSerializer.Serialize(new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        ["actor"] = Actor,
        ["on_behalf_of"] = OnBehalfOf,
        ["address"] = Address,
        ["request_id"] = RequestId,
        ["reason"] = Reason,
    });
}
