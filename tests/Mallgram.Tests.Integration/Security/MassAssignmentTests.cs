using System.Globalization;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Mallgram.Tests.Integration.Security;

/// <summary>
/// Every write of the contract, with all that its schema does not have: fields of answers, columns of the database, and what attackers try.
/// None of it may end up anywhere.
/// </summary>
public sealed class MassAssignmentTests(SecurityApp app, ITestOutputHelper output) : IClassFixture<SecurityApp>
{
    private const string Mark = "mass-assigned";
    private const string Then = "2001-01-01T01:01:01Z";

    private static readonly JsonObject Bodies = JsonNode.Parse(Corpora.Read("bodies.json"))!.AsObject();

    [Fact]
    public async Task Fields_that_no_schema_has_change_nothing()
    {
        var columns = await app.Database.ScalarAsync<string[]>(
            """
            select array_agg(distinct column_name::text) from information_schema.columns
            where table_schema not in ('pg_catalog', 'information_schema', 'public', 'scheduler', 'quartz')
            """);
        var corpus = JsonNode.Parse(Corpora.Read("mass-assignment.json"))!["extra_names"]!.AsArray().Select(n => n!.GetValue<string>());
        var names = app.Contract.AllFields().Concat(columns).Concat(corpus).ToHashSet(StringComparer.Ordinal);
        Assert.True(names.Count > 300, $"only {names.Count} names");

        var owner = await app.SignInAsync(app.A, "owner");
        var tokens = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["staff"] = owner,
            ["person"] = await app.SignInAsync(app.A, "buyer"),
            ["guest"] = null,
        };
        var before = await app.FingerprintAsync(app.B.Store);
        var privileges = await PrivilegesAsync();
        var faults = new List<string>();
        var done = 0;
        // What ends sign-ins or people comes last.
        foreach (var operation in app.Contract.Operations.Where(o => o.Schema is not null && o.Method != HttpMethod.Delete && !o.IsPlatform)
            .OrderBy(o => Ends(o) ? 1 : 0))
        {
            var who = operation.IsOpen ? "guest" : operation.Permissions.Count > 0 || operation.Path.Contains("/admin/", StringComparison.Ordinal) ? "staff" : "person";
            var path = operation.Path;
            foreach (var parameter in operation.PathParameters)
            {
                path = path.Replace("{" + parameter.Name + "}", Uri.EscapeDataString(app.A.PathValues.GetValueOrDefault(parameter.Key, "b2c")), StringComparison.Ordinal);
            }

            var body = Bodies[operation.Name] is { } given
                ? JsonNode.Parse(app.A.FieldValues.Aggregate(given.ToJsonString(), (text, f) => text.Replace("{" + f.Key + "}", f.Value, StringComparison.Ordinal)))
                : app.Contract.Sample(operation, app.A.FieldValues, app.A.Currency);
            var known = app.Contract.Fields(operation);
            Enrich(body, [.. names.Where(n => !known.Contains(n))]);
            var (status, text) = await app.SendAsync(new Call(operation.Method, path, body), app.A.Slug, tokens[who]);
            done += status < 300 ? 1 : 0;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{status} {operation.Method} {operation.Path}"));
            if (status >= 500 || text.Contains(Mark, StringComparison.Ordinal))
            {
                faults.Add($"{operation}: {status} {text}");
            }
        }

        // The others refuse a body with fields they do not know.
        Assert.True(done > 10, $"only {done} writes were carried out");
        faults.AddRange((await app.FingerprintAsync(app.B.Store)).Where(t => before[t.Key] != t.Value).Select(t => $"rows of B changed in {t.Key}"));
        var now = await PrivilegesAsync();
        faults.AddRange(privileges == now ? [] : [$"privileges were {privileges} and are {now}"]);
        faults.AddRange(await MarkedAsync());
        Assert.Equal([], faults);
    }

    private static bool Ends(Operation operation) => new[] { "erase", "disable", "logout", "log-out", "revoke", "rotate", "suspend", "switch" }
        .Any(word => operation.Path.Contains(word, StringComparison.Ordinal));

    /// <summary>Adds the names to an object and to every object within it.</summary>
    private void Enrich(JsonNode? node, IReadOnlyCollection<string> names)
    {
        switch (node)
        {
            case JsonArray list:
                foreach (var item in list)
                {
                    Enrich(item, names);
                }

                break;
            case JsonObject values:
                foreach (var inner in values.Select(v => v.Value).ToArray())
                {
                    Enrich(inner, names);
                }

                foreach (var name in names.Where(n => !values.ContainsKey(n)))
                {
                    values[name] = Value(name);
                }

                break;
        }
    }

    private JsonNode Value(string name) => name switch
    {
        "store_id" or "storeId" or "StoreId" or "STORE_ID" or "tenant_id" => app.B.Store.ToString(),
        "store" or "tenant" => app.B.Slug,
        "user_id" or "userId" or "owner_id" => app.B.Id("usr", "buyer"),
        "role" => "owner",
        "status" or "payment_status" or "PaymentStatus" => "paid",
        _ when name.EndsWith("_at", StringComparison.Ordinal) || name.EndsWith("At", StringComparison.Ordinal) || name == "at" => Then,
        _ when name.StartsWith("is_", StringComparison.Ordinal) || name is "admin" or "superuser" or "verified" or "approved" or "email_verified" => true,
        "total" or "subtotal" or "discount" or "price" or "unit_price" or "amount" or "balance" => 1,
        _ => Mark,
    };

    /// <summary>Who is what in the store, and what was paid.</summary>
    private Task<string> PrivilegesAsync() => app.Database.ScalarAsync<string>(
        $"""
        select (select count(*) from identity.users where store_id = '{app.A.Store}' and role = 'owner') || ' owners, '
            || (select count(*) from orders.orders where store_id = '{app.A.Store}' and (payment_status = 'paid' or paid_at is not null)) || ' paid orders, '
            || (select count(*) from orders.orders where store_id = '{app.A.Store}' and total < 5000) || ' cheap orders, '
            || (select count(*) from payments.intents where store_id = '{app.A.Store}' and (status = 'succeeded' or amount < 5000)) || ' payments done'
        """);

    /// <summary>Rows of the attacker's own store that hold what was added.</summary>
    private async Task<IEnumerable<string>> MarkedAsync()
    {
        var found = new List<string>();
        foreach (var table in (await app.FingerprintAsync(app.A.Store)).Keys)
        {
            var rows = await app.Database.ScalarAsync<string>(
                $"""
                select coalesce(string_agg(left(t::text, 400), ' | '), '') from {table} t
                where t.store_id = '{app.A.Store}' and (t::text like '%{Mark}%' or t::text like '%2001-01-01%' or t::text like '%{app.B.Store}%')
                """);
            if (rows.Length > 0)
            {
                found.Add($"{table}: {rows}");
            }
        }

        return found;
    }
}
