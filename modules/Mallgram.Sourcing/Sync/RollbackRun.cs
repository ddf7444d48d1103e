using System.Diagnostics;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Sourcing.Sync;

internal sealed record RollbackRequested(Guid RunId);

/// <summary>
/// Undoes what a run changed, some products a transaction, so that buyers wait for no more than a few hundred products' stock. What does not
/// fit into the request goes on in the Worker; while it does, no sync of that supplier starts.
/// </summary>
internal sealed class RollbackRun(StoreDatabase database, StoreScope scope, ICatalogImport import, OutboxWriter outbox)
{
    public const string Requested = "sourcing.rollback_requested";

    private const int AtOnce = 200;

    private const string Look =
        """
        select r.rolled_back_at is not null,
               exists (select from sourcing.sync_runs o where o.supplier = r.supplier and o.state = 'running'),
               exists (select from sourcing.sync_runs n where n.supplier = r.supplier and n.id > r.id and n.rolled_back_at is null
                       and n.created + n.updated + n.hidden > 0)
        from sourcing.sync_runs r where r.id = $1
        """;

    private static readonly ProblemCode RunIsUnderWay = new("sync_run_running", 409,
        "A sync of this supplier is under way. Cancel it or wait for its end, then roll back.",
        "Une synchronisation de ce fournisseur est en cours. Annulez-la ou attendez sa fin avant de revenir en arrière.");

    private static readonly ProblemCode NotTheNewest = new("sync_run_not_newest", 409,
        "A later run of this supplier has changed products since. Roll that one back first.",
        "Une synchronisation plus récente de ce fournisseur a modifié des produits. Revenez d'abord sur celle-là.");

    /// <summary>Begins a rollback, or goes on with it. Asking again changes nothing.</summary>
    /// <param name="actor">Public id of who asks.</param>
    /// <returns>True when all is undone; false when the Worker goes on.</returns>
    /// <exception cref="ProblemException">404 or 409.</exception>
    public async Task<bool> StartAsync(Guid runId, string actor, TimeSpan atMost, CancellationToken ct)
    {
        await using (var transaction = await database.BeginAsync(ct))
        {
            await using (var rows = await transaction.QueryAsync(ct, [SyncRuns.LockSupplierOf(runId), Sql.Command(Look, Sql.Uuid(runId))]))
            {
                await rows.NextResultAsync(ct);
                if (!await rows.ReadAsync(ct))
                {
                    throw new ProblemException(SyncRunEndpoints.SyncRunNotFound);
                }

                if (rows.GetBoolean(0))
                {
                    return true;
                }

                if (rows.GetBoolean(1))
                {
                    throw new ProblemException(RunIsUnderWay);
                }

                if (rows.GetBoolean(2))
                {
                    throw new ProblemException(NotTheNewest);
                }
            }

            // Recorded before anything is undone, with the event that sees it through whatever becomes of this process. What the run's
            // person picked is theirs no more: later runs leave it as the rollback does.
            await transaction.ExecuteAsync(ct, [
                Sql.Command("delete from sourcing.picked_items where run_id = $1", Sql.Uuid(runId)),
                Sql.Command(
                    "update sourcing.sync_runs set rollback_started_at = now(), rolled_back_by = $2 where id = $1 and rollback_started_at is null",
                    Sql.Uuid(runId), Sql.Text(actor)),
                outbox.Add(scope.StoreId, Requested, new RollbackRequested(runId)),
            ]);
            await transaction.CommitAsync(ct);
        }

        return await GoOnAsync(runId, atMost, ct);
    }

    /// <returns>True when all is undone.</returns>
    public async Task<bool> GoOnAsync(Guid runId, TimeSpan atMost, CancellationToken ct)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var actor = "";
        await using (var reader = await database.QueryAsync(ct, Sql.Command(
            "select rolled_back_by, rolled_back_at is not null from sourcing.sync_runs where id = $1 and rollback_started_at is not null",
            Sql.Uuid(runId))))
        {
            if (!await reader.Rows.ReadAsync(ct) || reader.Rows.GetBoolean(1))
            {
                return true;
            }

            actor = reader.Rows.GetString(0);
        }

        while (await import.RollBackAsync(runId, actor, AtOnce, ct) is > 0 and var undone)
        {
            await database.ExecuteAsync(ct, Sql.Command(
                "update sourcing.sync_runs set rolled_back = rolled_back + $2 where id = $1", Sql.Uuid(runId), Sql.Int(undone)));
            if (Stopwatch.GetElapsedTime(startedAt) > atMost)
            {
                return false;
            }
        }

        await database.ExecuteAsync(ct, Sql.Command(
            "update sourcing.sync_runs set rolled_back_at = now() where id = $1 and rolled_back_at is null", Sql.Uuid(runId)));
        return true;
    }
}

/// <summary>Sees rollbacks through that were begun by a request.</summary>
internal sealed class FinishRollback(RollbackRun rollback, StoreDatabase database, StoreScope scope, OutboxWriter outbox) : IOutboxHandler
{
    /// <summary>Ends well before a delivery does; what is left goes on in another one.</summary>
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(20);

    public static string Type => RollbackRun.Requested;

    public static string Effect => "sourcing.finish_rollback";

    public async Task HandleAsync(OutboxMessage message, CancellationToken ct)
    {
        var request = message.Read<RollbackRequested>();
        if (!await rollback.GoOnAsync(request.RunId, AtMost, ct))
        {
            await database.ExecuteAsync(ct, outbox.Add(scope.StoreId, Type, request));
        }
    }
}
