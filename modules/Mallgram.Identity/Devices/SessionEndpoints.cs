using System.Buffers.Text;
using System.Globalization;
using System.Security.Claims;
using System.Text;
using Mallgram.Identity.Contracts;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Mallgram.Identity.Devices;

/// <param name="Method">How it began: <c>password</c>, <c>code</c>, <c>registration</c>, <c>invitation</c> or <c>switch</c>.</param>
/// <param name="Address">Network address it began from.</param>
/// <param name="Current">The session of the token that asked.</param>
internal sealed record SessionRow(
    string Id, string Method, bool SecondFactor, string? Address, string? UserAgent, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt,
    bool Current);

internal sealed record SessionPage(IReadOnlyList<SessionRow> Data, string? NextCursor);

/// <param name="Outcome"><c>succeeded</c>, <c>wrong_password</c>, <c>wrong_code</c>, <c>locked</c> or <c>disabled</c>.</param>
internal sealed record SignInRow(DateTimeOffset At, string Method, string Outcome, string? Address, string? UserAgent);

internal sealed record SignInPage(IReadOnlyList<SignInRow> Data, string? NextCursor);

/// <summary>Where somebody is signed in, and how signing in went.</summary>
internal static class SessionEndpoints
{
    private const int DefaultLimit = 24;

    public static void MapSessions(this IEndpointRouteBuilder auth)
    {
        var sessions = auth.MapGroup("").RequireAuthorization(PersonPolicy.Of).NotWhileImpersonating(mayRead: true);
        sessions.MapGet("/sessions", ListAsync).WithName("ListSessions").WithSummary("Your sessions under way, newest first")
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(422);
        sessions.MapDelete("/sessions/{id}", EndAsync).WithName("EndSession").WithSummary("End one of your sessions")
            .ProducesProblem(401).ProducesProblem(404);
        sessions.MapDelete("/sessions", EndOthersAsync).WithName("EndOtherSessions").WithSummary("End all your sessions but this one")
            .ProducesProblem(401);
        sessions.MapGet("/sign-ins", HistoryAsync).WithName("ListSignIns").WithSummary("Your sign-ins and failed tries, newest first")
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(422);
    }

    private static async Task<Ok<SessionPage>> ListAsync(
        int? limit, string? cursor, ClaimsPrincipal user, StoreDatabase database, StoreScope scope, IOptions<TokenOptions> options,
        TimeProvider clock, CancellationToken ct)
    {
        var size = Size(limit);
        var before = cursor is null ? null : ReadCursor(cursor);
        var current = CurrentSession(user);
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select id, method, second_factor, host(address), user_agent, created_at, last_used_at from identity.sessions
            where store_id = $1 and user_id = $2 and revoked_at is null and last_used_at > $3
              and ($4::timestamptz is null or (created_at, id) < ($4, $5))
            order by created_at desc, id desc limit $6
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(user.UserId()), Sql.Time(clock.GetUtcNow() - options.Value.RefreshTokenLifetime),
            Sql.Time(before?.At), Sql.Uuid(before?.Id), Sql.Int(size + 1)));
        var rows = new List<SessionRow>();
        (DateTimeOffset, Guid)? last = null;
        var more = false;
        while (await answer.Rows.ReadAsync(ct))
        {
            if (more = rows.Count == size)
            {
                break;
            }

            var (row, id) = (answer.Rows, answer.Rows.GetGuid(0));
            last = (row.GetFieldValue<DateTimeOffset>(5), id);
            rows.Add(new SessionRow(
                PublicId.Format(PublicId.Session, id), row.GetString(1), row.GetBoolean(2), row.TextOrNull(3), row.TextOrNull(4),
                row.GetFieldValue<DateTimeOffset>(5), row.GetFieldValue<DateTimeOffset>(6), id == current));
        }

        return TypedResults.Ok(new SessionPage(rows, more ? WriteCursor(last!.Value) : null));
    }

    private static async Task<NoContent> EndAsync(
        string id, ClaimsPrincipal user, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        if (!PublicId.TryParse(PublicId.Session, id, out var session) || !await EndOwnAsync(session, user.UserId(), database, scope, ct))
        {
            throw new ProblemException(SignInProblems.SessionNotFound);
        }

        return TypedResults.NoContent();
    }

    private static async Task<bool> EndOwnAsync(Guid session, Guid userId, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select identity.end_session(store_id, id) from identity.sessions
            where store_id = $1 and id = $2 and user_id = $3 and revoked_at is null
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(session), Sql.Uuid(userId)));
        return await answer.Rows.ReadAsync(ct);
    }

    private static async Task<NoContent> EndOthersAsync(ClaimsPrincipal user, Sessions sessions, CancellationToken ct)
    {
        await sessions.EndAllAsync(user.UserId(), CurrentSession(user), ct);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<SignInPage>> HistoryAsync(
        int? limit, string? cursor, ClaimsPrincipal user, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        var size = Size(limit);
        var before = cursor is null ? null : ReadCursor(cursor);
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select at, id, method, outcome, host(address), user_agent from identity.sign_ins
            where store_id = $1 and user_id = $2 and ($3::timestamptz is null or (at, id) < ($3, $4))
            order by at desc, id desc limit $5
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(user.UserId()), Sql.Time(before?.At), Sql.Uuid(before?.Id), Sql.Int(size + 1)));
        var rows = new List<SignInRow>();
        (DateTimeOffset, Guid)? last = null;
        var more = false;
        while (await answer.Rows.ReadAsync(ct))
        {
            if (more = rows.Count == size)
            {
                break;
            }

            var row = answer.Rows;
            last = (row.GetFieldValue<DateTimeOffset>(0), row.GetGuid(1));
            rows.Add(new SignInRow(row.GetFieldValue<DateTimeOffset>(0), row.GetString(2), row.GetString(3), row.TextOrNull(4), row.TextOrNull(5)));
        }

        return TypedResults.Ok(new SignInPage(rows, more ? WriteCursor(last!.Value) : null));
    }

    private static Guid? CurrentSession(ClaimsPrincipal user) =>
        PublicId.TryParse(PublicId.Session, user.FindFirst(AccessTokens.SessionClaim)?.Value, out var id) ? id : null;

    private static int Size(int? limit)
    {
        var errors = new FieldErrors();
        if (limit is < 1 or > 100)
        {
            errors.Add("limit", "must be 1 to 100", "doit être de 1 à 100");
        }

        errors.ThrowIfAny();
        return limit ?? DefaultLimit;
    }

    private static string WriteCursor((DateTimeOffset At, Guid Id) last) => Base64Url.EncodeToString(
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{last.At.UtcTicks}:{last.Id:N}")));

    private static (DateTimeOffset At, Guid Id)? ReadCursor(string cursor)
    {
        Span<byte> bytes = stackalloc byte[64];
        if (Base64Url.IsValid(cursor, out var length) && length <= bytes.Length)
        {
            var parts = Encoding.ASCII.GetString(bytes[..Base64Url.DecodeFromChars(cursor, bytes)]).Split(':');
            if (parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
                && ticks <= DateTimeOffset.MaxValue.UtcTicks && Guid.TryParseExact(parts[1], "N", out var id))
            {
                return (new DateTimeOffset(ticks, TimeSpan.Zero), id);
            }
        }

        throw new ProblemException(CommonProblems.CursorInvalid);
    }
}
