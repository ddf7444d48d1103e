using Mallgram.Identity.Codes;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Identity.SecondFactors;

/// <summary>Ways to give the second factor. Stored and sent; never rename.</summary>
internal static class Methods
{
    public const string Totp = "totp";
    public const string Sms = CodeChannels.Sms;
    public const string Email = CodeChannels.Email;
    public const string Recovery = "recovery";
}

/// <summary>Asks for second factors and checks them. Each time step of an app, each code sent and each recovery code is good once.</summary>
internal sealed class SecondStep(
    StoreDatabase database, StoreScope scope, Challenges challenges, OneTimeCodes codes, CodeKeys keys, Sessions sessions,
    IDataProtectionProvider protection, TimeProvider clock)
{
    private readonly IDataProtector _secrets = protection.CreateProtector("Mallgram.Identity.SecondFactorSecret");

    /// <summary>Ends the first step of a sign-in: a session, or a challenge for whoever has a second factor.</summary>
    /// <param name="method"><c>password</c>, <c>code</c> or <c>switch</c>.</param>
    /// <param name="spent">Channel that the first step used (<c>sms</c> or <c>email</c>); it cannot be the second too.</param>
    /// <exception cref="ProblemException">As <see cref="Sessions.StartAsync"/>.</exception>
    public async Task<LogInAnswer> AfterFirstAsync(Person person, string method, string? spent, HttpContext context, CancellationToken ct)
    {
        var kinds = person.IsActive ? await KindsAsync(person.Id, ct) : [];
        if (kinds.Count == 0)
        {
            return LogInAnswer.Of(await sessions.StartAsync(person, method, secondFactor: false, context, ct));
        }

        var challenge = await challenges.OpenAsync(person.Id, method, spent, ct);
        return new LogInAnswer { SecondFactor = new SecondFactorAsked(challenge, [.. kinds.Where(k => k != spent)]) };
    }

    /// <summary>What a person can answer a challenge with; empty for who has no second factor.</summary>
    public async Task<IReadOnlyList<string>> KindsAsync(Guid userId, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select kind from identity.second_factors where store_id = $1 and user_id = $2 and confirmed_at is not null
            order by array_position('{totp,sms,email}', kind)
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId)));
        var kinds = new List<string>();
        while (await answer.Rows.ReadAsync(ct))
        {
            kinds.Add(answer.Rows.GetString(0));
        }

        return kinds.Count == 0 ? kinds : [.. kinds, Methods.Recovery];
    }

    /// <summary>Sends the code of a factor that is a channel.</summary>
    /// <exception cref="ProblemException">401 <c>invalid_challenge</c>, 422, 429.</exception>
    public async Task<CodeSent> SendAsync(string challenge, string method, CancellationToken ct)
    {
        var open = await challenges.ReadAsync(challenge, ct);
        return method != open.Spent && await DestinationAsync(open.UserId, method, ct) is { } destination
            ? await codes.SendAsync(CodePurposes.SecondFactor, method, destination, open.UserId, ct)
            : throw CodeProblems.WrongField("method");
    }

    /// <summary>Answers a challenge; a right answer spends it.</summary>
    /// <returns>The challenge with its person, and whether the answer was right.</returns>
    /// <exception cref="ProblemException">401 <c>invalid_challenge</c>, 429 <c>too_many_wrong_codes</c>.</exception>
    public async Task<(Challenge Challenge, bool Right)> AnswerAsync(string challenge, string method, string code, CancellationToken ct)
    {
        var open = await challenges.TakeAsync(challenge, ct);
        var right = method != open.Spent && await IsRightAsync(open.UserId, method, code, ct) && await challenges.SpendAsync(open.Id, ct);
        return (open, right);
    }

    /// <summary>Checks and uses up a code of a confirmed factor, or a recovery code. Counts nothing: callers do.</summary>
    public Task<bool> IsRightAsync(Guid userId, string method, string code, CancellationToken ct) => method switch
    {
        Methods.Totp => UseStepAsync(userId, code, ct),
        Methods.Sms or Methods.Email => UseSentAsync(userId, method, code, ct),
        Methods.Recovery => UseRecoveryAsync(userId, code, ct),
        _ => Task.FromResult(false),
    };

    /// <summary>Checks the first code of a factor that is being set up.</summary>
    /// <returns>The sealed secret it was checked with; null when it is wrong.</returns>
    public async Task<string?> CheckFirstAsync(Guid userId, string kind, string code, CancellationToken ct)
    {
        if (await ReadAsync(userId, kind, confirmed: false, ct) is not { } factor)
        {
            return null;
        }

        // An app's time step is not used up here: the code says no more than the secret, which the same person was shown a moment ago.
        var right = kind == Methods.Totp
            ? Totp.Match(OpenSecret(factor.Secret), code.Trim(), clock.GetUtcNow(), lastStep: 0) is not null
            : await IsSentCodeAsync(userId, _secrets.Unprotect(factor.Secret), code, ct);
        return right ? factor.Secret : null;
    }

    /// <summary>Where a confirmed factor's codes go: what it was set up with, whatever address the account has by now. Null of an app.</summary>
    public async Task<string?> DestinationAsync(Guid userId, string kind, CancellationToken ct) =>
        kind != Methods.Totp && await ReadAsync(userId, kind, confirmed: true, ct) is { } factor ? _secrets.Unprotect(factor.Secret) : null;

    public string SealSecret(byte[] secret) => Convert.ToBase64String(_secrets.Protect(secret));

    public string SealDestination(string destination) => _secrets.Protect(destination);

    private byte[] OpenSecret(string sealedSecret) => _secrets.Unprotect(Convert.FromBase64String(sealedSecret));

    private async Task<(string Secret, long LastStep)?> ReadAsync(Guid userId, string kind, bool confirmed, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select secret, last_step from identity.second_factors
            where store_id = $1 and user_id = $2 and kind = $3 and (confirmed_at is not null) = $4
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Text(kind), Sql.Bool(confirmed)));
        return await answer.Rows.ReadAsync(ct) ? (answer.Rows.GetString(0), answer.Rows.GetInt64(1)) : null;
    }

    private async Task<bool> UseStepAsync(Guid userId, string code, CancellationToken ct) =>
        await ReadAsync(userId, Methods.Totp, confirmed: true, ct) is { } factor
        && Totp.Match(OpenSecret(factor.Secret), code.Trim(), clock.GetUtcNow(), factor.LastStep) is { } step
        && await database.ExecuteAsync(ct, Sql.Command(
            """
            update identity.second_factors set last_step = $4
            where store_id = $1 and user_id = $2 and kind = 'totp' and last_step < $4 and secret = $3
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Text(factor.Secret), Sql.Long(step))) == 1;

    private async Task<bool> UseSentAsync(Guid userId, string kind, string code, CancellationToken ct) =>
        await DestinationAsync(userId, kind, ct) is { } destination && await IsSentCodeAsync(userId, destination, code, ct);

    private async Task<bool> IsSentCodeAsync(Guid userId, string destination, string code, CancellationToken ct) =>
        await codes.CheckAsync(CodePurposes.SecondFactor, destination, code, ct) is { Valid: true } check && check.UserId == userId;

    private async Task<bool> UseRecoveryAsync(Guid userId, string code, CancellationToken ct) =>
        await database.ExecuteAsync(ct, Sql.Command(
            """
            update identity.recovery_codes set used_at = $4
            where store_id = $1 and user_id = $2 and code_hash = $3 and used_at is null
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Bytes(keys.Recovery(scope.StoreId, userId, RecoveryCodes.Normal(code))),
            Sql.Time(clock.GetUtcNow()))) == 1;
}
