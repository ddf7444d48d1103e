using System.Globalization;
using System.Text.Json;
using Mallgram.Benchmarks.Data;
using Mallgram.Benchmarks.Load;
using Mallgram.Kernel.Ids;
using Npgsql;

namespace Mallgram.Benchmarks.Cases;

/// <summary>Many buyers, few units of one SKU: every unit is sold once, and nothing is held that no order has.</summary>
internal static class FlashSale
{
    private const int Connections = 64;

    public static async Task RunAsync(Bench bench)
    {
        var shop = await bench.ShopAsync();
        var (buyers, units) = bench.Options.Quick ? (500, 50) : (10_000, 1_000);
        await using var api = await ProductDetail.ApiAsync(shop, cache: true);
        var hot = await VariantAsync(shop, bench.Options.Products / 3);
        await shop.ExecuteAsync($"update catalog.stock set on_hand = {units}, reserved = 0 where variant_id = '{hot}'");
        await shop.ExecuteAsync($"update catalog.stock set on_hand = 1000000 where store_id = '{BenchDatabase.Store}' and variant_id <> '{hot}' and variant_id in (select id from catalog.variants where store_id = '{BenchDatabase.Store}' and sku like 'MG-0000000%')");
        var cold = await ColdAsync(shop);

        var warm = await BuyAsync(api, buyers / 10, n => cold[n % cold.Count]);
        var sale = await BuyAsync(api, buyers, _ => hot);
        var calm = await BuyAsync(api, units, n => cold[n % cold.Count]);
        var locking = await SelectForUpdateAsync(bench, shop, units);

        var sold = sale.Statuses.GetValueOrDefault(201);
        var reserved = await shop.ScalarAsync<int>($"select reserved from catalog.stock where variant_id = '{hot}'");
        var held = await shop.ScalarAsync<long>($"select coalesce(sum(quantity), 0) from catalog.reservations where variant_id = '{hot}' and status = 'held'");
        var stuck = await shop.ScalarAsync<long>(
            $"select count(*) from catalog.reservations r where r.variant_id = '{hot}' and not exists (select from orders.orders o where o.id = r.order_id)");
        var refused = string.Join(", ", sale.Statuses.Where(s => s.Key != 201).Select(s => $"{s.Value} × {s.Key}"));
        bench.Report.Add(new Line(
            "flash-sale", $"{sold} of {units} units sold to {buyers} buyers", "", Ratio: null, $"exactly {units}, no stuck hold",
            sold == units && reserved == units && held == units && stuck == 0 && sale.Statuses.Keys.All(s => s is 201 or 409 or 422),
            string.Create(
                CultureInfo.InvariantCulture,
                $"others got {refused}; reserved {reserved}, held {held}, without order {stuck}; {sale.PerSecond:0} answers/s, p99 {sale.Percentile(99):0} ms")));
        bench.Report.Add(new Line(
            "flash-sale, orders of cold SKUs", string.Create(CultureInfo.InvariantCulture, $"{calm.PerSecond:0} orders/s"),
            string.Create(CultureInfo.InvariantCulture, $"hot SKU {sale.PerSecond:0} answers/s"), Ratio: null, "", Ok: null,
            string.Create(
                CultureInfo.InvariantCulture,
                $"SELECT FOR UPDATE then UPDATE of the same row, no order written: {locking:0}/s; statuses {string.Join(", ", calm.Statuses)}; warm-up {warm.PerSecond:0}/s")));
    }

    private static Task<LoadResult> BuyAsync(ChildProcess api, int buyers, Func<int, Guid> variant) => RawLoad.RunAsync(
        api.Address, Connections, time: null, n => n >= buyers
            ? null
            : RawLoad.Post(
                api.Address, "/api/v1/orders",
                JsonSerializer.Serialize(new
                {
                    items = new[] { new { variant_id = PublicId.Format(PublicId.Variant, variant(n)), quantity = 1 } },
                    customer = new { email = $"buyer-{n}@example.org", phone = "+27820000001", full_name = "Thandi Mbeki" },
                    shipping_address = new { landmark = "Behind the blue mosque", city = "Douala", country = "CM", phone = "+237670000001" },
                }),
                "Idempotency-Key: " + Guid.NewGuid()));

    /// <summary>What many do instead: lock the row, look, write. No order, no events: stock alone.</summary>
    private static async Task<double> SelectForUpdateAsync(Bench bench, BenchDatabase shop, int units)
    {
        var variant = await VariantAsync(shop, (bench.Options.Products / 3) + 1);
        await shop.ExecuteAsync($"update catalog.stock set on_hand = {units * 2} where variant_id = '{variant}'");
        await using var source = NpgsqlDataSource.Create(shop.Administrator + ";Maximum Pool Size=16");
        var number = 0;
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            while (Interlocked.Increment(ref number) <= units)
            {
                await using var connection = await source.OpenConnectionAsync();
                await using var transaction = await connection.BeginTransactionAsync();
                await using var look = new NpgsqlCommand(
                    $"select on_hand - reserved from catalog.stock where store_id = '{BenchDatabase.Store}' and variant_id = '{variant}' for update", connection);
                if ((int)(await look.ExecuteScalarAsync())! > 0)
                {
                    await using var take = new NpgsqlCommand(
                        $"update catalog.stock set reserved = reserved + 1 where store_id = '{BenchDatabase.Store}' and variant_id = '{variant}'", connection);
                    await take.ExecuteNonQueryAsync();
                }

                await transaction.CommitAsync();
            }
        }));
        return units / System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static Task<Guid> VariantAsync(BenchDatabase shop, int n) => shop.ScalarAsync<Guid>(
        $"select id from catalog.variants where store_id = '{BenchDatabase.Store}' and sku = 'MG-{Goods.Id(n)}-1'");

    private static async Task<List<Guid>> ColdAsync(BenchDatabase shop)
    {
        await using var connection = await shop.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"select id from catalog.variants where store_id = '{BenchDatabase.Store}' and sku like 'MG-0000000%-1' order by sku", connection);
        await using var rows = await command.ExecuteReaderAsync();
        var ids = new List<Guid>();
        while (await rows.ReadAsync())
        {
            ids.Add(rows.GetGuid(0));
        }

        return ids;
    }
}
