using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.Extensions.Options;

namespace Mallgram.Kernel.Cleanup;

/// <summary>Settings under <c>Cleanup</c>.</summary>
internal sealed class CleanupOptions
{
    /// <summary>How long things are kept, by task: a time span such as <c>90.00:00:00</c> (days.hours:minutes:seconds), or <c>off</c>.</summary>
    public Dictionary<string, string> Retention { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Rows of one transaction.</summary>
    /// <value>5,000.</value>
    [Range(1, 100_000)]
    public int BatchSize { get; set; } = 5_000;

    /// <summary>Whether planner statistics of tables that changed much are made anew at the end.</summary>
    /// <value>true.</value>
    public bool Analyze { get; set; } = true;

    /// <returns>Null when the task is off.</returns>
    public TimeSpan? RetentionOf(ICleanupTask task) => Retention.TryGetValue(task.Name, out var text) ? Parse(text) : task.DefaultRetention;

    private static TimeSpan? Parse(string text) => text == "off" ? null : TimeSpan.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>A retention that cannot be read, or that names no task, is found at the start and not at three in the morning.</summary>
    internal sealed class Validation(IEnumerable<ICleanupTask> tasks) : IValidateOptions<CleanupOptions>
    {
        public ValidateOptionsResult Validate(string? name, CleanupOptions options)
        {
            var names = tasks.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
            var errors = new List<string>();
            foreach (var (task, text) in options.Retention)
            {
                if (!names.Contains(task))
                {
                    errors.Add($"Cleanup:Retention:{task} names no task. Tasks: {string.Join(", ", names.Order(StringComparer.Ordinal))}.");
                }
                else if (text != "off" && !(TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && time > TimeSpan.Zero))
                {
                    errors.Add($"Cleanup:Retention:{task} '{text}' is neither a time span such as 90.00:00:00 nor 'off'.");
                }
            }

            return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
        }
    }
}
