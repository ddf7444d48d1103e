using Mallgram.Kernel.Persistence;
using Microsoft.AspNetCore.Identity;

namespace Mallgram.Identity.SignIn;

/// <summary>Whether a password is somebody's own.</summary>
internal sealed class PasswordCheck(StoreDatabase database, Passwords passwords, People people)
{
    /// <summary>
    /// Checks a password. A right one whose hash is bcrypt of an imported person, or was made with less work than today's, is hashed anew.
    /// </summary>
    /// <param name="person">Null is never right, after the same work.</param>
    public async Task<bool> IsRightAsync(Person? person, string password, CancellationToken ct)
    {
        var (right, renew) = person?.PasswordHash is { } hash && hash.StartsWith("$2", StringComparison.Ordinal)
            ? (await MatchesBcryptAsync(hash, password, ct), true)
            : passwords.Verify(person?.PasswordHash, password) switch
            {
                PasswordVerificationResult.Success => (true, false),
                PasswordVerificationResult.SuccessRehashNeeded => (true, true),
                _ => (false, false),
            };
        if (right && renew)
        {
            await people.ReplaceHashAsync(person!, passwords.Hash(password), ct);
        }

        return right;
    }

    // The password travels as a parameter and is nowhere written: servers that log parameters of statements (log_parameter_max_length,
    // auto_explain) would be the exception.
    private async Task<bool> MatchesBcryptAsync(string hash, string password, CancellationToken ct)
    {
        if (password.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        await using var answer = await database.QueryAsync(
            ct, Sql.Command("select identity.bcrypt_matches($1, $2)", Sql.Text(hash), Sql.Text(password)));
        return await answer.Rows.ReadAsync(ct) && answer.Rows.GetBoolean(0);
    }
}
