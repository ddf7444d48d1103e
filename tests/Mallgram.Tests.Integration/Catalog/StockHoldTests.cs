using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Catalog.Contracts;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>Stock under many buyers at once.</summary>
public sealed class StockHoldTests(StockHoldTests.EmptyShop app) : IClassFixture<StockHoldTests.EmptyShop>
{
    private readonly ImportedProducts _products = new(app);

    [Fact]
    public async Task Two_hundred_buyers_of_ten_units_leave_exactly_ten_orders()
    {
        await _products.ImportAsync(ImportedProducts.Product("rush", stock: 10));
        var variant = await _products.VariantIdAsync("rush");
        var held = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => _products.HoldAsync(Guid.CreateVersion7(), new StockLine(variant, 1))));
        Assert.Equal(10, held.Count(h => h));
        Assert.Equal(10, await app.Database.ScalarAsync<int>($"select reserved from catalog.stock where variant_id = '{variant}'"));
        Assert.Equal(10L, await app.Database.ScalarAsync<long>(
            $"select count(*) from catalog.reservations where variant_id = '{variant}' and status = 'held'"));
        Assert.False(await InStockAsync("rush"));
    }

    [Fact]
    public async Task Orders_that_want_the_same_things_in_any_order_never_deadlock_nor_do_they_with_an_import()
    {
        string[] ids = [.. Enumerable.Range(0, 8).Select(i => $"crossed-{i}")];
        await _products.ImportAsync([.. ids.Select(i => ImportedProducts.Product(i, stock: 10_000))]);
        var variants = await Task.WhenAll(ids.Select(i => _products.VariantIdAsync(i)));
        var orders = Enumerable.Range(0, 120).Select(async n =>
        {
            var random = new Random(n);
            var order = Guid.CreateVersion7();
            Assert.True(await _products.HoldAsync(order, [.. variants.OrderBy(_ => random.Next()).Select(v => new StockLine(v, 1))]));
            if (n % 2 == 0)
            {
                Assert.Equal(variants.Length, await _products.ReleaseAsync(order));
            }
        });
        var imports = Task.Run(async () =>
        {
            for (var round = 1; round <= 20; round++)
            {
                await _products.ImportAsync([.. ids.Reverse().Select(i => ImportedProducts.Product(i, stock: 10_000 + round))]);
            }
        });
        await Task.WhenAll(orders.Append(imports));
        Assert.Equal(60L * variants.Length, await app.Database.ScalarAsync<long>(
            $"select sum(reserved) from catalog.stock where variant_id = any('{{{string.Join(',', variants)}}}')"));
    }

    [Fact]
    public async Task Five_hundred_buyers_of_fifty_units_leave_fifty_sold_and_no_stuck_hold()
    {
        await _products.ImportAsync(ImportedProducts.Product("sale", stock: 50));
        var variant = await _products.VariantIdAsync("sale");
        var sold = await Task.WhenAll(Enumerable.Range(0, 500).Select(async _ =>
        {
            var order = Guid.CreateVersion7();
            return await _products.HoldAsync(order, new StockLine(variant, 1)) && await _products.CommitAsync(order) == 1;
        }));
        Assert.Equal(50, sold.Count(s => s));
        Assert.Equal(50, await app.Database.ScalarAsync<int>($"select reserved from catalog.stock where variant_id = '{variant}'"));
        Assert.Equal(0L, await app.Database.ScalarAsync<long>(
            $"select count(*) from catalog.reservations where variant_id = '{variant}' and status <> 'committed'"));
    }

    [Fact]
    public async Task Two_products_in_opposite_order_do_not_deadlock_even_as_both_run_out()
    {
        await _products.ImportAsync(ImportedProducts.Product("left", stock: 30), ImportedProducts.Product("right", stock: 30));
        var (left, right) = (new StockLine(await _products.VariantIdAsync("left"), 1), new StockLine(await _products.VariantIdAsync("right"), 1));
        var held = await Task.WhenAll(Enumerable.Range(0, 80).Select(n =>
            n % 2 == 0 ? _products.HoldAsync(Guid.CreateVersion7(), left, right) : _products.HoldAsync(Guid.CreateVersion7(), right, left)));
        Assert.Equal(30, held.Count(h => h));
        Assert.False(await InStockAsync("left"));
        Assert.False(await InStockAsync("right"));
    }

    [Fact]
    public async Task Lines_of_one_variant_are_summed_and_all_or_nothing_is_the_caller_s()
    {
        await _products.ImportAsync(ImportedProducts.Product("summed", stock: 5));
        var variant = await _products.VariantIdAsync("summed");
        Assert.False(await _products.HoldAsync(Guid.CreateVersion7(), new StockLine(variant, 3), new StockLine(variant, 3)));
        Assert.False(await _products.HoldAsync(Guid.CreateVersion7(), new StockLine(variant, int.MaxValue), new StockLine(variant, int.MaxValue)));
        Assert.True(await _products.HoldAsync(Guid.CreateVersion7(), new StockLine(variant, 2), new StockLine(variant, 3)));
    }

    [Fact]
    public async Task A_product_leaves_the_shelf_with_its_last_unit_of_any_variant_and_comes_back_with_a_release()
    {
        await _products.ImportAsync(ImportedProducts.Product("two", variants: [ImportedProducts.Variant("a", stock: 1), ImportedProducts.Variant("b", stock: 1)]));
        var (a, b) = (await _products.VariantIdAsync("two", "a"), await _products.VariantIdAsync("two", "b"));
        var order = Guid.CreateVersion7();
        // Both at once: whichever commits second must see that the other is gone too.
        Assert.All(
            await Task.WhenAll(_products.HoldAsync(order, new StockLine(a, 1)), _products.HoldAsync(Guid.CreateVersion7(), new StockLine(b, 1))), Assert.True);
        Assert.False(await InStockAsync("two"));
        Assert.Equal(1, await _products.ReleaseAsync(order));
        Assert.True(await InStockAsync("two"));
        Assert.Equal(0, await _products.ReleaseAsync(order));
    }

    [Fact]
    public async Task A_paid_order_keeps_its_units_and_a_released_one_may_hold_again()
    {
        await _products.ImportAsync(ImportedProducts.Product("paid", stock: 4));
        var variant = await _products.VariantIdAsync("paid");
        var order = Guid.CreateVersion7();
        Assert.True(await _products.HoldAsync(order, new StockLine(variant, 3)));
        Assert.Equal(1, await _products.CommitAsync(order));
        Assert.Equal(0, await _products.CommitAsync(order));
        Assert.False(await _products.HoldAsync(Guid.CreateVersion7(), new StockLine(variant, 2)));
        Assert.Equal(1, await _products.ReleaseAsync(order));
        Assert.True(await _products.HoldAsync(order, new StockLine(variant, 4)));
        // The supplier has fewer than are sold: nothing is negative, nothing more is sold.
        await _products.ImportAsync(ImportedProducts.Product("paid", stock: 1));
        var shown = await app.Http.GetFromJsonAsync<JsonElement>("/api/v1/products/" + await SlugAsync("paid"));
        Assert.Equal(0, shown.GetProperty("variants")[0].GetProperty("available").GetInt32());
        Assert.False(shown.GetProperty("in_stock").GetBoolean());
    }

    private Task<bool> InStockAsync(string id) => app.Database.ScalarAsync<bool>(
        $"select l.in_stock from catalog.listings l join catalog.products p on p.id = l.product_id where p.external_id = '{id}'");

    private Task<string> SlugAsync(string id) => app.Database.ScalarAsync<string>($"select slug from catalog.products where external_id = '{id}'");

    public sealed class EmptyShop : MallgramApp
    {
        protected override bool Synchronised => false;
    }
}
