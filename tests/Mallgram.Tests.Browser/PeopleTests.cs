using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Mallgram.Tests.Integration.Support;
using Mallgram.Tests.WholeApp;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Mallgram.Tests.Browser;

/// <summary>
/// Accounts, staff, keys, customers, the store itself and the platform in Chromium, on the whole system. Each test works at a store or with
/// people of its own where it changes what others sign in with. Screenshots stay in <c>artifacts/screenshots</c>.
/// </summary>
[Trait("Needs", "chromium")]
public sealed class PeopleTests(RunningMallgram running) : AdminBrowser(running), IClassFixture<RunningMallgram>
{
    private const string Password = "A long enough password 7";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
    }

    [Fact]
    public async Task A_second_factor_is_set_up_asked_for_and_taken_away()
    {
        await EnterAsync("pickle-paradise");
        await Page.GotoAsync("/account/second-factors");
        await Page.Locator("[data-testid=add-factor] button[value=totp]").ClickAsync();
        await Expect(Page.GetByTestId("qr")).ToBeVisibleAsync();
        var secret = await Page.GetByTestId("secret").InnerTextAsync();
        await ShotAsync("second-factor");
        await Page.Locator("#code").FillAsync("000000");
        await Page.Locator("[data-testid=confirm] button[type=submit]").ClickAsync();
        await Expect(Page.Locator("[data-testid=confirm] .field-error, [data-testid=confirm] [data-testid=failure]").First).ToBeVisibleAsync();
        // The same secret is still there to be tried again.
        await Expect(Page.GetByTestId("secret")).ToHaveTextAsync(secret);

        await Page.Locator("#code").FillAsync(TimeCodes.Of(secret, TimeProvider.System.GetUtcNow()));
        await Page.Locator("[data-testid=confirm] button[type=submit]").ClickAsync();
        var codes = Page.Locator("[data-testid=recovery-codes] li");
        await Expect(codes.First).ToBeVisibleAsync();
        var recovery = await codes.First.InnerTextAsync();
        await ShotAsync("recovery-codes");
        await Page.GetByTestId("kept").ClickAsync();
        await Expect(Page.Locator("[data-testid=factor][data-kind=totp]")).ToBeVisibleAsync();
        await Expect(codes).ToHaveCountAsync(0);

        await Page.GetByTestId("sign-out").ClickAsync();
        await Page.GotoAsync("/login");
        await Page.Locator("#store").SelectOptionAsync("pickle-paradise");
        await SignInAsync(RunningMallgram.AdministratorPassword);
        await Expect(Page.GetByTestId("second-factor")).ToBeVisibleAsync();
        await Page.GotoAsync("/orders");
        await Expect(Page).ToHaveURLAsync(Address("/login\\?"));
        await Page.GotoAsync("/login/code");
        await Page.Locator("#code").FillAsync("000000");
        await Page.GetByText("Go on").ClickAsync();
        await Expect(Page.GetByTestId("failure")).ToBeVisibleAsync();
        await Page.GetByText("Recovery code").ClickAsync();
        await Page.Locator("#code").FillAsync(recovery);
        await Page.GetByText("Go on").ClickAsync();
        await Expect(Page.GetByTestId("who")).ToBeVisibleAsync();

        await Page.GotoAsync("/account/sessions");
        await Expect(Page.Locator("[data-testid=session][data-current=true]")).ToContainTextAsync("second factor");
        await Page.GotoAsync("/account/sign-ins");
        await Expect(Page.Locator("[data-outcome=wrong_code]")).ToHaveCountAsync(1);
        await PhoneAsync("sign-ins");

        await Page.GotoAsync("/account/second-factors");
        var factor = Page.GetByTestId("factor");
        await factor.Locator("summary").ClickAsync();
        await factor.Locator("input[type=password]").FillAsync("not the password");
        await factor.Locator("button").ClickAsync();
        await Expect(Page.Locator("[data-testid=factor] .field-error")).ToBeVisibleAsync();
        await factor.Locator("input[type=password]").FillAsync(RunningMallgram.AdministratorPassword);
        await factor.Locator("button").ClickAsync();
        await Expect(Page.GetByTestId("did")).ToBeVisibleAsync();
        await Expect(factor).ToHaveCountAsync(0);
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task Somebody_is_invited_joins_sees_what_their_role_allows_and_recovers_a_password()
    {
        var email = $"amina-{Guid.NewGuid():N}@example.org";
        await EnterAsync("mallgram");
        await Page.GotoAsync("/staff");
        await Page.Locator("#email").FillAsync(email);
        await Page.Locator("#role").SelectOptionAsync("support");
        await Page.Locator("[data-testid=invite] button").ClickAsync();
        await Expect(Page.Locator($"[data-testid=invitation][data-email='{email}']")).ToContainTextAsync("Support");
        await ShotAsync("staff");
        await Page.GetByTestId("sign-out").ClickAsync();

        var token = await InMailAsync(email, @"^([A-Za-z0-9_-]{43})\r?$");
        await Page.GotoAsync($"/accept-invitation?store=mallgram#token={token}");
        await Expect(Page.Locator("#token")).ToHaveValueAsync(token);
        // Neither in the address bar nor in the history.
        await Expect(Page).ToHaveURLAsync(Address("/accept-invitation\\?store=mallgram$"));
        await Page.Locator("#full_name").FillAsync("Amina Sow");
        await Page.Locator("#password").FillAsync("12345678");
        await Page.GetByText("Join", new() { Exact = true }).ClickAsync();
        await Expect(Page.Locator("[data-field-error=password]")).ToBeVisibleAsync();
        await Page.Locator("#password").FillAsync(Password);
        await Page.GetByText("Join", new() { Exact = true }).ClickAsync();
        await Expect(Page.GetByTestId("who")).ToHaveTextAsync("Amina Sow");
        await Expect(Page.Locator("nav a[href='/orders']")).ToBeVisibleAsync();
        await Expect(Page.Locator("nav a[href='/staff']")).ToHaveCountAsync(0);
        await Expect(Page.Locator("nav a[href='/api-keys']")).ToHaveCountAsync(0);
        await Page.GotoAsync("/staff");
        await Expect(Page.GetByTestId("error")).ToContainTextAsync("Not allowed");
        await Page.GotoAsync("/settings");
        await Expect(Page.GetByTestId("save")).ToHaveCountAsync(0);
        await Page.GetByTestId("sign-out").ClickAsync();

        await Page.GotoAsync("/login");
        await Page.GetByText("Forgotten?").ClickAsync();
        await Page.Locator("#email").FillAsync(email);
        await Page.GetByText("Send the code").ClickAsync();
        await Expect(Page.GetByTestId("reset")).ToBeVisibleAsync();
        var code = await InMailAsync(email, @"^(\d{6})\r?$");
        await Page.Locator("#email").FillAsync(email);
        await Page.Locator("#code").FillAsync(code);
        await Page.Locator("#password").FillAsync(Password + " again");
        await ShotAsync("reset");
        await Page.GetByText("Set the password").ClickAsync();
        await Expect(Page.GetByTestId("password-changed")).ToBeVisibleAsync();
        await Page.Locator("#email").FillAsync(email);
        await Page.Locator("#password").FillAsync(Password + " again");
        await Page.Locator("[data-testid=login] button[type=submit]").ClickAsync();
        await Expect(Page.GetByTestId("who")).ToHaveTextAsync("Amina Sow");

        await Page.GotoAsync("/account/password");
        await Page.Locator("#current_password").FillAsync("not this");
        await Page.Locator("#new_password").FillAsync(Password);
        await Page.Locator("[data-testid=password] button").ClickAsync();
        await Expect(Page.Locator("[data-field-error=password], [data-field-error=current_password], [data-testid=failure]").First).ToBeVisibleAsync();
        await Page.Locator("#current_password").FillAsync(Password + " again");
        await Page.Locator("#new_password").FillAsync(Password);
        await Page.Locator("[data-testid=password] button").ClickAsync();
        await Expect(Page.GetByTestId("did")).ToContainTextAsync("changed");
        await Page.GetByTestId("sign-out").ClickAsync();

        await EnterAsync("mallgram");
        await Page.GotoAsync("/staff");
        var member = Page.Locator($"[data-testid=member][data-email='{email}']");
        await member.Locator("select").SelectOptionAsync("manager");
        await member.GetByText("Set", new() { Exact = true }).ClickAsync();
        await Expect(Page.GetByTestId("did")).ToContainTextAsync("Saved");
        await Expect(member.Locator("select")).ToHaveValueAsync("manager");
        await PhoneAsync("staff");
        await member.GetByText("Remove", new() { Exact = true }).ClickAsync();
        await Expect(Page.GetByTestId("did")).ToContainTextAsync("Removed");
        await Expect(member).ToHaveCountAsync(0);
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task A_key_is_shown_once_opens_what_its_scopes_allow_and_nothing_once_revoked()
    {
        await EnterAsync("mallgram");
        await Page.GotoAsync("/api-keys");
        await Page.Locator("#name").FillAsync("Bookkeeping");
        await Page.GetByText("Make it").ClickAsync();
        await Expect(Page.Locator("[data-field-error=scopes]")).ToBeVisibleAsync();
        await Expect(Page.Locator("#name")).ToHaveValueAsync("Bookkeeping");
        await Page.Locator("input[value='orders:read']").CheckAsync();
        await Page.GetByText("Make it").ClickAsync();
        var key = await Page.GetByTestId("key").InnerTextAsync();
        await ShotAsync("api-key");
        Assert.Equal(HttpStatusCode.OK, await CallAsync("/api/v1/admin/orders", key));
        Assert.Equal(HttpStatusCode.Forbidden, await CallAsync("/api/v1/admin/staff", key));

        await Page.GotoAsync("/api-keys");
        await Expect(Page.GetByTestId("key")).ToHaveCountAsync(0);
        Assert.DoesNotContain(key, await Page.ContentAsync(), StringComparison.Ordinal);
        var row = Page.Locator("[data-testid=api-key][data-name-of=Bookkeeping]");
        await PhoneAsync("api-keys");
        await row.GetByText("Revoke").ClickAsync();
        await Expect(row).ToHaveAttributeAsync("data-state", "revoked");
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync("/api/v1/admin/orders", key));
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task The_store_is_set_up_looked_after_and_left_for_another_and_the_log_tells_of_it()
    {
        await EnterAsync("dakarcafe");
        var done = Page.Locator("[data-step=policies]");
        await Expect(done).ToHaveAttributeAsync("data-done", "false");
        await Expect(Page.Locator("[data-testid=onboarding] progress")).ToBeVisibleAsync();
        await ShotAsync("home");

        await Page.GotoAsync("/settings");
        await Page.Locator("#contact_email").EvaluateAsync("e => e.type = 'text'");
        await Page.Locator("#contact_email").FillAsync("no address");
        await Page.Locator("#hours_1").FillAsync("9 to 5");
        await Page.GetByTestId("save").ClickAsync();
        await Expect(Page.Locator("[data-field-error=hours_1]")).ToBeVisibleAsync();
        await Page.Locator("#hours_1").FillAsync("09:00-12:30, 14:00-18:00");
        await Page.Locator("#contact_email").EvaluateAsync("e => e.type = 'text'");
        await Page.GetByTestId("save").ClickAsync();
        await Expect(Page.Locator("[data-field-error='contact.email']")).ToBeVisibleAsync();
        await Expect(Page.Locator("#hours_1")).ToHaveValueAsync("09:00-12:30, 14:00-18:00");
        await Page.Locator("#contact_email").FillAsync("bonjour@dakarcafe.example");
        await Page.Locator("#name").FillAsync("DakarCafé Plateau");
        foreach (var kind in new[] { "terms", "privacy", "returns" })
        {
            await Page.Locator($"details:has(#{kind}_fr) summary").ClickAsync();
            await Page.Locator($"#{kind}_fr").FillAsync("Texte de la boutique.");
        }

        await Page.GetByTestId("save").ClickAsync();
        await Expect(Page.GetByTestId("did")).ToBeVisibleAsync();
        await Expect(Page.Locator("#hours_1")).ToHaveValueAsync("09:00-12:30, 14:00-18:00");
        await PhoneAsync("settings");
        await Page.GotoAsync("/");
        await Expect(done).ToHaveAttributeAsync("data-done", "true");
        await Expect(Page.Locator("h1")).ToHaveTextAsync("DakarCafé Plateau");

        await Page.GotoAsync("/theme");
        var preview = Page.Locator("[data-testid=preview] svg");
        await Page.Locator("#primary").FillAsync("#123456");
        await Expect(preview).ToHaveAttributeAsync("data-primary", "#123456");
        await Page.Locator("#text").FillAsync("#eeeeee");
        await Page.GetByTestId("save").ClickAsync();
        await Expect(Page.Locator("[data-field-error='colours.text']")).ToContainTextAsync("contrast");
        await Expect(Page.Locator("#primary")).ToHaveValueAsync("#123456");
        await Page.Locator("#text").FillAsync("#222222");
        await Page.GetByTestId("save").ClickAsync();
        await Expect(Page.GetByTestId("did")).ToBeVisibleAsync();
        await Page.GotoAsync("/theme");
        await Expect(preview).ToHaveAttributeAsync("data-primary", "#123456");
        await ShotAsync("theme");

        await Page.GotoAsync("/domains");
        await Page.Locator("#host").FillAsync("shop.dakarcafe.example");
        await Page.Locator("[data-testid=domain-new] button").ClickAsync();
        var domain = Page.GetByTestId("domain");
        await Expect(domain).ToContainTextAsync("_mallgram.shop.dakarcafe.example");
        await domain.GetByText("Verify now").ClickAsync();
        await Expect(domain.GetByTestId("failure")).ToBeVisibleAsync();
        await PhoneAsync("domains");
        await domain.GetByText("Remove").ClickAsync();
        await Expect(domain).ToHaveCountAsync(0);
        await Page.GotoAsync("/supabase");
        await Page.Locator("#issuer").FillAsync("http://10.0.0.1");
        await Page.GetByTestId("save").ClickAsync();
        await Expect(Page.Locator("[data-field-error=project_url]")).ToBeVisibleAsync();
        await Expect(Page.Locator("#issuer")).ToHaveValueAsync("http://10.0.0.1");
        await Page.Locator("#issuer").FillAsync("https://abcdefgh.supabase.co/");
        await Page.Locator("input[name=confirms_addresses]").CheckAsync();
        await Page.GetByTestId("save").ClickAsync();
        await Expect(Page.GetByTestId("supabase-project")).ToContainTextAsync("https://abcdefgh.supabase.co/auth/v1/.well-known/jwks.json");
        await Expect(Page.Locator("input[name=confirms_addresses]")).ToBeCheckedAsync();
        await PhoneAsync("supabase");
        await Page.GetByTestId("supabase-project").GetByText("Remove").ClickAsync();
        await Expect(Page.GetByTestId("supabase-project")).ToHaveCountAsync(0);
        await Page.GotoAsync("/usage");
        await Expect(Page.Locator("[data-meter=products]")).ToBeVisibleAsync();

        await Page.GotoAsync("/audit-log?object=stores.stores");
        var entry = Page.GetByTestId("audit-entry").First;
        await entry.Locator("summary").ClickAsync();
        await Expect(entry.Locator(".is").First).ToContainTextAsync("DakarCafé Plateau");
        await ShotAsync("audit-log");

        await Page.GetByTestId("store-switch").Locator("summary").ClickAsync();
        await Page.GetByTestId("store-switch").GetByText("Pickle Paradise").ClickAsync();
        await Expect(Page.Locator("h1")).ToHaveTextAsync("Pickle Paradise");
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task A_customer_is_found_disabled_and_erased()
    {
        var email = $"kofi-{Guid.NewGuid():N}@example.org";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/auth/register")
        {
            Content = JsonContent.Create(new { email, password = Password, full_name = "Kofi Mensah" }),
            Headers = { { "X-Store", "mallgram" } },
        };
        using var registered = await Running.Api.SendAsync(request);
        Assert.Equal(HttpStatusCode.Created, registered.StatusCode);

        await EnterAsync("mallgram");
        await Page.GotoAsync("/customers");
        await Page.Locator("input[name=q]").FillAsync(email[..12]);
        await Page.Locator("[data-testid=customer-search] button").ClickAsync();
        // The list of before may show the customer too. Asked again and again: one event that says so can come before anybody listens.
        await Expect(Page).ToHaveURLAsync(Address(@"/customers\?q=" + email[..12]));
        await Page.Locator($"[data-email='{email}'] a").ClickAsync();
        await Expect(Page.Locator("h1")).ToHaveTextAsync("Kofi Mensah");
        var download = await Page.RunAndWaitForDownloadAsync(() => Page.GetByTestId("export").ClickAsync());
        Assert.Contains("Kofi Mensah", await File.ReadAllTextAsync(await download.PathAsync()), StringComparison.Ordinal);
        await Page.GetByTestId("toggle").ClickAsync();
        await Expect(Page.GetByTestId("toggle")).ToHaveTextAsync("Enable");
        await PhoneAsync("customer");
        await Page.GetByText("Erase this person…").ClickAsync();
        await Page.Locator("input[name=sure]").CheckAsync();
        await Page.GetByText("Erase for good").ClickAsync();
        await Expect(Page.GetByTestId("did")).ToContainTextAsync("erased");
        await Page.GotoAsync("/customers?q=" + email[..12]);
        await Expect(Page.GetByTestId("empty")).ToBeVisibleAsync();
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task The_platform_makes_a_store_acts_for_a_reason_suspends_and_deletes()
    {
        await Page.GotoAsync("/platform");
        await Expect(Page).ToHaveURLAsync(Address("/platform/login"));
        await FillPlatformAsync("not the password");
        await Expect(Page.GetByTestId("failure")).ToBeVisibleAsync();
        await FillPlatformAsync(RunningMallgram.AdministratorPassword);
        await Expect(Page.GetByTestId("store").First).ToBeVisibleAsync();
        await ShotAsync("platform");
        // A platform session is no session of a store.
        await Page.GotoAsync("/orders");
        await Expect(Page).ToHaveURLAsync(Address("/login"));

        var slug = "shop-" + Guid.NewGuid().ToString("N")[..8];
        var owner = slug + "@example.org";
        await Page.GotoAsync("/platform/stores/new");
        await Page.Locator("input[value=dakarcafe]").CheckAsync();
        await Page.Locator("#name").FillAsync("Chez Awa");
        await Page.Locator("#slug").FillAsync("Not A Slug");
        await Page.GetByText("Make the store").ClickAsync();
        await Expect(Page.Locator("[data-field-error=slug]")).ToBeVisibleAsync();
        await Expect(Page.Locator("input[value=dakarcafe]")).ToBeCheckedAsync();
        await Page.Locator("#slug").FillAsync(slug);
        await Page.Locator("#owner_email").FillAsync(owner);
        await Page.GetByText("Make the store").ClickAsync();
        await Expect(Page.GetByTestId("slug")).ToHaveTextAsync(slug);
        var store = new Uri(Page.Url).AbsolutePath;

        await Page.GotoAsync("/platform?q=mallgram");
        await Page.Locator("[data-testid=store][data-slug=mallgram] a").ClickAsync();
        await Page.Locator("#reason").FillAsync("too short");
        await Page.Locator("#reason").EvaluateAsync("e => e.removeAttribute('minlength')");
        await Page.GetByText("Open the store").ClickAsync();
        await Expect(Page.Locator("[data-field-error=reason]")).ToBeVisibleAsync();
        await Page.Locator("#reason").FillAsync("The owner asked why an order is stuck");
        await Page.GetByText("Open the store").ClickAsync();
        await Expect(Page.GetByTestId("acting")).ToContainTextAsync("The owner asked why an order is stuck");
        await ShotAsync("acting");
        await Page.GotoAsync("/orders");
        await Expect(Page.GetByTestId("acting")).ToBeVisibleAsync();
        await Page.SetViewportSizeAsync(360, 740);
        await ShotAsync("acting-phone");
        await Page.SetViewportSizeAsync(1280, 860);
        await Page.GetByTestId("end-acting").ClickAsync();
        await Expect(Page).ToHaveURLAsync(Address("/platform/stores/"));
        await Page.GotoAsync("/orders");
        await Expect(Page).ToHaveURLAsync(Address("/login"));
        await Page.GotoAsync("/platform/impersonations");
        await Expect(Page.GetByTestId("impersonation").First).ToContainTextAsync("Ended");

        await Page.GotoAsync(store);
        await Page.Locator("#why").FillAsync("unpaid");
        await Page.Locator("[data-testid=suspend] button").ClickAsync();
        await Expect(Page.Locator("[data-status=suspended]")).ToBeVisibleAsync();
        await PhoneAsync("platform-store");
        await Page.GetByTestId("resume").ClickAsync();
        await Expect(Page.Locator("[data-status=open]")).ToBeVisibleAsync();
        var download = await Page.RunAndWaitForDownloadAsync(() => Page.GetByTestId("export").ClickAsync());
        Assert.Equal(slug + ".zip", download.SuggestedFilename);

        var confirm = Page.Locator("[data-testid=delete] input[name=slug]");
        await Page.GetByText("Delete this store…").ClickAsync();
        await confirm.FillAsync("mallgram");
        await Page.GetByText("Delete for good").ClickAsync();
        await Expect(Page.Locator("[data-testid=delete] [data-field-error=slug]")).ToBeVisibleAsync();
        await confirm.FillAsync(slug);
        await Page.GetByText("Delete for good").ClickAsync();
        await Expect(Page.GetByTestId("did")).ToContainTextAsync("closed");
        Assert.Empty(Errors);
    }

    [Fact]
    public async Task Platform_administrators_invite_each_other_and_take_a_second_factor()
    {
        var email = $"platform-{Guid.NewGuid():N}@example.org";
        await Page.GotoAsync("/platform/login");
        await FillPlatformAsync(RunningMallgram.AdministratorPassword);
        await Page.GotoAsync("/platform/administrators");
        await Page.Locator("#email").FillAsync(email);
        await Page.Locator("#full_name").FillAsync("Abena Owusu");
        await Page.Locator("[data-testid=invite] button").ClickAsync();
        await Expect(Page.GetByTestId("did")).ToContainTextAsync("on its way");
        var row = Page.Locator($"[data-testid=administrator-row][data-email='{email}']");
        await Expect(row.Locator("[data-status=invited]")).ToBeVisibleAsync();
        await PhoneAsync("platform-administrators");
        await Page.GetByText("Sign out").ClickAsync();
        await Expect(Page).ToHaveURLAsync(Address("/platform/login"));

        // The link of the mail; the token does not stay in the address.
        await Page.GotoAsync(await InMailAsync(email, @"here: (http\S+/platform/invitation#token=[A-Za-z0-9_-]{43})\r?$"));
        await Expect(Page.Locator("#token")).ToHaveValueAsync(Address("^[A-Za-z0-9_-]{43}$"));
        Assert.DoesNotContain("token=", Page.Url, StringComparison.Ordinal);
        await PhoneAsync("platform-invitation");
        await Page.Locator("#password").FillAsync("password1");
        await Page.Locator("[data-testid=invitation] button").ClickAsync();
        await Expect(Page.Locator("[data-field-error=password]")).ToBeVisibleAsync();
        await Page.Locator("#password").FillAsync(Password);
        await Page.Locator("[data-testid=invitation] button").ClickAsync();

        await Page.Locator("#password").FillAsync("not the password");
        await Page.Locator("[data-testid=enrol] button").ClickAsync();
        await Expect(Page.Locator("[data-field-error=password]")).ToBeVisibleAsync();
        await Page.Locator("#password").FillAsync(Password);
        await Page.Locator("[data-testid=enrol] button").ClickAsync();
        await Expect(Page.GetByTestId("qr")).ToBeVisibleAsync();
        var secret = await Page.GetByTestId("secret").InnerTextAsync();
        await Expect(Page.GetByTestId("otpauth")).ToHaveAttributeAsync("href", Address("^otpauth://totp/.*secret=" + secret));
        await PhoneAsync("platform-second-factor");
        await Page.Locator("#code").FillAsync("000000");
        await Page.Locator("[data-testid=confirm] button[type=submit]").ClickAsync();
        await Expect(Page.Locator("[data-field-error=code]")).ToBeVisibleAsync();
        await Expect(Page.GetByTestId("secret")).ToHaveTextAsync(secret);
        var confirmed = TimeProvider.System.GetUtcNow();
        await Page.Locator("#code").FillAsync(TimeCodes.Of(secret, confirmed));
        await Page.Locator("[data-testid=confirm] button[type=submit]").ClickAsync();
        await Expect(Page.Locator("[data-testid=recovery-codes] li")).ToHaveCountAsync(10);
        await PhoneAsync("platform-recovery-codes");
        await Page.GetByTestId("kept").ClickAsync();
        await Expect(Page.GetByTestId("factor")).ToBeVisibleAsync();
        await PhoneAsync("platform-account");
        await Page.GetByText("Sign out").ClickAsync();

        await Expect(Page).ToHaveURLAsync(Address("/platform/login"));
        await FillPlatformAsync(Password, email);
        await Expect(Page.GetByTestId("second-factor")).ToBeVisibleAsync();
        await Page.Locator("#code").FillAsync("000000");
        await Page.GetByText("Go on").ClickAsync();
        await Expect(Page.GetByTestId("failure")).ToBeVisibleAsync();
        await PhoneAsync("platform-code");
        // The code that confirmed is used up; a phone's clock may be a little ahead.
        await Page.Locator("#code").FillAsync(TimeCodes.Of(secret, confirmed.AddSeconds(30)));
        await Page.GetByText("Go on").ClickAsync();
        await Expect(Page.GetByTestId("administrator")).ToHaveTextAsync("Abena Owusu");
        await Page.GetByText("Sign out").ClickAsync();

        await Expect(Page).ToHaveURLAsync(Address("/platform/login"));
        await FillPlatformAsync(RunningMallgram.AdministratorPassword);
        await Page.GotoAsync("/platform/administrators");
        await row.GetByTestId("remove-factor").ClickAsync();
        await Expect(Page.GetByTestId("did")).ToContainTextAsync("removed");
        await row.GetByTestId("toggle").ClickAsync();
        await Expect(row.Locator("[data-status=disabled]")).ToBeVisibleAsync();
        await Expect(Page.Locator("[data-testid=administrator-row][data-email='admin@mallgram.test'] [data-testid=toggle]")).ToHaveCountAsync(0);
        await PhoneAsync("platform-administrators-disabled");
        Assert.Empty(Errors);
    }

    private async Task EnterAsync(string store)
    {
        await Page.GotoAsync("/login");
        await Page.Locator("#store").SelectOptionAsync(store);
        await SignInAsync(RunningMallgram.AdministratorPassword);
        await Expect(Page.GetByTestId("who")).ToBeVisibleAsync();
    }

    private async Task FillPlatformAsync(string password, string email = "admin@mallgram.test")
    {
        await Page.Locator("#email").FillAsync(email);
        await Page.Locator("#password").FillAsync(password);
        await Page.Locator("[data-testid=platform-login] button[type=submit]").ClickAsync();
    }

    /// <summary>What stands on a line of its own in a mail to somebody.</summary>
    private Task<string> InMailAsync(string address, string pattern) => Eventually.GetAsync("a mail with " + pattern, async () =>
        (await Running.MailsToAsync(address))
            .Select(mail => Regex.Match(
                mail.GetProperty("text").GetString()!, pattern, RegexOptions.Multiline, TimeSpan.FromSeconds(1)))
            .FirstOrDefault(match => match.Success)?.Groups[1].Value);

    private async Task<HttpStatusCode> CallAsync(string path, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "X-Store", "mallgram" }, { "Authorization", "Bearer " + key } } };
        using var answer = await Running.Api.SendAsync(request);
        return answer.StatusCode;
    }

    private static Regex Address(string pattern) => new(pattern, RegexOptions.None, TimeSpan.FromSeconds(1));

    private async Task PhoneAsync(string name)
    {
        await Page.SetViewportSizeAsync(360, 740);
        await ShotAsync(name + "-phone");
        Assert.True(await Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), name + " is wider than a phone");
        await Page.SetViewportSizeAsync(1280, 860);
    }

    private Task ShotAsync(string name) => Page.ScreenshotAsync(new PageScreenshotOptions
    {
        Path = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "screenshots", $"people-{name}.png"),
        FullPage = true,
        // Hiding the caret leaves empty style attributes behind, which htmx then copies and the content security policy reports.
        Caret = ScreenshotCaret.Initial,
    });
}
