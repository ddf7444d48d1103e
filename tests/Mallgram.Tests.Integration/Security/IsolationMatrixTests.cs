using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mallgram.Identity.Access;
using Mallgram.Kernel.Access;
using Xunit.Abstractions;

namespace Mallgram.Tests.Integration.Security;

/// <summary>
/// Every operation of the served contract, called by those who must not: staff of another store, another person of the same store, guests,
/// staff and keys without the permission. An operation that is added later takes part by itself, and fails here when it has a path parameter
/// for which <see cref="Plants"/> has nothing.
/// </summary>
public sealed partial class IsolationMatrixTests(SecurityApp app, ITestOutputHelper output) : IClassFixture<SecurityApp>
{
    /// <summary>Parts of addresses that name nothing of a store: the same for everybody, or signed.</summary>
    private static readonly Dictionary<string, string> SharedNames = new(StringComparer.Ordinal)
    {
        ["images/{signature}"] = "AAAAAAAAAAAAAAAAAAAAAA",
        ["{signature}/{source}"] = "aHR0cDovL2V4YW1wbGUub3JnL2EuanBn",
        ["webhook/{gateway}"] = "mtn_momo",
        ["{gateway}/{payment}"] = "pay_00000000000000000000000000",
        ["{payment}/{token}"] = "none",
        ["suppliers/{code}"] = "no_such_supplier",
        ["jobs/{name}"] = "no-such-job",
        // Runs belong to the installation; a store sees of each its own part only.
        ["job-runs/{id}"] = "run_00000000000000000000000000",
        ["address-formats/{country}"] = "CM",
        // Parts of a product and of a person, not things of their own.
        ["offers/{channel}"] = "b2c",
        ["second-factors/{kind}"] = "totp",
    };

    /// <summary>Open operations on things of one person or order, each with why a guest may call it.</summary>
    private static readonly Dictionary<string, string> OpenByContract = new(StringComparer.Ordinal)
    {
        ["GetPayment"] = "the id alone is enough to ask for it; it holds nothing personal",
        ["VerifyPayment"] = "as GetPayment; it only asks the gateway how things are",
        ["DownloadFile"] = "ready files are public; their ids are their secret",
        ["GetFile"] = "as DownloadFile",
    };

    private readonly List<Row> _rows = [];
    private int _calls;
    private readonly List<string> _faults = [];

    private static readonly JsonObject Bodies = JsonNode.Parse(Corpora.Read("bodies.json"))!.AsObject();

    [Fact]
    public async Task Every_operation_has_something_to_be_attacked_with()
    {
        var contract = app.Contract;
        Assert.True(contract.Operations.Count > 100, $"only {contract.Operations.Count} operations found");
        Assert.Equal([], contract.HiddenRoutes);
        Assert.Equal([], contract.Operations.SelectMany(o => o.PathParameters
            .Where(p => !app.B.PathValues.ContainsKey(p.Key) && !SharedNames.ContainsKey(p.Key))
            .Select(p => $"{o}: nothing is planted for {p.Key}")));
        // What is planted is really there: its own staff get it.
        var token = await app.SignInAsync(app.B, "owner");
        var buyer = await app.SignInAsync(app.B, "buyer");
        foreach (var operation in contract.Operations.Where(o => !o.Writes && !o.IsPlatform && o.PathParameters.Any(p => app.B.PathValues.ContainsKey(p.Key))))
        {
            var call = CallOf(operation, _ => app.B, app.B.FieldValues, query: false);
            var answer = await app.SendAsync(call, app.B.Slug, IsPersonal(operation) ? buyer : token);
            Assert.True(
                answer.Status is >= 200 and < 300 || (operation.Name is "DownloadFile" && answer.Status is 404 or 500),
                $"{operation} of its own store: {answer.Status} {answer.Body}");
        }
    }

    [Fact]
    public async Task No_store_reaches_another()
    {
        var before = await app.FingerprintAsync(app.B.Store);
        var owner = await app.SignInAsync(app.A, "owner");
        var buyer = await app.SignInAsync(app.A, "buyer");
        foreach (var operation in app.Contract.Operations.Where(o => !o.IsPlatform))
        {
            var token = IsPersonal(operation) ? buyer : owner;
            // What people do to themselves may end their sign-in or their account: somebody else's than is needed below.
            var spare = IsPersonal(operation) && operation.Writes ? await app.SignInAsync(app.A, "neighbour", "customer", "affiliate") : null;
            var named = operation.PathParameters.Where(p => app.B.PathValues.ContainsKey(p.Key)).ToArray();
            foreach (var foreign in named.Length > 1 ? [.. named.Select(p => (Parameter[])[p]), named] : named.Length == 1 ? [named] : (Parameter[][])[])
            {
                await CompareAsync(operation, "store A, ids of B in the address", token, p => Array.IndexOf(foreign, p) >= 0, foreignFields: false);
            }

            if (NamesObjects(operation))
            {
                await CompareAsync(operation, "store A, ids of B in body and query", spare ?? token, _ => false, foreignFields: true);
            }
            else if (named.Length == 0)
            {
                await LookAsync(operation, spare ?? token);
            }

            // A token is of its store, whatever the header says. What guests may write they may write at B too: nothing to prevent there.
            if (operation is { IsOpen: true, Writes: true })
            {
                continue;
            }

            var (status, body) = await app.SendAsync(CallOf(operation, _ => app.B, app.B.FieldValues), app.B.Slug, owner);
            var guest = await app.SendAsync(CallOf(operation, _ => app.B, app.B.FieldValues), app.B.Slug, token: null);
            Note(operation, "token of A at B", status, operation.IsOpen ? status == guest.Status : status == 401, body);
            Note(operation, "guest at B", guest.Status, operation.IsOpen ? IsFineForGuests(operation, guest) : guest.Status == 401, guest.Body);
        }

        await FinishAsync("stores", before);
    }

    [Fact]
    public async Task No_person_reaches_another_of_the_same_store()
    {
        var neighbour = await app.SignInAsync(app.B, "neighbour");
        var before = await app.FingerprintAsync(app.B.Store);
        foreach (var operation in app.Contract.Operations.Where(o => !o.IsOpen || IsPersonal(o)))
        {
            var call = CallOf(operation, _ => app.B, app.B.FieldValues);
            if (IsPersonal(operation))
            {
                if (!operation.PathParameters.Any(p => app.B.PathValues.ContainsKey(p.Key)))
                {
                    // About themselves: nothing of the other person can be named.
                    continue;
                }

                var theirs = await app.SendAsync(call, app.B.Slug, neighbour);
                var absent = await app.SendAsync(CallOf(operation, _ => app.B, app.B.FieldValues, absent: true), app.B.Slug, neighbour);
                var same = theirs.Status == absent.Status && Normal(theirs.Body, operation) == Normal(absent.Body, operation);
                Note(
                    operation, "person A, ids of person B", theirs.Status,
                    OpenByContract.ContainsKey(operation.Name) || (same && theirs.Status is 401 or 403 or 404), theirs.Body);
            }
            else if (operation.Permissions.Count > 0 || operation.IsPlatform)
            {
                var (status, body) = await app.SendAsync(call, app.B.Slug, neighbour);
                Note(operation, "customer", status, status is 401 or 403, body);
            }
        }

        await FinishAsync("people", before);
    }

    [Fact]
    public async Task No_role_and_no_key_does_what_it_lacks_the_permission_for()
    {
        var owner = await app.SignInAsync(app.B, "owner");
        var roles = RolePermissions.Staff.Append("affiliate").Append("customer").ToDictionary(r => r, RolePermissions.Of, StringComparer.Ordinal);
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var role in roles.Keys)
        {
            tokens[role] = await app.SignInAsync(app.B, role);
        }

        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        if (app.Contract.Operations.Any(o => o.Method == HttpMethod.Post && o.Path == "/api/v1/admin/api-keys"))
        {
            foreach (var scope in Permissions.All)
            {
                keys[scope] = await app.IssueKeyAsync(app.B, owner, [.. Permissions.All.Where(s => s != scope)]);
            }
        }

        var before = await app.FingerprintAsync(app.B.Store);
        foreach (var operation in app.Contract.Operations.Where(o => !o.IsOpen && !o.IsPlatform))
        {
            if (operation.Permissions.Count == 0)
            {
                if (operation.Path.Contains("/admin/", StringComparison.Ordinal))
                {
                    Note(operation, "no permission asked for", 0, fine: false, "a route of staff without a permission");
                }

                continue;
            }

            var call = CallOf(operation, _ => app.B, app.B.FieldValues);
            foreach (var (role, _) in roles.Where(r => !operation.Permissions.All(r.Value.Contains)))
            {
                var answer = await app.SendAsync(call, app.B.Slug, tokens[role]);
                Note(operation, "role " + role, answer.Status, answer.Status == 403, answer.Body);
            }

            foreach (var permission in operation.Permissions.Where(keys.ContainsKey))
            {
                var answer = await app.SendAsync(call, app.B.Slug, keys[permission]);
                Note(operation, "key without " + permission, answer.Status, answer.Status == 403, answer.Body);
            }
        }

        await FinishAsync("permissions", before);
    }

    [Fact]
    public async Task The_platform_is_for_its_administrators_alone()
    {
        var callers = new (string Name, string Store, string? Token)[]
        {
            ("guest", app.B.Slug, null),
            ("owner", app.B.Slug, await app.SignInAsync(app.B, "owner")),
            ("buyer", app.B.Slug, await app.SignInAsync(app.B, "buyer")),
        };
        var before = await app.FingerprintAsync(app.B.Store);
        foreach (var operation in app.Contract.Operations.Where(o => o.IsPlatform))
        {
            foreach (var (name, store, token) in callers)
            {
                var (status, body) = await app.SendAsync(CallOf(operation, _ => app.B, app.B.FieldValues), store, token);
                Note(operation, name + " at the platform", status, status is 401 or 403, body);
            }
        }

        await FinishAsync("platform", before);
    }

    /// <summary>Asks for what is B's and for what is nobody's; both must be answered alike, and with nothing of B's.</summary>
    private async Task CompareAsync(Operation operation, string who, string token, Func<Parameter, bool> isForeign, bool foreignFields)
    {
        var theirs = CallOf(operation, p => isForeign(p) ? app.B : app.A, foreignFields ? app.B.FieldValues : app.A.FieldValues);
        var nobodys = CallOf(
            operation, p => isForeign(p) ? null : app.A,
            foreignFields ? app.B.FieldValues.ToDictionary(f => f.Key, f => Plants.Absent(f.Value), StringComparer.Ordinal) : app.A.FieldValues);
        var answer = await app.SendAsync(theirs, app.A.Slug, token);
        var absent = await app.SendAsync(nobodys, app.A.Slug, token);
        var alike = answer.Status == absent.Status && Normal(answer.Body, operation) == Normal(absent.Body, operation);
        var leak = Leak(answer.Body, theirs);
        var reached = foreignFields || answer.Status is 401 or 403 or 404 || (operation.Method == HttpMethod.Put && answer.Status is 200 or 201);
        Note(
            operation, who, answer.Status, alike && leak is null && reached,
            leak is not null ? "holds " + leak : !alike ? $"{answer.Body} -- but for an absent id {absent.Status} {absent.Body}" : answer.Body);
    }

    /// <summary>Calls an operation that names nothing as its own store's staff: the answer must hold nothing of the other's.</summary>
    private async Task LookAsync(Operation operation, string token)
    {
        if (operation.Writes)
        {
            // Writes that name nothing act on the caller's own store; the fingerprint of the other tells.
            var (written, text) = await app.SendAsync(CallOf(operation, _ => app.A, app.A.FieldValues), app.A.Slug, token);
            Note(operation, "store A, own things", written, Leak(text, null) is null && written < 500, text);
            return;
        }

        var call = CallOf(operation, _ => app.A, app.A.FieldValues, query: false);
        var (status, body) = await app.SendAsync(call, app.A.Slug, token);
        Note(operation, "store A, own things", status, Leak(body, call) is null && status < 500, Leak(body, call) is { } leak ? "holds " + leak : body);
    }

    private Call CallOf(
        Operation operation, Func<Parameter, Plants?> plantsOf, IReadOnlyDictionary<string, string> fields, bool absent = false, bool query = true)
    {
        var path = operation.Path;
        foreach (var parameter in operation.PathParameters)
        {
            var value = SharedNames.TryGetValue(parameter.Key, out var shared) ? shared
                : !app.B.PathValues.ContainsKey(parameter.Key) ? "unplanted"
                : !absent && plantsOf(parameter) is { } plants ? plants.PathValues[parameter.Key]
                : Plants.Absent(app.B.PathValues[parameter.Key]);
            path = path.Replace("{" + parameter.Name + "}", Uri.EscapeDataString(value), StringComparison.Ordinal);
        }

        var asked = query
            ? operation.Parameters.Where(p => p.In == "query" && fields.ContainsKey(p.Name)).Select(p => $"{p.Name}={Uri.EscapeDataString(fields[p.Name])}")
                .Concat(operation.Writes && operation.Parameters.Any(p => p is { In: "query", Name: "currency" }) ? ["currency=" + app.A.Currency] : []).ToArray()
            : [];
        var body = Bodies[operation.Name] is { } given ? Fill(given.DeepClone(), fields) : app.Contract.Sample(operation, fields, app.A.Currency);
        // Names that must be free are new each time.
        var text = body?.ToJsonString().Replace("generated", $"generated{++_calls}", StringComparison.OrdinalIgnoreCase);
        return new Call(
            operation.Method, asked.Length > 0 ? path + "?" + string.Join('&', asked) : path,
            operation.Writes && text is not null ? JsonNode.Parse(text) : null);
    }

    /// <summary>Text <c>{variant_id}</c> in a given body stands for the id of that name.</summary>
    private static JsonNode Fill(JsonNode node, IReadOnlyDictionary<string, string> fields) =>
        JsonNode.Parse(PlaceHolder().Replace(node.ToJsonString(), m => fields.GetValueOrDefault(m.Groups["name"].Value, m.Value)))!;

    private bool NamesObjects(Operation operation) =>
        operation.Parameters.Any(p => p.In == "query" && app.B.FieldValues.ContainsKey(p.Name))
        || app.Contract.Fields(operation).Any(app.B.FieldValues.ContainsKey);

    /// <summary>Things of one person: whoever signs in may call, and sees their own.</summary>
    private static bool IsPersonal(Operation operation) =>
        operation.Permissions.Count == 0 && !operation.IsPlatform && !operation.Path.Contains("/admin/", StringComparison.Ordinal)
        && (!operation.IsOpen || operation.Path.Contains("/orders", StringComparison.Ordinal) || OpenByContract.ContainsKey(operation.Name));

    private static bool IsFineForGuests(Operation operation, (int Status, string Body) answer) =>
        answer.Status < 500
        && (answer.Status >= 400 || !IsPersonal(operation) || OpenByContract.ContainsKey(operation.Name) || operation.PathParameters.Any() is false);

    /// <summary>What of B an answer holds that the request did not say; null: nothing.</summary>
    private string? Leak(string body, Call? sent)
    {
        var asked = sent is null ? "" : Uri.UnescapeDataString(sent.Path) + sent.Body?.ToJsonString();
        return app.B.PathValues.Values.Concat(app.B.FieldValues.Values).Append(app.B.Canary).Append(app.B.EmailOf("buyer"))
            .Where(v => v.Length > 8)
            .FirstOrDefault(v => body.Contains(v, StringComparison.Ordinal) && !asked.Contains(v, StringComparison.Ordinal));
    }

    /// <summary>An answer without what must differ: the request's id, and the names that were asked for.</summary>
    private string Normal(string body, Operation operation)
    {
        body = RequestIds().Replace(body, "");
        foreach (var value in operation.PathParameters.Where(p => app.B.PathValues.ContainsKey(p.Key)).Select(p => app.B.PathValues[p.Key])
            .Concat(app.B.FieldValues.Values).Append(app.B.Canary))
        {
            body = body.Replace(value, "{}", StringComparison.Ordinal).Replace(Plants.Absent(value), "{}", StringComparison.Ordinal);
        }

        return operation.Writes ? NewNames().Replace(NewIds().Replace(Times().Replace(body, "{time}"), "{id}"), "{new}") : body;
    }

    private void Note(Operation operation, string who, int status, bool fine, string body)
    {
        _rows.Add(new Row(operation.ToString(), operation.Name, who, status, fine));
        if (!fine)
        {
            _faults.Add($"{operation} ({operation.Name}) by {who}: {status} {(body.Length > 600 ? body[..600] : body)}");
        }
    }

    private async Task FinishAsync(string part, SortedDictionary<string, string> before)
    {
        var after = await app.FingerprintAsync(app.B.Store);
        _faults.AddRange(before.Where(t => after[t.Key] != t.Value).Select(t => $"rows of B changed in {t.Key}: {t.Value} -> {after[t.Key]}"));
        var folder = Directory.CreateDirectory(Path.Combine(SourceFolder(), "..", "..", "artifacts", "security")).FullName;
        var attacked = _rows.Select(r => r.Operation).Distinct(StringComparer.Ordinal).Count();
        await File.WriteAllTextAsync(
            Path.Combine(folder, part + ".json"),
            JsonSerializer.Serialize(new { operations = app.Contract.Operations.Count, attacked, calls = _rows.Count, faults = _faults, rows = _rows }, Format));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{part}: {attacked} of {app.Contract.Operations.Count} operations, {_rows.Count} attacks, {_faults.Count} faults"));
        foreach (var who in _rows.GroupBy(r => (r.Who, r.Status)).OrderBy(g => g.Key.Who, StringComparer.Ordinal).ThenBy(g => g.Key.Status))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {who.Key.Who,-40} {who.Key.Status}: {who.Count()}"));
        }

        Assert.True(_faults.Count == 0, string.Join(Environment.NewLine, _faults));
    }

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, ".."));

    [GeneratedRegex("\"request_id\":\"[^\"]*\"", RegexOptions.None, 1000)]
    private static partial Regex RequestIds();

    [GeneratedRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\\+00:00)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Times();

    [GeneratedRegex("generated[0-9]+", RegexOptions.None, 1000)]
    private static partial Regex NewNames();

    [GeneratedRegex("[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}", RegexOptions.None, 1000)]
    private static partial Regex NewIds();

    [GeneratedRegex(@"\{(?<name>[a-z_]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PlaceHolder();

    private sealed record Row(string Operation, string Name, string Who, int Status, bool Fine);
}
