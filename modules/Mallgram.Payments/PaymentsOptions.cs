using System.ComponentModel.DataAnnotations;

namespace Mallgram.Payments;

/// <summary>Settings under <c>Payments</c>.</summary>
internal sealed class PaymentsOptions
{
    /// <summary>Where gateways reach this API, without a path: <c>https://api.shop.example</c>. Callback addresses are built on it.</summary>
    [Required]
    public Uri? PublicBaseAddress { get; set; }

    /// <summary>How long a buyer has to approve a prompt.</summary>
    /// <value>30 minutes.</value>
    [Range(typeof(TimeSpan), "00:01:00", "24:00:00")]
    public TimeSpan PromptLifetime { get; set; } = TimeSpan.FromMinutes(30);
}
