using System.ComponentModel.DataAnnotations;

namespace Mallgram.Identity.Codes;

/// <summary>Settings under <c>Identity:Codes</c>.</summary>
internal sealed class OneTimeCodeOptions
{
    /// <summary>How long a code is good.</summary>
    /// <value>10 minutes.</value>
    [Range(typeof(TimeSpan), "00:01:00", "01:00:00")]
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Guesses at one code.</summary>
    /// <value>5.</value>
    [Range(1, 10)]
    public int Attempts { get; set; } = 5;

    /// <summary>Wait between two codes for one purpose to one destination.</summary>
    /// <value>60 seconds.</value>
    [Range(typeof(TimeSpan), "00:00:10", "00:10:00")]
    public TimeSpan ResendAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Codes to one destination in an hour; those that finish a sign-in are counted apart.</summary>
    /// <value>5.</value>
    [Range(1, 100)]
    public int PerHour { get; set; } = 5;
}
