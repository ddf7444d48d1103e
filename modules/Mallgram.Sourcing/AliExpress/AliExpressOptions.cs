using System.ComponentModel.DataAnnotations;
using Mallgram.Sourcing.OpenPlatform;

namespace Mallgram.Sourcing.AliExpress;

/// <summary>Settings under <c>Sourcing:AliExpress</c>. No such section: the supplier is off.</summary>
internal sealed class AliExpressOptions : OpenPlatformOptions
{
    /// <summary>ISO 4217 code that prices are asked in; the rate table must lead from it to the store's currency.</summary> <value>USD</value>
    [Required, RegularExpression("^[A-Z]{3}$")] public string Currency { get; set; } = "USD";

    /// <summary>Which feed is the store's assortment (aliexpress.ds.feedname.get lists them).</summary> <value>DS_Global_topsellers</value>
    [Required] public string FeedName { get; set; } = "DS_Global_topsellers";

    /// <summary>Items of a feed page.</summary> <value>50, the most that the platform allows</value>
    [Range(1, 50)] public int PageSize { get; set; } = 50;

    /// <summary>Details older than this are read again though the feed shows no change, because it does not show stock.</summary>
    /// <value>7 days</value>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")] public TimeSpan RefreshAfter { get; set; } = TimeSpan.FromDays(7);
}
