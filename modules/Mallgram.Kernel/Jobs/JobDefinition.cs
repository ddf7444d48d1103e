using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Kernel.Jobs;

/// <summary>A scheduled piece of work. Safe to run again after a crash at any point; each item it handles is idempotent.</summary>
public interface IMallgramJob
{
    /// <summary>Key in configuration, in the admin app and in <c>job run</c>; stored, never rename.</summary>
    static abstract string Name { get; }

    /// <summary>Default schedule, a Quartz cron expression in the zone of <see cref="JobsOptions.TimeZone"/>.</summary>
    static abstract string DefaultCron { get; }

    /// <summary>One line for the admin app.</summary>
    static abstract LocalText Description { get; }

    /// <summary>Does the work. Reports progress through <paramref name="run"/>; ends soon when <paramref name="ct"/> is cancelled.</summary>
    /// <returns>What was done, kept with the run as JSON; null when there was nothing to do (a scheduled run then leaves no trace).</returns>
    Task<object?> RunAsync(JobRun run, CancellationToken ct);
}

/// <summary>A registered job.</summary>
public sealed record JobDefinition(string Name, string DefaultCron, LocalText Description, Type Type);

/// <summary>Settings under <c>Jobs</c>. The schedule of one job is <c>Jobs:Schedules:&lt;name&gt;</c>; <c>off</c> leaves it to manual runs.</summary>
public sealed class JobsOptions
{
    /// <summary>IANA zone of all schedules.</summary>
    /// <value>Africa/Johannesburg.</value>
    [Required]
    public string TimeZone { get; set; } = "Africa/Johannesburg";

    /// <summary>Cron expressions by job name.</summary>
    public Dictionary<string, string> Schedules { get; set; } = new(StringComparer.Ordinal);
}

public static class JobRegistration
{
    /// <summary>Makes a job known to every host; only the Worker runs it.</summary>
    public static IServiceCollection AddJob<T>(this IServiceCollection services)
        where T : class, IMallgramJob
    {
        services.AddScoped<T>();
        return services.AddSingleton(new JobDefinition(T.Name, T.DefaultCron, T.Description, typeof(T)));
    }
}
