using System.Net;
using System.Net.Http.Json;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Identity;

public sealed class ErasureTests(PeopleApp app) : IClassFixture<PeopleApp>
{
    [Fact]
    public async Task The_export_holds_what_every_module_keeps_and_no_secrets()
    {
        var id = await PersonWithHistoryAsync("+237690000011");
        using var person = app.ClientOf(id, Roles.Customer);
        using var answer = await person.PostAsync("/api/v1/me/export", content: null);
        var export = await answer.JsonAsync(HttpStatusCode.OK);
        var data = export.GetProperty("data");
        Assert.Equal(["account", "messages", "orders", "payments"], data.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal(2, data.GetProperty("orders").GetArrayLength());
        Assert.Equal(1, data.GetProperty("payments").GetArrayLength());
        Assert.Equal(1, data.GetProperty("messages").GetArrayLength());
        Assert.Equal(1, data.GetProperty("account").GetProperty("addresses").GetArrayLength());
        var text = export.GetRawText();
        Assert.DoesNotContain("hash", text.Replace("password_changed_at", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);

        using var support = await app.SignInAsAsync(Roles.Support);
        using var staff = await support.PostAsync($"/api/v1/admin/customers/{PublicId.Format(PublicId.User, id)}/export", content: null);
        Assert.Equal(data.GetProperty("orders").GetRawText(), (await staff.JsonAsync(HttpStatusCode.OK)).GetProperty("data").GetProperty("orders").GetRawText());
        using var detail = await support.GetAsync("/api/v1/admin/customers/" + PublicId.Format(PublicId.User, id));
        Assert.Equal(2, (await detail.JsonAsync(HttpStatusCode.OK)).GetProperty("orders_count").GetInt64());
    }

    [Fact]
    public async Task Nothing_personal_is_left_in_any_table_and_the_books_still_add_up()
    {
        const string phone = "+237690000012";
        var id = await PersonWithHistoryAsync(phone);
        var other = await PersonWithHistoryAsync("+237690000013");
        var money = await MoneyAsync(id);
        using var login = await app.Http.PostAsJsonAsync("/api/v1/auth/login", new { email = PeopleApp.EmailOf(id), password = PeopleApp.Password });
        var session = await login.JsonAsync(HttpStatusCode.OK);
        using var person = app.ClientWith(session.GetProperty("access_token").GetString()!);
        foreach (var body in new object[] { new { }, new { password = "not this one" }, new { code = "000000" } })
        {
            using var refused = await DeleteAsync(person, body);
            await refused.ProblemAsync(422, "validation_failed");
        }

        using (var erased = await DeleteAsync(person, new { password = PeopleApp.Password }))
        {
            Assert.Equal(HttpStatusCode.NoContent, erased.StatusCode);
        }

        using (var twice = await DeleteAsync(person, new { password = PeopleApp.Password }))
        {
            Assert.Equal(HttpStatusCode.NoContent, twice.StatusCode);
        }

        Assert.Equal(money, await MoneyAsync(id));
        Assert.Empty(await TablesWithAsync(PeopleApp.EmailOf(id)));
        Assert.Empty(await TablesWithAsync(phone[1..]));
        Assert.Empty(await TablesWithAsync("Erika Musterperson " + phone));
        Assert.NotEmpty(await TablesWithAsync(PeopleApp.EmailOf(other)));
        using (var me = await person.GetAsync("/api/v1/auth/me"))
        {
            await me.ProblemAsync(401, "unauthenticated");
        }

        using (var refresh = await app.Http.PostAsJsonAsync(
            "/api/v1/auth/refresh", new { refresh_token = session.GetProperty("refresh_token").GetString() }))
        {
            await refresh.ProblemAsync(401, "invalid_refresh_token");
        }

        using (var again = await app.Http.PostAsJsonAsync("/api/v1/auth/login", new { email = PeopleApp.EmailOf(id), password = PeopleApp.Password }))
        {
            await again.ProblemAsync(401, "invalid_credentials");
        }

        // The address is free again.
        using var anew = await app.Http.PostAsJsonAsync(
            "/api/v1/auth/register", new { email = PeopleApp.EmailOf(id), password = "nine yellow herons", full_name = "Somebody" });
        await anew.JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Staff_erase_a_customer_and_asking_twice_is_no_error()
    {
        var id = await PersonWithHistoryAsync("+237690000014");
        using var support = await app.SignInAsAsync(Roles.Support);
        var path = "/api/v1/admin/customers/" + PublicId.Format(PublicId.User, id);
        for (var i = 0; i < 2; i++)
        {
            using var erased = await support.PostAsync(path + "/erase", content: null);
            Assert.Equal(HttpStatusCode.NoContent, erased.StatusCode);
        }

        Assert.Empty(await TablesWithAsync(PeopleApp.EmailOf(id)));
        using (var gone = await support.GetAsync(path))
        {
            await gone.ProblemAsync(404, "customer_not_found");
        }

        using var foreign = await (await app.SignInAsAsync(Roles.Owner, "dakarcafe")).PostAsync(path + "/erase", content: null);
        await foreign.ProblemAsync(404, "customer_not_found");
    }

    [Fact]
    public async Task Two_erasures_at_once_leave_one_erased_person()
    {
        var id = await PersonWithHistoryAsync("+237690000015");
        using var support = await app.SignInAsAsync(Roles.Support);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ =>
            support.PostAsync($"/api/v1/admin/customers/{PublicId.Format(PublicId.User, id)}/erase", content: null)));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.NoContent, a.StatusCode));
        Assert.Equal("erased", await app.Database.ScalarAsync<string>($"select status from identity.users where id = '{id}'"));
    }

    [Fact]
    public async Task The_last_owner_cannot_erase_themselves()
    {
        await app.Database.ExecuteAsync(
            "update identity.users set role = 'admin' where role = 'owner' and store_id = (select id from stores.stores where slug = 'pickle-paradise')");
        var id = await app.AddPersonAsync(Roles.Owner, store: "pickle-paradise", password: true);
        using var owner = app.ClientOf(id, Roles.Owner, "pickle-paradise");
        using var refused = await DeleteAsync(owner, new { password = PeopleApp.Password });
        await refused.ProblemAsync(409, "last_owner");
    }

    /// <summary>Two paid orders, one as a guest under the same address, a payment by that phone, an address, a mail.</summary>
    private async Task<Guid> PersonWithHistoryAsync(string phone)
    {
        var id = await app.AddPersonAsync(Roles.Customer, phone: phone, password: true, name: "Erika Musterperson " + phone);
        var (email, own, guest) = (PeopleApp.EmailOf(id), Guid.CreateVersion7(), Guid.CreateVersion7());
        await app.Database.ExecuteAsync(
            $$"""
            insert into identity.addresses (store_id, id, user_id, full_name, phone, landmark, city, country)
            select id, gen_random_uuid(), '{{id}}', 'Erika Musterperson {{phone}}', '{{phone}}', 'Behind {{phone}}', 'Douala', 'CM'
            from stores.stores where slug = 'mallgram';
            insert into orders.orders (store_id, id, number, status, payment_status, user_id, full_name, email, phone, language, shipping_address,
                notes, currency, subtotal, shipping, tax, discount, total, access_token_hash, paid_at)
            select s.id, o.id, left(o.id::text, 8) || right(o.id::text, 8), 'paid', 'paid', o.user_id, 'Erika Musterperson {{phone}}', upper('{{email}}'), '{{phone}}', 'en',
                jsonb_build_object('street', '{{phone}} street', 'landmark', null, 'city', 'Douala', 'region', null, 'postal_code', null, 'country',
                    'CM', 'phone', '{{phone}}'),
                'Ring {{phone}}', 'XAF', 1000, 0, 0, 0, 1000, '\x00', now()
            from stores.stores s, (values ('{{own}}'::uuid, '{{id}}'::uuid), ('{{guest}}'::uuid, null)) o (id, user_id) where s.slug = 'mallgram';
            insert into payments.intents (store_id, id, order_id, order_number, gateway, method, status, amount, currency, reference, payer_phone, country,
                callback_token, start_key, request_hash, expires_at, succeeded_at)
            select id, gen_random_uuid(), '{{guest}}', 'n', 'mtn_momo', 'mobile_money', 'succeeded', 1000, 'XAF', gen_random_uuid(), '{{phone[1..]}}',
                'CM', '\x00', '{{guest}}', '\x00', now(), now()
            from stores.stores where slug = 'mallgram';
            insert into messaging.messages (store_id, id, event_id, template, channel, recipient, language, subject, message_id, status, sent_at)
            select id, gen_random_uuid(), gen_random_uuid(), 'order_paid', 'email', '{{email}}', 'en', 'For Erika Musterperson {{phone}}', '<x@y>', 'sent', now()
            from stores.stores where slug = 'mallgram';
            """);
        return id;
    }

    private Task<string> MoneyAsync(Guid userId) => app.Database.ScalarAsync<string>(
        $"""
        select coalesce(string_agg(o.number || ' ' || o.total || ' ' || o.currency || ' ' || o.status || ' ' || coalesce(i.amount::text, ''), ', ' order by o.id), '')
        from orders.orders o left join payments.intents i on i.order_id = o.id
        where o.user_id = '{userId}' or o.email = upper('{PeopleApp.EmailOf(userId)}')
        """);

    /// <summary>Every table of the modules in which a row holds the text, read as the administrator.</summary>
    private async Task<List<string>> TablesWithAsync(string text)
    {
        var tables = (await app.Database.ScalarAsync<string>(
            """
            select string_agg(c.oid::regclass::text, ';' order by 1) from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema', 'quartz')
            """)).Split(';');
        var found = new List<string>();
        foreach (var table in tables)
        {
            if (await app.Database.ScalarAsync<long>($"select count(*) from {table} t where strpos(lower(t::text), lower('{text}')) > 0") > 0)
            {
                found.Add(table);
            }
        }

        return found;
    }

    private static Task<HttpResponseMessage> DeleteAsync(HttpClient client, object body) =>
        client.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/api/v1/me") { Content = JsonContent.Create(body) });
}
