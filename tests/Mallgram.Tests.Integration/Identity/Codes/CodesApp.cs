using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mallgram.Tests.Integration.Identity.Codes;

/// <summary>
/// The app with an empty catalogue, a clock that tests move, everything that Api and Worker log, and limits by network address out of the way.
/// </summary>
public partial class CodesApp : MallgramApp
{
    public const string Password = "Baobab-am-Fluss-42";

    private readonly AheadClock _clock = new();

    public ConcurrentQueue<string> Logged { get; } = new();

    public DateTimeOffset Now => _clock.GetUtcNow();

    protected override bool Synchronised => false;

    protected override IEnumerable<string> ServiceSettings =>
    [
        "--Edge:RateLimits:SignInsPerMinute=1000000", "--Edge:RateLimits:CodesPerMinute=1000000", "--Edge:RateLimits:RefusedPerMinute=1000000",
        "--Edge:RateLimits:PerMinute=1000000", "--Edge:RateLimits:PerHour=1000000",
        "--Identity:Attempts:PerAccount=1000", "--Identity:Attempts:PerAddress=10000", "--Logging:LogLevel:Default=Debug",
    ];

    public void Pass(TimeSpan time) => _clock.Ahead += time;

    /// <summary>A Cameroonian mobile number that no other test has.</summary>
    public static string NewPhone() => "+2376" + Random.Shared.Next(10_000_000, 99_999_999);

    public static string NewEmail() => $"person-{Guid.NewGuid():N}@example.org";

    /// <summary>Six digits that are not the code.</summary>
    public static string Other(string code, int n = 1) => ((int.Parse(code, System.Globalization.CultureInfo.InvariantCulture) + n) % 1_000_000)
        .ToString("D6", System.Globalization.CultureInfo.InvariantCulture);

    /// <param name="path">Under <c>/api/v1/</c>.</param>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, object? body = null, string? token = null, string language = "en", string store = "mallgram")
    {
        using var request = new HttpRequestMessage(method, "/api/v1/" + path);
        request.Headers.Add("X-Store", store);
        request.Headers.AcceptLanguage.ParseAdd(language);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }

        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return await Http.SendAsync(request);
    }

    public Task<HttpResponseMessage> PostAsync(string path, object? body, string? token = null, string language = "en", string store = "mallgram") =>
        SendAsync(HttpMethod.Post, path, body, token, language, store);

    /// <summary>Posts and expects success.</summary>
    public async Task<JsonElement> DoneAsync(string path, object? body, string? token = null)
    {
        using var answer = await PostAsync(path, body, token);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Posts and expects a problem.</summary>
    /// <returns>Its members.</returns>
    public async Task<JsonElement> RefusedAsync(int status, string code, string path, object? body, string? token = null)
    {
        using var answer = await PostAsync(path, body, token);
        return await ProblemAsync(answer, status, code);
    }

    public static async Task<JsonElement> ProblemAsync(HttpResponseMessage answer, int status, string code)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == (int)answer.StatusCode, $"{(int)answer.StatusCode} {text}");
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(code, problem.GetProperty("code").GetString());
        return problem;
    }

    /// <summary>The code in the newest text message to a number, once there are that many.</summary>
    public Task<string> TextedAsync(string phone, int messages = 1) => Eventually.GetAsync($"text {messages} to a phone", async () =>
    {
        var texts = await TextsToAsync(phone);
        return texts.Length >= messages ? SixDigits().Match(texts[0].GetProperty("text").GetString()!).Value : null;
    });

    /// <summary>The newest mail to an address of which the subject has the words.</summary>
    public Task<JsonElement[]> MailedAsync(string email, string subject, int mails = 1) => Eventually.GetAsync($"mail '{subject}'", async () =>
    {
        var found = (await MailsToAsync(email))
            .Where(m => m.GetProperty("subject").GetString()!.Contains(subject, StringComparison.OrdinalIgnoreCase)).ToArray();
        return found.Length >= mails ? found : null;
    });

    public static string CodeIn(JsonElement mail) => SixDigits().Match(mail.GetProperty("text").GetString()!).Value;

    /// <summary>Signs in by a code sent to a phone.</summary>
    /// <returns>The answer: a session or a challenge.</returns>
    public async Task<JsonElement> SignInByPhoneAsync(string phone)
    {
        var before = (await TextsToAsync(phone)).Length;
        await DoneAsync("auth/otp", new { phone });
        return await DoneAsync("auth/verify-otp", new { phone, code = await TextedAsync(phone, before + 1), full_name = "Ama Mensah" });
    }

    /// <summary>A customer with a password and an e-mail address that is confirmed.</summary>
    /// <returns>An access token.</returns>
    public async Task<string> AddCustomerAsync(string email, string? phone = null)
    {
        var session = await DoneAsync("auth/register", new { email, phone, password = Password, full_name = "Ama Mensah" });
        await Database.ExecuteAsync(
            $"update identity.users set email_verified_at = now(), phone_verified_at = case when phone is not null then now() end where email = '{email}'");
        return TokenOf(session);
    }

    public static string TokenOf(JsonElement session) => session.GetProperty("access_token").GetString()!;

    public static string UserOf(JsonElement session) => session.GetProperty("user").GetProperty("id").GetString()!;

    protected override void Configure(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TimeProvider>(_clock);
        builder.Logging.ClearProviders().AddProvider(new Recorder(Logged));
    }

    [GeneratedRegex(@"(?<!\d)\d{6}(?!\d)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SixDigits();

    /// <summary>The system's clock, some way ahead.</summary>
    private sealed class AheadClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }

    private sealed class Recorder(ConcurrentQueue<string> logged) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            logged.Enqueue(formatter(state, exception) + " " + exception);

        public void Dispose()
        {
            // Holds nothing.
        }
    }
}
