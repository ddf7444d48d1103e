using Mallgram.Catalog.Contracts;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>What PostgreSQL's planner knows of a new catalogue.</summary>
public sealed class FirstStatisticsTests(FirstStatisticsTests.Shop app) : IClassFixture<FirstStatisticsTests.Shop>
{
    [Fact]
    public async Task The_first_large_batch_makes_statistics_and_a_few_products_do_not()
    {
        var products = new ImportedProducts(app);
        var one = ImportedProducts.Product("one");
        SupplierProduct[] many = [.. Enumerable.Range(0, 500).Select(n => ImportedProducts.Product($"many-{n}", $"Lamp {n}"))];
        await products.ImportAsync(one);
        Assert.False(await KnownAsync());
        await products.ImportAsync(many);
        Assert.True(await KnownAsync());
        Assert.Equal(501, (await products.ImportAsync([.. many, one])).Unchanged);
    }

    private Task<bool> KnownAsync() => app.Database.ScalarAsync<bool>(
        "select count(*) > 0 from pg_stats where schemaname = 'catalog' and tablename = 'products' and attname = 'external_id'");

    public sealed class Shop : MallgramApp
    {
        protected override bool Synchronised => false;
    }
}
