namespace Mallgram.Tests.Integration.Support;

/// <summary>Waits for what other processes do in their own time. The limit is generous: it ends a broken run, it measures nothing.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <exception cref="TimeoutException">The condition never held; the message names what was waited for.</exception>
    public static async Task<T> GetAsync<T>(string what, Func<Task<T?>> look)
        where T : class
    {
        using var limit = new CancellationTokenSource(Limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
        {
            if (await look() is { } found)
            {
                return found;
            }
        }
        while (await NextAsync(timer, limit.Token));

        throw new TimeoutException("Never happened: " + what);
    }

    public static Task HoldsAsync(string what, Func<Task<bool>> condition) =>
        GetAsync(what, async () => await condition() ? "holds" : null);

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken ct)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
