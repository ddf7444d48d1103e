using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Lifecycle;
using Mallgram.Stores.Usage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Stores.Platform;

internal sealed record SuspendRequest(string? Reason);

/// <param name="Slug">The store's own slug, as a confirmation.</param>
internal sealed record DeleteStoreRequest(string? Slug);

/// <param name="RunId">Of the job <c>store-deletion</c>.</param>
internal sealed record StoreClosing(string Id, string RunId);

/// <param name="NameFr">French; null limits: none.</param>
internal sealed record PlanView(
    string Code, string Name, string NameFr, int? Products, int? Staff, long? StorageBytes, int RequestsPerMinute, int RequestsPerHour);

internal sealed record PlanList(IReadOnlyList<PlanView> Data);

/// <summary>Stores for the platform's administrators. Creating one also invites its owner, so that stands with people.</summary>
internal static class PlatformStoreEndpoints
{
    private static readonly string[] Statuses = ["active", "suspended", "closing"];

    /// <param name="platform">The group <c>/platform</c>, which lets platform administrators in only.</param>
    public static void Map(IEndpointRouteBuilder platform)
    {
        var stores = platform.MapGroup("/stores").WithTags("Platform: stores");
        stores.MapGet("", ListAsync).WithName("PlatformListStores").WithSummary("Stores of the installation, newest first")
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(422);
        stores.MapGet("/{id}", GetAsync).WithName("PlatformGetStore").WithSummary("A store with its plan, limits and state")
            .ProducesProblem(401).ProducesProblem(404);
        stores.MapPatch("/{id}", ChangeAsync).WithName("PlatformChangeStore").WithSummary("Change name, sender, plan or limits of a store")
            .ProducesProblem(401).ProducesProblem(404).ProducesProblem(422);
        stores.MapPost("/{id}/suspend", SuspendAsync).WithName("PlatformSuspendStore")
            .WithSummary("Suspend a store: it sells nothing, its staff may read, jobs pass it by")
            .ProducesProblem(401).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        stores.MapPost("/{id}/resume", ResumeAsync).WithName("PlatformResumeStore").WithSummary("End a suspension")
            .ProducesProblem(401).ProducesProblem(404).ProducesProblem(409);
        stores.MapGet("/{id}/usage", UsageAsync).WithName("PlatformGetUsage").WithSummary("What a store uses, beside the limits of its plan")
            .ProducesProblem(401).ProducesProblem(404);
        stores.MapPost("/{id}/export", ExportAsync).WithName("PlatformExportStore")
            .WithSummary("All rows of a store as a zip of NDJSON files, without secrets")
            .Produces(200, contentType: "application/zip").ProducesProblem(401).ProducesProblem(404);
        stores.MapDelete("/{id}", DeleteAsync).WithName("PlatformDeleteStore")
            .WithSummary("Delete a store with all its rows; its slug in the body confirms it")
            .ProducesProblem(401).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        platform.MapGet("/plans", PlansAsync).WithTags("Platform: stores").WithName("PlatformListPlans").WithSummary("Plans and their limits")
            .ProducesProblem(401);
    }

    private static Task<PlatformStoreList> ListAsync(
        PlatformStores stores, string? q, string? status, string? cursor, int? limit, CancellationToken ct)
    {
        var errors = new FieldErrors();
        if (status is not null && Array.IndexOf(Statuses, status) < 0)
        {
            errors.Add("status", "is one of " + string.Join(", ", Statuses), "est l'un de " + string.Join(", ", Statuses));
        }

        if (limit is < 1 or > 100)
        {
            errors.Add("limit", "must be 1 to 100", "doit être de 1 à 100");
        }

        errors.AtMost(q, "q", 100);
        errors.ThrowIfAny();
        Guid? before = null;
        if (cursor is not null)
        {
            before = PublicId.TryParse(PublicId.Store, cursor, out var last) ? last : throw new ProblemException(CommonProblems.CursorInvalid);
        }

        return stores.ListAsync(q, status, before, limit ?? 24, ct);
    }

    private static Task<PlatformStore> GetAsync(string id, PlatformStores stores, CancellationToken ct) => stores.GetAsync(Id(id), ct);

    private static async Task<PlatformStore> ChangeAsync(
        string id, JsonBody<PlatformStoreChange> body, PlatformStores stores, CancellationToken ct)
    {
        await stores.ChangeAsync(Id(id), body.Value, ct);
        return await stores.GetAsync(Id(id), ct);
    }

    private static async Task<PlatformStore> SuspendAsync(string id, JsonBody<SuspendRequest> body, PlatformStores stores, CancellationToken ct)
    {
        await stores.SuspendAsync(Id(id), body.Value.Reason, ct);
        return await stores.GetAsync(Id(id), ct);
    }

    private static async Task<PlatformStore> ResumeAsync(string id, PlatformStores stores, CancellationToken ct)
    {
        await stores.ResumeAsync(Id(id), ct);
        return await stores.GetAsync(Id(id), ct);
    }

    private static async Task<UsageView> UsageAsync(string id, PlatformStores stores, PlatformDatabase database, StoreUsage usage, CancellationToken ct)
    {
        var store = await stores.GetAsync(Id(id), ct);
        return await usage.ReadAsync(database.QueryAsync, Id(id), store.Limits, ct);
    }

    private static async Task ExportAsync(string id, PlatformStores stores, StoreExport export, HttpContext context)
    {
        var store = await stores.GetAsync(Id(id), context.RequestAborted);
        await stores.ExportedAsync(Id(id), context.RequestAborted);
        context.Response.ContentType = "application/zip";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{store.Store.Slug}.zip\"";
        context.Response.Headers.CacheControl = "no-store";
        // Closing an entry writes its few last bytes synchronously, which the pipe takes and the body's stream does not.
        await export.WriteAsync(Id(id), store.Store.Slug, context.Response.BodyWriter.AsStream(), context.RequestAborted);
    }

    private static async Task<Accepted<StoreClosing>> DeleteAsync(
        string id, JsonBody<DeleteStoreRequest> body, PlatformStores stores, CancellationToken ct)
    {
        var run = await stores.DeleteAsync(Id(id), body.Value.Slug, ct);
        return TypedResults.Accepted((string?)null, new StoreClosing(id, PublicId.Format(PublicId.JobRun, run)));
    }

    private static async Task<PlanList> PlansAsync(PlatformDatabase database, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            """
            select code, name, name_fr, max_products, max_staff, max_storage_bytes, requests_per_minute, requests_per_hour
            from stores.plans order by max_products nulls last, code
            """));
        var plans = new List<PlanView>();
        while (await answer.Rows.ReadAsync(ct))
        {
            var row = answer.Rows;
            plans.Add(new PlanView(
                row.GetString(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetInt32(3),
                row.IsDBNull(4) ? null : row.GetInt32(4), row.IsDBNull(5) ? null : row.GetInt64(5), row.GetInt32(6), row.GetInt32(7)));
        }

        return new PlanList(plans);
    }

    private static Guid Id(string text) =>
        PublicId.TryParse(PublicId.Store, text, out var id) ? id : throw new ProblemException(CommonProblems.StoreNotFound);
}
