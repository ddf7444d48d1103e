using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Tests.Integration.Security;

/// <summary>Statements of many stores, mixed on few connections, in every way that store code has to talk to the database.</summary>
public sealed class PoolProbeTests(SecurityApp app) : IClassFixture<SecurityApp>
{
    private const int Probes = 20_000;
    private const int Stores = 40;

    [Fact]
    public async Task Twenty_thousand_probes_on_four_connections_see_their_own_store_only()
    {
        await app.Database.ExecuteAsync(
            $"""
            insert into stores.stores (id, slug, name, currency, country, language, email_from, preset)
            select md5('probe ' || n)::uuid, 'probe-' || n, 'Probe', 'ZAR', 'ZA', 'en', 'Probe <no-reply@probe.test>', 'mallgram' from generate_series(1, {Stores}) n;
            insert into kernel.idempotency_keys (store_id, caller, endpoint, key, request_hash, status, body)
            select md5('probe ' || n)::uuid, 'probe', 'probe', k::text, '', 200, 'probe-' || n from generate_series(1, {Stores}) n, generate_series(1, 3) k
            """);
        var stores = await app.Database.ScalarAsync<Guid[]>($"select array_agg(md5('probe ' || n)::uuid order by n) from generate_series(1, {Stores}) n");
        await using var source = new AppDataSource(Pools.Create(app.Database.App, "probe", maxPoolSize: 4));
        var leaks = 0;
        var read = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, Probes), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, ct) =>
        {
            // A fixed step that shares no factor with the number of stores: neighbours in time are of different stores.
            var store = i * 17 % Stores;
            var scope = new StoreScope();
            if (i % 10 != 9)
            {
                scope.Set(stores[store]);
            }

            var database = new StoreDatabase(source, scope, new LocalOutboxSignal());
            var select = Sql.Command("select body from kernel.idempotency_keys where caller = 'probe'");
            var seen = new List<string>();
            switch (i % 10)
            {
                case 7:
                    // Given up halfway: what it had set must not stay behind.
                    await using (var transaction = await database.BeginAsync(ct))
                    {
                        await using var rows = await transaction.QueryAsync(ct, select);
                        while (await rows.ReadAsync(ct))
                        {
                            seen.Add(rows.GetString(0));
                        }
                    }

                    break;
                case 8:
                    // A failing statement ends the round trip.
                    await Assert.ThrowsAsync<Npgsql.PostgresException>(() => database.ExecuteAsync(ct, Sql.Command("select 1 / 0")));
                    return;
                case 9:
                    await using (var bare = source.Source.CreateCommand(select.CommandText))
                    await using (var rows = await bare.ExecuteReaderAsync(ct))
                    {
                        if (await rows.ReadAsync(ct))
                        {
                            Interlocked.Increment(ref leaks);
                        }
                    }

                    return;
                default:
                    await using (var answer = await database.QueryAsync(ct, select))
                    {
                        while (await answer.Rows.ReadAsync(ct))
                        {
                            seen.Add(answer.Rows.GetString(0));
                        }
                    }

                    break;
            }

            Interlocked.Increment(ref read);
            if (seen.Count != 3 || seen.Exists(s => s != $"probe-{store + 1}"))
            {
                Interlocked.Increment(ref leaks);
            }
        });
        Assert.Equal((0, Probes * 8 / 10), (leaks, read));
    }
}
