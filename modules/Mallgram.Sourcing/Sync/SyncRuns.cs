using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Sourcing.Sync;

/// <summary>The rows of sync runs, for the store of the scope. Every write is refused once another worker has taken the run over.</summary>
internal sealed class SyncRuns(StoreDatabase database, StoreScope scope, TimeProvider clock)
{
    private const int IssuesPerReason = 100;

    // What a run left undone is worth going on with for a while: a killed one always, one without quota until that has come back,
    // one that failed as long as its pages still resemble the feed.
    private const string Resume =
        """
        update sourcing.sync_runs set state = 'running', job_run_id = $2, fence = $3, error = null, finished_at = null
        where id = (
            select id from sourcing.sync_runs
            where supplier = $1 and rollback_started_at is null and (state = 'running' or (state = 'paused_by_quota' and updated_at > $4 - interval '36 hours')
                or (state = 'failed' and updated_at > $4 - interval '12 hours'))
              and id = (select id from sourcing.sync_runs where supplier = $1 and started_by is null order by id desc limit 1)
            for update)
        returning id, started_at, checkpoint, seen, created, updated, unchanged, skipped, failed, hidden, total, reasons, issue_count, supplier
        """;

    private const string Finished =
        """
        select id, started_at, checkpoint, seen, created, updated, unchanged, skipped, failed, hidden, total, reasons, issue_count, supplier
        from sourcing.sync_runs where id = $1 and state <> 'running' and rollback_started_at is null
        """;

    // Differences, not joins: of a store's first sync there are no statistics, and a join of what PostgreSQL takes for a few rows compares each
    // item with each (3 s at 10,000 items, hours at 500,000). A difference reads both sides once, whatever it expects.
    private const string OfTheFeed =
        """
        select external_id from sourcing.feed_items where supplier = $1
        except select external_id from sourcing.picked_items where supplier = $1
        """;

    private const string Shown = "select unnest(external_ids) from sourcing.sync_pages where run_id = $2";

    private const string LockSupplier = "select pg_advisory_xact_lock(hashtextextended('sourcing.runs:' || $1 || ':' || $2, 0))";

    /// <summary>Runs and rollbacks of one supplier begin one after the other. The lock ends with the transaction.</summary>
    public static NpgsqlBatchCommand LockSupplierOf(Guid runId) => Sql.Command(
        """
        select pg_advisory_xact_lock(hashtextextended('sourcing.runs:' || r.store_id || ':' || r.supplier, 0))
        from sourcing.sync_runs r where r.id = $1
        """,
        Sql.Uuid(runId));

    /// <summary>Goes on with the supplier's last run if that was not finished, else starts a new one.</summary>
    /// <returns>Null while a run of the supplier is being rolled back.</returns>
    public async Task<SyncRun?> OpenAsync(string supplier, JobRun job, CancellationToken ct)
    {
        await using (var reader = await database.QueryAsync(
            ct, Sql.Command(Resume, Sql.Text(supplier), Sql.Uuid(job.Id), Sql.Long(job.Fence), Sql.Time(clock.GetUtcNow()))))
        {
            var row = reader.Rows;
            if (await row.ReadAsync(ct))
            {
                return Read(row);
            }
        }

        var run = new SyncRun(
            PublicId.New(clock), supplier, clock.GetUtcNow(), SyncCheckpoint.Start, SyncCounters.Zero, Total: null,
            new Dictionary<string, int>(), 0);
        var opened = await database.ExecuteAsync(
            ct,
            Sql.Command(LockSupplier, Sql.Text(scope.StoreId.ToString()), Sql.Text(supplier)),
            Sql.Command(
                """
                insert into sourcing.sync_runs (store_id, id, supplier, job_run_id, fence, state, checkpoint, started_at)
                select $1, $2, $3, $4, $5, 'running', $6, $7 where not exists (
                    select from sourcing.sync_runs where supplier = $3 and rollback_started_at is not null and rolled_back_at is null)
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(run.Id), Sql.Text(supplier), Sql.Uuid(job.Id), Sql.Long(job.Fence),
                Sql.Json(MallgramJson.ToJson(run.Checkpoint)), Sql.Time(run.StartedAt)));
        return opened > 0 ? run : null;
    }

    /// <returns>Null when there is none, it is under way or it was rolled back.</returns>
    public async Task<SyncRun?> FindFinishedAsync(Guid id, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(Finished, Sql.Uuid(id)));
        return await reader.Rows.ReadAsync(ct) ? Read(reader.Rows) : null;
    }

    /// <summary>Statements that store a run's progress, for the transaction of the work it counts.</summary>
    /// <param name="run">After the work.</param>
    /// <param name="issues">New ones; their reasons are counted in <paramref name="run"/> already.</param>
    /// <returns>The run with its issues numbered.</returns>
    public (SyncRun Run, List<NpgsqlBatchCommand> Statements) Save(SyncRun run, long fence, IReadOnlyList<SyncIssue> issues)
    {
        (run, var statements) = KeepIssues(run, issues);
        statements.Add(Update(run, fence, SyncStates.Running, error: null));
        return (run, statements);
    }

    /// <summary>Like <see cref="Save"/>, for a run that is over: only its counters change.</summary>
    public (SyncRun Run, List<NpgsqlBatchCommand> Statements) SaveFinished(SyncRun run, IReadOnlyList<SyncIssue> issues)
    {
        (run, var statements) = KeepIssues(run, issues);
        statements.Add(Sql.Command(
            """
            update sourcing.sync_runs set created = $2, updated = $3, unchanged = $4, skipped = $5, failed = $6, hidden = $7, reasons = $8,
                issue_count = $9
            where id = $1 and state <> 'running'
            """,
            Sql.Uuid(run.Id), Sql.Int(run.Counters.Created), Sql.Int(run.Counters.Updated), Sql.Int(run.Counters.Unchanged),
            Sql.Int(run.Counters.Skipped), Sql.Int(run.Counters.Failed), Sql.Int(run.Counters.Hidden),
            Sql.Json(MallgramJson.ToJson(run.Reasons)), Sql.Int(run.IssueCount)));
        return (run, statements);
    }

    private (SyncRun Run, List<NpgsqlBatchCommand> Statements) KeepIssues(SyncRun run, IReadOnlyList<SyncIssue> issues)
    {
        // All are counted; of each reason the first hundred are kept as examples.
        var kept = new List<SyncIssue>();
        foreach (var group in issues.GroupBy(i => i.Reason, StringComparer.Ordinal))
        {
            var before = run.Reasons.GetValueOrDefault(group.Key) - group.Count();
            kept.AddRange(group.Take(Math.Max(0, IssuesPerReason - before)));
        }

        var statements = new List<NpgsqlBatchCommand>();
        if (kept.Count > 0)
        {
            statements.Add(Sql.Command(
                """
                insert into sourcing.sync_issues (store_id, run_id, number, external_id, reason, detail)
                select $1, $2, $3 + i.n::int, i.external_id, i.reason, i.detail
                from unnest($4, $5, $6) with ordinality i(external_id, reason, detail, n)
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(run.Id), Sql.Int(run.IssueCount),
                Sql.Texts([.. kept.Select(i => i.ExternalId)]), Sql.Texts([.. kept.Select(i => i.Reason)]),
                Sql.Texts([.. kept.Select(i => i.Detail!)])));
            run = run with { IssueCount = run.IssueCount + kept.Count };
        }

        return (run, statements);
    }

    /// <summary>Remembers what the feed said about items whose details were read, and which items a page showed.</summary>
    public IEnumerable<NpgsqlBatchCommand> SavePage(
        SyncRun run, int page, IReadOnlyList<string> shown, IReadOnlyList<(string ExternalId, byte[] FeedHash, string? SkipReason)> read)
    {
        yield return Sql.Command(
            "insert into sourcing.sync_pages (store_id, run_id, page, external_ids) values ($1, $2, $3, $4)",
            Sql.Uuid(scope.StoreId), Sql.Uuid(run.Id), Sql.Int(page), Sql.Texts([.. shown]));
        if (read.Count > 0)
        {
            yield return SaveItems(run.Supplier, read);
        }
    }

    /// <summary>Remembers items whose details could not be read.</summary>
    public IEnumerable<NpgsqlBatchCommand> SaveFailures(SyncRun run, IReadOnlyList<SyncFailure> failures)
    {
        if (failures.Count > 0)
        {
            yield return Sql.Command(
                """
                insert into sourcing.sync_failures (store_id, run_id, external_id, feed_hash, name_fr, reason)
                select $1, $2, f.* from unnest($3, $4, $5, $6) f on conflict do nothing
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(run.Id), Sql.Texts([.. failures.Select(f => f.ExternalId)]),
                Bytes(failures.Select(f => f.FeedHash)), Sql.Texts([.. failures.Select(f => f.NameFr!)]),
                Sql.Texts([.. failures.Select(f => f.Reason)]));
        }
    }

    /// <summary>Failed items that were not read again yet.</summary>
    public async Task<List<SyncFailure>> FailuresAsync(Guid runId, int limit, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            select external_id, feed_hash, name_fr, reason from sourcing.sync_failures
            where run_id = $1 and not retried order by external_id limit $2
            """,
            Sql.Uuid(runId), Sql.Int(limit)));
        var failures = new List<SyncFailure>();
        while (await reader.Rows.ReadAsync(ct))
        {
            failures.Add(new SyncFailure(
                reader.Rows.GetString(0), reader.Rows.GetFieldValue<byte[]>(1), reader.Rows.IsDBNull(2) ? null : reader.Rows.GetString(2),
                reader.Rows.GetString(3)));
        }

        return failures;
    }

    /// <summary>Forgets the failures of items that were read at last, and marks the others as tried.</summary>
    public IEnumerable<NpgsqlBatchCommand> SaveRetried(
        SyncRun run, IReadOnlyList<(string ExternalId, byte[] FeedHash, string? SkipReason)> read, string[] failedAgain)
    {
        if (read.Count > 0)
        {
            string[] ids = [.. read.Select(r => r.ExternalId)];
            yield return SaveItems(run.Supplier, read);
            yield return Sql.Command(
                "delete from sourcing.sync_failures where run_id = $1 and external_id = any($2)", Sql.Uuid(run.Id), Sql.Texts(ids));
            yield return Sql.Command(
                "delete from sourcing.sync_issues where run_id = $1 and external_id = any($2) and reason like 'detail\\_%'",
                Sql.Uuid(run.Id), Sql.Texts(ids));
        }

        yield return Sql.Command(
            "update sourcing.sync_failures set retried = true where run_id = $1 and external_id = any($2)", Sql.Uuid(run.Id), Sql.Texts(failedAgain));
    }

    private NpgsqlBatchCommand SaveItems(string supplier, IReadOnlyList<(string ExternalId, byte[] FeedHash, string? SkipReason)> read) =>
        Sql.Command(
            """
            insert into sourcing.feed_items (store_id, supplier, external_id, feed_hash, skip_reason, read_at)
            select $1, $2, f.external_id, f.feed_hash, f.skip_reason, $6 from unnest($3, $4, $5) f(external_id, feed_hash, skip_reason)
            on conflict (store_id, supplier, external_id) do update
                set feed_hash = excluded.feed_hash, skip_reason = excluded.skip_reason, read_at = excluded.read_at
            """,
            Sql.Uuid(scope.StoreId), Sql.Text(supplier), Sql.Texts([.. read.Select(r => r.ExternalId)]), Bytes(read.Select(r => r.FeedHash)),
            Sql.Texts([.. read.Select(r => r.SkipReason!)]), Sql.Time(clock.GetUtcNow()));

    public async Task<Dictionary<string, (byte[] FeedHash, string? SkipReason, DateTimeOffset ReadAt)>> KnownItemsAsync(
        string supplier, IEnumerable<string> externalIds, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            "select external_id, feed_hash, skip_reason, read_at from sourcing.feed_items where supplier = $1 and external_id = any($2)",
            Sql.Text(supplier), Sql.Texts([.. externalIds])));
        var known = new Dictionary<string, (byte[], string?, DateTimeOffset)>(StringComparer.Ordinal);
        while (await reader.Rows.ReadAsync(ct))
        {
            known.Add(reader.Rows.GetString(0), (
                reader.Rows.GetFieldValue<byte[]>(1), reader.Rows.IsDBNull(2) ? null : reader.Rows.GetString(2),
                reader.Rows.GetFieldValue<DateTimeOffset>(3)));
        }

        return known;
    }

    /// <summary>Items that the feed showed before, but not in this run.</summary>
    public async Task<List<string>> MissingItemsAsync(SyncRun run, int limit, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            $"""
            {OfTheFeed} except {Shown}
            order by external_id limit $3
            """,
            Sql.Text(run.Supplier), Sql.Uuid(run.Id), Sql.Int(limit)));
        var missing = new List<string>();
        while (await reader.Rows.ReadAsync(ct))
        {
            missing.Add(reader.Rows.GetString(0));
        }

        return missing;
    }

    /// <returns>Items known of the supplier, those of them that this run did not meet, and how many of the last two runs found too many missing.</returns>
    public async Task<(long Known, long Missing, int SaidBefore)> CountMissingAsync(SyncRun run, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            $"""
            with known as ({OfTheFeed})
            select (select count(*) from known), (select count(*) from (select external_id from known except {Shown}) missing), (
                select count(*)::int from (
                    select reasons from sourcing.sync_runs
                    where supplier = $1 and started_by is null and id < $2 order by id desc limit 2) last
                where reasons ? $3)
            """,
            Sql.Text(run.Supplier), Sql.Uuid(run.Id), Sql.Text(StoreSync.FeedShrunk)));
        await reader.Rows.ReadAsync(ct);
        return (reader.Rows.GetInt64(0), reader.Rows.GetInt64(1), reader.Rows.GetInt32(2));
    }

    /// <summary>Items that a person picked, that the feed has not shown in this run and that were not asked for since it began.</summary>
    public async Task<List<string>> PickedItemsAsync(SyncRun run, int limit, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            $"""
            select external_id from sourcing.picked_items where supplier = $1 and read_at < $3 except {Shown}
            order by external_id limit $4
            """,
            Sql.Text(run.Supplier), Sql.Uuid(run.Id), Sql.Time(run.StartedAt), Sql.Int(limit)));
        var picked = new List<string>();
        while (await reader.Rows.ReadAsync(ct))
        {
            picked.Add(reader.Rows.GetString(0));
        }

        return picked;
    }

    /// <summary>Picked items are asked for once a run, whether the supplier answers or not.</summary>
    public NpgsqlBatchCommand SavePickedRead(SyncRun run, IReadOnlyList<string> externalIds) => Sql.Command(
        "update sourcing.picked_items set read_at = greatest($3, $4) where supplier = $1 and external_id = any($2)",
        Sql.Text(run.Supplier), Sql.Texts([.. externalIds]), Sql.Time(clock.GetUtcNow()), Sql.Time(run.StartedAt));

    /// <summary>
    /// Statements that store a whole run of items that a person picked, for the transaction of their import. They raise
    /// <c>object_not_in_prerequisite_state</c> while a run of the supplier is being rolled back.
    /// </summary>
    /// <param name="run">Over; its issues are counted in it.</param>
    /// <param name="person">Public id.</param>
    /// <param name="imported">Items that are in the catalogue now: later runs of the job look after them.</param>
    public IReadOnlyList<NpgsqlBatchCommand> SavePicked(
        SyncRun run, string person, IReadOnlyList<SyncIssue> issues, IReadOnlyList<string> imported)
    {
        (run, var keepIssues) = KeepIssues(run, issues);
        var c = run.Counters;
        return
        [
            Sql.Command(LockSupplier, Sql.Text(scope.StoreId.ToString()), Sql.Text(run.Supplier)),
            Sql.Command(
                """
                with saved as (
                    insert into sourcing.sync_runs (store_id, id, supplier, started_by, fence, state, checkpoint, started_at, finished_at,
                        seen, created, updated, unchanged, skipped, failed, hidden, reasons, issue_count)
                    select $1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17 where not exists (
                        select from sourcing.sync_runs where supplier = $3 and rollback_started_at is not null and rolled_back_at is null)
                    returning 1)
                select sourcing.require_ownership((select count(*) from saved))
                """,
                Sql.Uuid(scope.StoreId), Sql.Uuid(run.Id), Sql.Text(run.Supplier), Sql.Text(person), Sql.Text(SyncStates.Succeeded),
                Sql.Json(MallgramJson.ToJson(run.Checkpoint)), Sql.Time(run.StartedAt), Sql.Time(clock.GetUtcNow()), Sql.Int(c.Seen),
                Sql.Int(c.Created), Sql.Int(c.Updated), Sql.Int(c.Unchanged), Sql.Int(c.Skipped), Sql.Int(c.Failed), Sql.Int(c.Hidden),
                Sql.Json(MallgramJson.ToJson(run.Reasons)), Sql.Int(run.IssueCount)),
            .. keepIssues,
            Sql.Command(
                """
                insert into sourcing.picked_items (store_id, supplier, external_id, run_id, picked_by, picked_at, read_at)
                select $1, $2, e, $4, $5, $6, $6 from unnest($3) e
                on conflict (store_id, supplier, external_id) do update set read_at = excluded.read_at
                """,
                Sql.Uuid(scope.StoreId), Sql.Text(run.Supplier), Sql.Texts([.. imported]), Sql.Uuid(run.Id), Sql.Text(person),
                Sql.Time(clock.GetUtcNow())),
        ];
    }

    /// <summary>Items that the plan had no room for are read again when it has, no more than fit: each costs a call.</summary>
    /// <param name="left">Null: all.</param>
    public Task ForgetBeyondLimitAsync(string supplier, long? left, CancellationToken ct) => database.ExecuteAsync(ct, Sql.Command(
        """
        delete from sourcing.feed_items where supplier = $1 and external_id in (
            select external_id from sourcing.feed_items where supplier = $1 and skip_reason = $2 order by read_at, external_id limit $3)
        """,
        Sql.Text(supplier), Sql.Text(SkipReasons.PlanLimit), Sql.Long(left)));

    public static NpgsqlBatchCommand Forget(string supplier, IReadOnlyList<string> externalIds) => Sql.Command(
        "delete from sourcing.feed_items where supplier = $1 and external_id = any($2)", Sql.Text(supplier), Sql.Texts([.. externalIds]));

    /// <summary>Ends a run. What only a run under way needs goes.</summary>
    public async Task FinishAsync(SyncRun run, long fence, string state, string? error)
    {
        var statements = new List<NpgsqlBatchCommand> { Update(run, fence, state, error) };
        if (state is SyncStates.Succeeded or SyncStates.Incomplete or SyncStates.Cancelled)
        {
            statements.Add(Sql.Command(
                """
                delete from sourcing.sync_pages p using sourcing.sync_runs r
                where r.store_id = p.store_id and r.id = p.run_id and r.supplier = $1
                """,
                Sql.Text(run.Supplier)));
        }

        // The end is written even when the job is being cancelled.
        await database.ExecuteAsync(CancellationToken.None, [.. statements]);
    }

    private NpgsqlBatchCommand Update(SyncRun run, long fence, string state, string? error) => Sql.Command(
        """
        with saved as (
            update sourcing.sync_runs set state = $3, checkpoint = $4, seen = $5, created = $6, updated = $7, unchanged = $8, skipped = $9,
                failed = $10, hidden = $11, total = $12, reasons = $13, issue_count = $14, error = $15, finished_at = $16
            where id = $1 and fence = $2 and state = 'running' returning 1)
        select sourcing.require_ownership((select count(*) from saved))
        """,
        Sql.Uuid(run.Id), Sql.Long(fence), Sql.Text(state), Sql.Json(MallgramJson.ToJson(run.Checkpoint)),
        Sql.Int(run.Counters.Seen), Sql.Int(run.Counters.Created), Sql.Int(run.Counters.Updated), Sql.Int(run.Counters.Unchanged),
        Sql.Int(run.Counters.Skipped), Sql.Int(run.Counters.Failed), Sql.Int(run.Counters.Hidden), Sql.Int(run.Total),
        Sql.Json(MallgramJson.ToJson(run.Reasons)), Sql.Int(run.IssueCount), Sql.Text(error),
        Sql.Time(state == SyncStates.Running ? null : clock.GetUtcNow()));

    private static SyncRun Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetString(13),
        row.GetFieldValue<DateTimeOffset>(1),
        Read<SyncCheckpoint>(row.GetString(2)),
        new SyncCounters(
            row.GetInt32(3), row.GetInt32(4), row.GetInt32(5), row.GetInt32(6), row.GetInt32(7), row.GetInt32(8), row.GetInt32(9)),
        row.IsDBNull(10) ? null : row.GetInt32(10),
        Read<Dictionary<string, int>>(row.GetString(11)),
        row.GetInt32(12));

    private static NpgsqlParameter Bytes(IEnumerable<byte[]> values) =>
        new NpgsqlParameter<byte[][]> { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };

    private static T Read<T>(string json) =>
        JsonSerializer.Deserialize<T>(json, MallgramJson.Options) ?? throw new InvalidOperationException("A sync run's JSON is null.");
}
