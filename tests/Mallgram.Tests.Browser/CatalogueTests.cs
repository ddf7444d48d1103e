using Mallgram.Tests.WholeApp;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Mallgram.Tests.Browser;

/// <summary>Staff work on the catalogue in Chromium, on the whole system. Screenshots stay in <c>artifacts/screenshots</c>.</summary>
[Trait("Needs", "chromium")]
public sealed class CatalogueTests(RunningMallgram mallgram) : IClassFixture<RunningMallgram>, IAsyncLifetime
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
        _page.Console += (_, message) =>
        {
            if (message.Type == "error" && message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                _errors.Add(message.Text);
            }
        };
        _page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
        await _page.GotoAsync("/login");
        await _page.Locator("input[type=email]").FillAsync("admin@mallgram.test");
        await _page.Locator("input[type=password]").FillAsync(RunningMallgram.AdministratorPassword);
        await _page.Locator("[data-testid=login] button[type=submit]").ClickAsync();
        await Expect(_page.GetByTestId("who")).ToBeVisibleAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    [Fact]
    public async Task A_product_of_ones_own_is_made_mended_pictured_counted_and_hidden()
    {
        await _page.GotoAsync("/products/new");
        await _page.Locator("#name").FillAsync("Raffia basket");
        await _page.Locator("#name_fr").FillAsync("Panier en raphia");
        await _page.Locator("#amount").FillAsync("not a price");
        await _page.GetByTestId("create").ClickAsync();
        // Beside the field, and nothing that was typed is lost.
        await Expect(_page.Locator("[data-field-error=variants]")).ToContainTextAsync("no amount");
        await Expect(_page.Locator("#name_fr")).ToHaveValueAsync("Panier en raphia");

        await _page.Locator("#amount").FillAsync("249.50");
        await _page.Locator("#sku").FillAsync("RAFFIA-1");
        await _page.Locator("#stock").FillAsync("7");
        await _page.GetByTestId("create").ClickAsync();
        await Expect(_page.GetByTestId("name")).ToHaveTextAsync("Raffia basket");
        var variant = _page.Locator("[data-sku='RAFFIA-1']");
        await Expect(variant).ToContainTextAsync("249");

        await variant.Locator("[name=units]").FillAsync("-2");
        await variant.Locator("[name=reason]").FillAsync("two were damaged");
        await variant.Locator("button").ClickAsync();
        await Expect(_page.GetByTestId("changes")).ToContainTextAsync("two were damaged");

        await _page.GetByTestId("upload").Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "basket.gif", MimeType = "image/gif", Buffer = Gif });
        await _page.GetByTestId("upload").Locator("button").ClickAsync();
        await Expect(_page.GetByTestId("gallery").Locator("li")).ToHaveCountAsync(1);
        await _page.WaitForFunctionAsync("() => document.querySelector('[data-testid=gallery] img')?.naturalWidth > 0");
        await ShotAsync("product");

        await _page.GotoAsync("/products?q=raffia");
        await _page.GetByTestId("product").Locator("input[type=checkbox]").CheckAsync();
        await _page.GetByTestId("bulk-act").SelectOptionAsync("hidden");
        await _page.GetByTestId("bulk-apply").ClickAsync();
        await Expect(_page.GetByTestId("product")).ToContainTextAsync("Hidden");
        await _page.SetViewportSizeAsync(360, 740);
        await ShotAsync("products-phone");
        Assert.True(await _page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "wider than a phone");
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task Categories_are_made_ordered_and_deleted_and_attributes_say_what_is_wrong()
    {
        foreach (var name in new[] { "Baskets", "Candles" })
        {
            await _page.GotoAsync("/categories?edit=new");
            await _page.Locator("#name").FillAsync(name);
            await _page.GetByTestId("save").ClickAsync();
            await Expect(_page.GetByTestId("category").Filter(new() { HasText = name })).ToBeVisibleAsync();
        }

        await _page.GetByLabel("Move up: Candles").ClickAsync();
        await Expect(_page.GetByTestId("category").First).ToContainTextAsync("Candles");

        await _page.GetByRole(AriaRole.Link, new() { Name = "Candles", Exact = true }).ClickAsync();
        await _page.GetByText("Delete this category").ClickAsync();
        await _page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Expect(_page.GetByText("Deleted.")).ToBeVisibleAsync();
        await Expect(_page.GetByTestId("category").Filter(new() { HasText = "Candles" })).ToHaveCountAsync(0);

        await _page.GotoAsync("/attributes?edit=+");
        await _page.Locator("#code").FillAsync("Not A Code");
        await _page.Locator("#name").FillAsync("Length");
        await _page.GetByTestId("save").ClickAsync();
        await Expect(_page.Locator("[data-field-error=code]")).ToContainTextAsync("lower-case");
        await _page.Locator("#code").FillAsync("length");
        await _page.GetByTestId("save").ClickAsync();
        await Expect(_page.Locator("[data-code=length]")).ToBeVisibleAsync();
        Assert.Empty(_errors);
    }

    /// <summary>The smallest GIF: one pixel.</summary>
    private static byte[] Gif => Convert.FromBase64String("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7");

    private Task ShotAsync(string name) => _page.ScreenshotAsync(new PageScreenshotOptions
    {
        Path = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "screenshots", $"catalogue-{name}.png"),
        FullPage = true,
    });
}
