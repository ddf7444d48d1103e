using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mallgram.Catalog.Text;
using Mallgram.Files.Contracts;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <summary>What making and editing a product share.</summary>
internal sealed class ProductWrites(IFiles files)
{
    /// <summary>The last statement of every change: what lists show follows, and the version of the product moves on.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> Finish(Guid[] products) =>
    [
        Sql.Command("update catalog.products set updated_at = now() where id = any($1)", Sql.Uuids(products)),
        Sql.Command("select catalog.refresh_listings($1)", Sql.Uuids(products)),
    ];

    /// <summary>Locks products in id order: two edits never wait for each other in a circle.</summary>
    public static NpgsqlBatchCommand Lock(Guid[] products) =>
        Sql.Command("select id from catalog.products where id = any($1) order by id for update", Sql.Uuids(products));

    /// <exception cref="ProblemException">422: an image names a file that this store does not have.</exception>
    public async Task CheckFilesAsync(IReadOnlyList<(string Field, string Source)> images, CancellationToken ct)
    {
        var errors = new FieldErrors();
        foreach (var (field, source) in images)
        {
            if (FieldChecks.FileOf(source) is { } file
                && await files.FindAsync(file, ct) is not { Purpose: FilePurposes.ProductImage })
            {
                errors.Add(field, "is not an image of this store", "n'est pas une image de cette boutique");
            }
        }

        errors.ThrowIfAny();
    }

    /// <summary>Checks category and attributes against the store's own.</summary>
    /// <param name="category">Of the product after the change.</param>
    /// <param name="before">Attributes it has now, JSON.</param>
    /// <returns>Attributes after the change, JSON; null when none were sent.</returns>
    public static async Task<string?> CheckAsync(
        StoreTransaction transaction,
        ProductInput input,
        ProductChange change,
        Guid? category,
        string before,
        CancellationToken ct)
    {
        if (change.CategoryId is null && input.Attributes is null)
        {
            return null;
        }

        var errors = new FieldErrors();
        var definitions = new Dictionary<string, (string Kind, string[] Choices)>(StringComparer.Ordinal);
        await using (var rows = await transaction.QueryAsync(
            ct,
            Sql.Command("select from catalog.categories where id = $1", Sql.Uuid(category)),
            Sql.Command(
                """
                select a.code, a.kind, a.choices from catalog.attributes a
                where a.category_id is null or exists (
                    select from catalog.category_closure c where c.ancestor_id = a.category_id and c.descendant_id = $1)
                """,
                Sql.Uuid(category))))
        {
            if (!await rows.ReadAsync(ct) && change.CategoryId is not null)
            {
                errors.Add("category_id", "does not exist in this store", "n'existe pas dans cette boutique");
            }

            await rows.NextResultAsync(ct);
            while (await rows.ReadAsync(ct))
            {
                definitions.Add(rows.GetString(0), (rows.GetString(1), rows.GetFieldValue<string[]>(2)));
            }
        }

        var values = JsonNode.Parse(before)!.AsObject();
        foreach (var (code, value) in input.Attributes ?? new Dictionary<string, JsonElement>())
        {
            if (value.ValueKind == JsonValueKind.Null)
            {
                values.Remove(code);
            }
            else if (!definitions.TryGetValue(code, out var definition))
            {
                errors.Add(
                    "attributes." + (code.Length > 60 ? code[..60] : code), "is not an attribute of this product's category",
                    "n'est pas un attribut de la catégorie de ce produit");
            }
            else if (ReadValue(value, definition.Kind, definition.Choices) is { } node)
            {
                values[code] = node;
            }
            else
            {
                var (english, french) = definition.Kind switch
                {
                    "number" => ("must be a number", "doit être un nombre"),
                    "boolean" => ("must be true or false", "doit être true ou false"),
                    "choice" => ("is one of " + string.Join(", ", definition.Choices), "est l'un de " + string.Join(", ", definition.Choices)),
                    _ => ("must be text of 1 to 500 characters", "doit être un texte de 1 à 500 caractères"),
                };
                errors.Add("attributes." + code, english, french);
            }
        }

        errors.ThrowIfAny();
        return input.Attributes is null ? null : values.ToJsonString(MallgramJson.Options);
    }

    public static NpgsqlBatchCommand AddBrand(string slug, string name) => Sql.Command(
        "insert into catalog.brands (store_id, slug, name) values (kernel.current_store(), $1, $2) on conflict do nothing", Sql.Text(slug), Sql.Text(name));

    /// <summary>The brand's own spelling, whatever was typed.</summary>
    public static NpgsqlBatchCommand SetBrand(Guid product, string? slug) => Sql.Command(
        """
        update catalog.products set brand_slug = $2, brand = (select b.name from catalog.brands b where b.slug = $2) where id = $1
        """,
        Sql.Uuid(product), Sql.Text(slug));

    public static string? BrandSlug(string? brand) => brand is null ? null : PlainText.Slug(brand);

    public static NpgsqlBatchCommand SetTags(Guid product, string[] tags) => Sql.Command(
        """
        with gone as (delete from catalog.product_tags where product_id = $1 and tag <> all($2))
        insert into catalog.product_tags (store_id, tag, product_id)
        select kernel.current_store(), t, $1 from unnest($2) t on conflict do nothing
        """,
        Sql.Uuid(product), Sql.Texts(tags));

    /// <summary>An update of the columns of a change; null when there are none.</summary>
    public static NpgsqlBatchCommand? Update(Guid product, ProductChange change)
    {
        var columns = change.Columns.ToList();
        if (columns.Count == 0)
        {
            return null;
        }

        // Column names are this module's own words.
        var sets = columns.Select((c, i) => string.Create(CultureInfo.InvariantCulture, $"{c.Column} = ${i + 2}"));
        var command = Sql.Command("update catalog.products set " + string.Join(", ", sets) + " where id = $1", Sql.Uuid(product));
        foreach (var (_, value) in columns)
        {
            command.Parameters.Add(value());
        }

        return command;
    }

    private static JsonNode? ReadValue(JsonElement value, string kind, string[] choices) => kind switch
    {
        "number" => value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && Math.Abs(number) <= 1_000_000_000_000m
            ? JsonValue.Create(number) : null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? JsonValue.Create(value.GetBoolean()) : null,
        "choice" => value.ValueKind == JsonValueKind.String && choices.Contains(value.GetString()!, StringComparer.Ordinal)
            ? JsonValue.Create(value.GetString()) : null,
        _ => value.ValueKind == JsonValueKind.String && value.GetString()!.Length <= 500 && PlainText.Line(value.GetString(), 500) is { Length: > 0 } text
            ? JsonValue.Create(text) : null,
    };
}
