using System.Collections.Concurrent;
using Mallgram.Kernel;
using Mallgram.Kernel.Outbox;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Mallgram.Tests.Integration.Kernel;

/// <summary>The outbox with two Workers on it and handlers that fail on purpose.</summary>
public sealed class OutboxTests(OutboxTests.AppWithProbes app) : IClassFixture<OutboxTests.AppWithProbes>
{
    [Fact]
    public async Task Two_dispatchers_deliver_every_event_once()
    {
        await app.StartWorkerAsync();
        var marks = Enumerable.Range(0, 300).Select(n => $"{Guid.NewGuid():N}-{n}").ToList();
        await AddAsync("tests.counted", marks);
        await DeliveredAsync("tests.counted");
        Assert.All(marks, mark => Assert.Equal(1, app.Probes.Counted.GetValueOrDefault(mark)));
    }

    [Fact]
    public async Task A_failing_effect_is_repeated_without_repeating_those_that_succeeded()
    {
        var mark = Guid.NewGuid().ToString("N");
        app.Probes.FailuresLeft[mark] = 2;
        await AddAsync("tests.half", [mark]);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var tries = attempt + 1;
            await Eventually.HoldsAsync($"attempt {tries}", async () => await ScalarAsync<long>(
                $"select count(*) from kernel.outbox where type = 'tests.half' and attempts >= {tries} and payload ->> 'mark' = '{mark}'") == 1
                && (tries == 3 || await ScalarAsync<long>($"select count(*) from kernel.outbox where last_error is not null and payload ->> 'mark' = '{mark}'") == 1));
            await app.Database.ExecuteAsync($"update kernel.outbox set available_at = now() where processed_at is null and payload ->> 'mark' = '{mark}'");
        }

        await DeliveredAsync("tests.half");
        Assert.Equal(1, app.Probes.Counted[mark + ":sound"]);
        Assert.Equal(1, app.Probes.Counted[mark + ":weak"]);
    }

    [Fact]
    public async Task An_event_that_never_succeeds_becomes_a_dead_letter_and_can_be_replayed()
    {
        var mark = Guid.NewGuid().ToString("N");
        app.Probes.FailuresLeft[mark] = 1;
        await AddAsync("tests.half", [mark], attempts: OutboxDispatcher.MaxAttempts - 1);
        await Eventually.HoldsAsync("a dead letter", async () =>
            await ScalarAsync<long>($"select count(*) from kernel.outbox_dead_letters where payload ->> 'mark' = '{mark}' and last_error like '%on purpose%'") == 1);
        Assert.Equal(1L, await ScalarAsync<long>(
            $"select kernel.replay_dead_letters(array(select id from kernel.outbox_dead_letters where payload ->> 'mark' = '{mark}'))"));
        await Eventually.HoldsAsync("delivered", async () =>
            await ScalarAsync<long>($"select count(*) from kernel.outbox where processed_at is not null and payload ->> 'mark' = '{mark}'") == 1);
        Assert.Equal(1, app.Probes.Counted[mark + ":weak"]);
    }

    [Fact]
    public async Task A_dispatcher_that_died_leaves_its_event_to_the_others_when_the_lease_ends()
    {
        var mark = Guid.NewGuid().ToString("N");
        // As a killed dispatcher leaves it: claimed, not done. The lease is moved up instead of waited for.
        await AddAsync("tests.counted", [mark], attempts: 1, availableIn: "1 minute");
        Assert.Equal(0, app.Probes.Counted.GetValueOrDefault(mark));
        await app.Database.ExecuteAsync($"update kernel.outbox set available_at = now() where payload ->> 'mark' = '{mark}'");
        await DeliveredAsync("tests.counted");
        Assert.Equal(1, app.Probes.Counted[mark]);
    }

    [Fact]
    public async Task Store_code_can_add_events_but_neither_read_nor_change_them()
    {
        await using var connection = new NpgsqlConnection(app.Database.App + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var sql in new[] { "select count(*) from kernel.outbox", "delete from kernel.outbox", "update kernel.outbox set type = 'x'" })
        {
            await using var command = new NpgsqlCommand(sql, connection);
            var refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
    }

    private async Task AddAsync(string type, IEnumerable<string> marks, int attempts = 0, string availableIn = "0 seconds")
    {
        foreach (var chunk in marks.Chunk(100))
        {
            await app.Database.ExecuteAsync(string.Join('\n', chunk.Select(mark =>
                $"""
                insert into kernel.outbox (id, type, payload, attempts, available_at)
                values (gen_random_uuid(), '{type}', '{JsonOf(mark)}', {attempts}, now() + interval '{availableIn}');
                """)));
        }
    }

    private static string JsonOf(string mark) => "{\"mark\":\"" + mark + "\"}";

    private Task DeliveredAsync(string type) => Eventually.HoldsAsync(type + " delivered", async () =>
        await ScalarAsync<long>($"select count(*) from kernel.outbox where type = '{type}' and processed_at is null and dead_at is null") == 0);

    private Task<T> ScalarAsync<T>(string sql) => app.Database.ScalarAsync<T>(sql);

    public sealed class AppWithProbes : MallgramApp
    {
        public Probes Probes { get; } = new();

        protected override bool Synchronised => false;

        protected override void Configure(WebApplicationBuilder builder)
        {
            builder.Services.AddSingleton(Probes);
            builder.Services.AddOutboxHandler<Count>();
            builder.Services.AddOutboxHandler<Sound>();
            builder.Services.AddOutboxHandler<Weak>();
        }
    }

    public sealed class Probes
    {
        public ConcurrentDictionary<string, int> Counted { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<string, int> FailuresLeft { get; } = new(StringComparer.Ordinal);

        public void Count(string mark) => Counted.AddOrUpdate(mark, 1, (_, n) => n + 1);
    }

    private sealed record Payload(string Mark);

    private sealed class Count(Probes probes) : IOutboxHandler
    {
        public static string Type => "tests.counted";

        public static string Effect => "count";

        public Task HandleAsync(OutboxMessage message, CancellationToken ct)
        {
            probes.Count(message.Read<Payload>().Mark);
            return Task.CompletedTask;
        }
    }

    private sealed class Sound(Probes probes) : IOutboxHandler
    {
        public static string Type => "tests.half";

        public static string Effect => "sound";

        public Task HandleAsync(OutboxMessage message, CancellationToken ct)
        {
            probes.Count(message.Read<Payload>().Mark + ":sound");
            return Task.CompletedTask;
        }
    }

    private sealed class Weak(Probes probes) : IOutboxHandler
    {
        public static string Type => "tests.half";

        public static string Effect => "weak";

        public Task HandleAsync(OutboxMessage message, CancellationToken ct)
        {
            var mark = message.Read<Payload>().Mark;
            if (probes.FailuresLeft.AddOrUpdate(mark, 0, (_, left) => left - 1) >= 0)
            {
                throw new InvalidOperationException("Fails on purpose.");
            }

            probes.Count(mark + ":weak");
            return Task.CompletedTask;
        }
    }
}
