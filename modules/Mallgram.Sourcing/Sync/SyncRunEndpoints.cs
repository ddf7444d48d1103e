using System.Globalization;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Sourcing.Sync;

/// <param name="JobRunId">Run of the job <c>product-sync</c> that worked on it last; null: a person picked its items.</param>
/// <param name="StartedBy">Who picked its items; null: it went through the whole feed.</param>
/// <param name="Seen">= created + updated + unchanged + skipped + failed.</param>
/// <param name="Hidden">Products taken off sale.</param>
/// <param name="Total">Items in the feed, as the supplier says.</param>
/// <param name="Reasons">How many items each reason left out.</param>
/// <param name="RolledBackAt">When everything the run changed was undone; null while that is under way or was not asked for.</param>
/// <param name="RolledBackBy">Who asked for it.</param>
/// <param name="RolledBack">Products gone through so far.</param>
internal sealed record SyncRunView(
    string Id,
    string Supplier,
    string State,
    string? JobRunId,
    string? StartedBy,
    int Seen,
    int? Total,
    int Created,
    int Updated,
    int Unchanged,
    int Skipped,
    int Failed,
    int Hidden,
    IReadOnlyDictionary<string, int> Reasons,
    string? Error,
    DateTime StartedAt,
    DateTime UpdatedAt,
    DateTime? FinishedAt,
    DateTime? RollbackStartedAt,
    DateTime? RolledBackAt,
    string? RolledBackBy,
    int RolledBack);

internal sealed record SyncRunPage(IReadOnlyList<SyncRunView> Data, string? NextCursor);

internal sealed record SyncIssueView(string ExternalId, string Reason, string? Detail, DateTime CreatedAt);

internal sealed record SyncIssuePage(IReadOnlyList<SyncIssueView> Data, string? NextCursor);

internal static class SyncRunEndpoints
{
    private const string Columns =
        "id, supplier, state, job_run_id, seen, total, created, updated, unchanged, skipped, failed, hidden, reasons, error, started_at, "
        + "updated_at, finished_at, rollback_started_at, rolled_back_at, rolled_back_by, rolled_back, started_by";

    /// <summary>How long a request undoes things itself before it leaves the rest to the Worker.</summary>
    private static readonly TimeSpan RollbackInRequest = TimeSpan.FromSeconds(5);

    public static readonly ProblemCode SyncRunNotFound = new("sync_run_not_found", 404,
        "This store has no such sync run.", "Cette boutique n'a pas cette synchronisation.");

    private static readonly ProblemCode SyncRunNotOver = new("sync_run_not_over", 409,
        "This run is still under way, or was rolled back: there is nothing to read again.",
        "Cette synchronisation est en cours ou annulée : il n'y a rien à relire.");

    public static void MapSyncRuns(this IEndpointRouteBuilder admin)
    {
        var runs = admin.MapGroup("/sync-runs").WithTags("Sourcing");
        runs.MapGet("/", ListAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("ListSyncRuns").WithSummary("Sync runs of the store, newest first")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        runs.MapGet("/{id}", FindAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("GetSyncRun").WithSummary("A sync run with its counters and reasons")
            .ProducesProblem(StatusCodes.Status404NotFound);
        runs.MapGet("/{id}/issues", IssuesAsync).RequirePermission(Permissions.ProductsRead).WithName("ListSyncIssues")
            .WithSummary("Items that a run left out: the first hundred of each reason")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        runs.MapGet("/{id}/changes", ChangesAsync).RequirePermission(Permissions.ProductsRead).WithName("ListSyncChanges")
            .WithSummary("What a run changed, product by product, with prices and stock before and after; kept for 30 days")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        runs.MapPost("/{id}/retry", RetryAsync).RequirePermission(Permissions.SourcingWrite).WithName("RetrySyncRun")
            .WithSummary("Read the items again whose details could not be read; the Worker does it")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        runs.MapPost("/{id}/rollback", RollBackAsync).RequirePermission(Permissions.SourcingWrite).WithName("RollBackSyncRun")
            .WithSummary("Undo what a run changed, newest run first; 202 when the Worker goes on with it")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Accepted<SyncRunView>> RetryAsync(
        string id, SyncRuns runs, StoreDatabase database, StoreScope scope, OutboxWriter outbox, IOutboxSignal signal, CancellationToken ct)
    {
        var before = await ReadAsync(id, database, ct);
        if (await runs.FindFinishedAsync(Parse(id), ct) is not { } run)
        {
            throw new ProblemException(SyncRunNotOver);
        }

        await database.ExecuteAsync(
            ct,
            Sql.Command("update sourcing.sync_failures set retried = false where run_id = $1", Sql.Uuid(run.Id)),
            outbox.Add(scope.StoreId, RetryFailedItems.Type, new RetryRequested(run.Id)));
        signal.Notify();
        return TypedResults.Accepted((string?)null, before);
    }

    private static async Task<Results<Ok<SyncRunView>, Accepted<SyncRunView>>> RollBackAsync(
        string id, HttpContext context, RollbackRun rollback, StoreDatabase database, CancellationToken ct)
    {
        var actor = context.User.FindFirst("sub")?.Value ?? throw new InvalidOperationException("Nobody is signed in.");
        var isDone = await rollback.StartAsync(Parse(id), actor, RollbackInRequest, ct);
        var view = await ReadAsync(id, database, ct);
        return isDone ? TypedResults.Ok(view) : TypedResults.Accepted((string?)null, view);
    }

    private static async Task<Ok<SyncRunPage>> ListAsync(
        [FromQuery] string? limit, [FromQuery] string? cursor, StoreDatabase database, CancellationToken ct)
    {
        var count = Limit(limit);
        Guid? before = null;
        if (!string.IsNullOrEmpty(cursor))
        {
            before = PublicId.TryParse(PublicId.SyncRun, cursor, out var last) ? last : throw new ProblemException(CommonProblems.CursorInvalid);
        }

        await using var reader = await database.QueryAsync(ct, Sql.Command(
            $"select {Columns} from sourcing.sync_runs where $1::uuid is null or id < $1 order by id desc limit $2",
            Sql.Uuid(before), Sql.Int(count + 1)));
        var rows = new List<SyncRunView>();
        while (await reader.Rows.ReadAsync(ct))
        {
            rows.Add(Read(reader.Rows));
        }

        // Run ids sort by the time they started, so the last id shown is the cursor.
        return TypedResults.Ok(
            rows.Count > count ? new SyncRunPage(rows[..count], rows[count - 1].Id) : new SyncRunPage(rows, NextCursor: null));
    }

    private static async Task<Ok<SyncRunView>> FindAsync(string id, StoreDatabase database, CancellationToken ct) =>
        TypedResults.Ok(await ReadAsync(id, database, ct));

    private static async Task<SyncRunView> ReadAsync(string id, StoreDatabase database, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            $"select {Columns} from sourcing.sync_runs where id = $1", Sql.Uuid(Parse(id))));
        return await reader.Rows.ReadAsync(ct) ? Read(reader.Rows) : throw new ProblemException(SyncRunNotFound);
    }

    private static async Task<Ok<SyncIssuePage>> IssuesAsync(
        string id, [FromQuery] string? reason, [FromQuery] string? limit, [FromQuery] string? cursor, StoreDatabase database, CancellationToken ct)
    {
        var (runId, count) = (Parse(id), Limit(limit));
        var after = 0;
        if (!string.IsNullOrEmpty(cursor) && !int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            throw new ProblemException(CommonProblems.CursorInvalid);
        }

        await using var reader = await database.QueryAsync(
            ct,
            Sql.Command("select from sourcing.sync_runs where id = $1", Sql.Uuid(runId)),
            Sql.Command(
                """
                select number, external_id, reason, detail, created_at from sourcing.sync_issues
                where run_id = $1 and number > $2 and ($3::text is null or reason = $3) order by number limit $4
                """,
                Sql.Uuid(runId), Sql.Int(after), Sql.Text(string.IsNullOrEmpty(reason) ? null : reason.Replace('\0', ' ')), Sql.Int(count + 1)));
        if (!await reader.Rows.ReadAsync(ct))
        {
            throw new ProblemException(SyncRunNotFound);
        }

        await reader.Rows.NextResultAsync(ct);
        var rows = new List<(int Number, SyncIssueView View)>();
        while (await reader.Rows.ReadAsync(ct))
        {
            rows.Add((reader.Rows.GetInt32(0), new SyncIssueView(
                reader.Rows.GetString(1), reader.Rows.GetString(2), reader.Rows.IsDBNull(3) ? null : reader.Rows.GetString(3),
                reader.Rows.GetDateTime(4))));
        }

        return TypedResults.Ok(new SyncIssuePage(
            [.. rows.Take(count).Select(r => r.View)],
            rows.Count > count ? rows[count - 1].Number.ToString(CultureInfo.InvariantCulture) : null));
    }

    private static async Task<Ok<ImportChangePage>> ChangesAsync(
        string id, [FromQuery] string? kind, [FromQuery] string? limit, [FromQuery] string? cursor, IImportRecords records,
        StoreDatabase database, CancellationToken ct)
    {
        var (runId, count) = (Parse(id), Limit(limit));
        kind = string.IsNullOrEmpty(kind) ? null : kind;
        if (kind is not (null or "created" or "updated" or "hidden" or "shown"))
        {
            var errors = new FieldErrors();
            errors.Add("kind", "must be created, updated, hidden or shown", "doit être created, updated, hidden ou shown");
            throw new ProblemException(CommonProblems.ValidationFailed) { Fields = errors };
        }

        var page = await records.ChangesAsync(runId, kind, cursor, count, ct);
        if (page.Data.Count == 0)
        {
            // Nothing changed, or another store's run?
            await ReadAsync(id, database, ct);
        }

        return TypedResults.Ok(page);
    }

    private static SyncRunView Read(NpgsqlDataReader row) => new(
        PublicId.Format(PublicId.SyncRun, row.GetGuid(0)), row.GetString(1), row.GetString(2),
        row.IsDBNull(3) ? null : PublicId.Format(PublicId.JobRun, row.GetGuid(3)), row.TextOrNull(21),
        row.GetInt32(4), row.IsDBNull(5) ? null : row.GetInt32(5), row.GetInt32(6), row.GetInt32(7), row.GetInt32(8), row.GetInt32(9),
        row.GetInt32(10), row.GetInt32(11), JsonSerializer.Deserialize<Dictionary<string, int>>(row.GetString(12), MallgramJson.Options)!,
        row.IsDBNull(13) ? null : row.GetString(13), row.GetDateTime(14), row.GetDateTime(15), row.IsDBNull(16) ? null : row.GetDateTime(16),
        row.IsDBNull(17) ? null : row.GetDateTime(17), row.IsDBNull(18) ? null : row.GetDateTime(18),
        row.IsDBNull(19) ? null : row.GetString(19), row.GetInt32(20));

    private static Guid Parse(string id) =>
        PublicId.TryParse(PublicId.SyncRun, id, out var runId) ? runId : throw new ProblemException(SyncRunNotFound);

    private static int Limit(string? sent)
    {
        if (string.IsNullOrEmpty(sent))
        {
            return 24;
        }

        if (int.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= 100)
        {
            return limit;
        }

        var errors = new FieldErrors();
        errors.Add("limit", "must be a whole number from 1 to 100", "doit être un nombre entier de 1 à 100");
        throw new ProblemException(CommonProblems.ValidationFailed) { Fields = errors };
    }
}
