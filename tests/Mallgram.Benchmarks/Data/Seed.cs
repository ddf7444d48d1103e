using System.Globalization;
using System.Text;
using Mallgram.Catalog.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Benchmarks.Data;

/// <summary>
/// Fills a database with <see cref="Goods"/> past the import, as fast as the server takes them: rows as an import would leave them, so that
/// importing the same goods finds nothing to do.
/// </summary>
internal static class Seed
{
    // GIN indexes are made at the end: a tenth of the time that filling them row by row takes.
    private const string Before =
        """
        create temporary table later as select indexdef from pg_indexes where schemaname = 'catalog' and indexdef like '% USING gin %';
        do $$ declare i record; begin
            for i in select schemaname, indexname from pg_indexes where schemaname = 'catalog' and indexdef like '% USING gin %' loop
                execute format('drop index %I.%I', i.schemaname, i.indexname);
            end loop;
        end $$;
        alter table catalog.products disable trigger user;
        set maintenance_work_mem = '512MB';
        set work_mem = '128MB';
        """;

    private const string After =
        """
        alter table catalog.products enable trigger user;
        insert into catalog.search_words (store_id, word)
        select distinct p.store_id, w from catalog.products p cross join lateral catalog.words_of(p.search_key, p.brand_slug) w on conflict do nothing;
        do $$ declare i record; begin for i in select indexdef from later loop execute i.indexdef; end loop; end $$;
        drop table later;
        """;

    private const string OfOneStore =
        """
        insert into catalog.variants (store_id, id, product_id, external_id, sku, name, options, position)
        select p.store_id, md5(p.id::text || n)::uuid, p.id, n::text, 'MG-' || p.external_id || '-' || n, case n when 1 then 'Black' else 'White' end,
               case n when 1 then '[["Color", "Black"]]' else '[["Color", "White"]]' end::jsonb, n - 1
        from catalog.products p cross join generate_series(1, 2) n
        where p.store_id = kernel.current_store() and p.id = any($1) and (n = 1 or p.review_count % 2 = 1);
        insert into catalog.offers (store_id, product_id, channel, min_order_quantity, set_by)
        select store_id, id, 'b2c', 1, 'import' from catalog.products where store_id = kernel.current_store() and id = any($1);
        insert into catalog.costs (store_id, variant_id, min_quantity, cost, currency)
        select store_id, id, 1, 2 + abs(hashtext(sku)) % 9000 / 100.0, 'USD' from catalog.variants
        where store_id = kernel.current_store() and product_id = any($1);
        insert into catalog.prices (store_id, variant_id, currency, min_quantity, amount, landed_cost)
        select store_id, id, $2, 1, 100 * (100 + abs(hashtext(sku)) % 3000), 100 * (50 + abs(hashtext(sku)) % 1500) from catalog.variants
        where store_id = kernel.current_store() and product_id = any($1);
        insert into catalog.stock (store_id, variant_id, on_hand)
        select store_id, id, 5 + abs(hashtext(sku)) % 200 from catalog.variants where store_id = kernel.current_store() and product_id = any($1);
        select catalog.refresh_listings($1)
        """;

    public static async Task RunAsync(BenchDatabase database, BenchOptions options)
    {
        await using (var connection = await database.OpenAsync())
        {
            await ExecuteAsync(connection, Before);
            await FillAsync(connection, BenchDatabase.Store, "ZAR", options.Products);
            for (var i = 1; i <= options.OtherStores; i++)
            {
                var id = Guid.Parse(string.Create(CultureInfo.InvariantCulture, $"01930000-0000-7000-8000-0000000b{i:D4}"));
                await ExecuteAsync(
                    connection,
                    $"""
                    insert into stores.stores (id, slug, name, currency, country, language, email_from, preset)
                    values ('{id}', 'bench-{i}', 'Bench {i}', 'ZAR', 'ZA', 'en', 'Bench <no-reply@bench.test>', 'mallgram');
                    insert into catalog.markets (store_id, currency, country, is_default, rounding_step) values ('{id}', 'ZAR', 'ZA', true, 100);
                    """);
                await FillAsync(connection, id, "ZAR", options.ProductsOfOtherStores);
            }

            await ExecuteAsync(connection, After);
        }

        await database.ExecuteAsync("vacuum analyze");
        await database.ExecuteAsync("checkpoint");
    }

    private static async Task FillAsync(NpgsqlConnection connection, Guid store, string currency, int count)
    {
        await ExecuteAsync(connection, $"select set_config('app.store_id', '{store}', false)");
        await ExecuteAsync(
            connection,
            $"""
            insert into catalog.categories (store_id, id, slug, name, name_fr, path, path_fr)
            select '{store}', md5('{store}' || n)::uuid, 'c-' || n, 'Category ' || n, 'Catégorie ' || n, 'Category ' || n, 'Catégorie ' || n
            from generate_series(0, 39) n;
            select catalog.rebuild_category_tree();
            """);
        var categories = new List<Guid>();
        await using (var command = new NpgsqlCommand($"select id from catalog.categories where store_id = '{store}' order by slug", connection))
        await using (var rows = await command.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
            {
                categories.Add(rows.GetGuid(0));
            }
        }

        const int chunk = 10_000;
        for (var first = 0; first < count; first += chunk)
        {
            var goods = Enumerable.Range(first, Math.Min(chunk, count - first)).Select(n => Goods.Product(n)).ToList();
            foreach (var brand in goods.Select(g => g.Brand!).Distinct(StringComparer.Ordinal))
            {
                await ExecuteAsync(
                    connection,
                    $"insert into catalog.brands (store_id, slug, name) values ('{store}', '{brand.ToLowerInvariant()}', '{brand}') on conflict do nothing");
            }

            var ids = await CopyProductsAsync(connection, store, first, goods, categories);
            foreach (var statement in OfOneStore.Split(";\n"))
            {
                // Without statistics the last statement would go through all products for each one.
                if (statement.StartsWith("select", StringComparison.Ordinal) && (first == 0 || int.IsPow2(first / chunk)))
                {
                    await ExecuteAsync(
                        connection, "analyze catalog.products, catalog.variants, catalog.offers, catalog.prices, catalog.stock, catalog.best_sellers");
                }

                await using var command = new NpgsqlCommand(statement, connection) { CommandTimeout = 0 };
                command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = ids });
                if (statement.Contains("$2", StringComparison.Ordinal))
                {
                    command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = currency });
                }

                await command.ExecuteNonQueryAsync();
            }
        }
    }

    private static async Task<Guid[]> CopyProductsAsync(
        NpgsqlConnection connection, Guid store, int first, List<SupplierProduct> goods, List<Guid> categories)
    {
        var ids = new Guid[goods.Count];
        await using var copy = await connection.BeginBinaryImportAsync(
            """
            copy catalog.products (store_id, id, slug, supplier, external_id, name, name_fr, description, description_fr, category_id, brand,
                brand_slug, rating, review_count, image_url, images, status, content_hash, search_key, name_key, name_key_fr, ships_within_days,
                weight_grams, sales_count, created_at) from stdin (format binary)
            """);
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < goods.Count; i++)
        {
            var (product, n) = (goods[i], first + i);
            // Ids rise with time, as those of the import do.
            ids[i] = Guid.CreateVersion7(start.AddSeconds(n));
            await copy.StartRowAsync();
            await copy.WriteAsync(store);
            await copy.WriteAsync(ids[i]);
            await copy.WriteAsync("p-" + product.ExternalId);
            await copy.WriteAsync(Goods.Supplier);
            await copy.WriteAsync(product.ExternalId);
            await copy.WriteAsync(product.Name);
            await copy.WriteAsync(product.NameFr!);
            await copy.WriteAsync(product.Description!);
            await copy.WriteAsync(product.DescriptionFr!);
            await copy.WriteAsync(categories[n % categories.Count]);
            await copy.WriteAsync(product.Brand!);
            await copy.WriteAsync(product.Brand!.ToLowerInvariant());
            await copy.WriteAsync(product.Rating!.Value, NpgsqlDbType.Numeric);
            await copy.WriteAsync(product.ReviewCount);
            await copy.WriteAsync(product.ImageUrls[0]);
            await copy.WriteAsync(product.ImageUrls.ToArray());
            await copy.WriteAsync("active");
            await copy.WriteAsync(product.ContentHash());
            await copy.WriteAsync(Fold(product.Name + " " + product.NameFr));
            await copy.WriteAsync(Fold(product.Name));
            await copy.WriteAsync(Fold(product.NameFr!));
            await copy.WriteAsync(product.ShipsWithinDays!.Value);
            await copy.WriteAsync(product.WeightGrams!.Value);
            await copy.WriteAsync(product.SalesCount!.Value);
            await copy.WriteAsync(start.AddSeconds(n).UtcDateTime, NpgsqlDbType.TimestampTz);
        }

        await copy.CompleteAsync();
        return ids;
    }

    /// <summary>Lower case without accents.</summary>
    private static string Fold(string text) => string.Concat(text.Normalize(NormalizationForm.FormD)
        .Where(c => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark)).ToLowerInvariant();

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }
}
