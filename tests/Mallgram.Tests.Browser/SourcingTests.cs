using System.Net.Http.Json;
using System.Text;
using Mallgram.Tests.WholeApp;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Mallgram.Tests.Browser;

/// <summary>Prices, sync runs, imports and search in the admin app, in Chromium, on the whole system.</summary>
[Trait("Needs", "chromium")]
public sealed class SourcingTests(RunningMallgram running) : AdminBrowser(running), IClassFixture<RunningMallgram>
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Page.SetDefaultTimeout(60_000);
        // Every question whether one is sure is answered with yes; what it said is kept.
        Page.Dialog += (_, dialog) =>
        {
            Asked.Add(dialog.Message);
            _ = dialog.AcceptAsync();
        };
        await Page.GotoAsync("/login");
        await SignInAsync(RunningMallgram.AdministratorPassword);
        await Expect(Page.GetByTestId("who")).ToBeVisibleAsync();
    }

    private List<string> Asked { get; } = [];

    [Fact]
    public async Task Staff_sync_preview_a_rule_in_francs_and_cents_save_it_and_roll_the_sync_back()
    {
        await Page.GotoAsync("/sync");
        await Page.GetByTestId("run-now").ClickAsync();
        await Expect(Page.GetByTestId("sync-run").First).ToContainTextAsync("Succeeded", new() { Timeout = 240_000, IgnoreCase = true });

        await Page.GotoAsync("/pricing/new");
        await Page.Locator("[name='Form.Name']").FillAsync("Dear goods");
        await Page.Locator("[name='Form.Priority']").FillAsync("10");
        await Page.Locator("[name='Form.CostFrom']").FillAsync("0.001");
        await Page.Locator("[name='Form.Markup']").FillAsync("300");
        await Page.GetByTestId("preview").ClickAsync();
        await Expect(Page.Locator("[data-field-error=cost_from_minor]")).ToContainTextAsync("decimals");
        await Page.Locator("[name='Form.CostFrom']").FillAsync("1,50");
        await Page.GetByTestId("preview").ClickAsync();
        await Expect(Page.GetByTestId("previewed").First).ToBeVisibleAsync();
        await Expect(Page.GetByTestId("preview-result")).ToContainTextAsync("Nothing is saved yet");
        await Page.GetByTestId("save").ClickAsync();
        await Expect(Page.GetByTestId("rule").First).ToContainTextAsync("R 1,50");
        await Page.GetByTestId("rule").First.Locator("a").First.ClickAsync();
        await Expect(Page.Locator("[name='Form.CostFrom']")).ToHaveValueAsync("1.50");

        await Page.GotoAsync("/sync");
        await Page.GetByTestId("sync-run").First.Locator("a").ClickAsync();
        await Page.GetByTestId("rollback").ClickAsync();
        await Expect(Page.Locator("[data-state=rolled_back]")).ToBeVisibleAsync(new() { Timeout = 240_000 });
        Assert.Contains(Asked, question => question.Contains("new products go off sale", StringComparison.Ordinal));
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task Staff_find_items_at_the_supplier_import_two_and_see_what_became_of_them()
    {
        // Another test may have imported the items: now there is something new about them.
        using (var dearer = await Running.Sandbox.PostAsJsonAsync(
            "/control/aliexpress", new { action = "price_change", percent = 100, factor = 1.2 }))
        {
            dearer.EnsureSuccessStatusCode();
        }

        await Page.GotoAsync("/sync");
        await Page.GetByTestId("find").ClickAsync();
        await Expect(Page.Locator("h1")).ToContainTextAsync("Find at AliExpress");
        await Page.Locator("[name=q]").FillAsync("no such thing at all");
        await Page.GetByTestId("find").ClickAsync();
        await Expect(Page.GetByTestId("empty")).ToContainTextAsync("Nothing found");
        await Page.Locator("[name=q]").FillAsync("pan");
        await Page.GetByTestId("find").ClickAsync();
        await Expect(Page.GetByTestId("hit").First).ToContainTextAsync("USD");
        var picture = Page.GetByTestId("hit").First.Locator("img");
        Assert.StartsWith("/pictures/", await picture.GetAttributeAsync("src"), StringComparison.Ordinal);
        Assert.True(await picture.EvaluateAsync<bool>("img => img.decode().then(() => img.naturalWidth > 0)"));
        await Page.GetByTestId("import").ClickAsync();
        await Expect(Page.GetByTestId("failure")).ToContainTextAsync("Tick the items");
        await Page.GetByTestId("hit").Nth(0).Locator("input").CheckAsync();
        await Page.GetByTestId("hit").Nth(1).Locator("input").CheckAsync();
        await Page.GetByTestId("import").ClickAsync();
        await Expect(Page.Locator("body")).ToContainTextAsync("What became of each item");
        await Expect(Page.Locator("body")).ToContainTextAsync("Picked by hand");
        await Expect(Page.GetByTestId("change")).ToHaveCountAsync(2);
        await Page.SetViewportSizeAsync(360, 740);
        Assert.True(
            await Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "the run is wider than a phone");
        await Page.Locator("#changes a[data-kind=hidden]").ClickAsync();
        await Expect(Page.GetByTestId("no-changes")).ToContainTextAsync("No product of this kind");
        await Page.Locator("#changes a[data-kind=all]").ClickAsync();
        await Page.Locator("[data-testid=change] a").Nth(1).ClickAsync();
        await Expect(Page.GetByTestId("name")).ToBeVisibleAsync();

        await Page.GotoAsync("/suppliers/aliexpress?q=pan");
        await Expect(Page.GetByTestId("hit").First).ToBeVisibleAsync();
        Assert.True(
            await Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "the hits are wider than a phone");
        await Page.GotoAsync("/suppliers/alibaba");
        await Expect(Page.GetByTestId("empty")).ToContainTextAsync("offers buyers no search");
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task A_file_is_tried_first_its_wrong_row_shown_and_given_back_and_then_taken()
    {
        await UploadAsync("sku,name,price\nWEB-1,Enamel mug,129.00\nWEB-2,Broken mug,twelve\n", dryRun: true);
        await Expect(Page.Locator("[data-testid=import-state][data-state=completed_with_errors]")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Expect(Page.GetByTestId("row-error")).ToContainTextAsync("price");
        var download = await Page.RunAndWaitForDownloadAsync(() => Page.GetByTestId("failed-rows").ClickAsync());
        Assert.Contains("WEB-2", await File.ReadAllTextAsync(await download.PathAsync()), StringComparison.Ordinal);

        await UploadAsync("sku,name,price\nWEB-1,Enamel mug,129.00\n", dryRun: false);
        await Expect(Page.Locator("[data-testid=import-state][data-state=succeeded]")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Expect(Page.Locator("[data-figure=created]")).ToContainTextAsync("1");
        await Page.GotoAsync("/imports");
        var export = await Page.RunAndWaitForDownloadAsync(() => Page.GetByTestId("export-csv").ClickAsync());
        Assert.Contains("WEB-1", await File.ReadAllTextAsync(await export.PathAsync()), StringComparison.Ordinal);
        Assert.DoesNotContain("WEB-2", await File.ReadAllTextAsync(await export.PathAsync()), StringComparison.Ordinal);
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task One_word_has_no_synonym_and_two_have()
    {
        await Page.GotoAsync("/search");
        var add = Page.GetByTestId("add-synonyms");
        await add.Locator("input[name=Terms]").FillAsync("phone");
        await add.Locator("button[type=submit]").ClickAsync();
        await Expect(Page.Locator("[data-field-error=terms]")).ToContainTextAsync("2 to 20");
        await add.Locator("input[name=Terms]").FillAsync("phone, mobile");
        await add.Locator("button[type=submit]").ClickAsync();
        await Expect(Page.GetByTestId("synonyms").Locator("input[name=Terms]")).ToHaveValueAsync("phone, mobile");
        Assert.Empty(Errors);
    }

    [Theory]
    [InlineData("/pricing")]
    [InlineData("/pricing/new")]
    [InlineData("/markets")]
    [InlineData("/supplier-categories")]
    [InlineData("/quality-filters/new")]
    [InlineData("/imports")]
    [InlineData("/search")]
    [InlineData("/suppliers/aliexpress")]
    public async Task A_page_fits_a_phone(string address)
    {
        await Page.SetViewportSizeAsync(360, 740);
        await Page.GotoAsync(address);
        await Expect(Page.Locator("h1")).ToBeVisibleAsync();
        Assert.True(await Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), address + " is wider than a phone");
        Assert.Empty(Errors);
    }

    private async Task UploadAsync(string csv, bool dryRun)
    {
        await Page.GotoAsync("/imports");
        await Page.Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "mugs.csv", MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes(csv) });
        await Page.GetByTestId("dry-run").SetCheckedAsync(dryRun);
        await Page.GetByTestId("upload").ClickAsync();
    }
}
