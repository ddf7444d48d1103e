using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Kernel.Cleanup;

internal static class KernelRows
{
    /// <summary>Dead letters stay until somebody replays or deletes them; the newest run of each job stays for the admin app.</summary>
    public static IServiceCollection AddKernelCleanup(this IServiceCollection services) => services
        // Takes kernel.outbox_effects with it.
        .AddRowCleanup("outbox", TimeSpan.FromDays(7), "kernel.outbox", "t.processed_at < $1 and t.dead_at is null")
        .AddRowCleanup("inbox", TimeSpan.FromDays(90), "kernel.inbox", "t.received_at < $1 and t.genuine", locks: false)
        .AddRowCleanup("forged-inbox", TimeSpan.FromDays(7), "kernel.inbox", "t.received_at < $1 and not t.genuine", locks: false)
        .AddRowCleanup("idempotency-keys", TimeSpan.FromDays(2), "kernel.idempotency_keys", "t.created_at < $1")
        .AddRowCleanup(
            "job-runs", TimeSpan.FromDays(90), "kernel.job_runs",
            "t.finished_at < $1 and exists (select from kernel.job_runs n where n.job = t.job and n.created_at > t.created_at)");
}
