using System.ComponentModel.DataAnnotations;

namespace Mallgram.Web.Admin;

/// <summary>Settings under <c>Admin</c>.</summary>
internal sealed class AdminOptions
{
    /// <summary>IANA zone in which times are shown; they are stored in UTC.</summary>
    /// <value>Africa/Johannesburg.</value>
    [Required]
    public string TimeZone { get; set; } = "Africa/Johannesburg";

    /// <summary>Stores offered at sign-in.</summary>
    /// <value>The three that ship.</value>
    public List<StoreChoice> Stores { get; set; } = [];

    public TimeZoneInfo Zone() => TimeZoneInfo.FindSystemTimeZoneById(TimeZone);
}

/// <summary>A store that staff can sign in to.</summary>
internal sealed class StoreChoice
{
    /// <summary>Value of <c>X-Store</c>.</summary>
    [Required]
    public string Slug { get; set; } = "";

    [Required]
    public string Name { get; set; } = "";

    public static readonly StoreChoice[] Presets =
    [
        new() { Slug = "mallgram", Name = "Mallgram" },
        new() { Slug = "dakarcafe", Name = "DakarCafé" },
        new() { Slug = "pickle-paradise", Name = "Pickle Paradise" },
    ];
}
