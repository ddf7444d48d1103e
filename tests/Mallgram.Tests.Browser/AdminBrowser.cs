using Mallgram.Tests.WholeApp;
using Microsoft.Playwright;

namespace Mallgram.Tests.Browser;

/// <summary>A page of the admin app in Chromium, on the whole system: one a test, without a session.</summary>
public abstract class AdminBrowser(RunningMallgram running) : IAsyncLifetime
{
    private static readonly string[] Browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    protected RunningMallgram Running { get; } = running;

    protected IPage Page { get; private set; } = null!;

    /// <summary>What broke the content security policy: any inline script or style shows here.</summary>
    protected List<string> Errors { get; } = [];

    public virtual async Task InitializeAsync()
    {
        // What is on the page matters, not how soon: five seconds, the default, is a race on a busy machine.
        Assertions.SetDefaultExpectTimeout(60_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Array.Find(Browsers, File.Exists) ?? throw new FileNotFoundException("Chromium is not installed: " + string.Join(", ", Browsers)),
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
        });
        Page = await _browser.NewPageAsync(new BrowserNewPageOptions
        {
            BaseURL = Running.Admin.ToString(),
            Locale = "en-GB",
            ViewportSize = new ViewportSize { Width = 1280, Height = 860 },
        });
        Page.Console += (_, message) =>
        {
            if (message.Type == "error" && message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                Errors.Add(message.Text);
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

    /// <summary>Fills in the sign-in page that is shown and sends it.</summary>
    protected async Task SignInAsync(string password)
    {
        await Page.Locator("input[type=email]").FillAsync("admin@mallgram.test");
        await Page.Locator("input[type=password]").FillAsync(password);
        await Page.Locator("[data-testid=login] button[type=submit]").ClickAsync();
    }
}
