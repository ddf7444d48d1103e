using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Kernel.Cleanup;

/// <summary>
/// Removes one kind of rows (or files) that are past their time; the job <c>database-cleanup</c> runs them all. A singleton. Works across
/// stores, so through <see cref="Persistence.PlatformDataSource"/>.
/// </summary>
public interface ICleanupTask
{
    /// <summary>Key under <c>Cleanup:Retention</c> and in the run's summary; never rename.</summary>
    string Name { get; }

    /// <summary>How long things are kept when <c>Cleanup:Retention:&lt;name&gt;</c> says nothing.</summary>
    TimeSpan DefaultRetention { get; }

    /// <summary>Removes some of what is older than <paramref name="before"/>, in one short transaction. Called again until it removes nothing.</summary>
    /// <param name="before">UTC.</param>
    /// <param name="limit">How many to remove at most, so that locks and transaction stay small.</param>
    /// <returns>How many were removed.</returns>
    Task<long> RemoveAsync(DateTimeOffset before, int limit, CancellationToken ct);
}

public static class CleanupRegistration
{
    public static IServiceCollection AddCleanupTask<T>(this IServiceCollection services)
        where T : class, ICleanupTask => services.AddSingleton<ICleanupTask, T>();

    /// <summary>Cleans rows of one table.</summary>
    /// <param name="name">See <see cref="ICleanupTask.Name"/>.</param>
    /// <param name="retention">See <see cref="ICleanupTask.DefaultRetention"/>.</param>
    /// <param name="table">With its schema.</param>
    /// <param name="condition">SQL over a row <c>t</c> of the table; <c>$1</c> is the time before which rows may go.</param>
    /// <param name="locks">False for a table whose rows the services may not update: then nobody locks them, this task neither.</param>
    public static IServiceCollection AddRowCleanup(
        this IServiceCollection services, string name, TimeSpan retention, string table, string condition, bool locks = true) =>
        services.AddSingleton<ICleanupTask>(provider => ActivatorUtilities.CreateInstance<RowCleanup>(
            provider, name, retention, new RowCondition(table, condition, locks)));
}
