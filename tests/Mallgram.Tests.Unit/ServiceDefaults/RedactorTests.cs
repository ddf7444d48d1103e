using System.Diagnostics;
using Mallgram.ServiceDefaults.Redaction;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mallgram.Tests.Unit.ServiceDefaults;

public sealed class RedactorTests
{
    private const string Jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMDEifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    private static readonly Redactor Redactor = new(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Payments:MtnMomo:ApiKey"] = "00112233445566778899aabbccddeeff",
        ["ConnectionStrings:mallgram"] = "Host=db;Username=app;Password=horse staple;Database=x",
        ["Secrets:OldMasterKeys:0"] = "an old master key",
        ["Catalog:Name"] = "Nothing secret",
    }).Build());

    [Theory]
    [InlineData("mail to thandi.mbeki+shop@example.co.za failed", "mail to [email] failed")]
    [InlineData("q=thandi%40example.org&x=1", "q=[email]&x=1")]
    [InlineData("payer +237 670 00 00 01 not found", "payer [phone] not found")]
    [InlineData("to=%2B27820000001", "to=[phone]")]
    [InlineData("payer 237670000001, 0820000001.", "payer [phone], [phone].")]
    [InlineData("card 4111 1111 1111 1111 refused", "card [card] refused")]
    [InlineData("card 5555-5555-5555-4444 refused", "card [card] refused")]
    [InlineData("Authorization: Bearer abc.def-123", "Authorization: Bearer [token]")]
    [InlineData("basic dXNlcjpwYXNz", "basic [token]")]
    [InlineData("token " + Jwt + " expired", "token [token] expired")]
    [InlineData("key mgk_live1_Zk3fQ9wX2bN7 used", "key [key] used")]
    [InlineData("GET /x?token=abc&limit=5", "GET /x?token=[hidden]&limit=5")]
    [InlineData("{\"password\": \"hunter2!\"}", "{\"password\": \"[hidden]\"}")]
    [InlineData("your code is 482913", "your code is [hidden]")]
    [InlineData("/webhook/mtn_momo/pay_01h455vb4pex5vsknk084sn02q/Zk3fQ9wX2bN7-mP4rT8vY1cD5gH6jL0s", "/webhook/mtn_momo/pay_01h455vb4pex5vsknk084sn02q/[token]")]
    [InlineData("sha 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "sha [token]")]
    [InlineData("call with 00112233445566778899aabbccddeeff", "call with [secret]")]
    [InlineData("Host=db;Password=horse staple", "Host=db;Password=[secret]")]
    public void What_must_not_leave_is_taken_out(string text, string expected) => Assert.Equal(expected, Redactor.Redact(text));

    [Theory]
    [InlineData("Applied migration 202611211250_audited_catalog.sql")]
    [InlineData("request 4bf92f3577b34da6a3ce929d0e0e4736 took 123456789 ns")]
    [InlineData("store 01930000-0000-7000-8000-000000000001")]
    [InlineData("payment pay_01h455vb4pex5vsknk084sn02q of order 261121-7KQ4M")]
    [InlineData("supplier item 1005006123456789 left out")]
    [InlineData("   at Mallgram.Kernel.Persistence.StoreTransactionInterceptorExtensions.TransactionStartedAsync(DbConnection connection) in /src/A.cs:line 42")]
    [InlineData("Nothing secret, code rate_limited, 127.0.0.1:5080, 2026-11-21T10:00:00Z, exit code: 139")]
    [InlineData("23505: duplicate key value violates unique constraint \"orders_store_id_number_key\"")]
    public void What_one_looks_for_in_a_log_stays(string text) => Assert.Same(text, Redactor.Redact(text));

    [Fact]
    public void Of_a_query_only_plain_values_stay() => Assert.Equal(
        "?q=*&limit=20&cursor=*", Redactor.RedactQuery("?q=Thandi%20Mbeki&limit=20&cursor=abc"));

    [Fact]
    public void Nothing_that_is_logged_gets_past_it_neither_line_nor_value_nor_scope_nor_exception()
    {
        var sink = new Sink();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddLogging(l => l.SetMinimumLevel(LogLevel.Trace).AddProvider(sink));
        RedactedLogs.Add(services);
        using var provider = services.BuildServiceProvider();
        var logger = provider.GetRequiredService<ILogger<RedactorTests>>();
        using (logger.BeginScope("for {Person}", "thandi@example.org"))
        {
            logger.LogError(
                new InvalidOperationException("outer +27820000001", new FormatException("inner thandi@example.org")), "mail {Address} {Count} {Link}",
                "thandi@example.org", 3, new Uri("https://x.example/?token=abcdef"));
        }

        Assert.NotEmpty(sink.Lines);
        Assert.All(sink.Lines, line => Assert.DoesNotMatch("thandi|820000001|abcdef", line));
        Assert.Contains(sink.Lines, l => l.Contains("Count=3 (Int32)", StringComparison.Ordinal));
        Assert.Contains(sink.Lines, l => l.Contains("{OriginalFormat}=mail {Address} {Count} {Link}", StringComparison.Ordinal));
        Assert.Contains(sink.Lines, l => l.Contains("FormatException", StringComparison.Ordinal));
    }

    [Fact]
    public void Spans_are_redacted_and_one_with_a_telling_event_is_not_exported()
    {
        using var source = new ActivitySource("RedactorTests");
        using var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == "RedactorTests",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        using var traces = new RedactedTraces(Redactor);
        using var span = source.StartActivity("GET")!;
        span.SetTag("url.path", "/api/v1/payments/webhook/mtn_momo/pay_x/Zk3fQ9wX2bN7-mP4rT8vY1cD5gH6jL0s");
        span.SetTag("url.query", "?q=Thandi%20Mbeki&limit=5");
        span.SetTag("http.response.status_code", 200);
        span.SetStatus(ActivityStatusCode.Error, "no thandi@example.org");
        traces.OnEnd(span);
        Assert.Equal("/api/v1/payments/webhook/mtn_momo/pay_x/[token]", span.GetTagItem("url.path"));
        Assert.Equal("?q=*&limit=5", span.GetTagItem("url.query"));
        Assert.Equal(200, span.GetTagItem("http.response.status_code"));
        Assert.Equal("no [email]", span.StatusDescription);
        Assert.True(span.Recorded);

        span.AddException(new InvalidOperationException("for thandi@example.org"));
        traces.OnEnd(span);
        Assert.False(span.Recorded);
    }

    private sealed class Sink : ILoggerProvider, ISupportExternalScope
    {
        private IExternalScopeProvider? _scopes;

        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => new Writer(this);

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public void Dispose() => Lines.TrimExcess();

        private sealed class Writer(Sink sink) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                sink.Lines.Add(formatter(state, exception));
                sink.Lines.Add(exception?.ToString() + exception?.Message + exception?.InnerException?.Message);
                foreach (var (name, value) in state as IEnumerable<KeyValuePair<string, object?>> ?? [])
                {
                    sink.Lines.Add($"{name}={value} ({value?.GetType().Name})".Replace(" (String)", "", StringComparison.Ordinal));
                }

                sink._scopes?.ForEachScope((scope, lines) => lines.Add(scope?.ToString() ?? ""), sink.Lines);
            }
        }
    }
}
