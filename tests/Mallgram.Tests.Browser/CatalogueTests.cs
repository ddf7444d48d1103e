using Mallgram.Tests.WholeApp;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Mallgram.Tests.Browser;

/// <summary>Staff work on the catalogue in Chromium, on the whole system. Screenshots stay in <c>artifacts/screenshots</c>.</summary>
[Trait("Needs", "chromium")]
public sealed class CatalogueTests(RunningMallgram running) : AdminBrowser(running), IClassFixture<RunningMallgram>
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
        await Page.GotoAsync("/login");
        await SignInAsync(RunningMallgram.AdministratorPassword);
        await Expect(Page.GetByTestId("who")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_product_of_ones_own_is_made_mended_pictured_counted_and_hidden()
    {
        await Page.GotoAsync("/products/new");
        await Page.Locator("#name").FillAsync("Raffia basket");
        await Page.Locator("#name_fr").FillAsync("Panier en raphia");
        await Page.Locator("#amount").FillAsync("not a price");
        await Page.GetByTestId("create").ClickAsync();
        // Beside the field, and nothing that was typed is lost.
        await Expect(Page.Locator("[data-field-error=variants]")).ToContainTextAsync("no amount");
        await Expect(Page.Locator("#name_fr")).ToHaveValueAsync("Panier en raphia");

        await Page.Locator("#amount").FillAsync("249.50");
        await Page.Locator("#sku").FillAsync("RAFFIA-1");
        await Page.Locator("#stock").FillAsync("7");
        await Page.GetByTestId("create").ClickAsync();
        await Expect(Page.GetByTestId("name")).ToHaveTextAsync("Raffia basket");
        var variant = Page.Locator("[data-sku='RAFFIA-1']");
        await Expect(variant).ToContainTextAsync("249");

        await variant.Locator("[name=units]").FillAsync("-2");
        await variant.Locator("[name=reason]").FillAsync("two were damaged");
        await variant.Locator("button").ClickAsync();
        await Expect(Page.GetByTestId("changes")).ToContainTextAsync("two were damaged");

        await Page.GetByTestId("upload").Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "basket.gif", MimeType = "image/gif", Buffer = Gif });
        await Page.GetByTestId("upload").Locator("button").ClickAsync();
        await Expect(Page.GetByTestId("gallery").Locator("li")).ToHaveCountAsync(1);
        await Page.WaitForFunctionAsync("() => document.querySelector('[data-testid=gallery] img')?.naturalWidth > 0");
        await ShotAsync("product");

        await Page.GotoAsync("/products?q=raffia");
        await Page.GetByTestId("product").Locator("input[type=checkbox]").CheckAsync();
        await Page.GetByTestId("bulk-act").SelectOptionAsync("hidden");
        await Page.GetByTestId("bulk-apply").ClickAsync();
        await Expect(Page.GetByTestId("product")).ToContainTextAsync("Hidden");
        await Page.SetViewportSizeAsync(360, 740);
        await ShotAsync("products-phone");
        Assert.True(await Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "wider than a phone");
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task Categories_are_made_ordered_and_deleted_and_attributes_say_what_is_wrong()
    {
        foreach (var name in new[] { "Baskets", "Candles" })
        {
            await Page.GotoAsync("/categories?edit=new");
            await Page.Locator("#name").FillAsync(name);
            await Page.GetByTestId("save").ClickAsync();
            await Expect(Page.GetByTestId("category").Filter(new() { HasText = name })).ToBeVisibleAsync();
        }

        await Page.GetByLabel("Move up: Candles").ClickAsync();
        await Expect(Page.GetByTestId("category").First).ToContainTextAsync("Candles");

        await Page.GetByRole(AriaRole.Link, new() { Name = "Candles", Exact = true }).ClickAsync();
        await Page.GetByText("Delete this category").ClickAsync();
        await Page.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Expect(Page.GetByText("Deleted.")).ToBeVisibleAsync();
        await Expect(Page.GetByTestId("category").Filter(new() { HasText = "Candles" })).ToHaveCountAsync(0);

        await Page.GotoAsync("/attributes?edit=+");
        await Page.Locator("#code").FillAsync("Not A Code");
        await Page.Locator("#name").FillAsync("Length");
        await Page.GetByTestId("save").ClickAsync();
        await Expect(Page.Locator("[data-field-error=code]")).ToContainTextAsync("lower-case");
        await Page.Locator("#code").FillAsync("length");
        await Page.GetByTestId("save").ClickAsync();
        await Expect(Page.Locator("[data-code=length]")).ToBeVisibleAsync();
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task A_brand_is_made_renamed_and_deleted_and_low_stock_is_a_number()
    {
        await Page.GotoAsync("/brands");
        await Page.Locator("#name").FillAsync("Sahel Crafts");
        await Page.Locator("[data-testid=brand-new] button").ClickAsync();
        var brand = Page.Locator("[data-testid=brand][data-slug=sahel-crafts]");
        await brand.Locator("summary").ClickAsync();
        await brand.Locator("[name=name]").FillAsync("Sahel Workshop");
        await brand.GetByText("Save").ClickAsync();
        await Expect(brand.Locator("summary")).ToContainTextAsync("Sahel Workshop");
        await brand.Locator("summary").ClickAsync();
        await brand.GetByText("Delete", new() { Exact = true }).ClickAsync();
        await Expect(brand).ToHaveCountAsync(0);

        await Page.GotoAsync("/merchandising");
        await Page.Locator("#low_stock_threshold").FillAsync("a few");
        await Page.Locator("[data-testid=merchandising] button").ClickAsync();
        await Expect(Page.Locator("[data-field-error=low_stock_threshold]")).ToBeVisibleAsync();
        await Page.Locator("#low_stock_threshold").FillAsync("7");
        await Page.Locator("[data-testid=merchandising] button").ClickAsync();
        await Expect(Page.GetByTestId("did")).ToBeVisibleAsync();
        await Expect(Page.Locator("#low_stock_threshold")).ToHaveValueAsync("7");
        Assert.Empty(Errors);
    }

    /// <summary>The smallest GIF: one pixel.</summary>
    private static byte[] Gif => Convert.FromBase64String("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7");

    private Task ShotAsync(string name) => Page.ScreenshotAsync(new PageScreenshotOptions
    {
        Path = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "screenshots", $"catalogue-{name}.png"),
        FullPage = true,
    });
}
