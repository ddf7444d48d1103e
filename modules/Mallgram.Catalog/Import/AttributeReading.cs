using System.Globalization;
using System.Text.Json.Nodes;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Import;

/// <summary>The store's attributes that are filled from suppliers' specifications; see <c>catalog.attributes</c>.</summary>
internal sealed class AttributeReading
{
    private const string Load =
        """
        select a.code, a.kind, a.choices, a.from_specification,
               case when a.category_id is not null
                   then array(select c.descendant_id from catalog.category_closure c where c.ancestor_id = a.category_id) end
        from catalog.attributes a where a.from_specification is not null
        """;

    private readonly ILookup<string, Definition> _bySpecification;

    private AttributeReading(List<Definition> definitions)
    {
        _bySpecification = definitions.ToLookup(d => d.Specification, StringComparer.Ordinal);
        Codes = [.. definitions.Select(d => d.Code)];
    }

    /// <summary>Of all attributes that imports fill.</summary>
    public string[] Codes { get; }

    public static NpgsqlBatchCommand LoadCommand() => Sql.Command(Load);

    public static async Task<AttributeReading> ReadAsync(NpgsqlDataReader rows, CancellationToken ct)
    {
        var definitions = new List<Definition>();
        while (await rows.ReadAsync(ct))
        {
            definitions.Add(new Definition(
                rows.GetString(0), rows.GetString(1), rows.GetFieldValue<string[]>(2), PlainText.Fold(rows.GetString(3).Trim()),
                rows.IsDBNull(4) ? null : rows.GetFieldValue<Guid[]>(4).ToHashSet()));
        }

        return new AttributeReading(definitions);
    }

    /// <summary>JSON object of the values that fit their attribute's kind; what does not fit is left out.</summary>
    public string Read(IReadOnlyList<KeyValuePair<string, string>> specifications, Guid? categoryId)
    {
        if (Codes.Length == 0)
        {
            return "{}";
        }

        var values = new JsonObject();
        foreach (var (name, text) in specifications)
        {
            foreach (var attribute in _bySpecification[PlainText.Fold(name.Trim())])
            {
                var isMeant = attribute.Categories is null || (categoryId is { } id && attribute.Categories.Contains(id));
                if (isMeant && !values.ContainsKey(attribute.Code) && Value(attribute, text.Trim()) is { } value)
                {
                    values.Add(attribute.Code, value);
                }
            }
        }

        return values.ToJsonString();
    }

    private static JsonNode? Value(Definition attribute, string text) => attribute.Kind switch
    {
        "number" => LeadingNumber(text) is { } number ? JsonValue.Create(number) : null,
        "boolean" => PlainText.Fold(text) switch
        {
            "yes" or "true" or "1" or "oui" => JsonValue.Create(true),
            "no" or "false" or "0" or "non" => JsonValue.Create(false),
            _ => null,
        },
        "choice" => attribute.Choices.FirstOrDefault(c => PlainText.Fold(c) == PlainText.Fold(text)) is { } choice
            ? JsonValue.Create(choice)
            : null,
        _ => text.Length == 0 ? null : JsonValue.Create(text),
    };

    /// <summary>"12.5 cm" is 12.5; "about 12" is nothing.</summary>
    private static decimal? LeadingNumber(string text)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiDigit(text[length]) || (text[length] == '.' && length > 0)))
        {
            length++;
        }

        return decimal.TryParse(text.AsSpan(0, length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
    }

    private sealed record Definition(string Code, string Kind, string[] Choices, string Specification, IReadOnlySet<Guid>? Categories);
}
