using System.Data.Common;
using Mallgram.Kernel.Persistence;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Quartz;

namespace Mallgram.Kernel.Jobs;

public static class JobsSetup
{
    /// <summary>
    /// Runs the registered jobs in this process: Quartz with its clustered PostgreSQL store (tables made by <c>migrate</c>), one schedule a
    /// job from <c>Jobs:Schedules:&lt;name&gt;</c>. A schedule missed while no Worker ran fires once at the next start.
    /// </summary>
    /// <exception cref="InvalidOperationException">A configured schedule is no cron expression, or names no job.</exception>
    public static IServiceCollection AddMallgramJobs(this IServiceCollection services, IConfiguration configuration)
    {
        var jobs = services.Where(s => s.ServiceType == typeof(JobDefinition)).Select(s => (JobDefinition)s.ImplementationInstance!).ToList();
        var options = configuration.GetSection("Jobs").Get<JobsOptions>() ?? new JobsOptions();
        var zone = TimeZoneInfo.FindSystemTimeZoneById(options.TimeZone);
        if (options.Schedules.Keys.FirstOrDefault(name => jobs.TrueForAll(j => j.Name != name)) is { } unknown)
        {
            throw new InvalidOperationException($"Jobs:Schedules:{unknown} names no job. Jobs: {string.Join(", ", jobs.Select(j => j.Name))}.");
        }

        services.AddSingleton<DbDataSource>(provider => provider.GetRequiredService<PlatformDataSource>().Source);
        services.AddQuartz(quartz =>
        {
            quartz.ConfigureScheduler(o =>
            {
                o.InstanceName = "mallgram";
                o.GenerateInstanceId = true;
            });
            quartz.UseDefaultThreadPool(4);
            quartz.UsePersistentStore(store =>
            {
                store.UsePostgres(d => d.UseRegisteredDataSource = true);
                store.UseSystemTextJsonSerializer();
                store.UseClustering(c => c.CheckinInterval = TimeSpan.FromSeconds(5));
                store.ConfigureStore(o =>
                {
                    o.TablePrefix = "quartz.qrtz_";
                    o.StoreJobDataAsStrings = true;
                });
            });
            foreach (var job in jobs)
            {
                quartz.AddJob<JobExecution>(j => j.WithIdentity(job.Name).StoreDurably());
                var cron = options.Schedules.GetValueOrDefault(job.Name, job.DefaultCron);
                if (cron == "off")
                {
                    continue;
                }

                if (!CronExpression.TryParse(cron, out _))
                {
                    throw new InvalidOperationException($"Jobs:Schedules:{job.Name} '{cron}' is no Quartz cron expression.");
                }

                quartz.AddTrigger(t => t.ForJob(job.Name).WithIdentity(job.Name).WithCronSchedule(
                    cron, c => c.InTimeZone(zone).WithMisfireInstruction(CronTriggerMisfireInstruction.FireAndProceed)));
            }
        });
        services.AddQuartzHostedService(o => o.WaitForJobsToComplete = true);
        services.AddHostedService<JobRecovery>();
        services.AddOutboxHandler<StartRequestedRun>();
        return services;
    }
}
