using System.Security.Claims;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Memory;
using Npgsql;

namespace Mallgram.Identity.Platform;

/// <param name="UserId"><c>usr_…</c> of the store: whom to act as.</param>
/// <param name="Reason">At least 10 characters; the store's staff read it.</param>
/// <param name="Minutes">1 to 60; 15 when left out.</param>
internal sealed record ImpersonationRequest(string? UserId, string? Reason, int? Minutes);

/// <param name="Open">Not ended and not run out.</param>
/// <param name="UserName">Of whom the administrator acts as.</param>
internal sealed record ImpersonationView(
    string Id, string Store, string AdministratorId, string UserId, string UserName, string Reason, DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt, DateTimeOffset? EndedAt, bool Open);

internal sealed record ImpersonationList(IReadOnlyList<ImpersonationView> Data, string? NextCursor);

/// <param name="AccessToken">For the store's own addresses, with <c>X-Store</c>. Asked for again when it runs out before the impersonation.</param>
/// <param name="ExpiresIn">Of the token, seconds.</param>
internal sealed record ImpersonationToken(ImpersonationView Impersonation, string AccessToken, int ExpiresIn);

/// <summary>
/// Platform administrators acting as one of a store's people: for a reason and a time that both stand in the database before the first
/// token exists. Every request with such a token asks whether it was ended, at most five seconds late.
/// </summary>
internal sealed class Impersonations(
    PlatformDatabase platform, StoreDatabase database, StoreScope scope, AccessTokens tokens, OpenImpersonations open, TimeProvider clock)
{
    private const int MinReason = 10;
    private const int MaxReason = 500;
    private const int MaxMinutes = 60;
    private const int DefaultMinutes = 15;

    private static readonly ProblemCode Ended = new("impersonation_ended", 409,
        "This impersonation has ended. Start a new one.", "Cette prise d'identité est terminée. Commencez-en une autre.");

    private const string Columns =
        """
        i.id, s.slug, i.administrator_id, i.user_id, u.full_name, i.reason, i.created_at, i.expires_at, i.ended_at
        from identity.impersonations i join stores.stores s on s.id = i.store_id
        join identity.users u on u.store_id = i.store_id and u.id = i.user_id
        """;

    /// <exception cref="ProblemException">404 when the store has no such active person; 422.</exception>
    public async Task<ImpersonationToken> StartAsync(Guid storeId, ImpersonationRequest request, Guid administratorId, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var reason = request.Reason?.Trim();
        if (reason is null or { Length: < MinReason or > MaxReason })
        {
            errors.Add("reason", $"must say why, in {MinReason} to {MaxReason} characters", $"doit dire pourquoi, en {MinReason} à {MaxReason} caractères");
        }

        if (request.Minutes is < 1 or > MaxMinutes)
        {
            errors.Add("minutes", $"must be 1 to {MaxMinutes}", $"doit être de 1 à {MaxMinutes}");
        }

        errors.Require(request.UserId, "user_id", 40);
        errors.ThrowIfAny();
        var userId = PublicId.TryParse(PublicId.User, request.UserId, out var user) ? user : throw new ProblemException(CommonProblems.NotFound);
        var (id, now) = (PublicId.New(clock), clock.GetUtcNow());
        scope.Caller = scope.Caller is { } caller
            ? new Caller(caller.Actor, PublicId.Format(PublicId.User, userId), caller.Address, caller.RequestId, reason)
            : null;
        var started = await platform.ExecuteAsync(ct, Sql.Command(
            """
            insert into identity.impersonations (store_id, id, administrator_id, user_id, reason, created_at, expires_at)
            select u.store_id, $3, $4, u.id, $5, $6, $7 from identity.users u join stores.stores s on s.id = u.store_id and s.status <> 'closing'
            where u.store_id = $1 and u.id = $2 and u.status = 'active'
            """,
            Sql.Uuid(storeId), Sql.Uuid(userId), Sql.Uuid(id), Sql.Uuid(administratorId), Sql.Text(reason), Sql.Time(now),
            Sql.Time(now.AddMinutes(request.Minutes ?? DefaultMinutes))));
        return started == 1 ? await TokenAsync(storeId, id, administratorId, ct) : throw new ProblemException(CommonProblems.NotFound);
    }

    /// <summary>A token for what is left of an open impersonation; for the administrator who started it only.</summary>
    /// <exception cref="ProblemException">404; 409 <c>impersonation_ended</c>.</exception>
    public async Task<ImpersonationToken> TokenAsync(Guid storeId, Guid id, Guid administratorId, CancellationToken ct)
    {
        await using var answer = await platform.QueryAsync(ct, Sql.Command(
            $"select u.role, {Columns} where i.store_id = $1 and i.id = $2 and i.administrator_id = $3",
            Sql.Uuid(storeId), Sql.Uuid(id), Sql.Uuid(administratorId)));
        if (!await answer.Rows.ReadAsync(ct))
        {
            throw new ProblemException(CommonProblems.NotFound);
        }

        var view = Read(answer.Rows, first: 1, clock.GetUtcNow());
        if (!view.Open)
        {
            throw new ProblemException(Ended);
        }

        var token = tokens.IssueImpersonation(answer.Rows.GetGuid(4), storeId, answer.Rows.GetString(0), administratorId, id, view.ExpiresAt);
        var left = (int)(view.ExpiresAt - clock.GetUtcNow()).TotalSeconds;
        return new ImpersonationToken(view, token, Math.Min(left, tokens.LifetimeSeconds));
    }

    /// <exception cref="ProblemException">404.</exception>
    public async Task EndAsync(Guid storeId, Guid id, CancellationToken ct)
    {
        await using (var answer = await platform.QueryAsync(
            ct,
            Sql.Command("select 1 from identity.impersonations where store_id = $1 and id = $2", Sql.Uuid(storeId), Sql.Uuid(id)),
            Sql.Command(
                "update identity.impersonations set ended_at = $3 where store_id = $1 and id = $2 and ended_at is null and expires_at > $3",
                Sql.Uuid(storeId), Sql.Uuid(id), Sql.Time(clock.GetUtcNow()))))
        {
            if (!await answer.Rows.ReadAsync(ct))
            {
                throw new ProblemException(CommonProblems.NotFound);
            }

            while (await answer.Rows.NextResultAsync(ct))
            {
                // Errors of later statements surface only when their results are reached.
            }
        }

        open.Forget(id);
    }

    /// <summary>Of all stores, newest first.</summary>
    public Task<ImpersonationList> ListAsync(bool? onlyOpen, Guid? before, int limit, CancellationToken ct) =>
        ListAsync(platform.QueryAsync, storeId: null, onlyOpen, before, limit, ct);

    /// <summary>Of the scope's store, newest first: its staff see who acted as them, when and why.</summary>
    public Task<ImpersonationList> ListOfStoreAsync(Guid? before, int limit, CancellationToken ct) =>
        ListAsync(database.QueryAsync, scope.StoreId, onlyOpen: null, before, limit, ct);

    private async Task<ImpersonationList> ListAsync(
        Func<CancellationToken, NpgsqlBatchCommand[], Task<StoreReader>> query, Guid? storeId, bool? onlyOpen, Guid? before, int limit, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var answer = await query(ct,
        [
            Sql.Command(
                $"""
                select {Columns}
                where ($1 is null or i.store_id = $1) and ($2 is null or (i.ended_at is null and i.expires_at > $3) = $2) and ($4 is null or i.id < $4)
                order by i.id desc limit $5
                """,
                Sql.Uuid(storeId), Sql.Bool(onlyOpen), Sql.Time(now), Sql.Uuid(before), Sql.Int(limit + 1)),
        ]);
        var rows = new List<ImpersonationView>();
        while (await answer.Rows.ReadAsync(ct))
        {
            rows.Add(Read(answer.Rows, first: 0, now));
        }

        return new ImpersonationList([.. rows.Take(limit)], rows.Count > limit ? rows[limit - 1].Id : null);
    }

    private static ImpersonationView Read(NpgsqlDataReader row, int first, DateTimeOffset now)
    {
        var expiresAt = row.GetFieldValue<DateTimeOffset>(first + 7);
        DateTimeOffset? endedAt = row.IsDBNull(first + 8) ? null : row.GetFieldValue<DateTimeOffset>(first + 8);
        return new ImpersonationView(
            PublicId.Format(PublicId.Impersonation, row.GetGuid(first)), row.GetString(first + 1),
            PublicId.Format(PublicId.PlatformAdministrator, row.GetGuid(first + 2)), PublicId.Format(PublicId.User, row.GetGuid(first + 3)),
            row.GetString(first + 4), row.GetString(first + 5), row.GetFieldValue<DateTimeOffset>(first + 6), expiresAt, endedAt,
            endedAt is null && expiresAt > now);
    }
}

/// <summary>Tells of a token that acts as somebody whether it still may; five seconds old at most.</summary>
internal sealed class OpenImpersonations(TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = 10_000 });

    /// <summary>Lets the request go on as the person, with the administrator as the caller whose changes are audited.</summary>
    /// <param name="principal">Of a genuine access token of the scope's store.</param>
    /// <returns>False when the impersonation was ended, ran out or is unknown; true also for a token that acts as nobody.</returns>
    public async ValueTask<bool> AcceptAsync(ClaimsPrincipal principal, HttpContext context, StoreDatabase database, StoreScope scope)
    {
        if (principal.FindFirst(AccessTokens.ImpersonationClaim)?.Value is not { } claimed)
        {
            return true;
        }

        if (!PublicId.TryParse(PublicId.Impersonation, claimed, out var id)
            || await FindAsync(id, principal.UserId(), database, scope, context.RequestAborted) is not { } row || row.ExpiresAt <= clock.GetUtcNow())
        {
            return false;
        }

        scope.Caller = new Caller(
            PublicId.Format(PublicId.PlatformAdministrator, row.AdministratorId), PublicId.Format(PublicId.User, principal.UserId()),
            ClientDevice.Of(context).Address, ProblemAnswers.RequestId(context), row.Reason);
        return true;
    }

    public void Forget(Guid id) => _known.Remove(id);

    private async ValueTask<Row?> FindAsync(Guid id, Guid userId, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        if (_known.TryGetValue(id, out Row? known))
        {
            return known;
        }

        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select i.administrator_id, i.reason, i.expires_at from identity.impersonations i
            join identity.users u on u.store_id = i.store_id and u.id = i.user_id and u.status = 'active'
            where i.store_id = $1 and i.id = $2 and i.user_id = $3 and i.ended_at is null
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Uuid(userId)));
        var found = await answer.Rows.ReadAsync(ct)
            ? new Row(answer.Rows.GetGuid(0), answer.Rows.GetString(1), answer.Rows.GetFieldValue<DateTimeOffset>(2))
            : null;
        return _known.Set(id, found, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Fresh, Size = 1 });
    }

    public void Dispose() => _known.Dispose();

    private sealed record Row(Guid AdministratorId, string Reason, DateTimeOffset ExpiresAt);
}
