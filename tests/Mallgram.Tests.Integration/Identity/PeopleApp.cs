using System.Net.Http.Headers;
using Mallgram.Identity.Tokens;
using Mallgram.Kernel.Ids;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Identity;

/// <summary>The app with an empty catalogue, people in every role, and a clock that tests move.</summary>
public sealed class PeopleApp : MallgramApp
{
    private readonly MovedClock _clock = new();

    protected override bool Synchronised => false;

    public void Pass(TimeSpan time) => _clock.Ahead += time;

    /// <summary>A person with a verified e-mail address and no password.</summary>
    public async Task<Guid> AddPersonAsync(string role, string? email = null, string store = "mallgram", string? phone = null)
    {
        var id = Guid.CreateVersion7();
        await Database.ExecuteAsync(
            $"""
            insert into identity.users (store_id, id, email, full_name, language, role, email_verified_at, phone)
            select id, '{id}', '{email ?? id + "@example.com"}', 'Ama Mensah', 'en', '{role}', now(), {(phone is null ? "null" : $"'{phone}'")}
            from stores.stores where slug = '{store}'
            """);
        return id;
    }

    /// <summary>A client with an access token that says so, whatever the database says.</summary>
    public HttpClient ClientOf(Guid userId, string role, string store = "mallgram")
    {
        var storeId = Api.Services.GetRequiredService<IStores>().FindBySlugAsync(store, CancellationToken.None).AsTask().GetAwaiter().GetResult()!.Id;
        var client = new HttpClient { BaseAddress = Http.BaseAddress };
        client.DefaultRequestHeaders.Add("X-Store", store);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer", Api.Services.GetRequiredService<AccessTokens>().Issue(userId, storeId, role));
        return client;
    }

    /// <summary>A new person of that role.</summary>
    public async Task<HttpClient> SignInAsAsync(string role, string store = "mallgram") =>
        ClientOf(await AddPersonAsync(role, store: store), role, store);

    protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<TimeProvider>(_clock);

    /// <summary>The system's clock, some way ahead.</summary>
    private sealed class MovedClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
