using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Mallgram.AppHost.Backing;
using Mallgram.Tests.Integration.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Mallgram.Tests.Integration.Edge;

/// <summary>
/// Known values go through every flow, the ones that fail included, with everything logged that can be; afterwards they are in no log line,
/// no exported span or log record, no problem answer, and in no table that is none of theirs.
/// </summary>
public sealed class CanaryTests(CanaryTests.ListeningApp app) : IClassFixture<CanaryTests.ListeningApp>
{
    private const string Name = "Zebulona Quagmire";
    private const string Street = "77 Canary Wharf Lane";
    private const string Landmark = "behind the vermilion lighthouse";
    private const string Email = "zebulona.quagmire@canary.example";
    private const string Phone = "+237671234509";
    private const string Card = "4539578763621486";
    private const string Password = "Vermilion-Canary-5522!";
    private const string Token = "cQ9zX2wV7bN4mK8tR3yP6sD1fG5hJ0aL";
    private const string ApiKey = "mgk_cQ9zX2wV7bN4mK8tR3yP6sD1fG5hJ0aLpO";

    private static readonly string[] Canaries =
    [
        "Zebulona", "Quagmire", "Canary Wharf", "Canary%20Wharf", "vermilion lighthouse", "canary.example", "671234509", "671 23 45 09", Card,
        "4539 5787 6362 1486", "Vermilion-Canary", Token, ApiKey,
    ];

    [Fact]
    public async Task Known_values_are_nowhere_but_where_they_belong()
    {
        var shopper = new Shopper(app.Http);
        var problems = new List<string>();
        async Task SendAsync(HttpMethod method, string path, object? body = null, Action<HttpRequestHeaders>? with = null, string? raw = null)
        {
            using var request = new HttpRequestMessage(method, path);
            request.Content = raw is not null ? new StringContent(raw, Encoding.UTF8, "application/json") : body is null ? null : JsonContent.Create(body);
            request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
            with?.Invoke(request.Headers);
            using var answer = await app.Http.SendAsync(request);
            if ((int)answer.StatusCode >= 400)
            {
                problems.Add($"{method} {path[..Math.Min(path.Length, 40)]} {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            }
        }

        // Who they are, right and wrong.
        await SendAsync(HttpMethod.Post, "/api/v1/auth/register", new { email = Email, phone = Phone, password = Password, full_name = Name });
        await SendAsync(HttpMethod.Post, "/api/v1/auth/register", new { email = Email, phone = Phone, password = Password, full_name = Name });
        await SendAsync(HttpMethod.Post, "/api/v1/auth/login", new { email = Email, password = Password + "x" });
        await SendAsync(HttpMethod.Post, "/api/v1/auth/login", new { phone = Phone, password = Password });
        await SendAsync(HttpMethod.Post, "/api/v1/auth/login", raw: $$"""{"email": "{{Email}}", "password": {{Password}} }""");
        await SendAsync(HttpMethod.Post, "/api/v1/auth/otp", new { phone = Phone });
        await SendAsync(HttpMethod.Post, "/api/v1/auth/otp", new { email = Email });
        await SendAsync(HttpMethod.Post, "/api/v1/auth/verify-otp", new { phone = Phone, code = "918273", full_name = Name });
        await SendAsync(HttpMethod.Post, "/api/v1/auth/forgot-password", new { email = Email });
        await SendAsync(HttpMethod.Post, "/api/v1/auth/reset-password", new { email = Email, code = "918273", password = Password });
        await SendAsync(HttpMethod.Post, "/api/v1/auth/refresh", new { refresh_token = Token });
        foreach (var credential in new[] { Token, ApiKey, "eyJhbGciOiJub25lIn0." + Token + "." })
        {
            await SendAsync(HttpMethod.Get, "/api/v1/auth/me", with: h => h.Authorization = new AuthenticationHeaderValue("Bearer", credential));
        }

        // What they look at, with more in the address than belongs there.
        var everything = $"q={Uri.EscapeDataString(Name)}&email={Uri.EscapeDataString(Email)}&phone={Uri.EscapeDataString(Phone)}&token={Token}&street="
            + Uri.EscapeDataString(Street) + "&card=" + Card;
        await SendAsync(HttpMethod.Get, "/api/v1/products?" + everything);
        await SendAsync(HttpMethod.Get, "/api/v1/products?limit=" + Card + "&" + everything);
        await SendAsync(HttpMethod.Get, "/api/v1/orders/" + Token, with: h => h.Add("X-Order-Token", Token));
        await SendAsync(HttpMethod.Post, "/api/v1/payments/webhook/mtn_momo/pay_01h455vb4pex5vsknk084sn02q/" + Token, new { partyId = Phone });

        // What they buy; not valid, not readable, not storable, and well.
        var product = await shopper.AnyProductAsync(needed: 5);
        Dictionary<string, object?> Order(string phone) => new(StringComparer.Ordinal)
        {
            ["items"] = new[] { new { variant_id = Shopper.VariantOf(product, 5), quantity = 1 } },
            ["customer"] = new { email = Email, phone, full_name = Name },
            ["shipping_address"] = new { street = Street, landmark = Landmark, city = "Douala", country = "CM", phone },
            ["notes"] = "card " + Card,
            ["payment"] = new { method = "mobile_money", gateway = "mtn_momo", phone },
        };
        await SendAsync(HttpMethod.Post, "/api/v1/orders", Order(Card + Card + Card));
        await SendAsync(HttpMethod.Post, "/api/v1/orders", raw: $$"""{"customer": {"full_name": "{{Name}}", "email": {{Email}} }""");
        await app.Database.ExecuteAsync("alter table orders.orders rename to gone");
        await SendAsync(HttpMethod.Post, "/api/v1/orders", Order(Phone));
        await app.Database.ExecuteAsync("alter table orders.gone rename to orders");
        await SendAsync(HttpMethod.Post, "/api/v1/orders", Order(Phone));
        await Eventually.HoldsAsync("the mail of the order", async () => (await app.MailsToAsync(Email)).Length > 0);

        await SendAsync(HttpMethod.Get, "/api/v1/products/last-canary");
        await Eventually.HoldsAsync("everything was exported", () => Task.FromResult(app.Exported.Contains("/api/v1/products/last-canary")));
        Assert.Contains(problems, p => p.Contains(" 500 ", StringComparison.Ordinal));
        Assert.Contains(app.Lines, l => l.Contains("PlaceOrder", StringComparison.Ordinal));

        var found = new List<string>();
        foreach (var canary in Canaries)
        {
            found.AddRange(app.Lines.Where(l => l.Contains(canary, StringComparison.OrdinalIgnoreCase)).Select(l => $"log: {canary}: {l}"));
            found.AddRange(problems.Where(p => p[40..].Contains(canary, StringComparison.OrdinalIgnoreCase)).Select(p => $"answer: {canary}: {p}"));
            if (app.Exported.Contains(canary))
            {
                found.Add("export: " + app.Exported.Around(canary));
            }

            foreach (var table in new[] { "kernel.outbox", "kernel.audit_log", "kernel.job_runs", "kernel.outbox_effects", "kernel.idempotency_keys" })
            {
                var rows = await app.Database.ScalarAsync<long>(
                    $"select count(*) from {table} t where position(lower('{canary}') in lower(t::text)) > 0");
                if (rows > 0)
                {
                    found.Add($"{rows} rows of {table}: {canary}");
                }
            }
        }

        Assert.True(found.Count == 0, string.Join("\n", found.Take(10)));
    }

    /// <summary>What an OpenTelemetry collector was sent; texts in it stand as they are.</summary>
    public sealed class Exports
    {
        private readonly ConcurrentQueue<string> _bodies = new();

        public void Add(byte[] body) => _bodies.Enqueue(Encoding.UTF8.GetString(body));

        public bool Contains(string text) => _bodies.Any(b => b.Contains(text, StringComparison.OrdinalIgnoreCase));

        public string Around(string text)
        {
            var body = _bodies.First(b => b.Contains(text, StringComparison.OrdinalIgnoreCase));
            var at = body.IndexOf(text, StringComparison.OrdinalIgnoreCase);
            return body[Math.Max(0, at - 200)..Math.Min(body.Length, at + 80)];
        }
    }

    public sealed class ListeningApp : MallgramApp
    {
        private readonly Sink _sink = new();
        private readonly int _port = FreePort.Next();
        private WebApplication? _collector;

        public IReadOnlyCollection<string> Lines => _sink.Lines;

        public Exports Exported { get; } = new();

        protected override IEnumerable<string> ServiceSettings =>
        [
            "--Logging:LogLevel:Default=Trace",
            "--Logging:Console:LogLevel:Default=None",
            $"--OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{_port}",
            "--OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
            "--OTEL_BSP_SCHEDULE_DELAY=200",
            "--OTEL_BLRP_SCHEDULE_DELAY=200",
        ];

        public override async Task InitializeAsync()
        {
            var builder = WebApplication.CreateSlimBuilder(["--urls=http://127.0.0.1:" + _port]);
            builder.Logging.ClearProviders();
            _collector = builder.Build();
            _collector.MapPost("/v1/{kind}", async (HttpRequest request) =>
            {
                using var body = new MemoryStream();
                await request.Body.CopyToAsync(body);
                Exported.Add(body.ToArray());
                return Results.Ok();
            });
            await _collector.StartAsync();
            await base.InitializeAsync();
        }

        public override async Task DisposeAsync()
        {
            await base.DisposeAsync();
            await _collector!.DisposeAsync();
        }

        protected override void Configure(WebApplicationBuilder builder) => builder.Logging.AddProvider(_sink);
    }

    private sealed class Sink : ILoggerProvider
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => new Writer(categoryName, Lines);

        public void Dispose()
        {
            // Shared by the hosts of the app, each of which disposes it.
        }

        private sealed class Writer(string category, ConcurrentQueue<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull
            {
                lines.Enqueue($"{category} scope {state}");
                return null;
            }

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                var values = state as IEnumerable<KeyValuePair<string, object?>> ?? [];
                lines.Enqueue($"{category} {formatter(state, exception)} {string.Join(' ', values.Select(v => v.Key + "=" + v.Value))} {exception}");
            }
        }
    }
}
