using Mallgram.Catalog.Merchandising;
using Mallgram.Catalog.Text;
using Mallgram.Files.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;

namespace Mallgram.Catalog.Categories;

/// <param name="Path">Names from the root.</param>
/// <param name="Active">False: not shown, its products are.</param>
/// <param name="Products">Directly in it, hidden ones too.</param>
internal sealed record AdminCategory(
    string Id,
    string? ParentId,
    string Slug,
    string Name,
    string? NameFr,
    string Path,
    int Position,
    bool Active,
    string? Description,
    string? DescriptionFr,
    AdminImage? Image,
    string? SeoTitle,
    string? SeoTitleFr,
    string? SeoDescription,
    string? SeoDescriptionFr,
    IReadOnlyList<string> LockedFields,
    long Products,
    DateTimeOffset UpdatedAt);

internal sealed record AdminCategoryList(IReadOnlyList<AdminCategory> Data);

internal sealed record CategoryInput
{
    /// <summary>Made of the name when left out.</summary>
    public string? Slug { get; init; }

    public string? Name { get; init; }

    public string? NameFr { get; init; }

    /// <summary>Null: a root.</summary>
    public string? ParentId { get; init; }

    /// <summary>Among its sisters, lowest first.</summary>
    public int? Position { get; init; }

    public bool? Active { get; init; }

    public string? Description { get; init; }

    public string? DescriptionFr { get; init; }

    public string? Image { get; init; }

    public string? SeoTitle { get; init; }

    public string? SeoTitleFr { get; init; }

    public string? SeoDescription { get; init; }

    public string? SeoDescriptionFr { get; init; }

    /// <summary>Fields that imports may write again.</summary>
    public IReadOnlyList<string>? Unlock { get; init; }
}

/// <summary>The store's own tree. What a person set, imports leave alone.</summary>
internal sealed class CategoryAdmin(StoreDatabase database, ProductWrites writes, IImageAddresses images, TimeProvider clock)
{
    // Two moves at once could make a circle that neither sees.
    private const string LockTree = "select pg_advisory_xact_lock(hashtextextended('catalog.categories:' || kernel.current_store(), 0))";

    private static readonly string[] Fields =
    [
        "slug", "name", "name_fr", "parent_id", "position", "active", "description", "description_fr", "image", "seo_title", "seo_title_fr",
        "seo_description", "seo_description_fr",
    ];

    /// <summary>The whole tree, parents before their children.</summary>
    public async Task<AdminCategoryList> ListAsync(CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            select c.id, c.parent_id, c.slug, c.name, c.name_fr, c.path, c.position, c.active, c.description, c.description_fr, c.image, c.seo_title,
                   c.seo_title_fr, c.seo_description, c.seo_description_fr, c.locked_fields, coalesce(n.products, 0), c.updated_at
            from catalog.categories c
            left join (select category_id, count(*) as products from catalog.products where category_id is not null group by category_id) n
                on n.category_id = c.id
            left join lateral (
                select array_agg(lpad(a.position::text, 10, '0') || a.name order by t.depth desc) as place
                from catalog.category_closure t join catalog.categories a on a.store_id = t.store_id and a.id = t.ancestor_id
                where t.store_id = c.store_id and t.descendant_id = c.id) o on true
            order by o.place, c.id
            """));
        var rows = reader.Rows;
        string? Text(int column) => rows.IsDBNull(column) ? null : rows.GetString(column);
        var data = new List<AdminCategory>();
        while (await rows.ReadAsync(ct))
        {
            data.Add(new AdminCategory(
                PublicId.Format(PublicId.Category, rows.GetGuid(0)), rows.IsDBNull(1) ? null : PublicId.Format(PublicId.Category, rows.GetGuid(1)),
                rows.GetString(2), rows.GetString(3), Text(4), rows.GetString(5), rows.GetInt32(6), rows.GetBoolean(7), Text(8), Text(9),
                Text(10) is { } image ? new AdminImage(image, images.Of(image)) : null, Text(11), Text(12), Text(13), Text(14),
                rows.GetFieldValue<string[]>(15), rows.GetInt64(16), rows.GetFieldValue<DateTimeOffset>(17)));
        }

        return new AdminCategoryList(data);
    }

    /// <returns>Public id.</returns>
    /// <exception cref="ProblemException">409 <c>slug_taken</c>; 422.</exception>
    public async Task<string> CreateAsync(CategoryInput input, SentFields sent, FieldErrors errors, CancellationToken ct)
    {
        var name = errors.Name(input.Name, "name", 200);
        var columns = Read(input, sent, name, errors);
        errors.ThrowIfAny();
        await writes.CheckFilesAsync(input.Image is null ? [] : [("image", input.Image)], ct);
        var id = PublicId.New(clock);
        await using var transaction = await database.BeginAsync(ct);
        await WriteAsync(
            transaction,
            [
                Sql.Command(
                    "insert into catalog.categories (store_id, id, slug, name, path) values (kernel.current_store(), $1, $2, $3, $3)",
                    Sql.Uuid(id), Sql.Text(input.Slug ?? PlainText.Slug(name)), Sql.Text(name)),
                Update(id, columns, sent, []),
            ],
            input,
            ct);
        return PublicId.Format(PublicId.Category, id);
    }

    /// <exception cref="ProblemException">404; 409 <c>slug_taken</c>; 422, also <c>category_cycle</c>.</exception>
    public async Task EditAsync(string id, CategoryInput input, SentFields sent, FieldErrors errors, CancellationToken ct)
    {
        var name = sent.Has("name") ? errors.Name(input.Name, "name", 200) : null;
        if (sent.Has("slug") && input.Slug is null)
        {
            errors.Add("slug", "cannot be emptied", "ne peut pas être vidé");
        }

        var columns = Read(input, sent, name, errors);
        errors.ThrowIfAny();
        await writes.CheckFilesAsync(input.Image is null ? [] : [("image", input.Image)], ct);
        var category = Id(id);
        await using var transaction = await database.BeginAsync(ct);
        await using (var rows = await transaction.QueryAsync(
            ct, Sql.Command(LockTree), Sql.Command("select from catalog.categories where id = $1 for update", Sql.Uuid(category))))
        {
            await rows.NextResultAsync(ct);
            if (!await rows.ReadAsync(ct))
            {
                throw new ProblemException(MerchandisingProblems.CategoryNotFound);
            }
        }

        await WriteAsync(transaction, [Update(category, columns, sent, input.Unlock ?? [])], input, ct);
    }

    /// <param name="moveTo">Where its products, the categories below it and what suppliers call by it go; null: it must be empty.</param>
    /// <exception cref="ProblemException">404; 409 <c>category_not_empty</c>; 422, also <c>category_cycle</c>.</exception>
    public async Task DeleteAsync(string id, string? moveTo, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var target = errors.Id(PublicId.Category, moveTo, "move_to");
        errors.ThrowIfAny();
        var category = Id(id);
        await using var transaction = await database.BeginAsync(ct);
        var products = new List<Guid>();
        bool hasMore;
        await using (var rows = await transaction.QueryAsync(
            ct,
            Sql.Command(LockTree),
            Sql.Command(
                """
                select exists (select from catalog.categories t where t.id = $2 and t.id <> $1),
                       exists (select from catalog.categories x where x.parent_id = $1) or exists (select from catalog.attributes a where a.category_id = $1)
                from catalog.categories where id = $1 for update
                """,
                Sql.Uuid(category), Sql.Uuid(target)),
            Sql.Command("select id from catalog.products where category_id = $1 order by id for update", Sql.Uuid(category))))
        {
            await rows.NextResultAsync(ct);
            if (!await rows.ReadAsync(ct))
            {
                throw new ProblemException(MerchandisingProblems.CategoryNotFound);
            }

            if (target is not null && !rows.GetBoolean(0))
            {
                FieldChecks.Throw("move_to", "is not another category of this store", "n'est pas une autre catégorie de cette boutique");
            }

            hasMore = rows.GetBoolean(1);
            await rows.NextResultAsync(ct);
            while (await rows.ReadAsync(ct))
            {
                products.Add(rows.GetGuid(0));
            }
        }

        if (target is null && (hasMore || products.Count > 0))
        {
            throw new ProblemException(MerchandisingProblems.CategoryNotEmpty);
        }

        await RunAsync(
            transaction,
            [
                Sql.Command("update catalog.products set category_id = $2 where id = any($1)", Sql.Uuids([.. products]), Sql.Uuid(target)),
                Sql.Command("update catalog.categories set parent_id = $2 where parent_id = $1", Sql.Uuid(category), Sql.Uuid(target)),
                Sql.Command("update catalog.attributes set category_id = $2 where category_id = $1", Sql.Uuid(category), Sql.Uuid(target)),
                // What comes from a supplier under that name goes where the products went, or one level up.
                Sql.Command(
                    """
                    update catalog.supplier_categories s set mapped_by = 'person',
                        category_id = coalesce($2, (select c.parent_id from catalog.categories c where c.id = $1))
                    where s.category_id = $1
                    """,
                    Sql.Uuid(category), Sql.Uuid(target)),
                Sql.Command("delete from catalog.categories where id = $1", Sql.Uuid(category)),
                Sql.Command("select catalog.rebuild_category_tree()"),
                .. products.Count == 0 ? Array.Empty<NpgsqlBatchCommand>() : ProductWrites.Finish([.. products]),
            ],
            ct);
    }

    private static Guid Id(string id) =>
        PublicId.TryParse(PublicId.Category, id, out var category) ? category : throw new ProblemException(MerchandisingProblems.CategoryNotFound);

    private static List<(string Column, NpgsqlParameter Value)> Read(CategoryInput input, SentFields sent, string? name, FieldErrors errors)
    {
        errors.Slug(input.Slug, "slug");
        errors.Image(input.Image, "image");
        errors.Between(input.Position, "position", 0, 1_000_000);
        foreach (var _ in (input.Unlock ?? []).Where(f => !Fields.Contains(f, StringComparer.Ordinal) || sent.Has(f)).Take(1))
        {
            errors.Add("unlock", "names fields that are not set here", "nomme des champs qui ne sont pas définis ici");
        }

        var parent = errors.Id(PublicId.Category, input.ParentId, "parent_id");
        var values = new Dictionary<string, Func<NpgsqlParameter>>(StringComparer.Ordinal)
        {
            ["slug"] = () => Sql.Text(input.Slug),
            ["name"] = () => Sql.Text(name),
            ["name_fr"] = () => Sql.Text(errors.Line(input.NameFr, "name_fr", 200)),
            ["parent_id"] = () => Sql.Uuid(parent),
            ["position"] = () => Sql.Int(input.Position ?? 0),
            ["active"] = () => Sql.Bool(input.Active ?? true),
            ["description"] = () => Sql.Text(errors.Block(input.Description, "description", 5000)),
            ["description_fr"] = () => Sql.Text(errors.Block(input.DescriptionFr, "description_fr", 5000)),
            ["image"] = () => Sql.Text(input.Image),
            ["seo_title"] = () => Sql.Text(errors.Line(input.SeoTitle, "seo_title", 200)),
            ["seo_title_fr"] = () => Sql.Text(errors.Line(input.SeoTitleFr, "seo_title_fr", 200)),
            ["seo_description"] = () => Sql.Text(errors.Line(input.SeoDescription, "seo_description", 500)),
            ["seo_description_fr"] = () => Sql.Text(errors.Line(input.SeoDescriptionFr, "seo_description_fr", 500)),
        };
        return [.. Fields.Where(f => sent.Has(f) && !(f == "slug" && input.Slug is null)).Select(f => (f, values[f]()))];
    }

    private static NpgsqlBatchCommand Update(
        Guid id, List<(string Column, NpgsqlParameter Value)> columns, SentFields sent, IReadOnlyList<string> unlock)
    {
        var sets = columns.Select((c, i) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{c.Column} = ${i + 4}, "));
        var command = Sql.Command(
            $"""
            update catalog.categories set {string.Concat(sets)}
                locked_fields = array(select f from unnest(locked_fields || $2) f where f <> all($3) group by f order by f)
            where id = $1
            """,
            Sql.Uuid(id), Sql.Texts([.. Fields.Where(sent.Has)]), Sql.Texts([.. unlock]));
        foreach (var (_, value) in columns)
        {
            command.Parameters.Add(value);
        }

        return command;
    }

    private static async Task WriteAsync(StoreTransaction transaction, List<NpgsqlBatchCommand> commands, CategoryInput input, CancellationToken ct)
    {
        if (PublicId.TryParse(PublicId.Category, input.ParentId, out var parent))
        {
            await using var rows = await transaction.QueryAsync(
                ct, Sql.Command(LockTree), Sql.Command("select from catalog.categories where id = $1", Sql.Uuid(parent)));
            await rows.NextResultAsync(ct);
            if (!await rows.ReadAsync(ct))
            {
                FieldChecks.Throw("parent_id", "does not exist in this store", "n'existe pas dans cette boutique");
            }
        }

        await RunAsync(transaction, [.. commands, Sql.Command("select catalog.rebuild_category_tree()")], ct);
    }

    private static async Task RunAsync(StoreTransaction transaction, IReadOnlyList<NpgsqlBatchCommand> commands, CancellationToken ct)
    {
        try
        {
            await transaction.ExecuteAsync(ct, commands);
            await transaction.CommitAsync(ct);
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "categories_store_id_slug_key" })
        {
            throw new ProblemException(MerchandisingProblems.SlugTaken);
        }
        catch (PostgresException e) when (
            e is { SqlState: PostgresErrorCodes.CheckViolation } && (e.ConstraintName == "category_cycle" || e.TableName == "categories"))
        {
            throw new ProblemException(MerchandisingProblems.CategoryCycle);
        }
    }
}
