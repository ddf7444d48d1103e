using System.Text.Json;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
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
    internal static JobRunView Of(JobRunRow row) => new(
        PublicId.Format(PublicId.JobRun, row.Id), row.Job, row.Trigger, row.State, row.ScheduledAt, row.StartedAt, row.FinishedAt, row.Node,
        row.Progress, row.Summary, row.Error);
}

public sealed record JobRunList(IReadOnlyList<JobRunView> Data);

/// <param name="Schedule">Cron expression, or <c>off</c>.</param>
/// <param name="NextRun">UTC; null when the schedule is off.</param>
public sealed record JobView(string Name, string Description, string Schedule, string TimeZone, DateTimeOffset? NextRun, JobRunView? LastRun);

public sealed record JobList(IReadOnlyList<JobView> Data);

/// <summary>Jobs for staff; the group they are mapped on asks for a staff role.</summary>
public static class JobEndpoints
{
    private static readonly ProblemCode JobNotFound = new("job_not_found", 404, "There is no such job or run.", "Cette tâche ou cette exécution n'existe pas.");

    private static readonly ProblemCode RunFinished = new("job_run_finished", 409, "The run is over already.", "L'exécution est déjà terminée.");

    public static void MapJobsAdmin(this IEndpointRouteBuilder admin)
    {
        var group = admin.MapGroup("").WithTags("Admin: jobs");
        group.MapGet("/jobs", ListAsync).WithName("AdminListJobs").WithSummary("Jobs, their schedules and last runs");
        group.MapPost("/jobs/{name}/run", RunAsync).WithName("AdminRunJob").WithSummary("Run a job now; a run under way is returned instead")
            .Produces<JobRunView>(StatusCodes.Status202Accepted).ProducesProblem(404);
        group.MapGet("/job-runs", RunsAsync).WithName("AdminListJobRuns").WithSummary("Runs, newest first");
        group.MapGet("/job-runs/{id}", RunOfAsync).WithName("AdminGetJobRun").WithSummary("A run with its progress").ProducesProblem(404);
        group.MapPost("/job-runs/{id}/cancel", CancelAsync).WithName("AdminCancelJobRun").WithSummary("Ask a run to end").ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<JobList> ListAsync(
        IEnumerable<JobDefinition> jobs, IOptions<JobsOptions> options, JobRuns runs, StoreScope scope, TimeProvider clock, CancellationToken ct)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(options.Value.TimeZone);
        var last = await runs.LastOfEachAsync(ct);
        return new JobList([.. jobs.OrderBy(j => j.Name, StringComparer.Ordinal).Select(j =>
        {
            var schedule = options.Value.Schedules.GetValueOrDefault(j.Name, j.DefaultCron);
            var next = schedule == "off" ? null : new CronExpression(schedule, zone).GetNextValidTimeAfter(clock.GetUtcNow());
            return new JobView(
                j.Name, j.Description.In(scope.Language), schedule, options.Value.TimeZone, next,
                last.Find(r => r.Job == j.Name) is { } run ? JobRunView.Of(run) : null);
        })]);
    }

    private static async Task<IResult> RunAsync(string name, IEnumerable<JobDefinition> jobs, JobRuns runs, HttpContext context, CancellationToken ct)
    {
        if (jobs.All(j => j.Name != name))
        {
            throw new ProblemException(JobNotFound);
        }

        var id = await runs.RequestAsync(name, context.User.FindFirst("sub")?.Value ?? "staff", ct);
        return TypedResults.Accepted($"/api/v1/admin/job-runs/{PublicId.Format(PublicId.JobRun, id)}", JobRunView.Of((await runs.FindAsync(id, ct))!));
    }

    private static async Task<JobRunList> RunsAsync(JobRuns runs, string? job, int? limit, CancellationToken ct)
    {
        if (limit is < 1 or > 100)
        {
            var errors = new FieldErrors();
            errors.Add("limit", "must be 1 to 100", "doit être de 1 à 100");
            errors.ThrowIfAny();
        }

        return new JobRunList([.. (await runs.ListAsync(job, limit ?? 24, ct)).Select(JobRunView.Of)]);
    }

    private static async Task<JobRunView> RunOfAsync(string id, JobRuns runs, CancellationToken ct) =>
        JobRunView.Of(await FindAsync(id, runs, ct));

    private static async Task<JobRunView> CancelAsync(string id, JobRuns runs, CancellationToken ct)
    {
        var run = await FindAsync(id, runs, ct);
        if (!await runs.CancelAsync(run.Id, ct))
        {
            throw new ProblemException(RunFinished);
        }

        return JobRunView.Of((await runs.FindAsync(run.Id, ct))!);
    }

    private static async Task<JobRunRow> FindAsync(string id, JobRuns runs, CancellationToken ct) =>
        (PublicId.TryParse(PublicId.JobRun, id, out var runId) ? await runs.FindAsync(runId, ct) : null) ?? throw new ProblemException(JobNotFound);
}
