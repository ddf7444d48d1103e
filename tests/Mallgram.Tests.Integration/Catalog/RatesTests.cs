using Mallgram.Kernel.Ids;
using static Mallgram.Tests.Integration.Catalog.ImportedProducts;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>The day's rates from the provider, and the prices that follow. The sandbox publishes 18.2145 rand, the store knows 17.35.</summary>
public sealed class RatesTests(PricingApp app) : IClassFixture<PricingApp>
{
    private const string Newest = "select rate from catalog.exchange_rates where base = 'USD' and quote = 'ZAR' order by as_of desc, fetched_at desc limit 1";

    private readonly ImportedProducts _products = new(app);

    [Fact]
    public async Task New_rates_are_added_prices_follow_and_what_is_implausible_is_kept_out()
    {
        await app.ControlAsync("rates", new { action = "reset" });
        await _products.ImportAsync(Product("rated", cost: 10m));
        var variant = await _products.VariantIdAsync("rated");
        Assert.Equal(24_300, await app.AmountAsync(variant));

        var run = await app.RunJobAsync("exchange-rates");
        Assert.Equal(("succeeded", "fetched"), (run.State, run.Summary!.Value.GetProperty("state").GetString()));
        await app.UntilRepricedAsync();
        Assert.Equal(25_600, await app.AmountAsync(variant)); // 10 × 18.2145 × 1.4 = 255.003
        Assert.Equal(18.2145m, await app.Database.ScalarAsync<decimal>(
            $"select x.rate from catalog.prices r join catalog.exchange_rates x on x.id = r.rate_id where r.variant_id = '{variant}'"));
        Assert.Equal(1L, await app.Database.ScalarAsync<long>(
            $"select count(*) from catalog.price_history where variant_id = '{variant}' and cause = 'rate' and before = 24300 and after = 25600 and rate_id is not null"));
        Assert.Equal(17.35m, await app.Database.ScalarAsync<decimal>(
            "select rate from catalog.exchange_rates where base = 'USD' and quote = 'ZAR' and source = 'seed'"));

        // The same again adds nothing; another rate on the same day is another row, and counts.
        Assert.Equal(0, (await app.RunJobAsync("exchange-rates")).Summary!.Value.GetProperty("stored").GetInt32());
        await app.ControlAsync("rates", new { action = "set", currency = "ZAR", rate = 19.0 });
        Assert.Equal(1, (await app.RunJobAsync("exchange-rates")).Summary!.Value.GetProperty("stored").GetInt32());
        Assert.Equal(19m, await app.Database.ScalarAsync<decimal>(Newest));

        await app.ControlAsync("rates", new { action = "set", currency = "ZAR", rate = 30 });
        await app.ControlAsync("rates", new { action = "set", currency = "XOF", rate = 640 });
        var refused = (await app.RunJobAsync("exchange-rates")).Summary!.Value.GetProperty("refused").EnumerateArray()
            .ToDictionary(r => r.GetProperty("pair").GetString()!, r => r.GetProperty("reason").GetString());
        Assert.Equal(("jump", "off_peg"), (refused["USD/ZAR"], refused["USD/XOF"]));
        Assert.Equal(19m, await app.Database.ScalarAsync<decimal>(Newest));
        var shown = await app.SendAsync(await app.SignInStaffAsync(), HttpMethod.Get, "/exchange-rates", null);
        Assert.Contains(
            shown.GetProperty("last_fetch").GetProperty("summary").GetProperty("refused").EnumerateArray(),
            r => r.GetProperty("pair").GetString() == "USD/ZAR");

        await app.ControlAsync("rates", new { action = "garbage", count = 1 });
        run = await app.RunJobAsync("exchange-rates");
        Assert.Equal("failed", run.State);
        Assert.Contains("no JSON of the expected shape", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("sandbox-app-id", run.Error, StringComparison.Ordinal);
        Assert.Equal(19m, await app.Database.ScalarAsync<decimal>(Newest));
    }

    [Fact]
    public async Task A_repricing_that_was_killed_goes_on_where_it_stopped()
    {
        await _products.ImportAsync(Product("first", cost: 20m), Product("second", cost: 20m));
        var ids = new List<Guid>();
        foreach (var name in new[] { "first", "second" })
        {
            Assert.True(PublicId.TryParse(PublicId.Product, await app.ProductIdAsync(name), out var id));
            ids.Add(id);
        }

        ids.Sort((a, b) => a.ToByteArray(true).AsSpan().SequenceCompareTo(b.ToByteArray(true)));
        await app.Database.ExecuteAsync("update catalog.prices set amount = amount + 1");
        await app.Database.ExecuteAsync(
            $"""
            insert into catalog.repricings (store_id, wanted, done, working_on, after_product, seen) values ('{DefaultStore}', 5, 4, 5, '{ids[0]}', 1)
            on conflict (store_id) do update set wanted = 5, done = 4, working_on = 5, after_product = '{ids[0]}', seen = 1
            """);
        var run = await app.RunJobAsync("reprice");
        Assert.Equal("succeeded", run.State);
        Assert.Contains(run.Summary!.Value.GetProperty("stores").EnumerateArray(), s => s.GetProperty("store").GetString() == "mallgram");
        Assert.True(await IsWrongAsync(ids[0]));
        Assert.False(await IsWrongAsync(ids[1]));

        // The next whole pass mends what the one that was cut short had behind it.
        await app.Database.ExecuteAsync("update catalog.repricings set wanted = wanted + 1");
        await app.RunJobAsync("reprice");
        Assert.False(await IsWrongAsync(ids[0]));

        // Prices are whole rand.
        async Task<bool> IsWrongAsync(Guid product) => await app.Database.ScalarAsync<long>(
            $"select r.amount % 100 from catalog.prices r join catalog.variants v on v.id = r.variant_id where v.product_id = '{product}'") != 0;
    }
}
