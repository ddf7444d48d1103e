using System.ComponentModel.DataAnnotations;

namespace Mallgram.Api.Edge;

/// <summary>
/// Settings under <c>Edge:RateLimits</c>. What a client may cost a minute and an hour is the store's plan
/// (<see cref="Stores.Contracts.StoreLimits"/>); these are the installation's.
/// </summary>
internal sealed class RateLimitOptions
{
    /// <summary>Cost a client may cause in a minute, at every store, whatever its plan says.</summary>
    /// <value>None: the plan's.</value>
    [Range(1, 1_000_000_000)]
    public int? PerMinute { get; set; }

    /// <summary>Cost a client may cause in an hour, at every store, whatever its plan says.</summary>
    /// <value>None: the plan's.</value>
    [Range(1, 1_000_000_000)]
    public int? PerHour { get; set; }

    /// <summary>Failed attempts to sign in or to answer a code, a minute from one network address. Successful ones are given back.</summary>
    /// <value>5.</value>
    [Range(1, 1_000_000_000)]
    public int SignInsPerMinute { get; set; } = 5;

    /// <summary>Codes and links asked for, a minute from one network address; each may cost a text message.</summary>
    /// <value>5.</value>
    [Range(1, 1_000_000_000)]
    public int CodesPerMinute { get; set; } = 5;

    /// <summary>
    /// Requests a minute from one network address that named no store or whose token, key or proof was refused; then the address gets
    /// 429 for everything until the minute ends, before anything is looked up.
    /// </summary>
    /// <value>300.</value>
    [Range(1, 1_000_000_000)]
    public int RefusedPerMinute { get; set; } = 300;

    /// <summary>Clients counted at a time, in each process. More are let through and reported.</summary>
    /// <value>200 000.</value>
    [Range(1000, 10_000_000)]
    public int MaxClients { get; set; } = 200_000;
}
