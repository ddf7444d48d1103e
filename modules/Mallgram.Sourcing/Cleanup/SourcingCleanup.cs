using Mallgram.Kernel.Cleanup;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Sourcing.Cleanup;

internal static class SourcingCleanup
{
    /// <summary>The newest run of each supplier's whole feed stays: the next one may go on with it, and people look at it.</summary>
    public static IServiceCollection AddSourcingCleanup(this IServiceCollection services) => services
        // Two days at least: a run that goes on needs the pages it has met, or it would take their items for gone.
        .AddRowCleanup(
            "sync-pages", TimeSpan.FromDays(3), "sourcing.sync_pages",
            """
            exists (select from sourcing.sync_runs r where r.store_id = t.store_id and r.id = t.run_id
                    and r.state <> 'running' and r.updated_at < least($1, now() - interval '2 days'))
            """)
        .AddRowCleanup("sync-issues", TimeSpan.FromDays(30), "sourcing.sync_issues", "t.created_at < $1")
        .AddRowCleanup(
            "sync-runs", TimeSpan.FromDays(180), "sourcing.sync_runs",
            """
            t.state <> 'running' and t.started_at < $1
            and exists (select from sourcing.sync_runs n where n.store_id = t.store_id and n.supplier = t.supplier and n.id > t.id
                                                 and n.started_by is null)
            """)
        // Details of what the feed shows are read again every few days, so these items are in no feed any more.
        .AddRowCleanup("feed-items", TimeSpan.FromDays(90), "sourcing.feed_items", "t.read_at < $1")
        .AddRowCleanup("call-quota", TimeSpan.FromDays(30), "sourcing.call_quota", "t.day < ($1 at time zone 'Asia/Shanghai')::date");
}
