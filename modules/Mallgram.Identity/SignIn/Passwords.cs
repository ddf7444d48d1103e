using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.SignIn;

/// <summary>Password hashes in ASP.NET Core Identity's own format (PBKDF2, HMAC-SHA-512), which names its own work.</summary>
internal sealed class Passwords
{
    public const int MaxLength = 256;

    private static readonly object Nobody = new();
    private readonly PasswordHasher<object> _hasher;
    private readonly string _hashOfNobody;
    private readonly TimeSpan _refusalTakes;

    public Passwords(IOptions<PasswordOptions> options)
    {
        _hasher = new PasswordHasher<object>(Options.Create(new PasswordHasherOptions { IterationCount = options.Value.Iterations }));
        _hashOfNobody = _hasher.HashPassword(Nobody, Convert.ToHexString(RandomNumberGenerator.GetBytes(32)));
        _refusalTakes = options.Value.RefusalTakes;
    }

    public string Hash(string password) => _hasher.HashPassword(Nobody, password);

    /// <summary>Does the same work for a person who does not exist, so that the answer's time says nothing about who does.</summary>
    /// <param name="hash">Null when there is no such person or no password; the result is then always Failed.</param>
    public PasswordVerificationResult Verify(string? hash, string password)
    {
        var result = _hasher.VerifyHashedPassword(Nobody, hash ?? _hashOfNobody, password);
        return hash is null ? PasswordVerificationResult.Failed : result;
    }

    /// <summary>Ends with the least time that a refusal takes.</summary>
    /// <param name="since">Time stamp of <see cref="Stopwatch"/> when the request began.</param>
    public Task HoldRefusalAsync(long since, CancellationToken ct)
    {
        var rest = _refusalTakes - Stopwatch.GetElapsedTime(since);
        return rest > TimeSpan.Zero ? Task.Delay(rest, ct) : Task.CompletedTask;
    }
}
