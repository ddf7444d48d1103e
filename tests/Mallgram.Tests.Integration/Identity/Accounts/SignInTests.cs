using Mallgram.Identity.SignIn;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Identity.Accounts;

public sealed class SignInTests(AccountsApp app) : IClassFixture<AccountsApp>
{
    private static readonly Guid Store = Guid.Parse("01930000-0000-7000-8000-000000000001");

    [Fact]
    public async Task Ten_wrong_passwords_in_a_row_lock_the_account_for_a_quarter_of_an_hour_even_for_the_right_one()
    {
        var email = AccountsApp.NewEmail();
        var id = AccountsApp.UserId(await app.RegisterAsync(email));
        for (var i = 0; i < 9; i++)
        {
            await app.RefusedAsync(email, "not the password " + i);
        }

        await app.LogInAsync(email);
        Assert.Equal(0L, await NoticesAsync(id, "locked"));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => app.RefusedAsync(email, "again not the password " + i)));
        await app.RefusedAsync(email, AccountsApp.Password);
        Assert.Equal("locked", await app.Database.ScalarAsync<string>(
            $"select outcome from identity.sign_ins where user_id = '{id}' order by at desc, id desc limit 1"));
        Assert.Equal(1L, await NoticesAsync(id, "locked"));

        app.Pass(TimeSpan.FromMinutes(15));
        await app.RefusedAsync(email, "wrong once more, which begins a new count");
        await app.LogInAsync(email);
    }

    [Fact]
    public async Task Nobody_can_tell_who_has_an_account()
    {
        var (wrong, locked, imported, disabled, nobody) =
            (AccountsApp.NewEmail(), AccountsApp.NewEmail(), AccountsApp.NewEmail(), AccountsApp.NewEmail(), AccountsApp.NewEmail());
        await app.RegisterAsync(wrong);
        await app.RegisterAsync(locked);
        await app.RegisterAsync(imported);
        await app.RegisterAsync(disabled);
        await app.Database.ExecuteAsync(
            $"""
            update identity.users set locked_until = now() + interval '1 day' where email = '{locked}';
            update identity.users set password_hash = crypt('something', gen_salt('bf', 4)) where email = '{imported}';
            update identity.users set status = 'disabled' where email = '{disabled}';
            """);

        var texts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var email in new[] { wrong, locked, imported, disabled, nobody })
        {
            using var answer = await app.PostAsync("login", new { email, password = "not the password" });
            var problem = await answer.ProblemAsync(401, "invalid_credentials");
            texts.Add(problem.GetProperty("title").GetString() + problem.GetProperty("detail").GetString());
        }

        Assert.Single(texts);
    }

    [Fact]
    public async Task Who_is_disabled_learns_it_by_the_right_password_only_and_their_sessions_end()
    {
        var email = AccountsApp.NewEmail();
        var session = await app.RegisterAsync(email);
        await app.Database.ExecuteAsync($"update identity.users set status = 'disabled' where email = '{email}'");

        using var right = await app.PostAsync("login", new { email, password = AccountsApp.Password });
        await right.ProblemAsync(403, "account_disabled");
        await app.RefusedAsync(email, "not the password");
        await app.EndedAsync(session);

        // Even when the account is opened again, what was revoked stays so.
        await app.Database.ExecuteAsync($"update identity.users set status = 'active' where email = '{email}'");
        await app.EndedAsync(session);
        await app.LogInAsync(email);
    }

    // Made by libxcrypt for "réussite ✓ 2026".
    [Theory]
    [InlineData("$2a$05$abcdefghijklmnopqrstuuAY7qZHaK0T1snSiEz03Ov.QuhNJbegC")]
    [InlineData("$2b$05$abcdefghijklmnopqrstuuAY7qZHaK0T1snSiEz03Ov.QuhNJbegC")]
    [InlineData("$2y$05$abcdefghijklmnopqrstuuAY7qZHaK0T1snSiEz03Ov.QuhNJbegC")]
    public async Task An_imported_bcrypt_hash_is_verified_once_and_replaced(string hash)
    {
        var email = AccountsApp.NewEmail();
        await app.RegisterAsync(email);
        await app.Database.ExecuteAsync($"update identity.users set password_hash = '{hash}' where email = '{email}'");

        await app.RefusedAsync(email, "réussite ✗ 2026");
        await app.RefusedAsync(email, "réussite\0");
        await app.LogInAsync(email, "réussite ✓ 2026");

        var now = await app.Database.ScalarAsync<string>($"select password_hash from identity.users where email = '{email}'");
        Assert.False(now.StartsWith("$2", StringComparison.Ordinal));
        // ASP.NET Core Identity's format 3: marker, HMAC-SHA-512, iterations.
        var bytes = Convert.FromBase64String(now);
        Assert.Equal((1, 2u, 210_000u), (bytes[0], BigEndian(bytes, 1), BigEndian(bytes, 5)));
        await app.LogInAsync(email, "réussite ✓ 2026");
        await app.RefusedAsync(email, "réussite ✗ 2026");
    }

    [Theory]
    [InlineData("$2a$05$short")]
    [InlineData("$2x$05$abcdefghijklmnopqrstuuAY7qZHaK0T1snSiEz03Ov.QuhNJbegC")]
    [InlineData("$2")]
    public async Task A_broken_hash_lets_nobody_in(string hash)
    {
        var email = AccountsApp.NewEmail();
        await app.RegisterAsync(email);
        await app.Database.ExecuteAsync($"update identity.users set password_hash = '{hash}' where email = '{email}'");

        await app.RefusedAsync(email, "réussite ✓ 2026");
    }

    [Fact]
    public async Task Staff_sign_ins_are_audited_and_those_of_customers_are_not()
    {
        await app.RefusedAsync(MallgramApp.AdministratorEmail, "not the password");
        await app.LogInAsync(MallgramApp.AdministratorEmail, MallgramApp.AdministratorPassword);
        var customer = AccountsApp.UserId(await app.RegisterAsync(AccountsApp.NewEmail()));

        var entries = await app.Database.ScalarAsync<string>(
            $"""
            select string_agg(a.action || ' ' || (a.after ->> 'outcome') || ' ' || (a.actor like 'usr\_%') || ' ' || coalesce(host(a.address), 'none')
                || ' ' || (a.request_id <> ''), ', ' order by a.at)
            from kernel.audit_log a join identity.users u on u.id::text = a.object_id and u.store_id = a.store_id
            where u.email = '{MallgramApp.AdministratorEmail}' and a.store_id = '{Store}'
            """);
        Assert.Equal("sign_in.failed wrong_password true 127.0.0.1 true, sign_in.succeeded succeeded true 127.0.0.1 true", entries);
        Assert.Equal(0L, await app.Database.ScalarAsync<long>($"select count(*) from kernel.audit_log where object_id = '{customer}'"));
    }

    [Fact]
    public async Task A_password_that_changed_between_the_check_and_the_session_makes_the_check_void()
    {
        var email = AccountsApp.NewEmail();
        await app.RegisterAsync(email);
        await using var services = app.Api.Services.CreateAsyncScope();
        services.ServiceProvider.GetRequiredService<StoreScope>().Set(Store);
        var person = (await services.ServiceProvider.GetRequiredService<People>().FindByEmailAsync(email, CancellationToken.None))!;
        await app.Database.ExecuteAsync($"update identity.users set password_changed_at = now() where email = '{email}'");

        var refused = await Assert.ThrowsAsync<ProblemException>(() => services.ServiceProvider.GetRequiredService<Sessions>()
            .StartAsync(person, "password", secondFactor: false, new DefaultHttpContext(), CancellationToken.None));

        Assert.Equal("invalid_credentials", refused.Problem.Code);
        Assert.Equal(1L, await app.Database.ScalarAsync<long>($"select count(*) from identity.sessions where user_id = '{person.Id}'"));
    }

    [Fact]
    public async Task A_sign_in_from_a_device_not_seen_before_is_told_to_the_person()
    {
        var email = AccountsApp.NewEmail();
        var id = AccountsApp.UserId(await app.RegisterAsync(email, userAgent: "Firefox on Linux"));
        await app.LogInAsync(email, userAgent: "Firefox on Linux");
        Assert.Equal(0L, await NoticesAsync(id, "new_device"));

        await app.LogInAsync(email, userAgent: "Chrome on Android " + new string('x', 400));

        Assert.Equal(1L, await NoticesAsync(id, "new_device"));
        Assert.Equal(300, await app.Database.ScalarAsync<int>($"select max(length(user_agent)) from identity.sessions where user_id = '{id}'"));
    }

    private Task<long> NoticesAsync(Guid id, string kind) => app.Database.ScalarAsync<long>(
        $"select count(*) from kernel.outbox where type = 'identity.security_notice' and payload ->> 'kind' = '{kind}' and payload ->> 'user_id' = '{id}'");

    private static uint BigEndian(byte[] bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));
}
