using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;

namespace Mallgram.Identity.Platform;

internal sealed record PlatformLogInRequest(string? Email, string? Password);

internal sealed record PlatformAdministratorView(string Id, string Email, string FullName)
{
    public static PlatformAdministratorView Of(PlatformAdministrator administrator) => new(
        PublicId.Format(PublicId.PlatformAdministrator, administrator.Id), administrator.Email, administrator.FullName);
}

/// <param name="ExpiresIn">Life of the access token, seconds; then sign in again.</param>
internal sealed record PlatformSession(PlatformAdministratorView Administrator, string AccessToken, int ExpiresIn);

/// <summary>
/// Signs a platform administrator in. Unknown address, wrong password, disabled and locked answer alike, in text, time and number of
/// statements. Ten wrong passwords in a row lock for 15 minutes, counted in the database for all processes.
/// </summary>
internal sealed class PlatformLogIn(
    PlatformAdministrators administrators, PlatformDatabase database, Passwords passwords, SignInAttempts attempts, PlatformTokens tokens,
    TimeProvider clock)
{
    private const int MaxFailures = 10;
    private static readonly TimeSpan LockedFor = TimeSpan.FromMinutes(15);

    /// <exception cref="ProblemException">401, 422 or 429.</exception>
    public async Task<PlatformSession> RunAsync(PlatformLogInRequest request, HttpContext context, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var email = request.Email?.Trim();
        errors.Require(email, "email", 320);
        errors.Require(request.Password, "password", Passwords.MaxLength);
        if (email?.Any(char.IsControl) == true)
        {
            errors.Add("email", "must not hold control characters", "ne doit pas contenir de caractères de contrôle");
        }

        errors.ThrowIfAny();
        var address = context.Connection.RemoteIpAddress;
        // The platform is nobody's store: its attempts are counted apart.
        if (attempts.Begin(Guid.Empty, email!, address) is { } wait)
        {
            throw new ProblemException(SignInProblems.TooManyAttempts, Math.Ceiling(wait.TotalSeconds)) { RetryAfter = wait };
        }

        var known = await administrators.FindByEmailAsync(email!, ct);
        var verdict = passwords.Verify(known?.PasswordHash, request.Password!);
        var now = clock.GetUtcNow();
        var locked = known?.LockedUntil > now;
        var right = verdict != PasswordVerificationResult.Failed && known is { IsActive: true } && !locked;
        await WriteAsync(known?.Id, right, wrongPassword: verdict == PasswordVerificationResult.Failed && !locked, now, context, ct);
        if (!right)
        {
            throw new ProblemException(SignInProblems.InvalidCredentials);
        }

        attempts.Succeeded(Guid.Empty, email!, address);
        return new PlatformSession(PlatformAdministratorView.Of(known!), tokens.Issue(known!.Id), (int)PlatformTokens.Lifetime.TotalSeconds);
    }

    /// <param name="id">Null: nobody has the address; the same statements then find no row.</param>
    private Task WriteAsync(Guid? id, bool right, bool wrongPassword, DateTimeOffset now, HttpContext context, CancellationToken ct) =>
        database.ExecuteAsync(
            ct,
            Sql.Command(
                """
                update identity.platform_administrators set
                    failed_attempts = case when $2 then 0 when $3 and failed_attempts + 1 < $4 then failed_attempts + 1 when $3 then 0 else failed_attempts end,
                    locked_until = case when $2 then null when $3 and failed_attempts + 1 >= $4 then $5 else locked_until end
                where id = $1
                """,
                Sql.Uuid(id), Sql.Bool(right), Sql.Bool(wrongPassword), Sql.Int(MaxFailures), Sql.Time(now + LockedFor)),
            Sql.Command(
                """
                insert into kernel.audit_log (actor, action, object, object_id, address, request_id)
                select $2, $3, 'identity.platform_administrators', $1::text, $4::inet, $5 where $1 is not null
                """,
                Sql.Uuid(id), Sql.Text(id is { } known ? PublicId.Format(PublicId.PlatformAdministrator, known) : ""),
                Sql.Text(right ? "sign_in.succeeded" : "sign_in.failed"), Sql.Text(ClientDevice.Of(context).Address),
                Sql.Text(ProblemAnswers.RequestId(context))));
}
