using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;

namespace Mallgram.Identity.SignIn;

/// <summary>Password hashes in ASP.NET Core Identity's own format (PBKDF2, HMAC-SHA-512, its current work factor).</summary>
internal sealed class Passwords
{
    public const int MaxLength = 256;

    private static readonly object Nobody = new();
    private readonly PasswordHasher<object> _hasher = new();
    private readonly string _hashOfNobody;

    public Passwords() => _hashOfNobody = _hasher.HashPassword(Nobody, Convert.ToHexString(RandomNumberGenerator.GetBytes(32)));

    public string Hash(string password) => _hasher.HashPassword(Nobody, password);

    /// <summary>Takes the same time for a person who does not exist, so that the answer's time says nothing about who does.</summary>
    /// <param name="hash">Null when there is no such person; the result is then always Failed.</param>
    public PasswordVerificationResult Verify(string? hash, string password)
    {
        var result = _hasher.VerifyHashedPassword(Nobody, hash ?? _hashOfNobody, password);
        return hash is null ? PasswordVerificationResult.Failed : result;
    }
}
