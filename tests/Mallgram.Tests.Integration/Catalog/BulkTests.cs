using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Mallgram.Catalog.Bulk;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Stores;
using Mallgram.Tests.Integration.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>Products in and out in bulk, as staff do it.</summary>
public sealed class BulkTests(BulkTests.EmptyShop app) : IClassFixture<BulkTests.EmptyShop>
{
    private readonly ImportedProducts _products = new(app);

    [Fact]
    public async Task An_export_that_comes_back_unchanged_writes_nothing_and_an_edit_writes_just_that()
    {
        await _products.ImportAsync(ImportedProducts.Product("rt-1", "=Lamp, \"best\"", variants: [ImportedProducts.Variant("a", 5m), ImportedProducts.Variant("b", 9m)]));
        await SucceedAsync(
            """
            sku,product,name,name_fr,description,category,brand,tags,image_urls,options,price,compare_at_price,stock,wholesale_min_quantity,wholesale_discount_percent,featured,seo_title
            RT-S,Tee shirt!,Tee,Maillot,"Two
            lines",Wear > Tops,Acme,new|cotton,https://img.example/a.jpg|https://img.example/b.jpg,Size=S,100.50,120,5,10,12.5,true,Buy a tee
            RT-M,Tee shirt!,,,,,,,,Size=M,1234.50,,3,,,,
            """,
            "create_missing_categories=true");
        Assert.Equal(108100, await app.Database.ScalarAsync<long>(
            "select r.amount from catalog.prices r join catalog.variants v on v.id = r.variant_id where v.sku = 'RT-M' and r.min_quantity = 10"));
        foreach (var format in new[] { "csv", "ndjson" })
        {
            var export = await ExportAsync(format);
            var versions = await VersionsAsync();
            var again = await ImportAsync(export, format: format);
            Assert.Equal("succeeded", again.GetProperty("state").GetString());
            Assert.Equal(again.GetProperty("total").GetInt32(), again.GetProperty("unchanged").GetInt32());
            Assert.Equal(versions, await VersionsAsync());
        }

        var csv = await ExportAsync("csv");
        Assert.Contains("\"'=Lamp, \"\"best\"\"\"", csv, StringComparison.Ordinal);
        var edited = await SucceedAsync(csv.Replace("1234.50", "1239.50", StringComparison.Ordinal).Replace("'=Lamp", "Lamp", StringComparison.Ordinal));
        Assert.Equal(2, edited.GetProperty("updated").GetInt32());
        Assert.Equal(["name"], await app.Database.ScalarAsync<string[]>("select locked_fields from catalog.products where external_id = 'rt-1'"));
        Assert.Equal("person", await app.Database.ScalarAsync<string>(
            "select h.cause from catalog.price_history h join catalog.variants v on v.id = h.variant_id where v.sku = 'RT-M' and h.after = 123950 and h.min_quantity = 1"));
    }

    [Fact]
    public async Task Every_wrong_row_is_named_with_its_reason_and_the_others_go_in()
    {
        await SucceedAsync("sku,name,price\nERR-0,Known,10\n");
        var import = await ImportAsync(
            """
            sku,name,price,currency,compare_at_price,category,stock,image_urls,options,min_order_quantity,status,id,supplier,external_id,weight_grams
            ERR-OK,<b>Fine</b> <script>x</script>thing,10,,,,5 new,,,,,,,,
            ERR-OK,Twice,10,,,,,,,,,,,,
            ERR-1,No category,10,,,Nowhere > At all,,,,,,,,,
            ERR-2,Bad price,3.50 - 9.99,,,,,,,,,,,,
            ERR-3,Bad currency,10,FCFA,,,,,,,,,,,
            ERR-4,Other currency,10,JPY,,,,,,,,,,,
            ERR-5,Not sold here,10,USD,,,,,,,,,,,
            ERR-6,Bad stock,10,,,,-4,,,,,,,,
            ERR-7,Bad image,10,,,,,javascript:alert(1),,,,,,,
            ERR-8,Bad options,10,,,,,,Color,,,,,,
            ERR-9,Bad status,10,,,,,,,,gone,,,,
            ERR-10,,10,,,,,,,,,,,,
            ERR-11,No price,,,,,,,,,,,,,
            ERR-12,Compare,10,,5,,,,,,,,,,
            ,Nobody,10,,,,,,,,,,,,
            ERR-13,Bad id,10,,,,,,,,,var_00000000000000000000000000,,,
            ERR-14,Supplier,10,,,,,,,,,,aliexpress,1,
            ERR-15,Zero,0,,,,,,,,,,,,
            ERR-16,Too many,10,,,,,,,,,,,,,extra
            """ + "\nERR-17," + new string('x', 301) + ",10\nERR-18,Minimum,10,,,,,,,0\n");
        Assert.Equal("completed_with_errors", import.GetProperty("state").GetString());
        Assert.Equal((21, 1, 20), (import.GetProperty("total").GetInt32(), import.GetProperty("created").GetInt32(), import.GetProperty("failed").GetInt32()));
        Assert.Equal("Fine thing", await app.Database.ScalarAsync<string>(
            "select p.name from catalog.products p join catalog.variants v on v.product_id = p.id where v.sku = 'ERR-OK'"));
        using var staff = await app.SignInStaffAsync();
        staff.DefaultRequestHeaders.AcceptLanguage.ParseAdd("fr");
        var id = import.GetProperty("id").GetString();
        var errors = new List<JsonElement>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await staff.GetFromJsonAsync<JsonElement>($"/api/v1/admin/bulk-imports/{id}/errors?limit=7&cursor={cursor}");
            errors.AddRange(page.GetProperty("data").EnumerateArray());
            cursor = page.GetProperty("next_cursor").GetString();
        }

        Assert.Equal(
            [
                "duplicate_row", "unknown_category", "bad_price", "unknown_currency", "unknown_currency", "currency_not_sold", "bad_number", "bad_image_url",
                "bad_options", "bad_value", "required", "required", "bad_price", "missing_key", "unknown_id", "unknown_product", "bad_price",
                "too_many_cells", "too_long", "bad_number",
            ],
            errors.Select(e => e.GetProperty("code").GetString()));
        Assert.Equal(Enumerable.Range(3, 20), errors.Select(e => e.GetProperty("row").GetInt32()));
        Assert.Contains("XOF (Afrique de l'Ouest)", errors[3].GetProperty("detail").GetString(), StringComparison.Ordinal);

        // The failed rows come back as sent; mended and sent again, the error column beside them does no harm.
        var failed = await staff.GetStringAsync(new Uri($"/api/v1/admin/bulk-imports/{id}/errors?format=csv", UriKind.Relative));
        Assert.Contains("ERR-1,No category", failed, StringComparison.Ordinal);
        var lines = failed.Split("\r\n");
        var mended = await SucceedAsync(lines[0] + "\n" + lines.Single(l => l.StartsWith("ERR-2,", StringComparison.Ordinal)).Replace("3.50 - 9.99", "3.50", StringComparison.Ordinal));
        Assert.Equal(1, mended.GetProperty("created").GetInt32());
    }

    [Theory]
    [InlineData("name,price\nx,1\n", "missing_column"), InlineData("sku,prcie\nx,1\n", "unknown_column"), InlineData("sku,name\nx,\"1\n", "malformed_csv")]
    public async Task A_file_that_cannot_be_taken_fails_as_a_whole(string text, string code)
    {
        var import = await ImportAsync(text);
        Assert.Equal(("failed", code), (import.GetProperty("state").GetString(), import.GetProperty("error_code").GetString()));
        Assert.False(string.IsNullOrEmpty(import.GetProperty("error").GetString()));
    }

    [Fact]
    public async Task A_dry_run_counts_and_writes_nothing_and_modes_keep_to_their_word()
    {
        var before = await VersionsAsync();
        var dry = await ImportAsync("sku,name,price,category,brand\nDRY-1,A,1,Brand new,Nobody\nDRY-2,B,x,,\n", "dry_run=true&create_missing_categories=true");
        Assert.Equal((1, 1), (dry.GetProperty("created").GetInt32(), dry.GetProperty("failed").GetInt32()));
        Assert.Equal(before, await VersionsAsync());
        var update = await ImportAsync("sku,name,price\nMODE-1,A,1\n", "mode=update_only");
        Assert.Equal(1, update.GetProperty("error_counts").GetProperty("not_found").GetInt32());
        await SucceedAsync("sku,name,price\nMODE-1,A,1\n", "mode=create_only");
        var create = await ImportAsync("sku,name,price\nMODE-1,A,2\n", "mode=create_only");
        Assert.Equal(1, create.GetProperty("error_counts").GetProperty("exists").GetInt32());
    }

    [Fact]
    public async Task Costs_are_priced_by_the_rules_and_columns_can_be_mapped()
    {
        var import = await ImportAsync(
            "id,name,category_path,price_gbp,stock,rating\nm1,Train,Toys > Trains,3.42,5\u00a0new,4.9\nm2,No price,Toys,,,\nm3,Range,Toys,1.00 - 2.00,,\n",
            "create_missing_categories=true&mapping=" + Uri.EscapeDataString("""{"id":"external_id","category_path":"category","price_gbp":"cost","rating":null}""")
            + "&defaults=" + Uri.EscapeDataString("""{"cost_currency":"GBP"}"""));
        Assert.Equal((1, 2), (import.GetProperty("created").GetInt32(), import.GetProperty("failed").GetInt32()));
        Assert.Equal(1L, await app.Database.ScalarAsync<long>(
            """
            select count(*) from catalog.variants v join catalog.prices r on r.variant_id = v.id join catalog.listings l on l.product_id = v.product_id
            where v.sku = 'm1' and r.landed_cost > 0 and r.amount >= r.landed_cost and not r.set_by_person and l.in_stock and l.category_id is not null
            """));
    }

    [Fact]
    public async Task A_killed_import_goes_on_where_it_stopped_and_does_no_row_twice()
    {
        var text = new StringBuilder("sku,name,price,stock,brand\n");
        for (var i = 0; i < 2500; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"KILL-{i},Item {i},10,{i},{(i < 1000 ? "" : "Blocked")}\n");
        }

        text.Append("KILL-0,Again,11,1,\n");
        var id = await QueuedAsync(text.ToString());
        Assert.True(Mallgram.Kernel.Ids.PublicId.TryParse(BulkImports.IdPrefix, id, out var importId));
        Task<int> ProcessedAsync() => app.Database.ScalarAsync<int>($"select processed from catalog.bulk_imports where id = '{importId}'");

        // The second batch waits for a brand that somebody else is about to add: there the process ends.
        await using (var blocker = new Npgsql.NpgsqlConnection(app.Database.Administrator + ";Pooling=false"))
        {
            await blocker.OpenAsync();
            await using var transaction = await blocker.BeginTransactionAsync();
            await using var add = new Npgsql.NpgsqlCommand(
                $"insert into catalog.brands (store_id, slug, name) values ('{ImportedProducts.DefaultStore}', 'blocked', 'Blocked')", blocker, transaction);
            await add.ExecuteNonQueryAsync();
            using var killed = new CancellationTokenSource();
            var running = _products.InStoreAsync(async services =>
            {
                var run = new JobRun(Guid.CreateVersion7(), DateTimeOffset.UnixEpoch, 0, services.GetRequiredService<PlatformDataSource>());
                await services.GetRequiredService<BulkImportRun>().RunAsync(importId, run, killed.Token);
                return 0;
            });
            await Eventually.HoldsAsync("first batch", async () => await ProcessedAsync() == 1000);
            await killed.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        }

        Assert.Equal(1000, await ProcessedAsync());
        await app.RunJobAsync("bulk-import");
        using var staff = await app.SignInStaffAsync();
        var end = await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/bulk-imports/" + id);
        Assert.Equal(
            ("completed_with_errors", 2500, 0, 0, 1),
            (end.GetProperty("state").GetString(), end.GetProperty("created").GetInt32(), end.GetProperty("updated").GetInt32(),
                end.GetProperty("unchanged").GetInt32(), end.GetProperty("error_counts").GetProperty("duplicate_row").GetInt32()));
        Assert.Equal(2500L, await app.Database.ScalarAsync<long>("select count(*) from catalog.variants where sku like 'KILL-%'"));
    }

    [Fact]
    public async Task A_cancelled_import_writes_nothing_more()
    {
        using var staff = await app.SignInStaffAsync();
        var id = await QueuedAsync("sku,name,price\nCAN-1,A,1\n");
        using (var cancelled = await staff.PostAsync(new Uri($"/api/v1/admin/bulk-imports/{id}/cancel", UriKind.Relative), content: null))
        {
            Assert.Equal("cancelled", (await cancelled.JsonAsync(HttpStatusCode.OK)).GetProperty("state").GetString());
        }

        using (var again = await staff.PostAsync(new Uri($"/api/v1/admin/bulk-imports/{id}/cancel", UriKind.Relative), content: null))
        {
            await again.ProblemAsync(409, "bulk_import_finished");
        }

        await app.RunJobAsync("bulk-import");
        Assert.Equal(0L, await app.Database.ScalarAsync<long>("select count(*) from catalog.variants where sku = 'CAN-1'"));
    }

    [Fact]
    public async Task Imports_and_products_of_another_store_are_not_there()
    {
        var import = await SucceedAsync("sku,name,price\nISO-1,Only here,1\n");
        var id = import.GetProperty("id").GetString();
        await using (var scope = app.Api.Services.CreateAsyncScope())
        {
            scope.ServiceProvider.GetRequiredService<Mallgram.Kernel.Tenancy.StoreScope>().Set(Guid.Parse("01930000-0000-7000-8000-000000000002"));
            await using var rows = await scope.ServiceProvider.GetRequiredService<StoreDatabase>().QueryAsync(
                CancellationToken.None,
                Sql.Command("select (select count(*) from catalog.bulk_imports) + (select count(*) from catalog.bulk_import_errors)"));
            await rows.Rows.ReadAsync();
            Assert.Equal(0L, rows.Rows.GetInt64(0));
        }

        using var elsewhere = new HttpRequestMessage(HttpMethod.Get, "/api/v1/admin/bulk-imports/" + id);
        elsewhere.Headers.Add("X-Store", "dakarcafe");
        using var staff = await app.SignInStaffAsync();
        using var answer = await staff.SendAsync(elsewhere);
        Assert.NotEqual(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task An_export_is_filtered_named_and_compressed()
    {
        await SucceedAsync("sku,name,price,status\nEXP-1,Zebra shown,1,active\nEXP-2,Zebra gone,1,hidden\n");
        using var staff = await app.SignInStaffAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/admin/products/export?q=z%C3%A9bra&status=hidden&supplier=own");
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        using var answer = await staff.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(["gzip"], answer.Content.Headers.ContentEncoding);
        Assert.Matches("^mallgram-products-[0-9-]{10}\\.csv$", answer.Content.Headers.ContentDisposition!.FileName);
        await using var plain = new GZipStream(await answer.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        var lines = (await new StreamReader(plain).ReadToEndAsync()).Trim().Split("\r\n");
        Assert.Contains("EXP-2", Assert.Single(lines.Skip(1)), StringComparison.Ordinal);
        using var wrong = await staff.GetAsync(new Uri("/api/v1/admin/products/export?format=xls", UriKind.Relative));
        await wrong.ProblemAsync(422, "validation_failed");
        using var stranger = await app.Http.GetAsync(new Uri("/api/v1/admin/products/export", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
    }

    [Fact]
    public async Task A_body_that_cannot_be_imported_is_refused_at_once()
    {
        using var staff = await app.SignInStaffAsync();
        using (var type = await PostAsync(staff, "<x/>"u8.ToArray(), "text/xml", ""))
        {
            await type.ProblemAsync(415, "unsupported_media_type");
        }

        using (var binary = await PostAsync(staff, [0x50, 0x4B, 3, 4, 0, 0, 0], "text/csv", ""))
        {
            await binary.ProblemAsync(422, "bulk_file_invalid");
        }

        using (var mapping = await PostAsync(staff, "sku\n"u8.ToArray(), "text/csv", "?mapping=%7B%22a%22:%22nowhere%22%7D"))
        {
            await mapping.ProblemAsync(422, "validation_failed");
        }

        using var unknown = await staff.PostAsJsonAsync("/api/v1/admin/bulk-imports", new { file_id = "fil_00000000000000000000000000" });
        await unknown.ProblemAsync(422, "validation_failed");
    }

    [Fact]
    public async Task What_is_new_goes_in_while_the_plan_has_room_and_what_is_known_is_always_updated()
    {
        await SucceedAsync("sku,name,price\nROOM-0,Known,10\n");
        await LimitAsync("(select count(*) + 2 from catalog.products p where p.store_id = s.id)");
        try
        {
            const string File = "sku,product,name,price\nROOM-1,,First,10\nROOM-0,,Known,12\nROOM-2,room-two,Second,x\nROOM-3,,Third,10\nROOM-4,,Fourth,10\n";
            var dry = await ImportAsync(File, "dry_run=true");
            var import = await ImportAsync(File);
            foreach (var end in new[] { dry, import })
            {
                Assert.Equal(
                    (2, 1, 2), (end.GetProperty("created").GetInt32(), end.GetProperty("updated").GetInt32(), end.GetProperty("failed").GetInt32()));
                // What is wrong takes no room.
                Assert.Equal(1, end.GetProperty("error_counts").GetProperty("plan_limit_reached").GetInt32());
            }

            await LimitAsync("(select count(*) + 1 from catalog.products p where p.store_id = s.id)");
            var supplied = await _products.ImportAsync(ImportedProducts.Product("room-1"), ImportedProducts.Product("room-2"), ImportedProducts.Product("room-3", cost: null));
            Assert.Equal((1, 2), (supplied.Created, supplied.Skipped.Count));
            Assert.Equal(["room-2"], supplied.Skipped.Where(s => s.Reason == "plan_limit_reached").Select(s => s.ExternalId));
            var again = await _products.ImportAsync(ImportedProducts.Product("room-1", "New name"), ImportedProducts.Product("room-2"));
            Assert.Equal((1, 1), (again.Updated, again.Skipped.Count));
        }
        finally
        {
            await LimitAsync("null");
        }

        Assert.Equal(1, (await _products.ImportAsync(ImportedProducts.Product("room-2"))).Created);
    }

    /// <param name="products">SQL over the store <c>s</c>.</param>
    private async Task LimitAsync(string products)
    {
        await app.Database.ExecuteAsync($"update stores.stores s set max_products = {products} where slug = 'mallgram'");
        app.Api.Services.GetRequiredService<StoreLookup>().Forget();
        app.Worker.Services.GetRequiredService<StoreLookup>().Forget();
    }

    private async Task<JsonElement> SucceedAsync(string text, string query = "")
    {
        var import = await ImportAsync(text, query);
        Assert.True(import.GetProperty("state").GetString() == "succeeded", import.ToString());
        return import;
    }

    private async Task<JsonElement> ImportAsync(string text, string query = "", string format = "csv")
    {
        using var staff = await app.SignInStaffAsync();
        using var answer = await PostAsync(staff, Encoding.UTF8.GetBytes(text), format == "csv" ? "text/csv" : "application/x-ndjson", "?" + query);
        var id = (await answer.JsonAsync(HttpStatusCode.Accepted)).GetProperty("id").GetString();
        // The import itself asks for a run; one that was just ending may have missed it.
        await app.RunJobAsync("bulk-import");
        var end = await Eventually.GetAsync("end of import", async () =>
            await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/bulk-imports/" + id) is var import && import.GetProperty("finished_at").ValueKind == JsonValueKind.String
                ? new StrongBox(import)
                : null);
        return end.Value;
    }

    private async Task<string> QueuedAsync(string text)
    {
        var files = await _products.InStoreAsync(services => services.GetRequiredService<Mallgram.Files.Contracts.IFiles>().SaveAsync(
            "queued.csv", Mallgram.Files.Contracts.FilePurposes.ProductImport, new MemoryStream(Encoding.UTF8.GetBytes(text)), CancellationToken.None));
        var id = await _products.InStoreAsync(services => services.GetRequiredService<BulkImports>().CreateAsync(
            files, BulkFile.Csv, BulkModes.Upsert, isDryRun: false,
            new BulkOptions(new Dictionary<string, string?>(), new Dictionary<string, string>(), CreateMissingCategories: false), "usr_test", CancellationToken.None));
        return Mallgram.Kernel.Ids.PublicId.Format(BulkImports.IdPrefix, id);
    }

    private async Task<string> ExportAsync(string format)
    {
        using var staff = await app.SignInStaffAsync();
        return await staff.GetStringAsync(new Uri("/api/v1/admin/products/export?format=" + format, UriKind.Relative));
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient staff, byte[] body, string type, string query)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return await staff.PostAsync(new Uri("/api/v1/admin/bulk-imports" + query, UriKind.Relative), content);
    }

    /// <summary>Place and writing transaction of every row of the catalogue but the imports' own.</summary>
    private async Task<string> VersionsAsync()
    {
        var versions = new StringBuilder();
        foreach (var table in await app.Database.ScalarAsync<string[]>(
            "select array_agg(tablename::text order by tablename) from pg_tables where schemaname = 'catalog' and tablename not like 'bulk_%'"))
        {
            versions.AppendLine(await app.Database.ScalarAsync<string>(
                $"select '{table} ' || coalesce(md5(string_agg(ctid::text || xmin::text, ',' order by ctid)), '') from catalog.{table}"));
        }

        return versions.ToString();
    }

    private sealed record StrongBox(JsonElement Value);

    public sealed class EmptyShop : MallgramApp
    {
        protected override bool Synchronised => false;

        protected override IEnumerable<string> ServiceSettings => ["--Jobs:Schedules:bulk-import=off"];
    }
}
