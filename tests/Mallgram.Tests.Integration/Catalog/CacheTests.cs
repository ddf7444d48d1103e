using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>What is cached is never old, and never somebody else's.</summary>
public sealed class CacheTests(CacheTests.Shop app) : IClassFixture<CacheTests.Shop>
{
    [Fact]
    public async Task A_price_is_seen_by_everybody_a_second_after_it_was_written()
    {
        const int Prices = 40;
        // Committed[n]: when price n was there for all to see.
        var committed = new long[Prices + 1];
        var slug = await app.Database.ScalarAsync<string>("select slug from catalog.products where external_id = 'one'");
        await app.PriceAsync("one", 1);
        Volatile.Write(ref committed[1], Stopwatch.GetTimestamp());
        var last = 1;
        var writer = Task.Run(async () =>
        {
            for (var price = 2; price <= Prices; price++)
            {
                await app.PriceAsync("one", price);
                Volatile.Write(ref committed[price], Stopwatch.GetTimestamp());
                Volatile.Write(ref last, price);
            }
        });
        var seen = new HashSet<long>();
        do
        {
            var asked = Stopwatch.GetTimestamp();
            var price = await PriceAsync(app.Http, slug);
            seen.Add(price);
            var due = Enumerable.Range(1, Prices).LastOrDefault(p => committed[p] is var at and not 0 && Stopwatch.GetElapsedTime(at, asked) >= TimeSpan.FromSeconds(1));
            Assert.True(price >= due, $"price {price} was given out when {due} had stood for a second");
        }
        while (!writer.IsCompleted);

        await writer;
        await Eventually.HoldsAsync("the last price shows", async () => await PriceAsync(app.Http, slug) == Prices);
        Assert.True(seen.Count > 1);
    }

    [Fact]
    public async Task Stores_languages_and_currencies_never_mix()
    {
        foreach (var round in Enumerable.Range(0, 3))
        {
            _ = round;
            await Task.WhenAll(
                SeesAsync(null, "en", null, "One lamp", "ZAR"), SeesAsync(null, "fr", null, "Une lampe", "ZAR"),
                SeesAsync(null, "en", "USD", "One lamp", "USD"), SeesAsync(null, "fr", "USD", "Une lampe", "USD"));
            foreach (var path in new[] { "/api/v1/products/" + await SlugAsync(), "/api/v1/products?currency=ZAR", "/api/v1/products?limit=3" })
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "X-Store", "dakarcafe" } } };
                using var answer = await app.Http.SendAsync(request);
                var text = await answer.Content.ReadAsStringAsync();
                Assert.DoesNotContain("lamp", text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Answers_say_what_they_vary_by_and_come_compressed()
    {
        foreach (var path in new[] { "/api/v1/products/" + await SlugAsync(), "/api/v1/products", "/api/v1/categories" })
        {
            using var plain = await app.Http.GetAsync(path);
            Assert.Equal(["Accept-Encoding", "Accept-Language", "X-Store"], plain.Headers.Vary.Distinct().Order(StringComparer.Ordinal));
            Assert.Equal("no-cache", plain.Headers.CacheControl!.ToString());
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip, br");
            using var answer = await app.Http.SendAsync(request);
            var bytes = await answer.Content.ReadAsByteArrayAsync();
            if (answer.Content.Headers.ContentEncoding.FirstOrDefault() == "br")
            {
                await using var brotli = new System.IO.Compression.BrotliStream(new MemoryStream(bytes), System.IO.Compression.CompressionMode.Decompress);
                using var unpacked = new MemoryStream();
                await brotli.CopyToAsync(unpacked);
                bytes = unpacked.ToArray();
            }
            else
            {
                Assert.True(bytes.Length < 1024, path);
            }

            Assert.Equal(await plain.Content.ReadAsByteArrayAsync(), bytes);
            Assert.Equal(plain.Headers.ETag, answer.Headers.ETag);
        }
    }

    private async Task SeesAsync(string? store, string language, string? currency, string name, string priced)
    {
        var query = currency is null ? "" : "?currency=" + currency;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/products/{await SlugAsync()}{query}");
        request.Headers.Add("Accept-Language", language);
        if (store is not null)
        {
            request.Headers.Add("X-Store", store);
        }

        using var answer = await app.Http.SendAsync(request);
        var product = await answer.JsonAsync(HttpStatusCode.OK);
        Assert.Equal((name, priced), (product.GetProperty("name").GetString(), product.GetProperty("price").GetProperty("currency").GetString()));
    }

    private Task<string> SlugAsync() => app.Database.ScalarAsync<string>("select slug from catalog.products where external_id = 'one'");

    private static async Task<long> PriceAsync(HttpClient http, string slug) =>
        (await http.GetFromJsonAsync<JsonElement>("/api/v1/products/" + slug)).GetProperty("price").GetProperty("amount").GetInt64();

    public sealed class Shop : MallgramApp
    {
        protected override bool Synchronised => false;

        /// <summary>As shops run.</summary>
        protected override IEnumerable<string> ServiceSettings => ["--Catalog:Cache:RecheckAfter=00:00:00.500"];

        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            await new ImportedProducts(this).ImportAsync(ImportedProducts.Product("one", "One lamp") with { NameFr = "Une lampe" });
            await Database.ExecuteAsync(
                $"""
                insert into catalog.markets (store_id, currency, country, is_default, rounding_step)
                values ('{ImportedProducts.DefaultStore}', 'USD', 'US', false, 1) on conflict do nothing;
                insert into catalog.prices (store_id, variant_id, currency, min_quantity, amount)
                select store_id, variant_id, 'USD', min_quantity, 99 from catalog.prices where currency = 'ZAR' on conflict do nothing;
                select set_config('app.store_id', '{ImportedProducts.DefaultStore}', false);
                select catalog.refresh_listings(array(select id from catalog.products))
                """);
        }

        /// <summary>Sets a price as an import does: the price's row and the listing made from it in one transaction.</summary>
        internal Task PriceAsync(string externalId, int amount) => Database.ExecuteAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            begin;
            select set_config('app.store_id', '{ImportedProducts.DefaultStore}', true);
            update catalog.prices r set amount = {amount}, compare_at = null, changed_at = now() from catalog.variants v join catalog.products p on p.id = v.product_id
            where r.variant_id = v.id and r.currency = 'ZAR' and p.external_id = '{externalId}';
            select catalog.refresh_listings(array(select id from catalog.products where external_id = '{externalId}'));
            commit
            """));
    }
}
