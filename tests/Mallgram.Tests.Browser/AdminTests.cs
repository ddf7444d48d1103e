using System.Net;
using System.Net.Http.Json;
using Mallgram.Tests.Integration.Support;
using Mallgram.Tests.WholeApp;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Mallgram.Tests.Browser;

/// <summary>The admin app in Chromium, on the whole system. Screenshots stay in <c>artifacts/screenshots</c>.</summary>
[Trait("Needs", "chromium")]
public sealed class AdminTests(RunningMallgram running) : AdminBrowser(running), IClassFixture<RunningMallgram>
{
    [Fact]
    public async Task A_stranger_is_sent_to_sign_in_and_a_wrong_password_is_refused()
    {
        await Page.GotoAsync("/orders");
        await Expect(Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/login", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        await SignInAsync("not the password");
        await Expect(Page.Locator("body")).ToContainTextAsync("password", new() { IgnoreCase = true });
        await Expect(Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/login", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        await ShotAsync("login");
    }

    [Fact]
    public async Task Staff_sync_the_catalogue_with_live_progress_and_see_the_order_that_follows()
    {
        await Page.GotoAsync("/login");
        await SignInAsync(RunningMallgram.AdministratorPassword);
        await Expect(Page.GetByTestId("who")).ToBeVisibleAsync();

        using var slow = await Running.Sandbox.PostAsJsonAsync("/control/aliexpress", new { action = "slow", ms = 40 });
        slow.EnsureSuccessStatusCode();
        await Page.GotoAsync("/sync");
        await Page.GetByTestId("run-now").ClickAsync();
        await Expect(Page.GetByTestId("live")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        // The bar comes by server-sent events; the page itself was rendered before the run began.
        await Expect(Page.Locator("[data-testid=live] progress[value]")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await ShotAsync("sync-live");
        await Expect(Page.GetByTestId("sync-run").First).ToContainTextAsync("Succeeded", new() { Timeout = 240_000, IgnoreCase = true });
        await ShotAsync("sync-done");

        var shopper = new Shopper(Running.Api);
        var order = await shopper.OrderAsync();
        using var started = await shopper.PayAsync(order);
        await started.JsonAsync(HttpStatusCode.Created);
        await shopper.UntilOrderAsync(order, "paid");

        await Page.GotoAsync("/orders");
        var number = order.GetProperty("number").GetString()!;
        await Expect(Page.Locator("table")).ToContainTextAsync(number);
        await ShotAsync("orders");
        await Page.GetByText(number).First.ClickAsync();
        await Expect(Page.Locator("body")).ToContainTextAsync("Thandi Mbeki");
        await ShotAsync("order");

        await Page.GotoAsync("/system");
        await Expect(Page.Locator("body")).ToContainTextAsync("database", new() { IgnoreCase = true });
        await ShotAsync("system");
        await Page.SetViewportSizeAsync(360, 740);
        await Page.GotoAsync("/orders");
        await Expect(Page.Locator("body")).ToContainTextAsync(number);
        await ShotAsync("orders-phone");
        // Names what sticks out, so that a failure can be mended.
        var wide = await Page.EvaluateAsync<string>(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > window.innerWidth + 1 && getComputedStyle(e).position !== 'fixed').map(e => e.tagName + '.' + e.className).slice(0, 5).join(' | ')");
        Assert.True(await Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "wider than a phone: " + wide);
        Assert.Empty(Errors);
    }

    private Task ShotAsync(string name) => Page.ScreenshotAsync(new PageScreenshotOptions
    {
        Path = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "screenshots", name + ".png"),
    });
}
