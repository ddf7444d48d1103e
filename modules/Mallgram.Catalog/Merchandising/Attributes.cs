using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <summary>A typed attribute of the store's products.</summary>
/// <param name="Code">Stands in products; never changes.</param>
/// <param name="Kind"><c>text</c>, <c>number</c>, <c>boolean</c> or <c>choice</c>; never changes.</param>
/// <param name="CategoryId">For products of this category and below only.</param>
/// <param name="FromSpecification">Imports fill it from the supplier's specification of this name.</param>
internal sealed record AttributeView(
    string Code,
    string Name,
    string? NameFr,
    string Kind,
    string? Unit,
    IReadOnlyList<string> Choices,
    string? CategoryId,
    string? FromSpecification,
    bool Filterable,
    int Position);

internal sealed record AttributeList(IReadOnlyList<AttributeView> Data);

internal sealed record AttributeInput
{
    /// <summary>Lower-case letters, digits and underscores; only where an attribute is made.</summary>
    public string? Code { get; init; }

    /// <summary>Only where an attribute is made.</summary>
    public string? Kind { get; init; }

    public string? Name { get; init; }

    public string? NameFr { get; init; }

    public string? Unit { get; init; }

    /// <summary>For <c>choice</c>: at least one, at most 200.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    public string? CategoryId { get; init; }

    public string? FromSpecification { get; init; }

    public bool? Filterable { get; init; }

    public int? Position { get; init; }
}

/// <summary>Attributes are few: they are listed whole.</summary>
internal sealed partial class Attributes(StoreDatabase database)
{
    private static readonly string[] Kinds = ["text", "number", "boolean", "choice"];

    public async Task<AttributeList> ListAsync(CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            select code, name, name_fr, kind, unit, choices, category_id, from_specification, filterable, position
            from catalog.attributes order by position, code
            """));
        var rows = reader.Rows;
        var data = new List<AttributeView>();
        while (await rows.ReadAsync(ct))
        {
            data.Add(new AttributeView(
                rows.GetString(0), rows.GetString(1), rows.IsDBNull(2) ? null : rows.GetString(2), rows.GetString(3),
                rows.IsDBNull(4) ? null : rows.GetString(4), rows.GetFieldValue<string[]>(5),
                rows.IsDBNull(6) ? null : PublicId.Format(PublicId.Category, rows.GetGuid(6)), rows.IsDBNull(7) ? null : rows.GetString(7),
                rows.GetBoolean(8), rows.GetInt32(9)));
        }

        return new AttributeList(data);
    }

    /// <exception cref="ProblemException">409 <c>code_taken</c>; 422.</exception>
    public async Task CreateAsync(AttributeInput input, FieldErrors errors, CancellationToken ct)
    {
        if (input.Code is not { } code || !CodePattern().IsMatch(code))
        {
            errors.Add("code", "must be 1 to 60 lower-case letters, digits and underscores, a letter first",
                "doit être 1 à 60 minuscules, chiffres et tirets bas, une lettre d'abord");
        }

        ProductFilter.Word(input.Kind ?? "", "kind", Kinds, errors);
        var name = errors.Name(input.Name, "name", 120);
        var choices = ReadChoices(input.Choices ?? [], errors);
        if ((input.Kind == "choice") != (choices.Length > 0))
        {
            errors.Add("choices", "are for the kind choice, which needs some", "concernent le type choice, qui en demande");
        }

        var category = errors.Id(PublicId.Category, input.CategoryId, "category_id");
        var (unit, french, specification) = Texts(input, errors);
        errors.ThrowIfAny();
        await using var transaction = await database.BeginAsync(ct);
        await CheckCategoryAsync(transaction, category, ct);
        var made = await transaction.ExecuteAsync(ct, Sql.Command(
            """
            insert into catalog.attributes (store_id, code, name, name_fr, kind, unit, choices, category_id, from_specification, filterable, position)
            values (kernel.current_store(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing
            """,
            Sql.Text(input.Code), Sql.Text(name), Sql.Text(french), Sql.Text(input.Kind), Sql.Text(unit), Sql.Texts(choices), Sql.Uuid(category),
            Sql.Text(specification), Sql.Bool(input.Filterable ?? false), Sql.Int(input.Position ?? 0)));
        if (made == 0)
        {
            throw new ProblemException(MerchandisingProblems.CodeTaken);
        }

        await transaction.CommitAsync(ct);
    }

    /// <exception cref="ProblemException">404; 422.</exception>
    public async Task EditAsync(string code, AttributeInput input, SentFields sent, FieldErrors errors, CancellationToken ct)
    {
        foreach (var fixedField in new[] { "code", "kind" }.Where(sent.Has))
        {
            errors.Add(fixedField, "never changes", "ne change jamais");
        }

        var name = sent.Has("name") ? errors.Name(input.Name, "name", 120) : null;
        var choices = ReadChoices(input.Choices ?? [], errors);
        var category = errors.Id(PublicId.Category, input.CategoryId, "category_id");
        var (unit, french, specification) = Texts(input, errors);
        errors.ThrowIfAny();
        await using var transaction = await database.BeginAsync(ct);
        await CheckCategoryAsync(transaction, category, ct);
        try
        {
            var changed = await transaction.ExecuteAsync(ct, Sql.Command(
                """
                update catalog.attributes set
                    name = coalesce($2, name), name_fr = case when $3 then $4 else name_fr end, unit = case when $5 then $6 else unit end,
                    choices = case when $7 then $8 else choices end, category_id = case when $9 then $10 else category_id end,
                    from_specification = case when $11 then $12 else from_specification end,
                    filterable = coalesce($13, filterable), position = coalesce($14, position)
                where code = $1
                """,
                Sql.Text(code), Sql.Text(name), Sql.Bool(sent.Has("name_fr")), Sql.Text(french), Sql.Bool(sent.Has("unit")), Sql.Text(unit),
                Sql.Bool(sent.Has("choices")), Sql.Texts(choices), Sql.Bool(sent.Has("category_id")), Sql.Uuid(category),
                Sql.Bool(sent.Has("from_specification")), Sql.Text(specification), Sql.Bool(input.Filterable), Sql.Int(input.Position)));
            if (changed == 0)
            {
                throw new ProblemException(MerchandisingProblems.AttributeNotFound);
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CheckViolation)
        {
            FieldChecks.Throw("choices", "are for the kind choice, which needs some", "concernent le type choice, qui en demande");
        }

        await transaction.CommitAsync(ct);
    }

    /// <summary>Takes the attribute away, from products too.</summary>
    /// <exception cref="ProblemException">404.</exception>
    public async Task DeleteAsync(string code, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        if (await transaction.ExecuteAsync(ct, Sql.Command("delete from catalog.attributes where code = $1", Sql.Text(code))) == 0)
        {
            throw new ProblemException(MerchandisingProblems.AttributeNotFound);
        }

        await transaction.ExecuteAsync(ct, Sql.Command(
            """
            with had as (select id from catalog.products where attributes ? $1 order by id for update)
            update catalog.products p set attributes = attributes - $1 from had where p.id = had.id
            """,
            Sql.Text(code)));
        await transaction.CommitAsync(ct);
    }

    private static string[] ReadChoices(IReadOnlyList<string> sent, FieldErrors errors)
    {
        errors.Between(sent.Count, "choices", 0, 200);
        var choices = sent.Take(200).Select(c => PlainText.Line(c, 121)).ToArray();
        if (Array.Exists(choices, c => c.Length is 0 or > 120) || choices.Distinct(StringComparer.Ordinal).Count() < choices.Length)
        {
            errors.Add("choices", "must have 1 to 120 characters each, each once", "doivent avoir chacun de 1 à 120 caractères, une fois chacun");
        }

        return choices;
    }

    private static (string? Unit, string? NameFr, string? Specification) Texts(AttributeInput input, FieldErrors errors)
    {
        errors.Between(input.Position, "position", 0, 10_000);
        return (
            errors.Line(input.Unit, "unit", 20), errors.Line(input.NameFr, "name_fr", 120),
            errors.Line(input.FromSpecification, "from_specification", 120));
    }

    private static async Task CheckCategoryAsync(StoreTransaction transaction, Guid? category, CancellationToken ct)
    {
        await using var rows = await transaction.QueryAsync(
            ct, Sql.Command("select $1 is null or exists (select from catalog.categories where id = $1)", Sql.Uuid(category)));
        await rows.ReadAsync(ct);
        if (!rows.GetBoolean(0))
        {
            FieldChecks.Throw("category_id", "does not exist in this store", "n'existe pas dans cette boutique");
        }
    }

    [System.Text.RegularExpressions.GeneratedRegex("^[a-z][a-z0-9_]{0,59}$", System.Text.RegularExpressions.RegexOptions.None, 1000)]
    private static partial System.Text.RegularExpressions.Regex CodePattern();
}
