using Mallgram.Identity.Codes;
using Mallgram.Identity.SecondFactors;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;

namespace Mallgram.Identity.Platform;

/// <summary>
/// The authenticator app of a platform administrator: setting it up and removing it, and checking its codes. Each time step and each
/// recovery code is good once. All wrong answers are counted in one place, see <see cref="PlatformChallenges"/>.
/// </summary>
internal sealed class PlatformSecondFactors(
    PlatformDatabase database, PlatformAdministrators administrators, PlatformChallenges challenges, Passwords passwords, CodeKeys keys,
    IDataProtectionProvider protection, TimeProvider clock)
{
    private const string Issuer = "Mallgram platform";

    private readonly IDataProtector _secrets = protection.CreateProtector("Mallgram.Identity.PlatformSecondFactorSecret");

    public async Task<SecondFactorsView> ShowAsync(Guid administratorId, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select confirmed_at,
                (select count(*)::int from identity.platform_recovery_codes where administrator_id = $1 and used_at is null)
            from identity.platform_second_factors where administrator_id = $1 and confirmed_at is not null
            """,
            Sql.Uuid(administratorId)));
        return await answer.Rows.ReadAsync(ct)
            ? new SecondFactorsView(
                [new SecondFactorView(Methods.Totp, Destination: null, answer.Rows.GetFieldValue<DateTimeOffset>(0))],
                answer.Rows.GetInt32(1))
            : new SecondFactorsView([], 0);
    }

    /// <summary>Starts setting it up, or starts anew what was not confirmed.</summary>
    /// <exception cref="ProblemException">409 <c>second_factor_exists</c>, 422 for a wrong password, 429.</exception>
    public async Task<SecondFactorSetUp> StartAsync(Guid administratorId, string? password, CancellationToken ct)
    {
        var fields = new FieldErrors();
        fields.Require(password, "password", Passwords.MaxLength);
        fields.ThrowIfAny();
        var administrator = await MustBeAsync(administratorId, password!, ct);
        var secret = Totp.NewSecret();
        var saved = await database.ExecuteAsync(ct, Sql.Command(
            """
            insert into identity.platform_second_factors as f (administrator_id, secret, created_at) values ($1, $2, $3)
            on conflict (administrator_id) do update set secret = excluded.secret, last_step = 0, created_at = excluded.created_at
            where f.confirmed_at is null
            """,
            Sql.Uuid(administratorId), Sql.Text(Convert.ToBase64String(_secrets.Protect(secret))), Sql.Time(clock.GetUtcNow())));
        return saved == 1
            ? new SecondFactorSetUp(Methods.Totp, Totp.Base32(secret), Totp.Uri(Issuer, administrator.Email, secret), null, null, null)
            : throw new ProblemException(SecondFactorProblems.Exists);
    }

    /// <summary>Confirms it by its first code, which is used up.</summary>
    /// <returns>Recovery codes, shown once.</returns>
    /// <exception cref="ProblemException">422.</exception>
    public async Task<RecoveryCodesView> ConfirmAsync(Guid administratorId, string code, CancellationToken ct)
    {
        var shown = RecoveryCodes.New();
        if (await ReadAsync(administratorId, confirmed: false, ct) is not { } factor || StepOf(factor, code) is not { } step
            || await database.ExecuteAsync(ct, Sql.Command(
                """
                with confirmed as (
                    update identity.platform_second_factors set confirmed_at = $2, last_step = $3
                    where administrator_id = $1 and confirmed_at is null and secret = $4 returning administrator_id)
                insert into identity.platform_recovery_codes (administrator_id, code_hash)
                select c.administrator_id, decode(h, 'hex') from confirmed c, unnest($5) h
                """,
                Sql.Uuid(administratorId), Sql.Time(clock.GetUtcNow()), Sql.Long(step), Sql.Text(factor.Secret),
                Sql.Texts([.. shown.Select(c => Convert.ToHexString(HashOf(administratorId, c)))]))) == 0)
        {
            throw CodeProblems.WrongField("code");
        }

        return new RecoveryCodesView(shown);
    }

    /// <summary>Removes one's own, by password and code.</summary>
    /// <param name="code">Of the app, or a recovery code.</param>
    /// <exception cref="ProblemException">422, 429.</exception>
    public async Task RemoveAsync(Guid administratorId, string? password, string? code, CancellationToken ct)
    {
        var fields = new FieldErrors();
        fields.Require(password, "password", Passwords.MaxLength);
        fields.Require(code, "code", CodeEndpoints.MaxCodeLength);
        fields.ThrowIfAny();
        await MustBeAsync(administratorId, password!, ct);
        var attempt = await challenges.TakeProofAsync(administratorId, ct);
        if (!(await UseStepAsync(administratorId, code!, ct) || await UseRecoveryAsync(administratorId, code!, ct))
            || !await challenges.SpendAsync(attempt, ct))
        {
            throw CodeProblems.WrongField("code");
        }

        await database.ExecuteAsync(
            ct,
            Sql.Command("delete from identity.platform_recovery_codes where administrator_id = $1", Sql.Uuid(administratorId)),
            Sql.Command("delete from identity.platform_second_factors where administrator_id = $1", Sql.Uuid(administratorId)));
    }

    /// <summary>Answers a challenge; a right answer spends it.</summary>
    /// <returns>Whose challenge it is, and whether the answer was right.</returns>
    /// <exception cref="ProblemException">401 <c>invalid_challenge</c>, 429 <c>too_many_wrong_codes</c>.</exception>
    public async Task<(Guid AdministratorId, bool Right)> AnswerAsync(string challenge, string method, string code, CancellationToken ct)
    {
        var (id, administratorId) = await challenges.TakeAsync(challenge, ct);
        var right = method switch
        {
            Methods.Totp => await UseStepAsync(administratorId, code, ct),
            Methods.Recovery => await UseRecoveryAsync(administratorId, code, ct),
            _ => false,
        };
        return (administratorId, right && await challenges.SpendAsync(id, ct));
    }

    /// <summary>The password once more; a wrong one counts as a wrong code does.</summary>
    private async Task<PlatformAdministrator> MustBeAsync(Guid administratorId, string password, CancellationToken ct)
    {
        var administrator = await administrators.FindActiveAsync(administratorId, ct)
            ?? throw new ProblemException(CommonProblems.Unauthenticated);
        var attempt = await challenges.TakeProofAsync(administratorId, ct);
        return passwords.Verify(administrator.PasswordHash, password) != PasswordVerificationResult.Failed
            && await challenges.SpendAsync(attempt, ct)
            ? administrator
            : throw CodeProblems.WrongField("password");
    }

    private async Task<(string Secret, long LastStep)?> ReadAsync(Guid administratorId, bool confirmed, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select secret, last_step from identity.platform_second_factors
            where administrator_id = $1 and (confirmed_at is not null) = $2
            """,
            Sql.Uuid(administratorId), Sql.Bool(confirmed)));
        return await answer.Rows.ReadAsync(ct) ? (answer.Rows.GetString(0), answer.Rows.GetInt64(1)) : null;
    }

    private long? StepOf((string Secret, long LastStep) factor, string code) =>
        Totp.Match(_secrets.Unprotect(Convert.FromBase64String(factor.Secret)), code.Trim(), clock.GetUtcNow(), factor.LastStep);

    private async Task<bool> UseStepAsync(Guid administratorId, string code, CancellationToken ct) =>
        await ReadAsync(administratorId, confirmed: true, ct) is { } factor && StepOf(factor, code) is { } step
        && await database.ExecuteAsync(ct, Sql.Command(
            "update identity.platform_second_factors set last_step = $2 where administrator_id = $1 and last_step < $2 and secret = $3",
            Sql.Uuid(administratorId), Sql.Long(step), Sql.Text(factor.Secret))) == 1;

    private async Task<bool> UseRecoveryAsync(Guid administratorId, string code, CancellationToken ct) =>
        await database.ExecuteAsync(ct, Sql.Command(
            "update identity.platform_recovery_codes set used_at = $3 where administrator_id = $1 and code_hash = $2 and used_at is null",
            Sql.Uuid(administratorId), Sql.Bytes(HashOf(administratorId, code)), Sql.Time(clock.GetUtcNow()))) == 1;

    // No store has the empty id: no person's recovery code hashes alike.
    private byte[] HashOf(Guid administratorId, string code) => keys.Recovery(Guid.Empty, administratorId, RecoveryCodes.Normal(code));
}
