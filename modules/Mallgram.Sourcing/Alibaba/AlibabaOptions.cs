using System.ComponentModel.DataAnnotations;
using Mallgram.Sourcing.OpenPlatform;

namespace Mallgram.Sourcing.Alibaba;

/// <summary>Settings under <c>Sourcing:Alibaba</c>. No such section: the supplier is off.</summary>
internal sealed class AlibabaOptions : OpenPlatformOptions
{
    /// <summary>Which product lists are the store's assortment, separated by commas.</summary>
    /// <value>906168847, cross-border fulfilment from China</value>
    [Required, RegularExpression("^[0-9]+(,[0-9]+)*$")] public string SceneIds { get; set; } = "906168847";

    /// <summary>Ids of a list page; the platform takes 20 to 50.</summary> <value>50</value>
    [Range(20, 50)] public int PageSize { get; set; } = 50;

    /// <summary>
    /// Details older than this are read again. The lists hold ids alone and show no change, so this is all that keeps prices and stock fresh,
    /// at two or three calls of the daily quota for each product.
    /// </summary>
    /// <value>20 hours: once in every nightly run</value>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")] public TimeSpan RefreshAfter { get; set; } = TimeSpan.FromHours(20);

    /// <summary>Whether a freight estimate is asked for each product, one call more, to know how long shipping takes.</summary> <value>true</value>
    public bool AskShippingTime { get; set; } = true;
}
