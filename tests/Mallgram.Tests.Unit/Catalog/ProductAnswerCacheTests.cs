using Mallgram.Catalog.Http;
using Mallgram.Kernel.Caching;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Tests.Unit.Catalog;

public sealed class ProductAnswerCacheTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(500);

    [Fact]
    public async Task A_hundred_who_ask_at_once_cost_one_reading()
    {
        using var cache = Cache(TimeSpan.Zero);
        var gate = new TaskCompletionSource();
        var source = new Source { Gate = gate.Task };
        var asked = Enumerable.Range(0, 100).Select(_ => cache.GetAsync(source, CancellationToken.None).AsTask()).ToList();
        gate.SetResult();
        Assert.All(await Task.WhenAll(asked), a => Assert.Equal("1"u8.ToArray(), a!.Json));
        Assert.Equal(1, source.Readings);
    }

    [Fact]
    public async Task An_equal_version_is_not_read_again_and_another_is_at_once()
    {
        using var cache = Cache(TimeSpan.Zero);
        var source = new Source();
        for (var version = 1; version <= 3; version++)
        {
            source.Version = version.ToString(System.Globalization.CultureInfo.InvariantCulture);
            for (var time = 0; time < 3; time++)
            {
                var answer = await cache.GetAsync(source, CancellationToken.None);
                Assert.Equal(source.Version, System.Text.Encoding.UTF8.GetString(answer!.Json));
            }

            Assert.Equal(version, source.Readings);
        }

        Assert.Equal(9, source.Checks);
    }

    [Fact]
    public async Task What_failed_or_is_not_there_is_asked_for_anew()
    {
        using var cache = Cache(Longest);
        var source = new Source { Failure = new InvalidOperationException("away") };
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await cache.GetAsync(source, CancellationToken.None));
        source.Failure = null;
        source.Version = null;
        Assert.Null(await cache.GetAsync(source, CancellationToken.None));
        source.Version = "1";
        Assert.NotNull(await cache.GetAsync(source, CancellationToken.None));
    }

    [Fact]
    public async Task The_one_who_asked_first_may_leave()
    {
        using var cache = Cache(Longest);
        var gate = new TaskCompletionSource();
        var source = new Source { Gate = gate.Task };
        using var leaves = new CancellationTokenSource();
        var first = cache.GetAsync(source, leaves.Token).AsTask();
        var second = cache.GetAsync(source, CancellationToken.None).AsTask();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();
        Assert.NotNull(await second);
        Assert.Equal(1, source.Readings);
    }

    [Fact]
    public async Task Processes_share_an_answer_only_for_the_version_just_read()
    {
        var shared = new Shared();
        using var one = Cache(TimeSpan.Zero, shared);
        using var other = Cache(TimeSpan.Zero, shared);
        var source = new Source();
        await one.GetAsync(source, CancellationToken.None);
        await other.GetAsync(source, CancellationToken.None);
        Assert.Equal(1, source.Readings);

        // A slow process writes what it read before the change: nobody who knows the new version finds it.
        source.Version = "2";
        await other.GetAsync(source, CancellationToken.None);
        shared.Values[shared.Values.Keys.First(k => k.EndsWith(":1", StringComparison.Ordinal))] = "stale"u8.ToArray();
        Assert.Equal("2"u8.ToArray(), (await one.GetAsync(source, CancellationToken.None))!.Json);
    }

    [Fact]
    public async Task Switched_off_it_keeps_nothing()
    {
        using var cache = Cache(Longest, enabled: false);
        var source = new Source();
        await cache.GetAsync(source, CancellationToken.None);
        await cache.GetAsync(source, CancellationToken.None);
        Assert.Equal(2, source.Readings);
    }

    private static AnswerCache Cache(TimeSpan recheckAfter, ISharedCache? shared = null, bool enabled = true) => new(
        Options.Create(new AnswerCacheOptions { RecheckAfter = recheckAfter, Enabled = enabled }),
        new ServiceCollection().AddScoped<StoreScope>().BuildServiceProvider().GetRequiredService<IServiceScopeFactory>(),
        shared is null ? [] : [shared]);

    private sealed class Source : AnswerSource
    {
        public int Readings;
        public int Checks;

        public Task Gate { get; init; } = Task.CompletedTask;

        public string? Version { get; set; } = "1";

        public Exception? Failure { get; set; }

        public override string Key => "product";

        public override Guid StoreId { get; } = Guid.NewGuid();

        public override bool HasVersion => true;

        public override async Task<string?> VersionAsync(IServiceProvider services, CancellationToken ct)
        {
            await Gate;
            Interlocked.Increment(ref Checks);
            return Failure is null ? Version : throw Failure;
        }

        public override Task<Answer?> ReadAsync(IServiceProvider services, CancellationToken ct)
        {
            Interlocked.Increment(ref Readings);
            return Task.FromResult<Answer?>(new Answer(System.Text.Encoding.UTF8.GetBytes(Version!)));
        }
    }

    private sealed class Shared : ISharedCache
    {
        public Dictionary<string, byte[]> Values { get; } = [];

        public ValueTask<byte[]?> GetAsync(string key) => new(Values.GetValueOrDefault(key));

        public void Set(string key, byte[] value, TimeSpan lifetime) => Values[key] = value;
    }
}
