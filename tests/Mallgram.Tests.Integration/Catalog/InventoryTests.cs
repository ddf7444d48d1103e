using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>Counting stock, what runs low, and holds that end.</summary>
public sealed class InventoryTests(MerchandisingTests.EmptyShop app) : IClassFixture<MerchandisingTests.EmptyShop>
{
    private readonly ImportedProducts _products = new(app);

    [Fact]
    public async Task A_count_is_kept_with_who_and_why_and_never_goes_below_zero()
    {
        using var staff = await app.SignInStaffAsync();
        await _products.ImportAsync(ImportedProducts.Product("counted", stock: 20));
        var (variant, id) = await VariantAsync("counted");
        await _products.HoldAsync(Guid.CreateVersion7(), new StockLine(variant, 6));
        var more = await AdjustAsync(staff, id, new { delta = 5, reason = "found a box" });
        Assert.Equal((25, 6, 19, null), (Number(more, "on_hand"), Number(more, "reserved"), Number(more, "available"), more.GetProperty("warning").GetString()));
        var fewer = await AdjustAsync(staff, id, new { on_hand = 4, reason = "water damage" });
        Assert.Equal((4, 0, "below_reserved"), (Number(fewer, "on_hand"), Number(fewer, "available"), fewer.GetProperty("warning").GetString()));
        using (var none = await staff.PostAsJsonAsync(Path(id) + "/adjustments", new { delta = -5, reason = "x" }))
        {
            await none.ProblemAsync(409, "stock_below_zero");
        }

        using (var both = await staff.PostAsJsonAsync(Path(id) + "/adjustments", new { delta = 1, on_hand = 2, reason = "x" }))
        {
            await both.ProblemAsync(422, "validation_failed");
        }

        using (var unknown = await staff.PostAsJsonAsync(Path("var_01h455vb4pex5vsknk084sn02q") + "/adjustments", new { delta = 1, reason = "x" }))
        {
            await unknown.ProblemAsync(404, "variant_not_found");
        }

        var item = await staff.GetFromJsonAsync<JsonElement>(Path(id) + "?limit=1");
        Assert.Equal("water damage", item.GetProperty("movements")[0].GetProperty("reason").GetString());
        Assert.StartsWith("usr_", item.GetProperty("movements")[0].GetProperty("actor").GetString(), StringComparison.Ordinal);
        Assert.Equal(6, Number(item.GetProperty("holds")[0], "quantity"));
        var next = await staff.GetFromJsonAsync<JsonElement>(Path(id) + "?limit=1&cursor=" + item.GetProperty("next_cursor").GetString());
        Assert.Equal("found a box", next.GetProperty("movements")[0].GetProperty("reason").GetString());
        Assert.False(await InStockAsync("counted"));
    }

    [Fact]
    public async Task Low_stock_is_told_once_a_fall()
    {
        using var staff = await app.SignInStaffAsync();
        await _products.ImportAsync(ImportedProducts.Product("lows", stock: 9));
        var (variant, id) = await VariantAsync("lows");
        await app.RunJobAsync("low-stock");
        Assert.Equal(0, await LowEventsAsync(variant));
        var order = Guid.CreateVersion7();
        await _products.HoldAsync(order, new StockLine(variant, 4));
        await app.RunJobAsync("low-stock");
        await app.RunJobAsync("low-stock");
        Assert.Equal(1, await LowEventsAsync(variant));
        var low = await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/inventory?low=true&limit=100");
        Assert.Contains(low.GetProperty("data").EnumerateArray(), v => v.GetProperty("variant_id").GetString() == id);
        await AdjustAsync(staff, id, new { on_hand = 100, reason = "delivery" });
        low = await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/inventory?low=true&limit=100");
        Assert.DoesNotContain(low.GetProperty("data").EnumerateArray(), v => v.GetProperty("variant_id").GetString() == id);
        await AdjustAsync(staff, id, new { on_hand = 5, reason = "count" });
        Assert.Equal(2, await LowEventsAsync(variant));
    }

    [Fact]
    public async Task Holds_past_their_time_are_given_back_once_and_paid_ones_are_not()
    {
        await _products.ImportAsync(ImportedProducts.Product("held-a", stock: 3), ImportedProducts.Product("held-b", stock: 3));
        var (a, b) = (await _products.VariantIdAsync("held-a"), await _products.VariantIdAsync("held-b"));
        var (unpaid, paid, fresh) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        Assert.True(await _products.HoldAsync(unpaid, new StockLine(a, 2), new StockLine(b, 2)));
        Assert.True(await _products.HoldAsync(paid, new StockLine(a, 1)));
        Assert.True(await _products.HoldAsync(fresh, new StockLine(b, 1)));
        await _products.CommitAsync(paid);
        Assert.False(await InStockAsync("held-a"));
        await app.Database.ExecuteAsync($"update catalog.reservations set expires_at = now() - interval '1 second' where order_id in ('{unpaid}', '{paid}')");
        var run = await app.RunJobAsync("release-expired-holds");
        Assert.Equal(1, Number(run.Summary!.Value, "orders"));
        await app.RunJobAsync("release-expired-holds");
        Assert.True(await InStockAsync("held-a"));
        Assert.Equal((1, 1), (await ReservedAsync(a), await ReservedAsync(b)));
        Assert.Equal(1L, await app.Database.ScalarAsync<long>(
            $"select count(*) from kernel.outbox where type = 'catalog.hold_expired' and payload ->> 'order_id' = '{unpaid}'"));
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            $"select count(*) from kernel.outbox where type = 'catalog.hold_expired' and payload ->> 'order_id' in ('{paid}', '{fresh}')"));
    }

    [Fact]
    public async Task Releasing_while_orders_are_placed_and_paid_never_deadlocks_and_loses_no_unit()
    {
        string[] ids = [.. Enumerable.Range(0, 6).Select(i => $"busy-{i}")];
        await _products.ImportAsync([.. ids.Select(i => ImportedProducts.Product(i, stock: 100_000))]);
        var variants = await Task.WhenAll(ids.Select(i => _products.VariantIdAsync(i)));
        var committed = 0;
        var buying = Enumerable.Range(0, 60).Select(async n =>
        {
            var random = new Random(n);
            var order = Guid.CreateVersion7();
            Assert.True(await _products.HoldAsync(order, [.. variants.OrderBy(_ => random.Next()).Select(v => new StockLine(v, 1))]));
            await app.Database.ExecuteAsync($"update catalog.reservations set expires_at = now() - interval '1 minute' where order_id = '{order}' and status = 'held'");
            if (n % 2 == 0)
            {
                Interlocked.Add(ref committed, await _products.CommitAsync(order));
            }
        });
        var releasing = Task.Run(async () =>
        {
            for (var round = 0; round < 6; round++)
            {
                await app.RunJobAsync("release-expired-holds");
            }
        });
        await Task.WhenAll(buying.Append(releasing));
        await app.RunJobAsync("release-expired-holds");
        Assert.Equal((long)committed, await app.Database.ScalarAsync<long>(
            $"select sum(reserved) from catalog.stock where variant_id = any('{{{string.Join(',', variants)}}}')"));
    }

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static string Path(string id) => "/api/v1/admin/inventory/" + id;

    private static async Task<JsonElement> AdjustAsync(HttpClient staff, string id, object body)
    {
        using var answer = await staff.PostAsJsonAsync(Path(id) + "/adjustments", body);
        return await answer.JsonAsync(HttpStatusCode.OK);
    }

    private async Task<(Guid Id, string PublicId)> VariantAsync(string product)
    {
        var id = await _products.VariantIdAsync(product);
        return (id, PublicId.Format(PublicId.Variant, id));
    }

    private async Task<int> LowEventsAsync(Guid variant) => (int)await app.Database.ScalarAsync<long>(
        $"select count(*) from kernel.outbox, jsonb_array_elements(payload -> 'variants') v where type = 'catalog.low_stock' and v ->> 'variant_id' = '{variant}'");

    private Task<int> ReservedAsync(Guid variant) => app.Database.ScalarAsync<int>($"select reserved from catalog.stock where variant_id = '{variant}'");

    private Task<bool> InStockAsync(string id) => app.Database.ScalarAsync<bool>(
        $"select bool_or(l.in_stock) from catalog.listings l join catalog.products p on p.id = l.product_id where p.external_id = '{id}'");
}
