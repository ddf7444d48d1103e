using System.Security.Claims;
using Mallgram.Identity.Access;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Mallgram.Identity.ApiKeys;

/// <param name="Scopes">What the key may do; see <c>GET /admin/roles</c> for all there are.</param>
/// <param name="ExpiresInDays">1 to 3650; without it the key lives until it is revoked.</param>
internal sealed record NewApiKeyRequest(string? Name, IReadOnlyList<string?>? Scopes, int? ExpiresInDays);

/// <param name="KeepOldHours">How long the old key goes on working: 0 to 168, 24 unless told.</param>
internal sealed record RotateApiKeyRequest(int? KeepOldHours);

/// <param name="Prefix">How the key begins, to recognise it by.</param>
/// <param name="Status"><c>active</c>, <c>rotated</c> (good until it expires), <c>expired</c> or <c>revoked</c>.</param>
/// <param name="CreatedBy"><c>usr_…</c>; null when another key made it.</param>
/// <param name="LastUsedAt">To the minute.</param>
/// <param name="ReplacedBy"><c>key_…</c> that took its place.</param>
internal sealed record ApiKeyView(
    string Id, string Name, string Prefix, string Status, IReadOnlyList<string> Scopes, string? CreatedBy, DateTimeOffset CreatedAt,
    DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, string? ReplacedBy);

/// <param name="Key">Shown this once.</param>
internal sealed record CreatedApiKey(
    string Id, string Name, string Prefix, string Status, IReadOnlyList<string> Scopes, string? CreatedBy, DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt, string Key);

internal sealed record ApiKeyPage(IReadOnlyList<ApiKeyView> Data, string? NextCursor);

internal static class ApiKeyEndpoints
{
    private const int MostKeys = 100;
    private const int MaxNameLength = 100;
    private const int MostDays = 3650;
    private const int MostOverlapHours = 168;
    private const int UsualOverlapHours = 24;

    private const string Columns = "id, name, prefix, scopes, created_by, created_at, last_used_at, expires_at, revoked_at, replaced_by";

    private static readonly ProblemCode KeyNotFound = new("api_key_not_found", 404,
        "This store has no such API key.", "Cette boutique n'a pas cette clé d'API.");

    private static readonly ProblemCode KeyOver = new("api_key_over", 409,
        "This key is revoked, expired or rotated already.", "Cette clé est déjà révoquée, expirée ou remplacée.");

    private static readonly ProblemCode TooManyKeys = new("too_many_api_keys", 409,
        "A store has at most {0} working keys. Revoke some first.", "Une boutique a au plus {0} clés actives. Révoquez-en d'abord.");

    public static IServiceCollection AddApiKeys(this IServiceCollection services) => services.AddScoped<ApiKeyCheck>();

    public static void MapApiKeys(this IEndpointRouteBuilder admin)
    {
        var keys = admin.MapGroup("/api-keys").WithTags("Admin: API keys");
        keys.MapGet("", ListAsync).RequirePermission(Permissions.ApiKeysWrite).WithName("AdminListApiKeys")
            .WithSummary("API keys, newest first, with when they were last used").ProducesProblem(400).ProducesProblem(422);
        keys.MapPost("", CreateAsync).RequirePermission(Permissions.ApiKeysWrite).WithName("AdminCreateApiKey")
            .WithSummary("Make an API key; it is shown this once").ProducesProblem(409).ProducesProblem(422);
        keys.MapPost("/{id}/rotate", RotateAsync).RequirePermission(Permissions.ApiKeysWrite).WithName("AdminRotateApiKey")
            .WithSummary("Replace a key by a new one; the old one goes on working for a while")
            .ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        keys.MapDelete("/{id}", RevokeAsync).RequirePermission(Permissions.ApiKeysWrite).WithName("AdminRevokeApiKey")
            .WithSummary("End a key at once").ProducesProblem(404);
    }

    private static async Task<Ok<ApiKeyPage>> ListAsync(
        string? cursor, int? limit, StoreDatabase database, StoreScope scope, TimeProvider clock, CancellationToken ct)
    {
        var page = IdPage.Read(PublicId.ApiKey, cursor, limit);
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            $"select {Columns} from identity.api_keys where store_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3",
            Sql.Uuid(scope.StoreId), Sql.Uuid(page.Before), Sql.Int(page.Limit + 1)));
        var keys = new List<ApiKeyView>();
        while (await answer.Rows.ReadAsync(ct))
        {
            keys.Add(Read(answer.Rows, clock.GetUtcNow()));
        }

        return TypedResults.Ok(new ApiKeyPage([.. keys.Take(page.Limit)], page.Next(keys, k => k.Id)));
    }

    private static async Task<Created<CreatedApiKey>> CreateAsync(
        JsonBody<NewApiKeyRequest> body, ClaimsPrincipal user, StaffCallers callers, StoreDatabase database, StoreScope scope, TimeProvider clock,
        HttpContext context, CancellationToken ct)
    {
        var request = body.Value;
        var caller = await callers.OfAsync(user, ct);
        var errors = new FieldErrors();
        var name = request.Name?.Trim();
        errors.Require(name, "name", MaxNameLength);
        if (request.Scopes is not { Count: > 0 })
        {
            errors.Add("scopes", "names at least one permission", "nomme au moins une permission");
        }

        for (var i = 0; i < request.Scopes?.Count && i <= Permissions.All.Count; i++)
        {
            if (!Permissions.All.Contains(request.Scopes[i]))
            {
                errors.Add($"scopes[{i}]", "is no permission", "n'est pas une permission");
            }
            else if (!caller.Permissions.Contains(request.Scopes[i]!))
            {
                errors.Add($"scopes[{i}]", "is more than you are allowed yourself", "dépasse ce qui vous est permis à vous-même");
            }
        }

        if (request.ExpiresInDays is < 1 or > MostDays)
        {
            errors.Add("expires_in_days", $"must be 1 to {MostDays}", $"doit être de 1 à {MostDays}");
        }

        errors.ThrowIfAny();
        var now = clock.GetUtcNow();
        var made = new NewKey(
            PublicId.New(clock), name!, [.. Permissions.All.Where(request.Scopes!.Contains)], caller.UserId, now,
            request.ExpiresInDays is { } days ? now.AddDays(days) : null);
        await using var transaction = await database.BeginAsync(ct);
        await CountAsync(transaction, now, ct);
        var key = await InsertAsync(transaction, made, ct);
        await transaction.CommitAsync(ct);
        return Show(made, key, context);
    }

    private static async Task<Created<CreatedApiKey>> RotateAsync(
        string id, JsonBody<RotateApiKeyRequest> body, ClaimsPrincipal user, StaffCallers callers, StoreDatabase database, TimeProvider clock,
        HttpContext context, CancellationToken ct)
    {
        var hours = body.Value.KeepOldHours ?? UsualOverlapHours;
        var errors = new FieldErrors();
        if (hours is < 0 or > MostOverlapHours)
        {
            errors.Add("keep_old_hours", $"must be 0 to {MostOverlapHours}", $"doit être de 0 à {MostOverlapHours}");
        }

        errors.ThrowIfAny();
        var (keyId, now) = (Parse(id), clock.GetUtcNow());
        var caller = await callers.OfAsync(user, ct);
        await using var transaction = await database.BeginAsync(ct);
        ApiKeyView old;
        await using (var row = await transaction.QueryAsync(ct, Sql.Command(
            $"select {Columns} from identity.api_keys where store_id = $1 and id = $2 for update", Sql.Uuid(transaction.StoreId), Sql.Uuid(keyId))))
        {
            old = await row.ReadAsync(ct) ? Read(row, now) : throw new ProblemException(KeyNotFound);
        }

        if (old.Status != "active")
        {
            throw new ProblemException(KeyOver);
        }

        if (!old.Scopes.All(caller.Permissions.Contains))
        {
            throw new ProblemException(CommonProblems.Forbidden);
        }

        // The new key lives as long as the old one was meant to.
        var made = new NewKey(PublicId.New(clock), old.Name, [.. old.Scopes], caller.UserId, now, now + (old.ExpiresAt - old.CreatedAt));
        var key = await InsertAsync(transaction, made, ct);
        await transaction.ExecuteAsync(ct, Sql.Command(
            """
            update identity.api_keys set replaced_by = $3, expires_at = least(expires_at, $4), revoked_at = case when $5 then $6 end
            where store_id = $1 and id = $2
            """,
            Sql.Uuid(transaction.StoreId), Sql.Uuid(keyId), Sql.Uuid(made.Id), Sql.Time(now.AddHours(hours)), Sql.Bool(hours == 0), Sql.Time(now)));
        await transaction.CommitAsync(ct);
        return Show(made, key, context);
    }

    private static async Task<NoContent> RevokeAsync(
        string id, StoreDatabase database, StoreScope scope, TimeProvider clock, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(
            ct,
            Sql.Command(
                """
                with ended as (
                    update identity.api_keys set revoked_at = $3 where store_id = $1 and id = $2 and revoked_at is null
                )
                select 1 from identity.api_keys where store_id = $1 and id = $2
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(Parse(id)), Sql.Time(clock.GetUtcNow())));
        return await answer.Rows.ReadAsync(ct) ? TypedResults.NoContent() : throw new ProblemException(KeyNotFound);
    }

    private static async Task CountAsync(StoreTransaction transaction, DateTimeOffset now, CancellationToken ct)
    {
        await using var count = await transaction.QueryAsync(
            ct,
            // Keys are made one after the other, or the limit would not be one.
            Sql.Command("select pg_advisory_xact_lock(hashtextextended('api_keys ' || $1::text, 0))", Sql.Uuid(transaction.StoreId)),
            Sql.Command(
                "select count(*) from identity.api_keys where store_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)",
                Sql.Uuid(transaction.StoreId), Sql.Time(now)));
        await count.NextResultAsync(ct);
        await count.ReadAsync(ct);
        if (count.GetInt64(0) >= MostKeys)
        {
            throw new ProblemException(TooManyKeys, MostKeys);
        }
    }

    private static async Task<(string Key, string Prefix)> InsertAsync(StoreTransaction transaction, NewKey made, CancellationToken ct)
    {
        var (key, prefix, hash) = ApiKeyCheck.New();
        await transaction.ExecuteAsync(ct, Sql.Command(
            """
            insert into identity.api_keys (store_id, id, name, prefix, key_hash, scopes, created_by, created_at, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            Sql.Uuid(transaction.StoreId), Sql.Uuid(made.Id), Sql.Text(made.Name), Sql.Text(prefix), Sql.Bytes(hash), Sql.Texts(made.Scopes),
            Sql.Uuid(made.CreatedBy), Sql.Time(made.CreatedAt), Sql.Time(made.ExpiresAt)));
        return (key, prefix);
    }

    private static Created<CreatedApiKey> Show(NewKey made, (string Key, string Prefix) key, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        var id = PublicId.Format(PublicId.ApiKey, made.Id);
        return TypedResults.Created((string?)null, new CreatedApiKey(
            id, made.Name, key.Prefix, "active", made.Scopes, UserOf(made.CreatedBy), made.CreatedAt, made.ExpiresAt, key.Key));
    }

    private static ApiKeyView Read(NpgsqlDataReader row, DateTimeOffset now)
    {
        var (expires, revoked) = (row.IsDBNull(7) ? (DateTimeOffset?)null : row.GetFieldValue<DateTimeOffset>(7), !row.IsDBNull(8));
        Guid? replacedBy = row.IsDBNull(9) ? null : row.GetGuid(9);
        var status = revoked ? "revoked" : expires <= now ? "expired" : replacedBy is null ? "active" : "rotated";
        return new ApiKeyView(
            PublicId.Format(PublicId.ApiKey, row.GetGuid(0)), row.GetString(1), row.GetString(2), status, row.GetFieldValue<string[]>(3),
            UserOf(row.IsDBNull(4) ? null : row.GetGuid(4)), row.GetFieldValue<DateTimeOffset>(5),
            row.IsDBNull(6) ? null : row.GetFieldValue<DateTimeOffset>(6), expires, revoked ? row.GetFieldValue<DateTimeOffset>(8) : null,
            replacedBy is { } next ? PublicId.Format(PublicId.ApiKey, next) : null);
    }

    private static string? UserOf(Guid? id) => id is { } user ? PublicId.Format(PublicId.User, user) : null;

    private static Guid Parse(string id) => PublicId.TryParse(PublicId.ApiKey, id, out var key) ? key : throw new ProblemException(KeyNotFound);

    private sealed record NewKey(Guid Id, string Name, string[] Scopes, Guid? CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);
}
