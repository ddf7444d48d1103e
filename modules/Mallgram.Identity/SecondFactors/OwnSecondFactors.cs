using Mallgram.Identity.Codes;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Npgsql;

namespace Mallgram.Identity.SecondFactors;

/// <param name="RecoveryCodesLeft">How many were not used yet.</param>
internal sealed record SecondFactorsView(IReadOnlyList<SecondFactorView> Data, int RecoveryCodesLeft);

/// <param name="Destination">Of <c>sms</c> and <c>email</c>, mostly hidden.</param>
internal sealed record SecondFactorView(string Kind, string? Destination, DateTimeOffset ConfirmedAt);

/// <summary>A factor that waits for its first code. Of an app: what to put in; of a channel: where the code went and until when it is good.</summary>
/// <param name="Secret">Base 32. Shown here and never again.</param>
internal sealed record SecondFactorSetUp(
    string Kind, string? Secret, string? OtpauthUri, string? Destination, DateTimeOffset? ExpiresAt, int? ResendAfterSeconds);

/// <param name="RecoveryCodes">Shown once; null when there are some from an earlier factor.</param>
internal sealed record RecoveryCodesView(IReadOnlyList<string>? RecoveryCodes);

/// <summary>What a person does with their own second factors.</summary>
internal sealed class OwnSecondFactors(
    StoreDatabase database, StoreScope scope, SecondStep factors, OneTimeCodes codes, CodeKeys keys, People people, ProofOfSelf proof,
    CurrentStore store, OutboxWriter outbox, TimeProvider clock)
{
    public async Task<SecondFactorsView> ListAsync(Guid userId, CancellationToken ct)
    {
        var confirmed = new List<(string Kind, DateTimeOffset At)>();
        int left;
        await using (var answer = await database.QueryAsync(
            ct,
            Sql.Command(
                """
                select kind, confirmed_at from identity.second_factors
                where store_id = $1 and user_id = $2 and confirmed_at is not null order by confirmed_at, kind
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(userId)),
            Sql.Command(
                "select count(*)::int from identity.recovery_codes where store_id = $1 and user_id = $2 and used_at is null",
                Sql.Uuid(scope.StoreId), Sql.Uuid(userId))))
        {
            while (await answer.Rows.ReadAsync(ct))
            {
                confirmed.Add((answer.Rows.GetString(0), answer.Rows.GetFieldValue<DateTimeOffset>(1)));
            }

            await answer.Rows.NextResultAsync(ct);
            await answer.Rows.ReadAsync(ct);
            left = answer.Rows.GetInt32(0);
        }

        var views = new List<SecondFactorView>();
        foreach (var (kind, at) in confirmed)
        {
            views.Add(new SecondFactorView(kind, Hidden(await factors.DestinationAsync(userId, kind, ct)), at));
        }

        return new SecondFactorsView(views, left);
    }

    /// <summary>Starts setting a factor up, or starts anew what was not confirmed.</summary>
    /// <exception cref="ProblemException">409 <c>second_factor_exists</c>, 422, 429.</exception>
    public async Task<SecondFactorSetUp> StartAsync(Guid userId, string kind, CancellationToken ct)
    {
        var person = await people.FindAsync(userId, ct) ?? throw new ProblemException(CommonProblems.Unauthenticated);
        if (kind == Methods.Totp)
        {
            var secret = Totp.NewSecret();
            await SaveAsync(userId, kind, factors.SealSecret(secret), ct);
            return new SecondFactorSetUp(
                kind, Totp.Base32(secret), Totp.Uri(store.Store.Name, person.Email ?? person.Phone ?? "", secret), null, null, null);
        }

        if ((kind == Methods.Sms ? person.Phone : person.Email) is not { } destination)
        {
            var fields = new FieldErrors();
            fields.Add("kind", "your account has no such address", "votre compte n'a pas d'adresse de ce genre");
            throw new ProblemException(CommonProblems.ValidationFailed) { Fields = fields };
        }

        await SaveAsync(userId, kind, factors.SealDestination(destination), ct);
        var sent = await codes.SendAsync(CodePurposes.SecondFactor, kind, destination, userId, ct);
        return new SecondFactorSetUp(kind, null, null, Hidden(destination), sent.ExpiresAt, (int)sent.ResendAfter.TotalSeconds);
    }

    /// <summary>Confirms a factor by its first code. With the first factor come recovery codes.</summary>
    /// <exception cref="ProblemException">422.</exception>
    public async Task<RecoveryCodesView> ConfirmAsync(Guid userId, string kind, string code, CancellationToken ct)
    {
        var secret = await factors.CheckFirstAsync(userId, kind, code, ct) ?? throw CodeProblems.WrongField("code");
        await using var transaction = await database.BeginAsync(ct);
        await LockAsync(transaction, userId, ct);
        bool first;
        await using (var row = await transaction.QueryAsync(
            ct,
            Sql.Command(
                """
                update identity.second_factors set confirmed_at = $4
                where store_id = $1 and user_id = $2 and kind = $3 and confirmed_at is null and secret = $5
                returning not exists (select from identity.recovery_codes r where r.store_id = $1 and r.user_id = $2)
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Text(kind), Sql.Time(clock.GetUtcNow()), Sql.Text(secret))))
        {
            first = await row.ReadAsync(ct) ? row.GetBoolean(0) : throw CodeProblems.WrongField("code");
        }

        var shown = first ? RecoveryCodes.New() : null;
        if (shown is not null)
        {
            await transaction.ExecuteAsync(ct, Insert(userId, shown));
        }

        await transaction.CommitAsync(ct);
        return new RecoveryCodesView(shown);
    }

    /// <summary>Removes a factor; with the last one the recovery codes go too. Removing none is no error.</summary>
    /// <exception cref="ProblemException">422, 429.</exception>
    public async Task RemoveAsync(Guid userId, string kind, string? password, string? code, CancellationToken ct)
    {
        await proof.RequireAsync(userId, password, code, ct);
        await using var transaction = await database.BeginAsync(ct);
        await LockAsync(transaction, userId, ct);
        bool removed;
        await using (var row = await transaction.QueryAsync(ct, Sql.Command(
            "delete from identity.second_factors where store_id = $1 and user_id = $2 and kind = $3 returning confirmed_at is not null",
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Text(kind))))
        {
            removed = await row.ReadAsync(ct) && row.GetBoolean(0);
        }

        if (removed)
        {
            await transaction.ExecuteAsync(
                ct,
                Sql.Command(
                    """
                    delete from identity.recovery_codes r where r.store_id = $1 and r.user_id = $2 and not exists (
                        select from identity.second_factors f where f.store_id = $1 and f.user_id = $2 and f.confirmed_at is not null)
                    """,
                    Sql.Uuid(scope.StoreId), Sql.Uuid(userId)),
                outbox.Add(scope.StoreId, PeopleEvents.SecurityNotice, new SecurityNotice(userId, SecurityNotice.SecondFactorRemoved)));
        }

        await transaction.CommitAsync(ct);
    }

    /// <summary>New recovery codes in place of all older ones.</summary>
    /// <exception cref="ProblemException">422, 429.</exception>
    public async Task<RecoveryCodesView> RenewRecoveryCodesAsync(Guid userId, string? password, string? code, CancellationToken ct)
    {
        if ((await factors.KindsAsync(userId, ct)).Count == 0)
        {
            var fields = new FieldErrors();
            fields.Add("kind", "set up a second factor first", "mettez d'abord en place une seconde étape");
            throw new ProblemException(CommonProblems.ValidationFailed) { Fields = fields };
        }

        await proof.RequireAsync(userId, password, code, ct);
        var shown = RecoveryCodes.New();
        await using var transaction = await database.BeginAsync(ct);
        await LockAsync(transaction, userId, ct);
        await transaction.ExecuteAsync(
            ct,
            Sql.Command("delete from identity.recovery_codes where store_id = $1 and user_id = $2", Sql.Uuid(scope.StoreId), Sql.Uuid(userId)),
            Insert(userId, shown));
        await transaction.CommitAsync(ct);
        return new RecoveryCodesView(shown);
    }

    // Changes of one person take turns, so that two at once do not both hand out the first recovery codes.
    private Task LockAsync(StoreTransaction transaction, Guid userId, CancellationToken ct) => transaction.ExecuteAsync(ct, Sql.Command(
        "select from identity.users where store_id = $1 and id = $2 for no key update", Sql.Uuid(scope.StoreId), Sql.Uuid(userId)));

    private NpgsqlBatchCommand Insert(Guid userId, string[] shown) => Sql.Command(
        """
        insert into identity.recovery_codes (store_id, user_id, code_hash)
        select $1, $2, decode(h, 'hex') from unnest($3) h
        """,
        Sql.Uuid(scope.StoreId), Sql.Uuid(userId),
        Sql.Texts([.. shown.Select(c => Convert.ToHexString(keys.Recovery(scope.StoreId, userId, RecoveryCodes.Normal(c))))]));

    private async Task SaveAsync(Guid userId, string kind, string secret, CancellationToken ct)
    {
        var saved = await database.ExecuteAsync(ct, Sql.Command(
            """
            insert into identity.second_factors as f (store_id, user_id, kind, secret, created_at) values ($1, $2, $3, $4, $5)
            on conflict (store_id, user_id, kind) do update set secret = excluded.secret, last_step = 0, created_at = excluded.created_at
            where f.confirmed_at is null
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId), Sql.Text(kind), Sql.Text(secret), Sql.Time(clock.GetUtcNow())));
        if (saved == 0)
        {
            throw new ProblemException(SecondFactorProblems.Exists);
        }
    }

    // +23767…01, a…@example.test
    private static string? Hidden(string? destination)
    {
        if (destination is null)
        {
            return null;
        }

        var at = destination.IndexOf('@', StringComparison.Ordinal);
        return at > 0
            ? destination[..1] + "…" + destination[at..]
            : destination[..Math.Min(6, destination.Length - 2)] + "…" + destination[^2..];
    }
}
