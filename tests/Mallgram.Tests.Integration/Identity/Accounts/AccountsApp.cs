using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mallgram.Kernel.Ids;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Tests.Integration.Identity.Accounts;

/// <summary>The app with an empty catalogue, a clock that tests move, and limits a minute that are out of the way of tests of other things.</summary>
public partial class AccountsApp : MallgramApp
{
    public const string Password = "Baobab-am-Fluss-42";

    private readonly AheadClock _clock = new();

    protected override bool Synchronised => false;

    protected override IEnumerable<string> ServiceSettings =>
    [
        "--Identity:Attempts:PerAccount=1000", "--Identity:Attempts:PerAddress=10000", "--Identity:Attempts:RefusedRegistrations=1000",
        "--Identity:Codes:PerAddress=100000",
    ];

    public void Pass(TimeSpan time) => _clock.Ahead += time;

    public static string NewEmail() => $"person-{Guid.NewGuid():N}@example.org";

    /// <summary>A Cameroonian mobile number that no other test has.</summary>
    public static string NewPhone() => "+2376" + Random.Shared.Next(10_000_000, 99_999_999);

    public async Task<HttpResponseMessage> PostAsync(
        string path, object? body, string? token = null, string store = "mallgram", string? userAgent = null) =>
        await SendAsync(HttpMethod.Post, path, body, token, store, userAgent);

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, object? body = null, string? token = null, string store = "mallgram", string? userAgent = null)
    {
        using var request = new HttpRequestMessage(method, "/api/v1/auth/" + path);
        request.Headers.Add("X-Store", store);
        if (body is not null)
        {
            request.Content = body as HttpContent ?? JsonContent.Create(body);
        }

        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (userAgent is not null)
        {
            request.Headers.TryAddWithoutValidation("User-Agent", userAgent);
        }

        return await Http.SendAsync(request);
    }

    public async Task<JsonElement> GetAsync(string path, string token)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, token: token);
        return await answer.JsonAsync(HttpStatusCode.OK);
    }

    /// <returns>The session.</returns>
    public async Task<JsonElement> RegisterAsync(string? email = null, string? phone = null, string store = "mallgram", string? userAgent = null)
    {
        using var answer = await PostAsync(
            "register", new { email, phone, password = Password, full_name = "Ama Mensah" }, store: store, userAgent: userAgent);
        return await answer.JsonAsync(HttpStatusCode.Created);
    }

    public async Task<JsonElement> LogInAsync(string email, string password = Password, string? userAgent = null)
    {
        using var answer = await PostAsync("login", new { email, password }, userAgent: userAgent);
        return await answer.JsonAsync(HttpStatusCode.OK);
    }

    public async Task RefusedAsync(string email, string password)
    {
        using var answer = await PostAsync("login", new { email, password });
        await answer.ProblemAsync(401, "invalid_credentials");
    }

    /// <summary>Trades the session's refresh token.</summary>
    public Task<HttpResponseMessage> RefreshAsync(JsonElement session) =>
        PostAsync("refresh", new { refresh_token = session.GetProperty("refresh_token").GetString() });

    public async Task EndedAsync(JsonElement session)
    {
        using var answer = await RefreshAsync(session);
        await answer.ProblemAsync(401, "invalid_refresh_token");
    }

    /// <summary>The newest code that was mailed to the address, once there are that many mails with one.</summary>
    public async Task<string> CodeMailedAsync(string email, int mails = 1) => await Eventually.GetAsync("a code by mail", async () =>
    {
        var codes = (await MailsToAsync(email)).Select(m => SixDigits().Match(m.GetRawText())).Where(m => m.Success).ToArray();
        return codes.Length >= mails ? codes[0].Value : null;
    });

    public static string AccessToken(JsonElement session) => session.GetProperty("access_token").GetString()!;

    public static Guid UserId(JsonElement session) =>
        PublicId.TryParse(PublicId.User, session.GetProperty("user").GetProperty("id").GetString(), out var id) ? id : throw new FormatException();

    /// <summary>A code of six digits that is not the right one.</summary>
    public static string Other(string code) => code[..5] + (char)('0' + ((code[5] - '0' + 1) % 10));

    protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<TimeProvider>(_clock);

    [GeneratedRegex(@"(?<![\w#-])\d{6}(?![\w-])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SixDigits();

    /// <summary>The system's clock, some way ahead.</summary>
    private sealed class AheadClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
