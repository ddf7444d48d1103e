using Mallgram.Kernel.Audit;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Mallgram.Stores.Lifecycle;
using Npgsql;

namespace Mallgram.Stores.Platform;

/// <param name="Status">active, suspended or closing.</param>
internal sealed record PlatformStoreRow(
    string Id, string Slug, string Name, string Status, string? StatusReason, string Plan, string Country, string Currency, DateTimeOffset CreatedAt);

internal sealed record PlatformStoreList(IReadOnlyList<PlatformStoreRow> Data, string? NextCursor);

/// <summary>Limits of this store instead of its plan's; null: the plan's.</summary>
internal sealed record LimitOverrides(int? Products, int? Staff, long? StorageBytes, int? RequestsPerMinute, int? RequestsPerHour);

/// <param name="Limits">What holds: the plan's or the overrides.</param>
internal sealed record PlatformStore(
    PlatformStoreRow Store, string Language, string Preset, string EmailFrom, StoreLimits Limits, LimitOverrides Overrides);

/// <summary>What is left out stays.</summary>
/// <param name="EmailFrom">Sender of its mail, <c>Name &lt;address&gt;</c>.</param>
/// <param name="Limits">All overrides at once: one left out is the plan's again.</param>
internal sealed record PlatformStoreChange(string? Name, string? EmailFrom, string? Plan, LimitOverrides? Limits);

/// <summary>Stores as the platform's administrators see and change them.</summary>
internal sealed class PlatformStores(PlatformDatabase database, JobRuns jobs, StoreLookup lookup, StoreScope scope, TimeProvider clock)
{
    private const string Row = "s.id, s.slug, s.name, s.status, s.status_reason, s.plan, s.country, s.currency, s.created_at";

    private const string Detail =
        Row + """
        , s.language, s.preset, s.email_from, s.max_products, s.max_staff, s.max_storage_bytes, s.requests_per_minute, s.requests_per_hour,
            coalesce(s.max_products, p.max_products), coalesce(s.max_staff, p.max_staff),
            coalesce(s.max_storage_bytes, p.max_storage_bytes), coalesce(s.requests_per_minute, p.requests_per_minute),
            coalesce(s.requests_per_hour, p.requests_per_hour)
        """;

    public async Task<PlatformStoreList> ListAsync(string? query, string? status, Guid? before, int limit, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            $"""
            select {Row} from stores.stores s
            where ($1 is null or s.id < $1) and ($2 is null or s.status = $2)
              and ($3 is null or s.slug like $3 || '%' or lower(s.name) like '%' || $3 || '%')
            order by s.id desc limit $4
            """,
            Sql.Uuid(before), Sql.Text(status), Sql.Text(Like(query)), Sql.Int(limit + 1)));
        var rows = new List<PlatformStoreRow>();
        while (await answer.Rows.ReadAsync(ct))
        {
            rows.Add(ReadRow(answer.Rows));
        }

        return new PlatformStoreList([.. rows.Take(limit)], rows.Count > limit ? rows[limit - 1].Id : null);
    }

    /// <exception cref="ProblemException">404.</exception>
    public async Task<PlatformStore> GetAsync(Guid id, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            $"select {Detail} from stores.stores s join stores.plans p on p.code = s.plan where s.id = $1", Sql.Uuid(id)));
        if (!await answer.Rows.ReadAsync(ct))
        {
            throw new ProblemException(CommonProblems.StoreNotFound);
        }

        var row = answer.Rows;
        return new PlatformStore(
            ReadRow(row), row.GetString(9), row.GetString(10), row.GetString(11),
            new StoreLimits(Int(row, 17), Int(row, 18), Long(row, 19), row.GetInt32(20), row.GetInt32(21)),
            new LimitOverrides(Int(row, 12), Int(row, 13), Long(row, 14), Int(row, 15), Int(row, 16)));
    }

    /// <exception cref="ProblemException">404, 422.</exception>
    public async Task ChangeAsync(Guid id, PlatformStoreChange change, CancellationToken ct)
    {
        var errors = new FieldErrors();
        if (change.Name is not null)
        {
            errors.Require(change.Name, "name", 100);
        }

        if (change.EmailFrom is { } sender
            && (sender.Length > 320 || sender.Any(char.IsControl) || !System.Net.Mail.MailAddress.TryCreate(sender, out _)))
        {
            errors.Add("email_from", "must be Name <address>", "doit être Nom <adresse>");
        }

        var limits = change.Limits ?? new LimitOverrides(Products: null, Staff: null, StorageBytes: null, RequestsPerMinute: null, RequestsPerHour: null);
        foreach (var (field, value) in new (string, long?)[]
        {
            ("products", limits.Products), ("staff", limits.Staff), ("storage_bytes", limits.StorageBytes),
            ("requests_per_minute", limits.RequestsPerMinute), ("requests_per_hour", limits.RequestsPerHour),
        })
        {
            if (value <= 0)
            {
                errors.Add("limits." + field, "must be more than 0", "doit être supérieur à 0");
            }
        }

        errors.ThrowIfAny();
        try
        {
            await OneAsync(Sql.Command(
                """
                update stores.stores set name = coalesce($2, name), email_from = coalesce($3, email_from), plan = coalesce($4, plan),
                    max_products = case when $5 then $6 else max_products end, max_staff = case when $5 then $7 else max_staff end,
                    max_storage_bytes = case when $5 then $8 else max_storage_bytes end,
                    requests_per_minute = case when $5 then $9 else requests_per_minute end,
                    requests_per_hour = case when $5 then $10 else requests_per_hour end
                where id = $1
                """,
                Sql.Uuid(id), Sql.Text(change.Name?.Trim()), Sql.Text(change.EmailFrom), Sql.Text(change.Plan), Sql.Bool(change.Limits is not null),
                Sql.Int(limits.Products), Sql.Int(limits.Staff), Sql.Long(limits.StorageBytes), Sql.Int(limits.RequestsPerMinute),
                Sql.Int(limits.RequestsPerHour)), ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            throw StoreCreation.NoSuchPlan();
        }

        lookup.Forget();
    }

    /// <summary>From at most five seconds later on the store sells nothing.</summary>
    /// <exception cref="ProblemException">404; 409 for the default store and one that is closing; 422.</exception>
    public async Task SuspendAsync(Guid id, string? reason, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(reason, "reason", 500);
        errors.ThrowIfAny();
        await MoveAsync(id, "suspended", reason!.Trim(), ct);
    }

    /// <exception cref="ProblemException">404; 409 for one that is closing.</exception>
    public Task ResumeAsync(Guid id, CancellationToken ct) => MoveAsync(id, "active", reason: null, ct);

    /// <summary>Closes the store at once and asks for its rows to be removed. Cannot be taken back.</summary>
    /// <param name="slug">The store's, to be sure that it is the one that is meant.</param>
    /// <returns>Id of the job's run.</returns>
    /// <exception cref="ProblemException">404; 409 for the default store; 422 when the slug is another's.</exception>
    public async Task<Guid> DeleteAsync(Guid id, string? slug, CancellationToken ct)
    {
        var store = await GetAsync(id, ct);
        RefuseDefault(store);
        if (slug != store.Store.Slug)
        {
            var errors = new FieldErrors();
            errors.Add("slug", "is not the slug of this store", "n'est pas le nom court de cette boutique");
            throw new ProblemException(CommonProblems.ValidationFailed) { Fields = errors };
        }

        await using (var transaction = await database.BeginAsync(id, ct))
        {
            await transaction.ExecuteAsync(
                ct,
                Sql.Command(
                    "update stores.stores set status = 'closing', status_changed_at = $2 where id = $1 and status <> 'closing'",
                    Sql.Uuid(id), Sql.Time(clock.GetUtcNow())),
                // The store's own log goes with it; that it was deleted, and by whom, stays in the platform's.
                AuditEntry.Insert(storeId: null, Caller, "store.deleted", StoreTables.Stores, id.ToString(), new { slug = store.Store.Slug }));
            await transaction.CommitAsync(ct);
        }

        lookup.Forget();
        return await jobs.RequestAsync(StoreDeletion.Name, Caller.Actor, ct);
    }

    /// <summary>Notes in the store's log, which the platform reads too, that all of a store's rows were taken away.</summary>
    public Task ExportedAsync(Guid id, CancellationToken ct) => database.ExecuteAsync(
        ct, AuditEntry.Insert(id, Caller, "store.exported", StoreTables.Stores, id.ToString()));

    private Caller Caller => scope.Caller ?? throw new InvalidOperationException("Only platform administrators get here.");

    private async Task MoveAsync(Guid id, string status, string? reason, CancellationToken ct)
    {
        var store = await GetAsync(id, ct);
        if (status != "active")
        {
            RefuseDefault(store);
        }

        var moved = await database.ExecuteAsync(ct, Sql.Command(
            """
            update stores.stores set status = $2, status_reason = $3, status_changed_at = $4
            where id = $1 and status <> 'closing' and (status <> $2 or status_reason is distinct from $3)
            """,
            Sql.Uuid(id), Sql.Text(status), Sql.Text(reason), Sql.Time(clock.GetUtcNow())));
        if (moved == 0 && store.Store.Status == "closing")
        {
            throw new ProblemException(StoreProblems.NotWhileClosing);
        }

        lookup.Forget();
    }

    private async Task OneAsync(NpgsqlBatchCommand command, CancellationToken ct)
    {
        if (await database.ExecuteAsync(ct, command) == 0)
        {
            throw new ProblemException(CommonProblems.StoreNotFound);
        }
    }

    private static void RefuseDefault(PlatformStore store)
    {
        if (store.Store.Slug == Store.DefaultSlug)
        {
            throw new ProblemException(StoreProblems.DefaultStoreStays);
        }
    }

    private static string? Like(string? query) => string.IsNullOrWhiteSpace(query)
        ? null
        : query.Trim().ToLowerInvariant().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal)
            .Replace("_", "\\_", StringComparison.Ordinal);

    private static PlatformStoreRow ReadRow(NpgsqlDataReader row) => new(
        PublicId.Format(PublicId.Store, row.GetGuid(0)), row.GetString(1), row.GetString(2), row.GetString(3),
        row.IsDBNull(4) ? null : row.GetString(4), row.GetString(5), row.GetString(6), row.GetString(7), row.GetFieldValue<DateTimeOffset>(8));

    private static int? Int(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);

    private static long? Long(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);
}
