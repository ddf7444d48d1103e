using Mallgram.Kernel.Cleanup;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Tests.Integration.Kernel;

/// <summary>The job <c>database-cleanup</c>: what goes, what stays, and what a failing task does to the others.</summary>
public sealed class CleanupTests(CleanupTests.AppToClean app) : IClassFixture<CleanupTests.AppToClean>
{
    private const string Store = "01930000-0000-7000-8000-000000000001";

    [Fact]
    public async Task What_is_past_its_time_goes_and_the_rest_stays()
    {
        app.Task.Fails = false;
        await app.Database.ExecuteAsync(
            $"""
            insert into kernel.outbox (id, type, payload, occurred_at, processed_at, dead_at)
            select gen_random_uuid(), kind, '{"{}"}', now() - interval '9 days',
                   case when kind in ('t.old', 't.new') then now() - case kind when 't.old' then interval '8 days' else interval '6 days' end end,
                   case kind when 't.dead' then now() - interval '8 days' end
            from unnest(array['t.old', 't.old', 't.old', 't.new', 't.dead']) kind;
            insert into kernel.outbox_effects (event_id, effect) select id, 'test' from kernel.outbox where type in ('t.old', 't.new');
            insert into kernel.inbox (id, provider, event_key, headers, body, genuine, received_at)
            select gen_random_uuid(), 'tests', 'k' || days || genuine, '{"{}"}', '', genuine, now() - days * interval '1 day'
            from unnest(array[6, 8, 91]) days, unnest(array[true, false]) genuine;
            insert into kernel.idempotency_keys (store_id, caller, endpoint, key, request_hash, status, body, created_at)
            select '{Store}', 'guest', 'e', 'k' || hours, '', 200, '', now() - hours * interval '1 hour' from unnest(array[47, 49]) hours;
            insert into kernel.job_runs (id, job, scheduled_at, trigger, state, created_at, finished_at)
            select gen_random_uuid(), 'tests-clean', now() - days * interval '1 day', 'schedule', 'succeeded',
                   now() - days * interval '1 day', now() - days * interval '1 day' from unnest(array[91, 95, 99]) days;
            insert into identity.refresh_tokens (store_id, id, user_id, family, token_hash, expires_at)
            select store_id, gen_random_uuid(), id, gen_random_uuid(), sha256(convert_to('t' || days, 'UTF8')), now() - days * interval '1 day'
            from identity.users, unnest(array[1, 8]) days;
            insert into sourcing.sync_runs (store_id, id, supplier, job_run_id, fence, state, checkpoint, started_at, finished_at)
            select '{Store}', ('01930000-0000-7000-8000-00000000c10' || n)::uuid, 'tests', gen_random_uuid(), 1, 'succeeded', '{"{}"}',
                   now() - interval '200 days', now() from generate_series(1, 2) n;
            insert into sourcing.sync_issues (store_id, run_id, number, external_id, reason, created_at)
            select '{Store}', '01930000-0000-7000-8000-00000000c102', days, 'x', 'r', now() - days * interval '1 day' from unnest(array[29, 31]) days;
            insert into sourcing.feed_items (store_id, supplier, external_id, feed_hash, read_at)
            select '{Store}', 'tests', 'f' || days, '', now() - days * interval '1 day' from unnest(array[80, 91]) days;
            """);

        var run = await app.RunJobAsync("database-cleanup");

        Assert.True(run.State == "succeeded", run.Error);
        var removed = run.Summary!.Value.GetProperty("removed");
        Assert.Equal(3, removed.GetProperty("outbox").GetInt64());
        Assert.Equal(2, removed.GetProperty("job-runs").GetInt64());
        Assert.Equal("t.dead,t.new", await TextAsync("select string_agg(type, ',' order by type) from kernel.outbox where type like 't.%'"));
        Assert.Equal("1", await TextAsync("select count(*)::text from kernel.outbox_effects where effect = 'test'"));
        Assert.Equal("k6f,k6t,k8t", await TextAsync(
            "select string_agg(left(event_key, 3), ',' order by event_key) from kernel.inbox where provider = 'tests'"));
        Assert.Equal("k47", await TextAsync("select string_agg(key, ',') from kernel.idempotency_keys"));
        Assert.Equal("91", await TextAsync(
            "select string_agg(extract(day from now() - finished_at)::text, ',') from kernel.job_runs where job = 'tests-clean'"));
        Assert.Equal("0", await TextAsync("select count(*)::text from identity.refresh_tokens where expires_at < now() - interval '7 days'"));
        Assert.NotEqual("0", await TextAsync("select count(*)::text from identity.refresh_tokens where expires_at < now()"));
        Assert.Equal("01930000-0000-7000-8000-00000000c102", await TextAsync(
            "select string_agg(id::text, ',') from sourcing.sync_runs where supplier = 'tests'"));
        Assert.Equal("29", await TextAsync(
            "select string_agg(number::text, ',') from sourcing.sync_issues where run_id = '01930000-0000-7000-8000-00000000c102'"));
        Assert.Equal("f80", await TextAsync("select string_agg(external_id, ',') from sourcing.feed_items where supplier = 'tests'"));
    }

    [Fact]
    public async Task Withdrawn_products_go_unless_they_were_ordered_or_edited()
    {
        app.Task.Fails = false;
        await app.Database.ExecuteAsync(
            $"""
            alter table catalog.products disable trigger touch_updated_at;
            insert into catalog.products (store_id, id, slug, supplier, external_id, name, status, hidden_by, content_hash, search_key,
                                          name_key, name_key_fr, locked_fields, updated_at)
            select '{Store}', gen_random_uuid(), 'w-' || what, 'tests', what, what, 'hidden', case what when 'staff' then 'staff' else 'supplier' end,
                   '', what, what, what, case what when 'edited' then array['name'] else '{"{}"}' end,
                   now() - case what when 'recent' then interval '100 days' else interval '190 days' end
            from unnest(array['gone', 'cancelled', 'ordered', 'edited', 'staff', 'recent']) what;
            alter table catalog.products enable trigger touch_updated_at;
            insert into catalog.variants (store_id, id, product_id, external_id, sku, position)
            select store_id, id, id, 'v', slug, 0 from catalog.products where supplier = 'tests';
            insert into catalog.stock (store_id, variant_id, on_hand) select store_id, id, 5 from catalog.products where supplier = 'tests';
            insert into catalog.prices (store_id, variant_id, currency, min_quantity, amount)
            select store_id, id, 'ZAR', 1, 100 from catalog.products where supplier = 'tests';
            insert into catalog.reservations (store_id, order_id, variant_id, quantity, status, expires_at)
            select store_id, gen_random_uuid(), id, 1, case external_id when 'ordered' then 'committed' else 'released' end, now()
            from catalog.products where supplier = 'tests' and external_id in ('ordered', 'cancelled');
            """);

        var run = await app.RunJobAsync("database-cleanup");

        Assert.True(run.State == "succeeded", run.Error);
        Assert.Equal(2, run.Summary!.Value.GetProperty("removed").GetProperty("withdrawn-products").GetInt64());
        Assert.Equal("edited,ordered,recent,staff", await TextAsync(
            "select string_agg(external_id, ',' order by external_id) from catalog.products where supplier = 'tests'"));
        Assert.Equal("4", await TextAsync("select count(*)::text from catalog.stock s join catalog.products p on p.id = s.variant_id and p.supplier = 'tests'"));
    }

    [Fact]
    public async Task A_task_that_fails_is_named_and_the_others_are_done()
    {
        app.Task.Fails = true;
        await app.Database.ExecuteAsync(
            $"""
            insert into kernel.idempotency_keys (store_id, caller, endpoint, key, request_hash, status, body, created_at)
            values ('{Store}', 'guest', 'e', 'with-failure', '', 200, '', now() - interval '9 days')
            """);

        var run = await app.RunJobAsync("database-cleanup");

        Assert.Equal("failed", run.State);
        Assert.Contains("tests-failing", run.Error, StringComparison.Ordinal);
        Assert.Equal("0", await TextAsync("select count(*)::text from kernel.idempotency_keys where key = 'with-failure'"));
        Assert.True(run.Progress!.Value.GetProperty("removed").TryGetProperty("idempotency-keys", out _));
    }

    [Fact]
    public async Task Statistics_of_a_table_that_changed_much_are_renewed()
    {
        app.Task.Fails = false;
        await app.Database.ExecuteAsync(
            """
            insert into kernel.inbox (id, provider, event_key, headers, body, genuine)
            select gen_random_uuid(), 'statistics', n::text, '{}', '', true from generate_series(1, 3000) n;
            """);
        // A backend tells the statistics collector what it did at its end at the latest.
        await Eventually.HoldsAsync("statistics", async () => await app.Database.ScalarAsync<long>(
            "select n_mod_since_analyze from pg_stat_user_tables where relid = 'kernel.inbox'::regclass") >= 3000);

        var run = await app.RunJobAsync("database-cleanup");

        Assert.True(run.State == "succeeded", run.Error);
        Assert.Contains(run.Summary!.Value.GetProperty("analyzed").EnumerateArray(), t => t.GetString() == "kernel.inbox");
        Assert.NotEqual("0", await TextAsync("select count(*)::text from pg_stats where schemaname = 'kernel' and tablename = 'inbox'"));
    }

    [Theory]
    [InlineData("outbox", "soon")]
    [InlineData("outbox", "-1.00:00:00")]
    [InlineData("outbux", "1.00:00:00")]
    public void A_retention_that_makes_no_sense_is_refused(string task, string value)
    {
        var validation = app.Worker.Services.GetServices<IValidateOptions<CleanupOptions>>();
        Assert.Contains(validation, v => v.Validate(Options.DefaultName, new CleanupOptions { Retention = { [task] = value } }).Failed);
    }

    private Task<string> TextAsync(string sql) => app.Database.ScalarAsync<string>(sql);

    public sealed class AppToClean : MallgramApp
    {
        public Failing Task { get; } = new();

        protected override bool Synchronised => false;

        protected override IEnumerable<string> ServiceSettings =>
            ["--Cleanup:BatchSize=2", "--Cleanup:Retention:inbox=90.00:00:00", "--Cleanup:Retention:sync-pages=off", "--Jobs:Schedules:database-cleanup=off"];

        protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<ICleanupTask>(Task);
    }

    public sealed class Failing : ICleanupTask
    {
        public bool Fails { get; set; }

        public string Name => "tests-failing";

        public TimeSpan DefaultRetention => TimeSpan.FromDays(1);

        public Task<long> RemoveAsync(DateTimeOffset before, int limit, CancellationToken ct) =>
            Fails ? throw new InvalidOperationException("Fails on purpose.") : Task.FromResult(0L);
    }
}
