using System.Text;
using System.Text.RegularExpressions;
using Mallgram.Tests.WholeApp;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Mallgram.Tests.Browser;

/// <summary>Prices, sync runs, imports and search in the admin app, in Chromium, on the whole system.</summary>
[Trait("Needs", "chromium")]
public sealed class SourcingTests(RunningMallgram mallgram) : IClassFixture<RunningMallgram>, IAsyncLifetime
{
    private static readonly string[] Browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private readonly List<string> _errors = [];
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private IPage _page = null!;

    public async Task InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Array.Find(Browsers, File.Exists) ?? throw new FileNotFoundException("Chromium is not installed: " + string.Join(", ", Browsers)),
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
        });
        _page = await _browser.NewPageAsync(new BrowserNewPageOptions
        {
            BaseURL = mallgram.Admin.ToString(),
            Locale = "en-GB",
            ViewportSize = new ViewportSize { Width = 1280, Height = 860 },
        });
        _page.SetDefaultTimeout(60_000);
        _page.Console += (_, message) =>
        {
            if (message.Type == "error" && message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                _errors.Add(message.Text);
            }
        };
        // Every question whether one is sure is answered with yes; what it said is kept.
        _page.Dialog += (_, dialog) =>
        {
            Asked.Add(dialog.Message);
            _ = dialog.AcceptAsync();
        };
        await _page.GotoAsync("/login");
        await _page.Locator("input[type=email]").FillAsync("admin@mallgram.test");
        await _page.Locator("input[type=password]").FillAsync(RunningMallgram.AdministratorPassword);
        await _page.Locator("[data-testid=login] button[type=submit]").ClickAsync();
        await Expect(_page).ToHaveURLAsync(new Regex("/orders", RegexOptions.None, TimeSpan.FromSeconds(1)));
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    private List<string> Asked { get; } = [];

    [Fact]
    public async Task Staff_sync_preview_a_rule_in_francs_and_cents_save_it_and_roll_the_sync_back()
    {
        await _page.GotoAsync("/sync");
        await _page.GetByTestId("run-now").ClickAsync();
        await Expect(_page.GetByTestId("sync-run").First).ToContainTextAsync("Succeeded", new() { Timeout = 240_000, IgnoreCase = true });

        await _page.GotoAsync("/pricing/new");
        await _page.Locator("[name='Form.Name']").FillAsync("Dear goods");
        await _page.Locator("[name='Form.Priority']").FillAsync("10");
        await _page.Locator("[name='Form.CostFrom']").FillAsync("0.001");
        await _page.Locator("[name='Form.Markup']").FillAsync("300");
        await _page.GetByTestId("preview").ClickAsync();
        await Expect(_page.Locator("[data-field-error=cost_from_minor]")).ToContainTextAsync("decimals");
        await _page.Locator("[name='Form.CostFrom']").FillAsync("1,50");
        await _page.GetByTestId("preview").ClickAsync();
        await Expect(_page.GetByTestId("previewed").First).ToBeVisibleAsync();
        await Expect(_page.GetByTestId("preview-result")).ToContainTextAsync("Nothing is saved yet");
        await _page.GetByTestId("save").ClickAsync();
        await Expect(_page.GetByTestId("rule").First).ToContainTextAsync("R 1,50");
        await _page.GetByTestId("rule").First.Locator("a").First.ClickAsync();
        await Expect(_page.Locator("[name='Form.CostFrom']")).ToHaveValueAsync("1.50");

        await _page.GotoAsync("/sync");
        await _page.GetByTestId("sync-run").First.Locator("a").ClickAsync();
        await _page.GetByTestId("rollback").ClickAsync();
        await Expect(_page.Locator("[data-state=rolled_back]")).ToBeVisibleAsync(new() { Timeout = 240_000 });
        Assert.Contains(Asked, question => question.Contains("new products go off sale", StringComparison.Ordinal));
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task A_file_is_tried_first_its_wrong_row_shown_and_given_back_and_then_taken()
    {
        await UploadAsync("sku,name,price\nWEB-1,Enamel mug,129.00\nWEB-2,Broken mug,twelve\n", dryRun: true);
        await Expect(_page.Locator("[data-testid=import-state][data-state=completed_with_errors]")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Expect(_page.GetByTestId("row-error")).ToContainTextAsync("price");
        var download = await _page.RunAndWaitForDownloadAsync(() => _page.GetByTestId("failed-rows").ClickAsync());
        Assert.Contains("WEB-2", await File.ReadAllTextAsync(await download.PathAsync()), StringComparison.Ordinal);

        await UploadAsync("sku,name,price\nWEB-1,Enamel mug,129.00\n", dryRun: false);
        await Expect(_page.Locator("[data-testid=import-state][data-state=succeeded]")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Expect(_page.Locator("[data-figure=created]")).ToContainTextAsync("1");
        await _page.GotoAsync("/imports");
        var export = await _page.RunAndWaitForDownloadAsync(() => _page.GetByTestId("export-csv").ClickAsync());
        Assert.Contains("WEB-1", await File.ReadAllTextAsync(await export.PathAsync()), StringComparison.Ordinal);
        Assert.DoesNotContain("WEB-2", await File.ReadAllTextAsync(await export.PathAsync()), StringComparison.Ordinal);
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task One_word_has_no_synonym_and_two_have()
    {
        await _page.GotoAsync("/search");
        var add = _page.GetByTestId("add-synonyms");
        await add.Locator("input[name=Terms]").FillAsync("phone");
        await add.Locator("button[type=submit]").ClickAsync();
        await Expect(_page.Locator("[data-field-error=terms]")).ToContainTextAsync("2 to 20");
        await add.Locator("input[name=Terms]").FillAsync("phone, mobile");
        await add.Locator("button[type=submit]").ClickAsync();
        await Expect(_page.GetByTestId("synonyms").Locator("input[name=Terms]")).ToHaveValueAsync("phone, mobile");
        Assert.Empty(_errors);
    }

    [Theory]
    [InlineData("/pricing")]
    [InlineData("/pricing/new")]
    [InlineData("/markets")]
    [InlineData("/supplier-categories")]
    [InlineData("/quality-filters/new")]
    [InlineData("/imports")]
    [InlineData("/search")]
    public async Task A_page_fits_a_phone(string address)
    {
        await _page.SetViewportSizeAsync(360, 740);
        await _page.GotoAsync(address);
        await Expect(_page.Locator("h1")).ToBeVisibleAsync();
        Assert.True(await _page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), address + " is wider than a phone");
        Assert.Empty(_errors);
    }

    private async Task UploadAsync(string csv, bool dryRun)
    {
        await _page.GotoAsync("/imports");
        await _page.Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "mugs.csv", MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes(csv) });
        await _page.GetByTestId("dry-run").SetCheckedAsync(dryRun);
        await _page.GetByTestId("upload").ClickAsync();
    }
}
