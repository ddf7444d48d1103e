using Mallgram.Catalog.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>What a person decided outlives every import, and what a run did can be undone.</summary>
public sealed class ImportKeepsTests(StockHoldTests.EmptyShop app) : IClassFixture<StockHoldTests.EmptyShop>
{
    private readonly ImportedProducts _products = new(app);

    [Fact]
    public async Task Locked_fields_set_offers_and_hand_made_mappings_stay()
    {
        await ImportTreeAsync(new("k1", null, "Keepers", null), new("k2", null, "Others", null));
        await _products.ImportAsync(ImportedProducts.Product("kept", "Supplier's name") with
        {
            CategoryExternalId = "k1",
            Brand = "Acme",
            Description = "Theirs",
            ImageUrls = ["https://pictures.example/1.jpg"],
        });
        await app.Database.ExecuteAsync(
            """
            update catalog.products set name = 'Our name', name_key = 'our name', search_key = 'our name', description = 'Ours',
                locked_fields = '{name,description}' where external_id = 'kept';
            update catalog.offers set set_by = 'person' where product_id = (select id from catalog.products where external_id = 'kept');
            insert into catalog.offers (store_id, product_id, channel, min_order_quantity, bulk_discount_percent, set_by)
                select store_id, id, 'b2b', 10, 20, 'person' from catalog.products where external_id = 'kept';
            update catalog.supplier_categories set mapped_by = 'person', category_id =
                (select id from catalog.categories where slug = 'others') where external_id = 'k1';
            """);
        await ImportTreeAsync(new("k1", null, "Keepers renamed", null), new("k2", null, "Others", null));
        await _products.ImportAsync(ImportedProducts.Product("kept", "Supplier's new name", cost: 20m) with
        {
            CategoryExternalId = "k1",
            Brand = "Acme 2",
            Description = "Theirs again",
            MinOrderQuantity = 1,
        });
        Assert.Equal(
            "Our name|our name|Ours|Acme 2|others",
            await app.Database.ScalarAsync<string>(
                """
                select concat_ws('|', p.name, p.name_key, p.description, p.brand, c.slug) from catalog.products p
                left join catalog.categories c on c.id = p.category_id where p.external_id = 'kept'
                """));
        Assert.Equal("Keepers", await app.Database.ScalarAsync<string>("select name from catalog.categories where slug = 'keepers'"));
        // The break of the offer that a person set is priced too, below ten times nothing but above cost.
        Assert.Equal(
            "1,10",
            await app.Database.ScalarAsync<string>(
                """
                select string_agg(r.min_quantity::text, ',' order by r.min_quantity) from catalog.prices r join catalog.variants v on v.id = r.variant_id
                join catalog.products p on p.id = v.product_id where p.external_id = 'kept'
                """));
        Assert.True(await app.Database.ScalarAsync<bool>(
            """
            select one.amount > ten.amount from catalog.products p join catalog.variants v on v.product_id = p.id
            join catalog.prices one on one.variant_id = v.id and one.min_quantity = 1
            join catalog.prices ten on ten.variant_id = v.id and ten.min_quantity = 10 where p.external_id = 'kept'
            """));
    }

    [Fact]
    public async Task A_price_set_by_hand_is_not_overwritten()
    {
        await _products.ImportAsync(ImportedProducts.Product("priced"));
        await app.Database.ExecuteAsync($"update catalog.prices set amount = 777700, set_by_person = true where variant_id = '{await _products.VariantIdAsync("priced")}'");
        await _products.ImportAsync(ImportedProducts.Product("priced", cost: 50m));
        Assert.Equal(777_700, await AmountAsync("priced"));
    }

    [Fact]
    public async Task Smallest_orders_and_tiers_become_offers_and_breaks()
    {
        await _products.ImportAsync(
            ImportedProducts.Product("bulk", variants: ImportedProducts.Variant("1", 9m, 500) with { Tiers = [new SupplierTier(100, 8m), new SupplierTier(50, 9.5m)] })
                with
            { MinOrderQuantity = 20 });
        Assert.Equal("b2b 20", await app.Database.ScalarAsync<string>(
            "select o.channel || ' ' || o.min_order_quantity from catalog.offers o join catalog.products p on p.id = o.product_id where p.external_id = 'bulk'"));
        // A tier at 50 that costs more than at 20 is the supplier's mistake.
        Assert.Equal("20,100", await app.Database.ScalarAsync<string>(
            """
            select string_agg(distinct k.min_quantity::text, ',' order by k.min_quantity::text desc) from catalog.costs k
            join catalog.variants v on v.id = k.variant_id join catalog.products p on p.id = v.product_id where p.external_id = 'bulk'
            """));
        Assert.Equal("b2b", await app.Database.ScalarAsync<string>(
            "select l.channel from catalog.listings l join catalog.products p on p.id = l.product_id where p.external_id = 'bulk' and l.is_primary"));
    }

    [Fact]
    public async Task Specifications_fill_attributes_of_their_kind()
    {
        await app.Database.ExecuteAsync(
            $"""
            insert into catalog.attributes (store_id, code, name, kind, choices, from_specification) values
                ('{ImportedProducts.DefaultStore}', 'width', 'Width', 'number', default, 'Width'),
                ('{ImportedProducts.DefaultStore}', 'washable', 'Washable', 'boolean', default, 'washable'),
                ('{ImportedProducts.DefaultStore}', 'fabric', 'Fabric', 'choice', array['Cotton', 'Wool'], 'Material')
            """);
        await _products.ImportAsync(ImportedProducts.Product("specified") with
        {
            Specifications = [new("WIDTH", "12.5 cm"), new("Washable", "Yes"), new("Material", "cotton"), new("Other", "x")],
        });
        Assert.Equal(
            """{"width": 12.5, "fabric": "Cotton", "washable": true}""",
            await app.Database.ScalarAsync<string>("select attributes::text from catalog.products where external_id = 'specified'"));
    }

    [Fact]
    public async Task A_run_is_undone_where_nobody_changed_anything_since_and_its_data_is_not_applied_twice()
    {
        var (old, run) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _products.ImportAsync(old,
            ImportedProducts.Product("undo-a", "Good name", 10m, 5), ImportedProducts.Product("undo-b", "Other", 10m, 5),
            ImportedProducts.Product("undo-gone"), ImportedProducts.Product("undo-hidden"));
        await _products.ImportAsync(old, ImportedProducts.Product("undo-hidden", cost: null));
        Assert.Equal(0, await app.Database.ScalarAsync<long>($"select count(*) from catalog.price_history where run_id = '{old}'"));
        var before = await AmountAsync("undo-a");

        SupplierProduct[] bad =
        [
            ImportedProducts.Product("undo-a", "Bad name", 99m, 1), ImportedProducts.Product("undo-b", "Bad other", 99m, 1),
            ImportedProducts.Product("undo-new"), ImportedProducts.Product("undo-gone", cost: null), ImportedProducts.Product("undo-hidden"),
        ];
        await _products.ImportAsync(run, bad);
        Assert.True(await AmountAsync("undo-a") > before);
        Assert.Equal("10 > 99 supplier", await app.Database.ScalarAsync<string>(
            $"select before_cost || ' > ' || after_cost || ' ' || cause from catalog.price_history where run_id = '{run}' and variant_id = '{await _products.VariantIdAsync("undo-a")}'"));
        await app.Database.ExecuteAsync(
            $"""
            update catalog.products set name = 'Person''s name', locked_fields = '{"{name}"}' where external_id = 'undo-b';
            update catalog.prices set amount = 500000, set_by_person = true where variant_id = '{await _products.VariantIdAsync("undo-b")}';
            update catalog.stock set on_hand = 77 where variant_id = '{await _products.VariantIdAsync("undo-b")}';
            """);

        Assert.Equal(5, await RollBackAsync(run, 2));
        Assert.Equal(0, await RollBackAsync(run, 100));
        Assert.Equal(
            ["undo-a|Good name|active|5", "undo-b|Person's name|active|77", "undo-gone|Lamp|active|5", "undo-hidden|Lamp|hidden supplier|5", "undo-new|Lamp|hidden rollback|5"],
            (await app.Database.ScalarAsync<string[]>(
                """
                select array_agg(concat_ws('|', p.external_id, p.name, concat_ws(' ', p.status, p.hidden_by), s.on_hand) order by p.external_id)
                from catalog.products p join catalog.variants v on v.product_id = p.id join catalog.stock s on s.variant_id = v.id
                where p.external_id like 'undo-%'
                """)));
        Assert.Equal((before, 500_000L), (await AmountAsync("undo-a"), await AmountAsync("undo-b")));
        Assert.Equal(10m, await app.Database.ScalarAsync<decimal>($"select cost from catalog.costs where variant_id = '{await _products.VariantIdAsync("undo-a")}'"));
        Assert.Equal(["undo-a", "undo-b", "undo-gone"], await app.Database.ScalarAsync<string[]>(
            "select array_agg(p.external_id order by p.external_id) from catalog.listings l join catalog.products p on p.id = l.product_id where p.external_id like 'undo-%'"));
        Assert.Equal(["rollback", "supplier"], await app.Database.ScalarAsync<string[]>(
            $"select array_agg(cause order by cause) from catalog.stock_movements where run_id = '{run}' and variant_id = '{await _products.VariantIdAsync("undo-a")}'"));

        // The same mistake once more changes nothing; news does.
        Assert.Equal(0, (await _products.ImportAsync(Guid.CreateVersion7(), bad[..3])).Updated);
        Assert.Equal(before, await AmountAsync("undo-a"));
        Assert.Equal(1, (await _products.ImportAsync(Guid.CreateVersion7(), ImportedProducts.Product("undo-a", "Better name", 11m))).Updated);
        Assert.Equal("Better name", await app.Database.ScalarAsync<string>("select name from catalog.products where external_id = 'undo-a'"));
    }

    [Fact]
    public async Task A_variant_and_an_offer_that_a_run_changed_come_back()
    {
        var run = Guid.CreateVersion7();
        await _products.ImportAsync(ImportedProducts.Product("shape", variants: [ImportedProducts.Variant("a"), ImportedProducts.Variant("b")]));
        await _products.ImportAsync(run, ImportedProducts.Product("shape", variants: [ImportedProducts.Variant("b"), ImportedProducts.Variant("c")]) with { MinOrderQuantity = 5 });
        Assert.Equal("b2b 5: b c", await ShapeAsync());
        await RollBackAsync(run, 100);
        Assert.Equal("b2c 1: a b", await ShapeAsync());
        Assert.True(await AmountAsync("shape") > 0);

        Task<string> ShapeAsync() => app.Database.ScalarAsync<string>(
            """
            select o.channel || ' ' || o.min_order_quantity || ': ' || (
                select string_agg(v.external_id, ' ' order by v.external_id) from catalog.variants v where v.product_id = p.id and v.active)
            from catalog.products p join catalog.offers o on o.product_id = p.id where p.external_id = 'shape'
            """);
    }

    [Fact]
    public async Task A_category_mapped_below_its_own_child_closes_no_circle()
    {
        await ImportTreeAsync(new("r1", null, "Root one", null), new("r2", "r1", "Below one", null));
        await app.Database.ExecuteAsync(
            """
            update catalog.supplier_categories set mapped_by = 'person', category_id = (select id from catalog.categories where slug = 'below-one')
            where external_id = 'r1'
            """);
        var result = await ImportTreeAsync(
            new("r1", null, "Root one", null), new("r2", "r1", "Below one, moved", null), new("r3", "r4", "Three", null), new("r4", "r3", "Four", null));
        Assert.Equal("category_cycle", Assert.Single(result.Skipped).Reason);
        Assert.Equal(0, await app.Database.ScalarAsync<long>(
            "select count(*) from catalog.category_closure where depth > 0 and ancestor_id = descendant_id"));
    }

    private Task<ImportResult> ImportTreeAsync(params SupplierCategory[] tree) => _products.InStoreAsync(services =>
        services.GetRequiredService<ICatalogImport>().ImportCategoriesAsync(ImportedProducts.Supplier, tree, _ => [], CancellationToken.None));

    private Task<int> RollBackAsync(Guid run, int limit) => _products.InStoreAsync(async services =>
    {
        var total = 0;
        while (await services.GetRequiredService<ICatalogImport>().RollBackAsync(run, "usr_test", limit, CancellationToken.None) is > 0 and var undone)
        {
            total += undone;
        }

        return total;
    });

    private Task<long> AmountAsync(string id) => app.Database.ScalarAsync<long>(
        $"""
        select min(r.amount) from catalog.prices r join catalog.variants v on v.id = r.variant_id join catalog.products p on p.id = v.product_id
        where p.external_id = '{id}' and p.supplier = '{ImportedProducts.Supplier}' and v.active
        """);
}
