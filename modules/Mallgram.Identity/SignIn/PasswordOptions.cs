using System.ComponentModel.DataAnnotations;

namespace Mallgram.Identity.SignIn;

/// <summary>Settings under <c>Identity:Passwords</c>.</summary>
internal sealed class PasswordOptions
{
    public const int LeastIterations = 210_000;

    /// <summary>
    /// Work of one hash (PBKDF2 with HMAC-SHA-512). The framework's own default is 100,000; this is what OWASP's password storage cheat
    /// sheet asks for, and less is refused. Hashes made with less work are renewed at the next sign-in.
    /// </summary>
    /// <value>210,000.</value>
    [Range(LeastIterations, 10_000_000)]
    public int Iterations { get; set; } = LeastIterations;

    /// <summary>Characters of a new password.</summary>
    /// <value>8.</value>
    [Range(8, 64)]
    public int MinLength { get; set; } = 8;

    /// <summary>
    /// A refused sign-in is answered this long after it came, not earlier, so that the time tells neither whether there is such an account
    /// nor what kind of hash it has.
    /// </summary>
    /// <value>400 milliseconds.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:05")]
    public TimeSpan RefusalTakes { get; set; } = TimeSpan.FromMilliseconds(400);
}
