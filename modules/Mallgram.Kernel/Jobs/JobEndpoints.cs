using System.Text.Json;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Quartz;

namespace Mallgram.Kernel.Jobs;

/// <param name="Id"><c>run_…</c>.</param>
public sealed record JobRunView(
    string Id,
    string Job,
    string Trigger,
    string State,
    DateTimeOffset ScheduledAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    string? Node,
    JsonElement? Progress,
    JsonElement? Summary,
    string? Error)
{
    /// <param name="store">Slug of the store whose staff look; null shows all of it.</param>
    internal static JobRunView Of(JobRunRow row, string? store) => new(
        PublicId.Format(PublicId.JobRun, row.Id), row.Job, row.Trigger, row.State, row.ScheduledAt, row.StartedAt, row.FinishedAt, row.Node,
        PartOf(row.Progress, store), PartOf(row.Summary, store),
        // A job of many stores may quote any of them; what failed at a store is in that store's part.
        store is null ? row.Error : row.Error?.Split(':')[0]);

    /// <summary>A store's own entries of <c>stores</c>; null when there are none, as in figures of the whole installation.</summary>
    private static JsonElement? PartOf(JsonElement? json, string? store)
    {
        if (store is null || json is not { ValueKind: JsonValueKind.Object } all)
        {
            return store is null ? json : null;
        }

        if (!all.TryGetProperty("stores", out var stores) || stores.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        JsonElement[] own = [.. stores.EnumerateArray().Where(s =>
            s.ValueKind == JsonValueKind.Object && s.TryGetProperty("store", out var slug) && slug.ValueEquals(store))];
        return own.Length == 0 ? null : JsonSerializer.SerializeToElement(new { stores = own });
    }
}

public sealed record JobRunList(IReadOnlyList<JobRunView> Data);

/// <param name="Schedule">Cron expression, or <c>off</c>.</param>
/// <param name="NextRun">UTC; null when the schedule is off.</param>
public sealed record JobView(string Name, string Description, string Schedule, string TimeZone, DateTimeOffset? NextRun, JobRunView? LastRun);

public sealed record JobList(IReadOnlyList<JobView> Data);

/// <summary>
/// Jobs, which are of the whole installation. Staff may start them but see of a run only what it did for their store; platform
/// administrators see all of it.
/// </summary>
public static class JobEndpoints
{
    private static readonly ProblemCode JobNotFound = new("job_not_found", 404, "There is no such job or run.", "Cette tâche ou cette exécution n'existe pas.");

    private static readonly ProblemCode RunFinished = new("job_run_finished", 409, "The run is over already.", "L'exécution est déjà terminée.");

    public static void MapJobsAdmin(this IEndpointRouteBuilder admin) => Map(
        admin.MapGroup("").WithTags("Admin: jobs"), "Admin",
        r => r.RequirePermission(Permissions.JobsRead), r => r.RequirePermission(Permissions.JobsRun));

    public static void MapJobsPlatform(this IEndpointRouteBuilder platform) => Map(
        platform.MapGroup("").WithTags("Platform: jobs"), "Platform", r => r.RequirePlatform(), r => r.RequirePlatform());

    private static void Map(RouteGroupBuilder group, string name, Action<RouteHandlerBuilder> mayRead, Action<RouteHandlerBuilder> mayRun)
    {
        mayRead(group.MapGet("/jobs", ListAsync).WithName(name + "ListJobs").WithSummary("Jobs, their schedules and last runs"));
        mayRun(group.MapPost("/jobs/{name}/run", RunAsync).WithName(name + "RunJob")
            .WithSummary("Run a job now; a run under way is returned instead")
            .Produces<JobRunView>(StatusCodes.Status202Accepted).ProducesProblem(404));
        mayRead(group.MapGet("/job-runs", RunsAsync).WithName(name + "ListJobRuns").WithSummary("Runs, newest first").ProducesProblem(422));
        mayRead(group.MapGet("/job-runs/{id}", RunOfAsync).WithName(name + "GetJobRun").WithSummary("A run with its progress")
            .ProducesProblem(404));
        mayRun(group.MapPost("/job-runs/{id}/cancel", CancelAsync).WithName(name + "CancelJobRun").WithSummary("Ask a run to end")
            .ProducesProblem(404).ProducesProblem(409));
    }

    private static async Task<JobList> ListAsync(
        IEnumerable<JobDefinition> jobs, IOptions<JobsOptions> options, JobRuns runs, StoreScope scope, TimeProvider clock, HttpContext context,
        CancellationToken ct)
    {
        var store = StoreOf(context);
        var zone = TimeZoneInfo.FindSystemTimeZoneById(options.Value.TimeZone);
        var last = await runs.LastOfEachAsync(ct);
        return new JobList([.. jobs.OrderBy(j => j.Name, StringComparer.Ordinal).Select(j =>
        {
            var schedule = options.Value.Schedules.GetValueOrDefault(j.Name, j.DefaultCron);
            var next = schedule == "off" ? null : new CronExpression(schedule, zone).GetNextValidTimeAfter(clock.GetUtcNow());
            return new JobView(
                j.Name, j.Description.In(scope.Language), schedule, options.Value.TimeZone, next,
                last.Find(r => r.Job == j.Name) is { } run ? JobRunView.Of(run, store) : null);
        })]);
    }

    private static async Task<IResult> RunAsync(string name, IEnumerable<JobDefinition> jobs, JobRuns runs, HttpContext context, CancellationToken ct)
    {
        if (jobs.All(j => j.Name != name))
        {
            throw new ProblemException(JobNotFound);
        }

        var id = await runs.RequestAsync(name, context.User.FindFirst("sub")?.Value ?? "staff", ct);
        var store = StoreOf(context);
        return TypedResults.Accepted(
            $"/api/v1/{(store is null ? "platform" : "admin")}/job-runs/{PublicId.Format(PublicId.JobRun, id)}",
            JobRunView.Of((await runs.FindAsync(id, ct))!, store));
    }

    private static async Task<JobRunList> RunsAsync(JobRuns runs, string? job, int? limit, HttpContext context, CancellationToken ct)
    {
        if (limit is < 1 or > 100)
        {
            var errors = new FieldErrors();
            errors.Add("limit", "must be 1 to 100", "doit être de 1 à 100");
            errors.ThrowIfAny();
        }

        var store = StoreOf(context);
        return new JobRunList([.. (await runs.ListAsync(job, limit ?? 24, ct)).Select(r => JobRunView.Of(r, store))]);
    }

    private static async Task<JobRunView> RunOfAsync(string id, JobRuns runs, HttpContext context, CancellationToken ct) =>
        JobRunView.Of(await FindAsync(id, runs, ct), StoreOf(context));

    private static async Task<JobRunView> CancelAsync(string id, JobRuns runs, HttpContext context, CancellationToken ct)
    {
        var run = await FindAsync(id, runs, ct);
        if (!await runs.CancelAsync(run.Id, ct))
        {
            throw new ProblemException(RunFinished);
        }

        return JobRunView.Of((await runs.FindAsync(run.Id, ct))!, StoreOf(context));
    }

    private static async Task<JobRunRow> FindAsync(string id, JobRuns runs, CancellationToken ct) =>
        (PublicId.TryParse(PublicId.JobRun, id, out var runId) ? await runs.FindAsync(runId, ct) : null) ?? throw new ProblemException(JobNotFound);

    /// <summary>Null on routes of the platform, which show every store's part.</summary>
    private static string? StoreOf(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<PlatformRequirement>() is not null
        ? null
        : context.RequestServices.GetRequiredService<StoreScope>().Slug ?? "";
}
