using System.Text.Json.Serialization;
using Mallgram.Identity.Codes;
using Mallgram.Identity.SecondFactors;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace Mallgram.Identity.Platform;

internal sealed record PlatformLogInRequest(string? Email, string? Password);

internal sealed record PlatformAdministratorView(string Id, string Email, string FullName)
{
    public static PlatformAdministratorView Of(PlatformAdministrator administrator) => new(
        PublicId.Format(PublicId.PlatformAdministrator, administrator.Id), administrator.Email, administrator.FullName);
}

/// <param name="ExpiresIn">Life of the access token, seconds; then sign in again.</param>
internal sealed record PlatformSession(PlatformAdministratorView Administrator, string AccessToken, int ExpiresIn);

/// <summary>A session; or, of an administrator with a second factor, what to answer first.</summary>
internal sealed record PlatformLogInAnswer
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PlatformAdministratorView? Administrator { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AccessToken { get; init; }

    /// <summary>Life of the access token, seconds; then sign in again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ExpiresIn { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SecondFactorAsked? SecondFactor { get; init; }
}

/// <summary>
/// Signs a platform administrator in. Unknown address, wrong password, disabled and locked answer alike, in text, time and number of
/// statements. Ten wrong passwords in a row lock for 15 minutes, counted in the database for all processes.
/// </summary>
internal sealed class PlatformLogIn(
    PlatformAdministrators administrators, PlatformDatabase database, Passwords passwords, SignInAttempts attempts, PlatformTokens tokens,
    PlatformChallenges challenges, PlatformSecondFactors factors, TimeProvider clock)
{
    private const int MaxFailures = 10;
    private const int MaxChallengeLength = 1000;
    private static readonly TimeSpan LockedFor = TimeSpan.FromMinutes(15);

    /// <exception cref="ProblemException">401, 422 or 429.</exception>
    public async Task<PlatformLogInAnswer> RunAsync(PlatformLogInRequest request, HttpContext context, CancellationToken ct)
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
        await WriteAsync(known, right, wrongPassword: verdict == PasswordVerificationResult.Failed && !locked, now, context, ct);
        if (!right)
        {
            throw new ProblemException(SignInProblems.InvalidCredentials);
        }

        attempts.Succeeded(Guid.Empty, email!, address);
        if (known!.HasSecondFactor)
        {
            return new PlatformLogInAnswer
            {
                SecondFactor = new SecondFactorAsked(await challenges.OpenAsync(known.Id, ct), [Methods.Totp, Methods.Recovery]),
            };
        }

        var session = SessionOf(known);
        return new PlatformLogInAnswer
        {
            Administrator = session.Administrator,
            AccessToken = session.AccessToken,
            ExpiresIn = session.ExpiresIn,
        };
    }

    /// <summary>Ends a sign-in with the code of an app or a recovery code.</summary>
    /// <exception cref="ProblemException">401 <c>invalid_challenge</c> or <c>invalid_code</c>, 422, 429.</exception>
    public async Task<PlatformSession> AnswerAsync(SecondFactorAnswer request, HttpContext context, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(request.Challenge, "challenge", MaxChallengeLength);
        errors.Require(request.Code, "code", CodeEndpoints.MaxCodeLength);
        if (request.Method is not (Methods.Totp or Methods.Recovery))
        {
            errors.Add(
                "method", $"must be one of {Methods.Totp}, {Methods.Recovery}", $"doit être l'un de {Methods.Totp}, {Methods.Recovery}");
        }

        errors.ThrowIfAny();
        var (id, right) = await factors.AnswerAsync(request.Challenge!, request.Method!, request.Code!, ct);
        var now = clock.GetUtcNow();
        // Whoever was disabled or locked since the password has no step left to finish.
        var administrator = await administrators.FindAsync(id, ct) is { IsActive: true } known && !(known.LockedUntil > now)
            ? known
            : throw new ProblemException(SecondFactorProblems.InvalidChallenge);
        await WriteAnswerAsync(id, right, now, context, ct);
        return right ? SessionOf(administrator) : throw new ProblemException(CodeProblems.InvalidCode);
    }

    /// <summary>A session of an administrator who has proven who they are.</summary>
    public PlatformSession SessionOf(PlatformAdministrator administrator) => new(
        PlatformAdministratorView.Of(administrator), tokens.Issue(administrator.Id), (int)PlatformTokens.Lifetime.TotalSeconds);

    /// <summary>Puts on record a sign-in that ended well, or a wrong code.</summary>
    public Task WriteAnswerAsync(Guid id, bool right, DateTimeOffset now, HttpContext context, CancellationToken ct) =>
        database.ExecuteAsync(
            ct,
            Sql.Command(
                "update identity.platform_administrators set last_sign_in_at = $3 where id = $1 and $2",
                Sql.Uuid(id), Sql.Bool(right), Sql.Time(now)),
            Entry(id, right ? "sign_in.succeeded" : "sign_in.failed", context));

    /// <param name="known">Null: nobody has the address; the same statements then find no row.</param>
    private Task WriteAsync(
        PlatformAdministrator? known, bool right, bool wrongPassword, DateTimeOffset now, HttpContext context, CancellationToken ct) =>
        database.ExecuteAsync(
            ct,
            Sql.Command(
                """
                update identity.platform_administrators set
                    failed_attempts = case when $2 then 0 when $3 and failed_attempts + 1 < $4 then failed_attempts + 1 when $3 then 0 else failed_attempts end,
                    locked_until = case when $2 then null when $3 and failed_attempts + 1 >= $4 then $5 else locked_until end,
                    last_sign_in_at = case when $6 then $7 else last_sign_in_at end
                where id = $1
                """,
                Sql.Uuid(known?.Id), Sql.Bool(right), Sql.Bool(wrongPassword), Sql.Int(MaxFailures), Sql.Time(now + LockedFor),
                Sql.Bool(right && known is { HasSecondFactor: false }), Sql.Time(now)),
            Entry(
                known?.Id,
                !right ? "sign_in.failed" : known!.HasSecondFactor ? "sign_in.second_factor_asked" : "sign_in.succeeded", context));

    private static NpgsqlBatchCommand Entry(Guid? id, string action, HttpContext context) => Sql.Command(
        """
        insert into kernel.audit_log (actor, action, object, object_id, address, request_id)
        select $2, $3, 'identity.platform_administrators', $1::text, $4::inet, $5 where $1 is not null
        """,
        Sql.Uuid(id), Sql.Text(id is { } known ? PublicId.Format(PublicId.PlatformAdministrator, known) : ""), Sql.Text(action),
        Sql.Text(ClientDevice.Of(context).Address), Sql.Text(ProblemAnswers.RequestId(context)));
}
