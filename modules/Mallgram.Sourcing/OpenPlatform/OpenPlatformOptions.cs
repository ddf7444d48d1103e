using System.ComponentModel.DataAnnotations;

namespace Mallgram.Sourcing.OpenPlatform;

/// <summary>What every account at an open platform needs; the supplier's own settings derive from it.</summary>
internal abstract class OpenPlatformOptions
{
    /// <summary>Root of the gateway, ending in a slash; <c>sync</c> and <c>rest</c> are below it.</summary>
    [Required] public Uri? BaseAddress { get; set; }

    [Required] public string AppKey { get; set; } = "";

    /// <summary>Signs every call. Never logged.</summary>
    [Required] public string AppSecret { get; set; } = "";

    /// <summary>From the consent page; used once, for the first token. Never logged.</summary>
    public string AuthorizationCode { get; set; } = "";

    /// <summary>Calls a second at most, for the whole app key.</summary> <value>20</value>
    [Range(1, 10_000)] public int CallsPerSecond { get; set; } = 20;

    /// <summary>
    /// Calls a day (GMT+8) at most, for the whole app key, counted in the database over all processes; 0: as many as the platform answers.
    /// </summary>
    /// <value>5000, what an app on trial has</value>
    [Range(0, int.MaxValue)] public int CallsPerDay { get; set; } = 5000;

    /// <summary>Detail calls at once.</summary> <value>8</value>
    [Range(1, 64)] public int DetailConcurrency { get; set; } = 8;
}
