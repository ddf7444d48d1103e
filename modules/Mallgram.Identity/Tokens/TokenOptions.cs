using System.ComponentModel.DataAnnotations;
using System.Text;

namespace Mallgram.Identity.Tokens;

/// <summary>Settings under <c>Identity</c>.</summary>
internal sealed class TokenOptions
{
    public const int MinKeyBytes = 32;

    /// <summary>Signs access tokens (HMAC-SHA-256): at least 32 bytes as UTF-8, the same on every replica. Never logged.</summary>
    [Required]
    public string SigningKey { get; set; } = "";

    /// <summary>Life of an access token. It cannot be taken back earlier.</summary>
    /// <value>15 minutes.</value>
    [Range(typeof(TimeSpan), "00:01:00", "01:00:00")]
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Life of a refresh token, counted anew at each refresh.</summary>
    /// <value>7 days.</value>
    [Range(typeof(TimeSpan), "00:15:00", "90.00:00:00")]
    public TimeSpan RefreshTokenLifetime { get; set; } = TimeSpan.FromDays(7);

    public bool HasStrongKey => Encoding.UTF8.GetByteCount(SigningKey) >= MinKeyBytes;
}
