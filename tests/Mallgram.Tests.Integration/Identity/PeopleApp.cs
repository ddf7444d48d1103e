using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Mallgram.Identity.SignIn;
using Mallgram.Identity.Tokens;
using Mallgram.Stores.Contracts;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Identity;

/// <summary>The app with an empty catalogue, people in every role, and a clock that tests move.</summary>
public sealed partial class PeopleApp : MallgramApp
{
    public const string Password = "a pot of 7 mangoes";

    private readonly MovedClock _clock = new();

    protected override bool Synchronised => false;

    public void Pass(TimeSpan time) => _clock.Ahead += time;

    /// <summary>A person with a verified e-mail address, and <see cref="Password"/> when asked for.</summary>
    public async Task<Guid> AddPersonAsync(
        string role, string? email = null, string store = "mallgram", string? phone = null, bool password = false, string name = "Ama Mensah")
    {
        var id = Guid.CreateVersion7();
        var hash = password ? $"'{Api.Services.GetRequiredService<Passwords>().Hash(Password)}'" : "null";
        await Database.ExecuteAsync(
            $"""
            insert into identity.users (store_id, id, email, full_name, language, role, email_verified_at, phone, phone_verified_at, password_hash)
            select id, '{id}', '{email ?? EmailOf(id)}', '{name}', 'en', '{role}', now(), {(phone is null ? "null, null" : $"'{phone}', now()")}, {hash}
            from stores.stores where slug = '{store}'
            """);
        return id;
    }

    public static string EmailOf(Guid id) => id + "@example.com";

    /// <summary>A client with an access token that says so, whatever the database says.</summary>
    public HttpClient ClientOf(Guid userId, string role, string store = "mallgram") => ClientWith(
        Api.Services.GetRequiredService<AccessTokens>().Issue(userId, StoreId(store), role, Guid.CreateVersion7()), store);

    /// <summary>A client that sends a token or key.</summary>
    public HttpClient ClientWith(string token, string store = "mallgram")
    {
        var client = new HttpClient { BaseAddress = Http.BaseAddress };
        client.DefaultRequestHeaders.Add("X-Store", store);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>A new person of that role.</summary>
    public async Task<HttpClient> SignInAsAsync(string role, string store = "mallgram") =>
        ClientOf(await AddPersonAsync(role, store: store), role, store);

    public Guid StoreId(string slug) =>
        Api.Services.GetRequiredService<IStores>().FindBySlugAsync(slug, CancellationToken.None).AsTask().GetAwaiter().GetResult()!.Id;

    /// <summary>The newest mail of a template's subject to an address.</summary>
    public async Task<string> MailAsync(string email, string subject) => await Eventually.GetAsync($"mail '{subject}'", async () =>
        (await MailsToAsync(email)).Select(m => m.GetProperty("subject").GetString()!.Contains(subject, StringComparison.Ordinal)
            ? m.GetProperty("text").GetString()
            : null).FirstOrDefault(t => t is not null));

    public async Task<string> CodeAsync(string email, string subject) => SixDigits().Match(await MailAsync(email, subject)).Value;

    protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<TimeProvider>(_clock);

    [GeneratedRegex(@"(?<![\w#-])\d{6}(?![\w-])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SixDigits();

    /// <summary>The system's clock, some way ahead.</summary>
    private sealed class MovedClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
