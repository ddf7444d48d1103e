using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;

namespace Mallgram.Identity.SignIn;

internal sealed record LogInRequest(string? Email, string? Password);

/// <summary>Signs a person in by e-mail address and password.</summary>
internal sealed class LogIn(
    People people, Passwords passwords, SignInAttempts attempts, Sessions sessions, StoreScope scope)
{
    private const int MaxEmailLength = 320;

    /// <exception cref="ProblemException">401, 422 or 429. Unknown address and wrong password answer alike, in text and time.</exception>
    public async Task<SessionView> RunAsync(LogInRequest request, HttpContext context, CancellationToken ct)
    {
        var (email, password) = Check(request);
        var address = context.Connection.RemoteIpAddress;
        if (attempts.Begin(scope.StoreId, email, address) is { } wait)
        {
            throw new ProblemException(SignInProblems.TooManyAttempts, Math.Ceiling(wait.TotalSeconds)) { RetryAfter = wait };
        }

        var person = await people.FindByEmailAsync(email, ct);
        var verdict = passwords.Verify(person?.PasswordHash, password);
        if (person is null || verdict == PasswordVerificationResult.Failed)
        {
            throw new ProblemException(SignInProblems.InvalidCredentials);
        }

        attempts.Succeeded(scope.StoreId, email, address);
        if (verdict == PasswordVerificationResult.SuccessRehashNeeded)
        {
            await people.ReplaceHashAsync(person, passwords.Hash(password), ct);
        }

        return await sessions.StartAsync(person, "password", secondFactor: false, context, ct);
    }

    private static (string Email, string Password) Check(LogInRequest request)
    {
        var fields = new FieldErrors();
        var email = request.Email?.Trim();
        fields.Require(email, "email", MaxEmailLength);
        if (email is not null && email.Any(char.IsControl))
        {
            fields.Add("email", "must not hold control characters", "ne doit pas contenir de caractères de contrôle");
        }

        if (string.IsNullOrEmpty(request.Password))
        {
            fields.Add("password", "is required", "est obligatoire");
        }

        fields.AtMost(request.Password, "password", Passwords.MaxLength);
        fields.ThrowIfAny();
        return (email!, request.Password!);
    }
}
