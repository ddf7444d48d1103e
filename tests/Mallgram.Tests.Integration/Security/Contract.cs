using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mallgram.Kernel.Access;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Tests.Integration.Security;

/// <summary>A parameter of an operation; a path parameter goes by the segment before it, as <see cref="Plants.PathValues"/> does.</summary>
internal sealed record Parameter(string Name, string In, string? Type, string Key);

/// <summary>One method of one address of the served contract, with what its route asks of callers.</summary>
/// <param name="Schema">Of the JSON body; null when there is none.</param>
/// <param name="Permissions">Each must be held; none: no permission is asked for.</param>
/// <param name="IsOpen">Guests may call it.</param>
/// <param name="IsPlatform">Only platform administrators may.</param>
internal sealed record Operation(
    string Name, HttpMethod Method, string Path, IReadOnlyList<Parameter> Parameters, JsonElement? Schema, IReadOnlyList<string> Permissions,
    bool IsOpen, bool IsPlatform)
{
    public IEnumerable<Parameter> PathParameters => Parameters.Where(p => p.In == "path");

    public bool Writes => Method != HttpMethod.Get && Method != HttpMethod.Head;

    public override string ToString() => $"{Method} {Path}";
}

/// <summary>The contract as it is served, joined with the routes that serve it.</summary>
internal sealed partial class Contract
{
    private readonly JsonElement _schemas;

    private Contract(JsonElement schemas, IReadOnlyList<Operation> operations, IReadOnlyList<string> hidden)
    {
        _schemas = schemas;
        Operations = operations;
        HiddenRoutes = hidden;
    }

    public IReadOnlyList<Operation> Operations { get; }

    /// <summary>Routes that the document leaves out.</summary>
    public IReadOnlyList<string> HiddenRoutes { get; }

    public static async Task<Contract> ReadAsync(MallgramApp app)
    {
        var document = JsonElement.Parse(await app.Http.GetStringAsync("/openapi/v1.json"));
        var routes = ((IEndpointRouteBuilder)app.Api).DataSources.SelectMany(d => d.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Select(m => (Key: m + " " + Normal(e.RoutePattern.RawText!), e)))
            .ToLookup(r => r.Key, r => r.e, StringComparer.OrdinalIgnoreCase);
        var operations = new List<Operation>();
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var method in path.Value.EnumerateObject())
            {
                var route = routes[method.Name + " " + Normal(path.Name)].SingleOrDefault()
                    ?? throw new InvalidOperationException($"No route serves {method.Name} {path.Name}.");
                operations.Add(Read(path.Name, method.Name, method.Value, route));
            }
        }

        var known = operations.Select(o => o.Method + " " + Normal(o.Path)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new Contract(
            document.GetProperty("components").GetProperty("schemas"),
            [.. operations.OrderBy(o => o.Path, StringComparer.Ordinal).ThenBy(o => o.Method.Method, StringComparer.Ordinal)],
            [.. routes.Select(r => r.Key).Where(r => !known.Contains(r) && r.Contains(" /api/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)]);
    }

    /// <summary>
    /// A body that looks right: every field of the schema, values by the field's name. Fields that name objects take what
    /// <paramref name="ids"/> has for them.
    /// </summary>
    public JsonNode? Sample(Operation operation, IReadOnlyDictionary<string, string> ids, string currency) =>
        operation.Schema is { } schema ? Sample(schema, "", ids, currency, 0) : null;

    /// <summary>Names of the fields that a body takes, at any depth.</summary>
    public HashSet<string> Fields(Operation operation)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        if (operation.Schema is { } schema)
        {
            Collect(schema, found, 0);
        }

        return found;
    }

    /// <summary>Names of all fields that answers have.</summary>
    public HashSet<string> AllFields()
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var schema in _schemas.EnumerateObject())
        {
            Collect(schema.Value, found, 0);
        }

        return found;
    }

    private static Operation Read(string path, string method, JsonElement operation, RouteEndpoint route)
    {
        var parameters = new List<Parameter>();
        if (operation.TryGetProperty("parameters", out var list))
        {
            foreach (var p in list.EnumerateArray())
            {
                var name = p.GetProperty("name").GetString()!;
                var place = p.GetProperty("in").GetString()!;
                var type = p.TryGetProperty("schema", out var s) && s.TryGetProperty("type", out var t) ? t.ToString() : null;
                parameters.Add(new Parameter(name, place, type, place == "path" ? KeyOf(path, name) : name));
            }
        }

        JsonElement? schema = operation.TryGetProperty("requestBody", out var body)
            && body.GetProperty("content").TryGetProperty("application/json", out var json) && json.TryGetProperty("schema", out var found)
                ? found
                : null;
        var permissions = route.Metadata.OfType<PermissionRequirement>().Select(p => p.Permission).Distinct(StringComparer.Ordinal).ToArray();
        var platform = route.Metadata.OfType<PlatformRequirement>().Any();
        var open = !platform && permissions.Length == 0
            && !route.Metadata.OfType<IAuthorizeData>().Any() && !route.Metadata.OfType<AuthorizationPolicy>().Any();
        return new Operation(
            operation.TryGetProperty("operationId", out var id) ? id.GetString()! : $"{method.ToUpperInvariant()} {path}",
            HttpMethod.Parse(method), path, parameters, schema, permissions, open, platform);
    }

    private static string KeyOf(string path, string name)
    {
        var segments = path.Split('/');
        var at = Array.IndexOf(segments, "{" + name + "}");
        return segments[at - 1] + "/{" + name + "}";
    }

    /// <summary>Without constraints of parameters and without a slash at the end.</summary>
    private static string Normal(string path) => Constraint().Replace("/" + path.Trim('/'), "{${name}}");

    private JsonElement Resolve(JsonElement schema)
    {
        while (schema.ValueKind == JsonValueKind.Object)
        {
            if (schema.TryGetProperty("$ref", out var reference))
            {
                schema = _schemas.GetProperty(reference.GetString()!.Split('/')[^1]);
            }
            else if ((schema.TryGetProperty("oneOf", out var several) || schema.TryGetProperty("anyOf", out several)) && several.GetArrayLength() > 0)
            {
                schema = several.EnumerateArray().FirstOrDefault(s => !IsNull(s), several[0]);
            }
            else
            {
                break;
            }
        }

        return schema;
    }

    private static bool IsNull(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out var type)
        && type.ValueKind == JsonValueKind.String && type.ValueEquals("null");

    private static string TypeOf(JsonElement schema) => !schema.TryGetProperty("type", out var type)
        ? (schema.TryGetProperty("properties", out _) ? "object" : "any")
        : type.ValueKind == JsonValueKind.Array
            ? type.EnumerateArray().Select(t => t.GetString()!).First(t => t != "null")
            : type.GetString()!;

    private JsonNode? Sample(JsonElement schema, string name, IReadOnlyDictionary<string, string> ids, string currency, int depth)
    {
        schema = Resolve(schema);
        if (schema.ValueKind != JsonValueKind.Object || depth > 6)
        {
            return null;
        }

        if (schema.TryGetProperty("enum", out var words) && words.EnumerateArray().FirstOrDefault(w => w.ValueKind == JsonValueKind.String) is { ValueKind: JsonValueKind.String } word)
        {
            return word.GetString();
        }

        switch (TypeOf(schema))
        {
            case "object":
                var result = new JsonObject();
                if (schema.TryGetProperty("properties", out var properties))
                {
                    foreach (var property in properties.EnumerateObject())
                    {
                        result[property.Name] = Sample(property.Value, property.Name, ids, currency, depth + 1);
                    }
                }

                return result;
            case "array":
                return new JsonArray(schema.TryGetProperty("items", out var items) ? Sample(items, name, ids, currency, depth + 1) : null);
            case "integer" or "number":
                return name.Contains("percent", StringComparison.Ordinal) ? 10 : name is "quantity" or "min_quantity" or "min_order_quantity" ? 1 : 100;
            case "boolean":
                return false;
            default:
                return Text(schema, name, ids, currency);
        }
    }

    private static string Text(JsonElement schema, string name, IReadOnlyDictionary<string, string> ids, string currency)
    {
        if (ids.TryGetValue(name, out var id))
        {
            return id;
        }

        var format = schema.TryGetProperty("format", out var f) ? f.GetString() : null;
        return (format, name) switch
        {
            ("date-time", _) => "2027-01-01T00:00:00Z",
            ("date", _) => "2027-01-01",
            ("uuid", _) => "0190a5e0-0000-7000-8000-00000000ab5e",
            (_, "email") => "generated@example.org",
            (_, "phone") => "+27680001111",
            (_, "currency") => currency,
            (_, "country") => "CM",
            (_, "language") => "en",
            (_, "password" or "current_password") => Plants.Password,
            (_, "gateway") => "mtn_momo",
            (_, "method") => "mobile_money",
            (_, "channel") => "b2c",
            (_, "status") => "active",
            (_, "format") => "csv",
            (_, "mode") => "upsert",
            (_, "purpose") => "document",
            (_, "content_type") => "text/plain",
            (_, "kind") => "text",
            (_, "role") => "support",
            (_, "code") => "123456",
            (_, "scopes") => Permissions.ProductsRead,
            _ when name.EndsWith("url", StringComparison.Ordinal) || name is "image" or "images" or "issuer" => "https://example.org/generated",
            _ => "generated",
        };
    }

    private void Collect(JsonElement schema, HashSet<string> found, int depth)
    {
        schema = Resolve(schema);
        if (schema.ValueKind != JsonValueKind.Object || depth > 6)
        {
            return;
        }

        if (schema.TryGetProperty("items", out var items))
        {
            Collect(items, found, depth + 1);
        }

        if (schema.TryGetProperty("properties", out var properties))
        {
            foreach (var property in properties.EnumerateObject())
            {
                found.Add(property.Name);
                Collect(property.Value, found, depth + 1);
            }
        }
    }

    [GeneratedRegex(@"\{\**(?<name>[A-Za-z0-9_]+)[^}]*\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Constraint();
}
