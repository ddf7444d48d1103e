using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Identity;

public sealed class ProfileTests(PeopleApp app) : IClassFixture<PeopleApp>
{
    private const string Me = "/api/v1/auth/me";
    private const string Addresses = "/api/v1/me/addresses";

    [Fact]
    public async Task Name_and_language_change_at_once()
    {
        using var person = await app.SignInAsAsync(Roles.Customer);
        using var changed = await person.PatchAsJsonAsync(Me, new { full_name = "Ama Serwaa", language = "fr" });
        var me = await changed.JsonAsync(HttpStatusCode.OK);
        Assert.Equal(("Ama Serwaa", "fr"), (me.GetProperty("full_name").GetString(), me.GetProperty("language").GetString()));
        Assert.Empty(me.GetProperty("permissions").EnumerateArray());
        using var rubbish = await person.PatchAsJsonAsync(Me, new { full_name = "", language = "de", email = "nobody", phone = "12" });
        var errors = (await rubbish.ProblemAsync(422, "validation_failed")).GetProperty("errors");
        Assert.Equal(["email", "full_name", "language", "phone"], errors.EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_new_email_address_counts_with_its_code_and_needs_the_password()
    {
        var id = await app.AddPersonAsync(Roles.Customer, password: true);
        using var person = app.ClientOf(id, Roles.Customer);
        var wanted = $"new-{id:N}@example.com";
        using (var unproven = await person.PatchAsJsonAsync(Me, new { email = wanted }))
        {
            await unproven.ProblemAsync(422, "validation_failed");
        }

        using var asked = await person.PatchAsJsonAsync(Me, new { email = wanted, current_password = PeopleApp.Password });
        var me = await asked.JsonAsync(HttpStatusCode.OK);
        Assert.Equal((PeopleApp.EmailOf(id), wanted), (me.GetProperty("email").GetString(), me.GetProperty("pending_email").GetString()));
        var code = await app.CodeAsync(wanted, "Confirm");
        using (var wrong = await person.PostAsJsonAsync(Me + "/confirm", new { email = wanted, code = code == "000000" ? "000001" : "000000" }))
        {
            await wrong.ProblemAsync(422, "validation_failed");
        }

        using var confirmed = await person.PostAsJsonAsync(Me + "/confirm", new { email = wanted, code });
        me = await confirmed.JsonAsync(HttpStatusCode.OK);
        Assert.Equal(wanted, me.GetProperty("email").GetString());
        Assert.True(me.GetProperty("email_verified").GetBoolean());
        Assert.Equal(JsonValueKind.Null, me.GetProperty("pending_email").ValueKind);
        await app.MailAsync(PeopleApp.EmailOf(id), "changed");
    }

    [Fact]
    public async Task That_an_address_is_taken_shows_only_to_whoever_reads_its_mail()
    {
        var taken = $"taken-{Guid.NewGuid():N}@example.com";
        await app.AddPersonAsync(Roles.Customer, taken);
        var id = await app.AddPersonAsync(Roles.Customer, password: true);
        using var person = app.ClientOf(id, Roles.Customer);
        using var asked = await person.PatchAsJsonAsync(Me, new { email = taken, current_password = PeopleApp.Password });
        await asked.JsonAsync(HttpStatusCode.OK);
        using var confirmed = await person.PostAsJsonAsync(Me + "/confirm", new { email = taken, code = await app.CodeAsync(taken, "Confirm") });
        await confirmed.ProblemAsync(409, "address_taken");
    }

    [Fact]
    public async Task A_new_password_needs_the_old_one_and_ends_the_other_sessions()
    {
        var id = await app.AddPersonAsync(Roles.Customer, password: true);
        var (here, there) = (await LogInAsync(id, PeopleApp.Password), await LogInAsync(id, PeopleApp.Password));
        using var person = app.ClientWith(here.GetProperty("access_token").GetString()!);
        using (var wrong = await person.PatchAsJsonAsync(Me, new { password = "eleven green herons", current_password = "something else" }))
        {
            await wrong.ProblemAsync(422, "validation_failed");
        }

        using (var changed = await person.PatchAsJsonAsync(Me, new { password = "eleven green herons", current_password = PeopleApp.Password }))
        {
            await changed.JsonAsync(HttpStatusCode.OK);
        }

        using (var ended = await RefreshAsync(there))
        {
            await ended.ProblemAsync(401, "invalid_refresh_token");
        }

        using (var kept = await RefreshAsync(here))
        {
            await kept.JsonAsync(HttpStatusCode.OK);
        }

        await LogInAsync(id, "eleven green herons");
    }

    [Fact]
    public async Task Preferences_are_replaced_as_a_whole()
    {
        using var person = await app.SignInAsAsync(Roles.Customer);
        using var put = await person.PutAsJsonAsync(
            "/api/v1/me/preferences",
            new { language = "fr", currency = "XAF", channels = new[] { "whatsapp", "sms" }, delivery_time = "evening", marketing = true });
        await put.JsonAsync(HttpStatusCode.OK);
        var got = await (await person.GetAsync("/api/v1/me/preferences")).JsonAsync(HttpStatusCode.OK);
        Assert.Equal("XAF", got.GetProperty("currency").GetString());
        Assert.Equal(["whatsapp", "sms"], got.GetProperty("channels").EnumerateArray().Select(c => c.GetString()!));
        using var rubbish = await person.PutAsJsonAsync(
            "/api/v1/me/preferences", new { language = "xx", currency = "FCFA", channels = new[] { "pigeon" }, delivery_time = "midnight" });
        var errors = (await rubbish.ProblemAsync(422, "validation_failed")).GetProperty("errors");
        Assert.Equal(4, errors.EnumerateObject().Count());
    }

    [Fact]
    public async Task Addresses_are_kept_with_one_default()
    {
        using var person = await app.SignInAsAsync(Roles.Customer);
        var first = await AddAsync(person, Douala());
        var second = await AddAsync(person, Douala());
        Assert.True(first.GetProperty("is_default").GetBoolean());
        Assert.False(second.GetProperty("is_default").GetBoolean());
        Assert.Equal("+237670000001", first.GetProperty("phone").GetString());
        using (var made = await person.PostAsync($"{Addresses}/{Id(second)}/default", content: null))
        {
            Assert.Equal(HttpStatusCode.NoContent, made.StatusCode);
        }

        Assert.Equal([Id(second), Id(first)], await IdsAsync(person));
        using (var replaced = await person.PutAsJsonAsync($"{Addresses}/{Id(second)}", Douala(landmark: "Opposite the fish market")))
        {
            Assert.Equal("Opposite the fish market", (await replaced.JsonAsync(HttpStatusCode.OK)).GetProperty("landmark").GetString());
        }

        using (var deleted = await person.DeleteAsync($"{Addresses}/{Id(second)}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }

        using var left = await person.GetAsync($"{Addresses}/{Id(first)}");
        Assert.True((await left.JsonAsync(HttpStatusCode.OK)).GetProperty("is_default").GetBoolean());

        using var other = await app.SignInAsAsync(Roles.Customer);
        foreach (var request in new[]
        {
            new HttpRequestMessage(HttpMethod.Get, $"{Addresses}/{Id(first)}"), new HttpRequestMessage(HttpMethod.Delete, $"{Addresses}/{Id(first)}"),
            new HttpRequestMessage(HttpMethod.Put, $"{Addresses}/{Id(first)}") { Content = JsonContent.Create(Douala()) },
            new HttpRequestMessage(HttpMethod.Post, $"{Addresses}/{Id(first)}/default"), new HttpRequestMessage(HttpMethod.Get, Addresses + "/none"),
        })
        {
            using var foreign = await other.SendAsync(request);
            await foreign.ProblemAsync(404, "address_not_found");
        }
    }

    [Fact]
    public async Task Parallel_addresses_make_one_default_and_at_most_twenty()
    {
        using var person = await app.SignInAsAsync(Roles.Customer);
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => person.PostAsJsonAsync(Addresses, Douala())));
        Assert.Equal(20, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        Assert.Equal(4, answers.Count(a => a.StatusCode == HttpStatusCode.Conflict));
        var list = await (await person.GetAsync(Addresses)).JsonAsync(HttpStatusCode.OK);
        Assert.Single(list.GetProperty("data").EnumerateArray(), a => a.GetProperty("is_default").GetBoolean());
    }

    [Theory]
    [InlineData("ZA", "", "", null), InlineData("ZA", "8001", "western cape", null), InlineData("ZA", "80", "", "postal_code")]
    [InlineData("ZA", "", "Lagos", "region"), InlineData("NG", "", "", "region"), InlineData("NG", "", "LAGOS", null)]
    [InlineData("KE", "", "", null), InlineData("GH", "", "", null), InlineData("GH", "ga-183-8164", "", null), InlineData("SN", "", "", null)]
    [InlineData("CM", "", "", null), InlineData("CM", "99", "", null), InlineData("CI", "", "", null), InlineData("IN", "", "Kerala", "postal_code")]
    [InlineData("IN", "682001", "Kerala", null), InlineData("IN", "012345", "Kerala", "postal_code"), InlineData("FR", "", "", "country")]
    public async Task Each_country_asks_for_what_couriers_there_need(string country, string postcode, string region, string? refused)
    {
        using var person = await app.SignInAsAsync(Roles.Customer);
        using var answer = await person.PostAsJsonAsync(Addresses, new
        {
            full_name = "Ama",
            phone = "+237670000001",
            landmark = "Behind the mosque",
            city = "Town",
            country,
            postal_code = postcode,
            region,
        });
        if (refused is null)
        {
            await answer.JsonAsync(HttpStatusCode.Created);
        }
        else
        {
            Assert.Equal([refused], (await answer.ProblemAsync(422, "validation_failed")).GetProperty("errors").EnumerateObject().Select(e => e.Name));
        }
    }

    [Fact]
    public async Task A_position_does_for_a_street_and_nowhere_does_not()
    {
        using var person = await app.SignInAsAsync(Roles.Customer);
        using (var position = await person.PostAsJsonAsync(
            Addresses, new { full_name = "Ama", phone = "+237670000001", city = "Douala", country = "CM", latitude = 4.0511, longitude = 9.7679 }))
        {
            await position.JsonAsync(HttpStatusCode.Created);
        }

        foreach (var body in new object[]
        {
            new { full_name = "Ama", phone = "+237670000001", city = "Douala", country = "CM" },
            new { full_name = "Ama", phone = "+237670000001", city = "Douala", country = "CM", street = "x", latitude = 4.0 },
            new { full_name = "Ama", phone = "+237670000001", city = "Douala", country = "CM", street = "x", latitude = 91, longitude = 0 },
            new { full_name = "Ama", city = "Douala", country = "CM", street = "x" },
            new { full_name = "Ama", phone = "+237670000001", city = "Douala", country = "CM", street = "x\ny" },
            new { full_name = "Ama", phone = "+237670000001", city = "Douala", country = "CM", street = new string('x', 301) },
        })
        {
            using var answer = await person.PostAsJsonAsync(Addresses, body);
            await answer.ProblemAsync(422, "validation_failed");
        }
    }

    [Fact]
    public async Task Every_country_has_a_format_in_two_languages()
    {
        foreach (var country in Country.All)
        {
            using var answer = await app.Http.GetAsync("/api/v1/address-formats/" + country.Code);
            var format = await answer.JsonAsync(HttpStatusCode.OK);
            var names = format.GetProperty("fields").EnumerateArray().Select(f => f.GetProperty("name").GetString()).ToArray();
            Assert.Contains("landmark", names);
            Assert.All(format.GetProperty("fields").EnumerateArray(), f => Assert.False(string.IsNullOrWhiteSpace(f.GetProperty("label_fr").GetString())));
            Assert.True(country.HasPostalCodes || country.Code == "GH" || !names.Contains("postal_code"), country.Code);
        }

        using var unknown = await app.Http.GetAsync("/api/v1/address-formats/XX");
        await unknown.ProblemAsync(404, "country_not_served");
    }

    [Fact]
    public async Task Staff_find_customers_by_the_beginning_of_name_surname_address_or_phone()
    {
        var id = await app.AddPersonAsync(Roles.Customer, "Zoe.Quill@Example.com", phone: "+237690123456", name: "Zoé Quillsworth");
        await app.AddPersonAsync(Roles.Manager, "zoe.staff@example.com", name: "Zoé Quillstaff");
        await app.AddPersonAsync(Roles.Customer, "zoe.dakar@example.com", store: "dakarcafe", name: "Zoé Quilldakar");
        using var support = await app.SignInAsAsync(Roles.Support);
        foreach (var q in new[] { "zoé", "Quillsw", "zoe.q", "+237 690 12", "237690123456" })
        {
            var found = await (await support.GetAsync("/api/v1/admin/customers?q=" + Uri.EscapeDataString(q))).JsonAsync(HttpStatusCode.OK);
            Assert.Equal([PublicId.Format(PublicId.User, id)], found.GetProperty("data").EnumerateArray().Select(c => c.GetProperty("id").GetString()));
        }

        foreach (var q in new[] { "%", "_oe", "quill%", "nobody", "'; drop", "+" })
        {
            var found = await (await support.GetAsync("/api/v1/admin/customers?q=" + Uri.EscapeDataString(q))).JsonAsync(HttpStatusCode.OK);
            Assert.Empty(found.GetProperty("data").EnumerateArray());
        }

        var first = await (await support.GetAsync("/api/v1/admin/customers?limit=1")).JsonAsync(HttpStatusCode.OK);
        using var next = await support.GetAsync("/api/v1/admin/customers?limit=1&cursor=" + first.GetProperty("next_cursor").GetString());
        Assert.NotEqual(
            first.GetProperty("data")[0].GetProperty("id").GetString(), (await next.JsonAsync(HttpStatusCode.OK)).GetProperty("data")[0].GetProperty("id").GetString());
        using var rubbish = await support.GetAsync("/api/v1/admin/customers?cursor=zzz");
        await rubbish.ProblemAsync(400, "cursor_invalid");
    }

    [Fact]
    public async Task A_disabled_customer_cannot_sign_in_until_enabled()
    {
        var id = await app.AddPersonAsync(Roles.Customer, password: true);
        var session = await LogInAsync(id, PeopleApp.Password);
        var path = "/api/v1/admin/customers/" + PublicId.Format(PublicId.User, id);
        using var support = await app.SignInAsAsync(Roles.Support);
        using (var disabled = await support.PostAsync(path + "/disable", content: null))
        {
            Assert.Equal(HttpStatusCode.NoContent, disabled.StatusCode);
        }

        using (var refresh = await RefreshAsync(session))
        {
            await refresh.ProblemAsync(401, "invalid_refresh_token");
        }

        using (var login = await app.Http.PostAsJsonAsync("/api/v1/auth/login", new { email = PeopleApp.EmailOf(id), password = PeopleApp.Password }))
        {
            await login.ProblemAsync(403, "account_disabled");
        }

        using (var enabled = await support.PostAsync(path + "/enable", content: null))
        {
            Assert.Equal(HttpStatusCode.NoContent, enabled.StatusCode);
        }

        await LogInAsync(id, PeopleApp.Password);
        var staff = await app.AddPersonAsync(Roles.Owner);
        using var refused = await support.PostAsync($"/api/v1/admin/customers/{PublicId.Format(PublicId.User, staff)}/disable", content: null);
        await refused.ProblemAsync(404, "customer_not_found");
        using var moderator = await app.SignInAsAsync(Roles.Moderator);
        using var forbidden = await moderator.PostAsync(path + "/disable", content: null);
        await forbidden.ProblemAsync(403, "forbidden");
    }

    private static object Douala(string landmark = "Behind the blue mosque") => new
    {
        label = "Home",
        full_name = "Ama Mensah",
        phone = "6 70 00 00 01",
        landmark,
        city = "Douala",
        country = "CM",
        instructions = "Call first",
    };

    private static async Task<JsonElement> AddAsync(HttpClient person, object address)
    {
        using var answer = await person.PostAsJsonAsync(Addresses, address);
        return await answer.JsonAsync(HttpStatusCode.Created);
    }

    private static string Id(JsonElement address) => address.GetProperty("id").GetString()!;

    private static async Task<string[]> IdsAsync(HttpClient person)
    {
        using var answer = await person.GetAsync(Addresses);
        return [.. (await answer.JsonAsync(HttpStatusCode.OK)).GetProperty("data").EnumerateArray().Select(Id)];
    }

    private async Task<JsonElement> LogInAsync(Guid id, string password)
    {
        using var answer = await app.Http.PostAsJsonAsync("/api/v1/auth/login", new { email = PeopleApp.EmailOf(id), password });
        return await answer.JsonAsync(HttpStatusCode.OK);
    }

    private Task<HttpResponseMessage> RefreshAsync(JsonElement session) =>
        app.Http.PostAsJsonAsync("/api/v1/auth/refresh", new { refresh_token = session.GetProperty("refresh_token").GetString() });
}
