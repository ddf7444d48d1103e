using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mallgram.Tests.Integration.Security;

/// <summary>Two stores with one of everything each: <see cref="A"/>, whose people attack, and <see cref="B"/>, whose things they want.</summary>
public sealed class SecurityApp : MallgramApp
{
    protected override bool Synchronised => false;

    // Thousands of calls from one address are the point here; what limits them has tests of its own.
    protected override IEnumerable<string> ServiceSettings =>
    [
        "--Edge:RateLimits:PerMinute=100000000", "--Edge:RateLimits:PerHour=100000000", "--Edge:RateLimits:SignInsPerMinute=1000000",
        "--Edge:RateLimits:CodesPerMinute=1000000", "--Edge:RateLimits:RefusedPerMinute=1000000000",
        "--Identity:Attempts:PerAccount=1000", "--Identity:Attempts:PerAddress=10000",
        "--Jobs:Schedules:database-cleanup=off", "--Logging:LogLevel:Default=Error",
    ];

    internal Plants A { get; } = new(Guid.Parse("01930000-0000-7000-8000-000000000002"), "dakarcafe", "XOF");

    internal Plants B { get; } = new(Guid.Parse("01930000-0000-7000-8000-000000000001"), "mallgram", "ZAR");

    internal Contract Contract { get; private set; } = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        foreach (var plants in new[] { A, B })
        {
            await Database.ExecuteAsync(plants.Sql());
            await Database.ExecuteAsync(
                $"select set_config('app.store_id', '{plants.Store}', true); select catalog.refresh_listings(array['{plants.Of("product")}']::uuid[])");
        }

        Contract = await Contract.ReadAsync(this);
    }

    /// <summary>Access token of the first of some planted people who can still sign in.</summary>
    internal async Task<string> SignInAsync(Plants plants, params string[] people)
    {
        var answers = new List<string>();
        foreach (var person in people)
        {
            var (token, answer) = await TryAsync(plants, person);
            if (token is not null)
            {
                return token;
            }

            answers.Add(answer);
        }

        Assert.Fail("Nobody could sign in: " + string.Join(' ', answers));
        return "";
    }

    private async Task<(string? Token, string Answer)> TryAsync(Plants plants, string person)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/auth/login")
        {
            Content = JsonContent.Create(new { email = plants.EmailOf(person), password = Plants.Password }),
        };
        request.Headers.Add("X-Store", plants.Slug);
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.IsSuccessStatusCode ? JsonElement.Parse(text).GetProperty("access_token").GetString() : null, text);
    }

    /// <summary>A new API key of a planted store.</summary>
    internal async Task<string> IssueKeyAsync(Plants plants, string owner, params string[] scopes)
    {
        var (status, body) = await SendAsync(
            new Call(HttpMethod.Post, "/api/v1/admin/api-keys", new JsonObject { ["name"] = "Suite", ["scopes"] = new JsonArray([.. scopes.Select(s => JsonValue.Create(s))]) }),
            plants.Slug, owner);
        Assert.True(status == 201, $"{status}: {body}");
        return JsonElement.Parse(body).GetProperty("key").GetString()!;
    }

    internal async Task<(int Status, string Body)> SendAsync(Call call, string store, string? token)
    {
        using var request = new HttpRequestMessage(call.Method, call.Path);
        request.Headers.Add("X-Store", store);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (call.Method != HttpMethod.Get)
        {
            request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        }

        if (call.Body is not null)
        {
            request.Content = new StringContent(call.Body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var answer = await Http.SendAsync(request, limit.Token);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(limit.Token));
    }

    /// <summary>
    /// A hash over all rows of a store in every table that has a store, table by table. Left out is what signing
    /// in, metering, and jobs of the whole installation change by themselves: marks of last use, counted requests, how far a repricing is,
    /// and messages, which follow from outbox rows that are counted.
    /// </summary>
    internal async Task<SortedDictionary<string, string>> FingerprintAsync(Guid store)
    {
        var tables = await Database.ScalarAsync<string[]>(
            """
            select array_agg(format('%I.%I', n.nspname, c.relname) order by 1)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
            where c.relkind in ('r', 'p') and not c.relispartition and a.attname = 'store_id' and not a.attisdropped and n.nspname <> 'messaging'
                and (n.nspname, c.relname) not in (('stores', 'usage_days'), ('catalog', 'repricings'))
            """);
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var table in tables)
        {
            found[table] = await Database.ScalarAsync<string>(
                $"""
                select count(*) || ' ' || coalesce(md5(string_agg(row, '' order by row)), '') from (
                    select (to_jsonb(t) - array['last_used_at', 'last_sign_in_at', 'updated_at', 'failed_attempts', 'locked_until', 'processed_at',
                        'attempts', 'available_at', 'last_error'])::text as row
                    from {table} t where t.store_id = '{store}') rows
                """);
        }

        return found;
    }
}

/// <summary>One request.</summary>
internal sealed record Call(HttpMethod Method, string Path, JsonNode? Body);
