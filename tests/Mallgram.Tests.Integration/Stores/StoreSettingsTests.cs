using System.Net;
using System.Net.Http.Json;
using Mallgram.Stores.Usage;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Stores;

/// <summary>What staff decide about their store, and what the platform lets it do.</summary>
public sealed class StoreSettingsTests(StoresApp app) : IClassFixture<StoresApp>
{
    private const string Default = "/api/v1/admin/stores/";

    [Theory]
    [InlineData("mallgram", "ZAR", "ZA", "en")]
    [InlineData("dakarcafe", "XOF", "SN", "fr")]
    [InlineData("pickle-paradise", "INR", "IN", "en")]
    [InlineData("blank", "XAF", "CM", "fr")]
    public async Task A_store_of_each_preset_works_at_once(string preset, string currency, string country, string language)
    {
        using var platform = await app.SignInPlatformAsync();
        var slug = "new-" + preset;
        await app.CreateStoreAsync(platform, slug, preset);

        using var shopper = app.Shopper(slug);
        var store = await shopper.GetJsonAsync("/api/v1/store");
        Assert.Equal((slug, currency, country, language), (store.Text("slug"), store.Text("currency"), store.Text("country"), store.Text("language")));
        var market = Assert.Single(store.GetProperty("currencies").EnumerateArray());
        Assert.Equal((currency, country), (market.Text("currency"), market.Text("country")));
        Assert.Equal(0, (await shopper.GetJsonAsync("/api/v1/products")).GetProperty("data").GetArrayLength());

        using var staff = await app.SignInStaffAsync(slug);
        var rules = (await staff.GetJsonAsync("/api/v1/admin/price-rules")).GetProperty("data");
        Assert.Single(rules.EnumerateArray());
        Assert.Equal(preset == "mallgram" ? 2L : 0L, await app.Database.ScalarAsync<long>(
            $"select count(*) from sourcing.supplier_accounts a join stores.stores s on s.id = a.store_id where s.slug = '{slug}'"));
        using var product = await staff.PostAsJsonAsync("/api/v1/admin/products", Product("First"));
        Assert.Equal(HttpStatusCode.Created, product.StatusCode);
    }

    [Fact]
    public async Task What_a_store_cannot_be_is_refused_and_leaves_nothing()
    {
        using var platform = await app.SignInPlatformAsync();
        var before = await app.Database.ScalarAsync<long>("select count(*) from stores.stores");
        var fields = await platform.SendAsync(
            "POST", "/api/v1/platform/stores", new { slug = "Not A Slug", name = "\u0001", preset = "none", language = "xx" },
            HttpStatusCode.UnprocessableEntity);
        foreach (var field in new[] { "slug", "name", "preset", "currency", "country", "language" })
        {
            Assert.True(fields.GetProperty("errors").TryGetProperty(field, out _), field);
        }

        await platform.SendAsync(
            "POST", "/api/v1/platform/stores", new { slug = "mallgram", name = "Again", preset = "mallgram" }, HttpStatusCode.Conflict);
        await platform.SendAsync(
            "POST", "/api/v1/platform/stores", new { slug = "planless", name = "Planless", preset = "mallgram", plan = "golden" },
            HttpStatusCode.UnprocessableEntity);
        await platform.SendAsync("POST", "/api/v1/platform/stores", new { slug = "francs", name = "Francs", preset = "blank", currency = "FCFA", country = "CM" },
            HttpStatusCode.UnprocessableEntity);
        Assert.Equal(before, await app.Database.ScalarAsync<long>("select count(*) from stores.stores"));
    }

    [Fact]
    public async Task Settings_change_by_parts_and_show_at_the_storefront()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = await app.CreateStoreAsync(platform, "settled");
        using var staff = await app.SignInStaffAsync("settled");
        await staff.SendAsync(
            "PATCH", Default + id,
            new
            {
                name = "Settled & Sons",
                languages = new[] { "fr" },
                tax_display = "exclusive",
                payment_methods = new[] { "card" },
                time_zone = "Africa/Douala",
                opening_hours = new[] { new { day = 1, opens = "08:00", closes = "17:30" } },
                contact = new { email = "help@settled.test", phone = "+237670000001" },
                policies = new { terms = new { en = "Be kind.", fr = "Soyez gentils." } },
            },
            HttpStatusCode.NoContent);
        await staff.SendAsync("PATCH", Default + id, new { policies = new { privacy = new { en = "We keep little." } } }, HttpStatusCode.NoContent);

        using var shopper = app.Shopper("settled");
        var store = await shopper.GetJsonAsync("/api/v1/store");
        Assert.Equal("Settled & Sons", store.Text("name"));
        Assert.Equal("exclusive", store.Text("tax_display"));
        Assert.Equal("""["card"]""", store.GetProperty("payment_methods").GetRawText());
        Assert.Equal("17:30", store.GetProperty("opening_hours")[0].Text("closes"));
        Assert.Equal("Soyez gentils.", store.GetProperty("policies").GetProperty("terms").Text("fr"));
        Assert.Equal("We keep little.", store.GetProperty("policies").GetProperty("privacy").Text("en"));
        // Who changed what is in the store's audit log.
        Assert.True(await app.Database.ScalarAsync<bool>(
            """
            select exists (select from kernel.audit_log a join stores.stores s on s.id = a.store_id
                           where s.slug = 'settled' and a.object = 'stores.settings' and a.actor like 'usr_%' and a.after ? 'tax_display')
            """));
    }

    [Fact]
    public async Task Rubbish_in_settings_names_every_field()
    {
        using var staff = await app.SignInStaffAsync();
        var mine = (await app.Http.GetJsonAsync("/api/v1/store")).Text("id");
        var problem = await staff.SendAsync(
            "PATCH", Default + mine,
            new
            {
                name = "",
                language = "zz",
                languages = Array.Empty<string>(),
                payment_methods = new[] { "shells" },
                time_zone = "../etc/passwd",
                opening_hours = new[] { new { day = 8, opens = "25:00", closes = "07:00" } },
                contact = new { email = "nobody", phone = "12" },
                policies = new { magic = new { en = "x" } },
                front_end = "javascript:alert(1)",
            },
            HttpStatusCode.UnprocessableEntity);
        foreach (var field in new[] { "name", "language", "languages", "payment_methods", "time_zone", "contact.email", "contact.phone", "policies", "front_end" })
        {
            Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), field);
        }
    }

    [Fact]
    public async Task Another_stores_id_is_not_found_whatever_is_asked()
    {
        using var platform = await app.SignInPlatformAsync();
        var other = await app.CreateStoreAsync(platform, "others-own");
        using var staff = await app.SignInStaffAsync();
        foreach (var path in new[] { "", "/theme", "/domains", "/onboarding", "/usage" })
        {
            await staff.GetJsonAsync(Default + other + path, HttpStatusCode.NotFound);
        }

        await staff.SendAsync("PATCH", Default + other, new { name = "Mine now" }, HttpStatusCode.NotFound);
        await staff.SendAsync("PUT", Default + other + "/theme", new { }, HttpStatusCode.NotFound);
        await staff.SendAsync("POST", Default + other + "/domains", new { host = "a.example.test" }, HttpStatusCode.NotFound);
        await staff.SendAsync("DELETE", Default + other + "/domains/a.example.test", body: null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_theme_that_people_cannot_read_is_refused()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = await app.CreateStoreAsync(platform, "painted");
        using var staff = await app.SignInStaffAsync("painted");
        var problem = await staff.SendAsync(
            "PUT", $"{Default}{id}/theme", new { colours = new { text = "#dddddd", background = "#ffffff", primary = "#ffff00", on_primary = "#FFFFFF" } },
            HttpStatusCode.UnprocessableEntity);
        Assert.True(problem.GetProperty("errors").TryGetProperty("colours.text", out _));
        Assert.True(problem.GetProperty("errors").TryGetProperty("colours.on_primary", out _));
        await staff.SendAsync(
            "PUT", $"{Default}{id}/theme", new { colours = new { primary = "red" } }, HttpStatusCode.UnprocessableEntity);
        await staff.SendAsync(
            "PUT", $"{Default}{id}/theme", new { logo_file_id = "fil_00000000000000000000000000" }, HttpStatusCode.UnprocessableEntity);

        var theme = await staff.SendAsync(
            "PUT", $"{Default}{id}/theme", new { colours = new { primary = "#0F766E", on_primary = "#ffffff" }, mail_footer = "Thank you" }, HttpStatusCode.OK);
        Assert.Equal("#0f766e", theme.GetProperty("colours").Text("primary"));
        Assert.Equal(5.47, theme.GetProperty("contrast").GetProperty("on_primary").GetDouble());
        using var shopper = app.Shopper("painted");
        Assert.Equal("#0f766e", (await shopper.GetJsonAsync("/api/v1/store")).GetProperty("theme").GetProperty("colours").Text("primary"));
    }

    [Fact]
    public async Task The_checklist_of_a_new_store_follows_what_is_really_there()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = await app.CreateStoreAsync(platform, "beginner", "blank");
        using var staff = await app.SignInStaffAsync("beginner");
        var before = await DoneAsync(staff, id);
        Assert.True(before["currency_and_countries"]);
        Assert.False(before["payment_method"] || before["shipping"] || before["first_product"] || before["policies"] || before["domain_verified"]
            || before["staff_invited"] || before["first_test_order"] || before["name_and_logo"]);

        await staff.SendAsync(
            "PATCH", Default + id,
            new
            {
                payment_methods = new[] { "mobile_money" },
                shipping_methods = new[] { "courier" },
                policies = new { terms = new { fr = "a" }, privacy = new { fr = "b" }, returns = new { fr = "c" } },
            },
            HttpStatusCode.NoContent);
        using var product = await staff.PostAsJsonAsync("/api/v1/admin/products", Product("First"));
        var after = await DoneAsync(staff, id);
        Assert.True(after["payment_method"] && after["shipping"] && after["policies"] && after["first_product"]);
        Assert.False(after["domain_verified"]);
    }

    [Fact]
    public async Task Use_is_metered_and_a_plans_limits_hold()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = await app.CreateStoreAsync(platform, "metered");
        var changed = await platform.SendAsync(
            "PATCH", "/api/v1/platform/stores/" + id, new { plan = "starter", limits = new { products = 1, storage_bytes = 10 } }, HttpStatusCode.OK);
        Assert.Equal(1, changed.GetProperty("limits").GetProperty("products").GetInt32());
        Assert.Equal(600, changed.GetProperty("limits").GetProperty("requests_per_minute").GetInt32());

        using var staff = await app.SignInStaffAsync("metered");
        await staff.SendAsync("POST", "/api/v1/admin/products", Product("One"), HttpStatusCode.Created);
        var refused = await staff.SendAsync("POST", "/api/v1/admin/products", Product("Two"), HttpStatusCode.Forbidden);
        Assert.Equal("plan_limit_reached", refused.Text("code"));
        var tooLarge = await staff.SendAsync(
            "POST", "/api/v1/files", new { name = "a.png", size = 11, purpose = "product_image", content_type = "image/png" }, HttpStatusCode.Forbidden);
        Assert.Equal("plan_limit_reached", tooLarge.Text("code"));

        var counts = app.Api.Services.GetRequiredService<RequestCounts>();
        await counts.FlushAsync(CancellationToken.None);
        var before = (await staff.GetJsonAsync($"{Default}{id}/usage")).GetProperty("requests_last30_days").GetInt64();
        using var shopper = app.Shopper("metered");
        for (var i = 0; i < 5; i++)
        {
            await shopper.GetJsonAsync("/api/v1/categories");
        }

        await counts.FlushAsync(CancellationToken.None);
        var usage = await staff.GetJsonAsync($"{Default}{id}/usage");
        // The five, and the question before them.
        Assert.Equal(before + 6, usage.GetProperty("requests_last30_days").GetInt64());
        var products = usage.GetProperty("meters").EnumerateArray().Single(m => m.Text("name") == "products");
        Assert.Equal((1, 1), (products.GetProperty("used").GetInt32(), products.GetProperty("limit").GetInt32()));
        Assert.Equal(usage.GetProperty("meters").GetRawText(), (await platform.GetJsonAsync($"/api/v1/platform/stores/{id}/usage")).GetProperty("meters").GetRawText());
    }

    [Fact]
    public async Task A_suspended_store_sells_nothing_and_its_staff_read()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = await app.CreateStoreAsync(platform, "paused");
        using var staff = await app.SignInStaffAsync("paused");
        await platform.SendAsync("POST", $"/api/v1/platform/stores/{id}/suspend", new { }, HttpStatusCode.UnprocessableEntity);
        var suspended = await platform.SendAsync("POST", $"/api/v1/platform/stores/{id}/suspend", new { reason = "Unpaid bills" }, HttpStatusCode.OK);
        Assert.Equal("suspended", suspended.GetProperty("store").Text("status"));

        using var shopper = app.Shopper("paused");
        shopper.DefaultRequestHeaders.AcceptLanguage.ParseAdd("fr");
        var refused = await shopper.GetJsonAsync("/api/v1/products", HttpStatusCode.Forbidden);
        Assert.Equal("store_suspended", refused.Text("code"));
        Assert.Contains("suspendue", refused.Text("detail"), StringComparison.Ordinal);
        Assert.Equal("suspended", (await staff.GetJsonAsync(Default + id)).Text("status"));
        await staff.SendAsync("PATCH", Default + id, new { name = "Still here" }, HttpStatusCode.Forbidden);
        using var again = await app.SignInStaffAsync("paused");

        await platform.SendAsync("POST", $"/api/v1/platform/stores/{id}/resume", body: null, HttpStatusCode.OK);
        await shopper.GetJsonAsync("/api/v1/products");

        var mallgram = (await app.Http.GetJsonAsync("/api/v1/store")).Text("id");
        var stays = await platform.SendAsync("POST", $"/api/v1/platform/stores/{mallgram}/suspend", new { reason = "Why not?" }, HttpStatusCode.Conflict);
        Assert.Equal("default_store_stays", stays.Text("code"));
    }

    [Fact]
    public async Task A_domain_leads_to_a_store_once_it_is_proven_and_to_no_other()
    {
        using var platform = await app.SignInPlatformAsync();
        var first = await app.CreateStoreAsync(platform, "proven-first");
        var second = await app.CreateStoreAsync(platform, "proven-second");
        using var mine = await app.SignInStaffAsync("proven-first");
        using var theirs = await app.SignInStaffAsync("proven-second");
        foreach (var bad in new[] { "localhost", "127.0.0.1", "shop.example.test:8080", "http://shop.example.test", "a..b", "*.example.test", "" })
        {
            await mine.SendAsync("POST", $"{Default}{first}/domains", new { host = bad }, HttpStatusCode.UnprocessableEntity);
        }

        var claimed = await mine.SendAsync("POST", $"{Default}{first}/domains", new { host = "Shop.Example.Test." }, HttpStatusCode.Created);
        Assert.Equal("shop.example.test", claimed.Text("host"));
        var unproven = await mine.SendAsync(
            "POST", $"{Default}{first}/domains/shop.example.test/verify", body: null, HttpStatusCode.UnprocessableEntity);
        Assert.Equal("domain_not_proven", unproven.Text("code"));
        Assert.Equal(2, unproven.GetProperty("checks").GetArrayLength());
        Assert.Equal("mallgram", await StoreOfAsync("shop.example.test"));

        // Another store may claim it too: nobody keeps a merchant's own domain from them by naming it first.
        var rival = await theirs.SendAsync("POST", $"{Default}{second}/domains", new { host = "shop.example.test" }, HttpStatusCode.Created);
        Assert.NotEqual(claimed.GetProperty("record").Text("value"), rival.GetProperty("record").Text("value"));
        app.Records["_mallgram.shop.example.test"] = claimed.GetProperty("record").Text("value");
        await theirs.SendAsync("POST", $"{Default}{second}/domains/shop.example.test/verify", body: null, HttpStatusCode.UnprocessableEntity);
        var proven = await mine.SendAsync("POST", $"{Default}{first}/domains/shop.example.test/verify", body: null, HttpStatusCode.OK);
        Assert.Equal("dns", proven.Text("method"));
        Assert.Equal("proven-first", await StoreOfAsync("shop.example.test"));

        app.Records["_mallgram.shop.example.test"] = claimed.GetProperty("record").Text("value") + "|" + rival.GetProperty("record").Text("value");
        var taken = await theirs.SendAsync("POST", $"{Default}{second}/domains/shop.example.test/verify", body: null, HttpStatusCode.Conflict);
        Assert.Equal("domain_taken", taken.Text("code"));
        Assert.Equal("proven-first", await StoreOfAsync("shop.example.test"));

        // The domain was sold: its new owner proves it, its former one no longer can.
        app.Records["_mallgram.shop.example.test"] = rival.GetProperty("record").Text("value");
        await theirs.SendAsync("POST", $"{Default}{second}/domains/shop.example.test/verify", body: null, HttpStatusCode.OK);
        Assert.Equal("proven-second", await StoreOfAsync("shop.example.test"));
        var lost = (await mine.GetJsonAsync($"{Default}{first}/domains")).GetProperty("data").EnumerateArray().Single();
        Assert.False(lost.GetProperty("verified").GetBoolean());
        await mine.SendAsync("POST", $"{Default}{first}/domains/shop.example.test/verify", body: null, HttpStatusCode.UnprocessableEntity);
        await theirs.SendAsync("DELETE", $"{Default}{second}/domains/shop.example.test", body: null, HttpStatusCode.NoContent);
        Assert.Equal("mallgram", await StoreOfAsync("shop.example.test"));

        // What the platform set, a record takes from nobody.
        await app.Database.ExecuteAsync(
            "insert into stores.domains (store_id, host, verified_at, method) select id, 'set.example.test', now(), 'operator' from stores.stores where slug = 'proven-first'");
        var set = await theirs.SendAsync("POST", $"{Default}{second}/domains", new { host = "set.example.test" }, HttpStatusCode.Created);
        app.Records["_mallgram.set.example.test"] = set.GetProperty("record").Text("value");
        await theirs.SendAsync("POST", $"{Default}{second}/domains/set.example.test/verify", body: null, HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_file_proves_a_domain_but_not_by_a_redirect_to_another_and_not_inside()
    {
        using var platform = await app.SignInPlatformAsync();
        var id = await app.CreateStoreAsync(platform, "filed");
        using var staff = await app.SignInStaffAsync("filed");
        var file = (await staff.SendAsync("POST", $"{Default}{id}/domains", new { host = "proven.example.test" }, HttpStatusCode.Created)).GetProperty("file");
        app.Pages["proven.example.test" + new Uri(file.Text("address")).AbsolutePath] = file.Text("content") + "\n";
        var proven = await staff.SendAsync("POST", $"{Default}{id}/domains/proven.example.test/verify", body: null, HttpStatusCode.OK);
        Assert.Equal("file", proven.Text("method"));
        Assert.Equal("filed", await StoreOfAsync("proven.example.test"));

        file = (await staff.SendAsync("POST", $"{Default}{id}/domains", new { host = "redirected.example.test" }, HttpStatusCode.Created)).GetProperty("file");
        var path = new Uri(file.Text("address")).AbsolutePath;
        app.Pages["redirected.example.test" + path] = $"http://www.example.test:{app.OutsidePort}{path}";
        app.Pages["www.example.test" + path] = file.Text("content");
        var redirected = await staff.SendAsync(
            "POST", $"{Default}{id}/domains/redirected.example.test/verify", body: null, HttpStatusCode.UnprocessableEntity);
        Assert.Contains("redirect to another host", redirected.GetProperty("checks").GetRawText(), StringComparison.Ordinal);

        // The name leads to this machine, where the guard lets nobody look.
        await staff.SendAsync("POST", $"{Default}{id}/domains", new { host = "inside.example.test" }, HttpStatusCode.Created);
        var inside = await staff.SendAsync("POST", $"{Default}{id}/domains/inside.example.test/verify", body: null, HttpStatusCode.UnprocessableEntity);
        Assert.Contains("not on the public internet", inside.GetProperty("checks").GetRawText(), StringComparison.Ordinal);
    }

    private static object Product(string name) => new { name, variants = new[] { new { prices = new[] { new { amount = 1000 } } } } };

    private async Task<string> StoreOfAsync(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/api/v1/store", UriKind.Relative));
        request.Headers.Host = host;
        using var answer = await app.Http.SendAsync(request);
        return (await answer.JsonAsync(HttpStatusCode.OK)).Text("slug");
    }

    private static async Task<Dictionary<string, bool>> DoneAsync(HttpClient staff, string id) =>
        (await staff.GetJsonAsync($"{Default}{id}/onboarding")).GetProperty("steps").EnumerateArray()
            .ToDictionary(s => s.Text("code"), s => s.GetProperty("done").GetBoolean(), StringComparer.Ordinal);
}
