namespace Mallgram.Payments;

/// <summary>When to ask a gateway about a prompt that nobody has reported on: soon and often at first, for a day at most.</summary>
internal static class PollPlan
{
    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(60),
        TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromHours(24),
    ];

    public static TimeSpan First => Waits[0];

    /// <param name="polls">Polls done so far, at least 1.</param>
    /// <returns>Wait until the next, or null when the plan has ended and a person must look.</returns>
    public static TimeSpan? After(int polls) => polls < Waits.Length ? Waits[polls] : null;
}
