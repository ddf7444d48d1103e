using System.ComponentModel.DataAnnotations;

namespace Mallgram.Payments.Gateways.MtnMomo;

/// <summary>Settings under <c>Payments:MtnMomo</c>. No such section: the gateway is off.</summary>
internal sealed class MtnMomoOptions
{
    public const string Section = "Payments:MtnMomo";

    /// <summary>API root, ending in a slash. Production: <c>https://proxy.momoapi.mtn.com/</c>.</summary>
    [Required]
    public Uri? BaseAddress { get; set; }

    /// <summary>Subscription key of the collection product. Never logged.</summary>
    [Required]
    public string SubscriptionKey { get; set; } = "";

    /// <summary>API user, a UUID.</summary>
    [Required]
    public string ApiUser { get; set; } = "";

    /// <summary>API key of the user. Never logged.</summary>
    [Required]
    public string ApiKey { get; set; } = "";

    /// <summary>Value of <c>X-Target-Environment</c> by currency; adds to and overrides the built-in table.</summary>
    public Dictionary<string, string> TargetEnvironments { get; set; } = new(StringComparer.Ordinal);
}
