using System.Net;
using System.Net.Http.Json;
using Mallgram.Tests.Integration.Support;
using Mallgram.Tests.WholeApp;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Mallgram.Tests.Browser;

/// <summary>The admin app in Chromium, on the whole system. Screenshots stay in <c>artifacts/screenshots</c>.</summary>
[Trait("Needs", "chromium")]
public sealed class AdminTests(RunningMallgram mallgram) : IClassFixture<RunningMallgram>, IAsyncLifetime
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
        // A strict content security policy is broken by any inline script or style: that shows here.
        _page.Console += (_, message) =>
        {
            if (message.Type == "error" && message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                _errors.Add(message.Text);
            }
        };
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
    public async Task A_stranger_is_sent_to_sign_in_and_a_wrong_password_is_refused()
    {
        await _page.GotoAsync("/orders");
        await Expect(_page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/login", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        await SignInAsync("not the password");
        await Expect(_page.Locator("body")).ToContainTextAsync("password", new() { IgnoreCase = true });
        await Expect(_page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/login", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        await ShotAsync("login");
    }

    [Fact]
    public async Task Staff_sync_the_catalogue_with_live_progress_and_see_the_order_that_follows()
    {
        await _page.GotoAsync("/login");
        await SignInAsync(RunningMallgram.AdministratorPassword);
        await Expect(_page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/orders", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));

        using var slow = await mallgram.Sandbox.PostAsJsonAsync("/control/aliexpress", new { action = "slow", ms = 40 });
        slow.EnsureSuccessStatusCode();
        await _page.GotoAsync("/sync");
        await _page.GetByTestId("run-now").ClickAsync();
        await Expect(_page.GetByTestId("live")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        // The bar comes by server-sent events; the page itself was rendered before the run began.
        await Expect(_page.Locator("[data-testid=live] progress[value]")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await ShotAsync("sync-live");
        await Expect(_page.GetByTestId("sync-run").First).ToContainTextAsync("Succeeded", new() { Timeout = 240_000, IgnoreCase = true });
        await ShotAsync("sync-done");

        var shopper = new Shopper(mallgram.Api);
        var order = await shopper.OrderAsync();
        using var started = await shopper.PayAsync(order);
        await started.JsonAsync(HttpStatusCode.Created);
        await shopper.UntilOrderAsync(order, "paid");

        await _page.GotoAsync("/orders");
        var number = order.GetProperty("number").GetString()!;
        await Expect(_page.Locator("table")).ToContainTextAsync(number);
        await ShotAsync("orders");
        await _page.GetByText(number).First.ClickAsync();
        await Expect(_page.Locator("body")).ToContainTextAsync("Thandi Mbeki");
        await ShotAsync("order");

        await _page.GotoAsync("/system");
        await Expect(_page.Locator("body")).ToContainTextAsync("database", new() { IgnoreCase = true });
        await ShotAsync("system");
        await _page.SetViewportSizeAsync(360, 740);
        await _page.GotoAsync("/orders");
        await Expect(_page.Locator("body")).ToContainTextAsync(number);
        await ShotAsync("orders-phone");
        // Names what sticks out, so that a failure can be mended.
        var wide = await _page.EvaluateAsync<string>(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > window.innerWidth + 1 && getComputedStyle(e).position !== 'fixed').map(e => e.tagName + '.' + e.className).slice(0, 5).join(' | ')");
        Assert.True(await _page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "wider than a phone: " + wide);
        Assert.Empty(_errors);
    }

    private async Task SignInAsync(string password)
    {
        await _page.Locator("input[type=email]").FillAsync("admin@mallgram.test");
        await _page.Locator("input[type=password]").FillAsync(password);
        await _page.Locator("[data-testid=login] button[type=submit]").ClickAsync();
    }

    private Task ShotAsync(string name) => _page.ScreenshotAsync(new PageScreenshotOptions
    {
        Path = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "screenshots", name + ".png"),
    });
}
