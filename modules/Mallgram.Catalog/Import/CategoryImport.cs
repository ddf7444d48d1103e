using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Import;

/// <summary>
/// Brings a supplier's categories into the store's tree. The mapping table says where each goes; an import makes mappings for categories it
/// has not seen and follows the supplier in its own, but never touches what a person mapped, moved or named.
/// </summary>
internal sealed class CategoryImport(StoreDatabase database, TimeProvider clock)
{
    private const string LoadCategories = "select id, parent_id, slug, name, name_fr, locked_fields from catalog.categories";

    private const string LoadMappings =
        "select external_id, parent_external_id, name, name_fr, category_id, mapped_by from catalog.supplier_categories where supplier = $1";

    private const string UpsertCategories =
        """
        insert into catalog.categories (store_id, id, parent_id, slug, name, name_fr, path)
        select kernel.current_store(), c.*, '' from unnest($1, $2, $3, $4, $5) c
        on conflict (store_id, id) do update set parent_id = excluded.parent_id, name = excluded.name, name_fr = excluded.name_fr
        """;

    private const string UpsertMappings =
        """
        insert into catalog.supplier_categories (store_id, supplier, external_id, parent_external_id, name, name_fr, category_id, mapped_by)
        select kernel.current_store(), $1, m.*, 'import' from unnest($2, $3, $4, $5, $6) m
        on conflict (store_id, supplier, external_id) do update set
            parent_external_id = excluded.parent_external_id, name = excluded.name, name_fr = excluded.name_fr
        """;

    public async Task<ImportResult> ImportAsync(
        string supplier,
        IReadOnlyList<SupplierCategory> categories,
        Func<ImportResult, IReadOnlyList<NpgsqlBatchCommand>> alongside,
        CancellationToken ct)
    {
        var tree = CategoryTree.Build(categories);
        await using var transaction = await database.BeginAsync(ct);
        var (own, mappings) = await LoadAsync(transaction, supplier, ct);
        var slugs = own.Values.Select(c => c.Slug).ToHashSet(StringComparer.Ordinal);
        var places = new Dictionary<string, Guid?>(StringComparer.Ordinal);
        var written = new List<Category>();
        var mapped = new List<(CategoryNode Node, Guid? CategoryId)>();
        int created = 0, updated = 0;
        foreach (var node in tree.Nodes)
        {
            var parentId = node.Parent is null ? null : places[node.Parent.ExternalId];
            if (!mappings.TryGetValue(node.ExternalId, out var mapping))
            {
                var slug = NewSlug(node, parentId is { } id ? own[id].Slug : null, supplier, slugs);
                var made = new Category(PublicId.New(clock), parentId, slug, node.Name, node.NameFr, []);
                own.Add(made.Id, made);
                places.Add(node.ExternalId, made.Id);
                written.Add(made);
                mapped.Add((node, made.Id));
                created++;
                continue;
            }

            // What lies below a category that goes nowhere belongs where its parent does.
            places.Add(node.ExternalId, mapping.CategoryId ?? parentId);
            var said = (node.Name, node.NameFr, node.Parent?.ExternalId);
            var isNews = said != (mapping.Name, mapping.NameFr, mapping.ParentExternalId);
            if (isNews)
            {
                mapped.Add((node, mapping.CategoryId));
                updated++;
            }

            if (isNews && !mapping.IsByPerson && mapping.CategoryId is { } categoryId && own.TryGetValue(categoryId, out var before))
            {
                var after = before with
                {
                    Name = before.Keeps("name") ? before.Name : node.Name,
                    NameFr = before.Keeps("name_fr") ? before.NameFr : node.NameFr,
                    ParentId = node.Parent?.ExternalId == mapping.ParentExternalId || before.Keeps("parent") || before.Keeps("parent_id")
                        || IsAtOrBelow(own, parentId, categoryId)
                        ? before.ParentId
                        : parentId,
                };
                own[categoryId] = after;
                written.Add(after);
            }
        }

        var result = new ImportResult(created, updated, tree.Nodes.Count - created - updated, 0, tree.Problems, []);
        List<NpgsqlBatchCommand> writes = mapped.Count == 0 ? [] : [.. Write(supplier, written, mapped)];
        writes.AddRange(alongside(result));
        if (writes.Count > 0)
        {
            await transaction.ExecuteAsync(ct, writes);
        }

        await transaction.CommitAsync(ct);
        return result;
    }

    private static async Task<(Dictionary<Guid, Category> Own, Dictionary<string, Mapping> Mappings)> LoadAsync(
        StoreTransaction transaction, string supplier, CancellationToken ct)
    {
        var own = new Dictionary<Guid, Category>();
        var mappings = new Dictionary<string, Mapping>(StringComparer.Ordinal);
        await using var rows = await transaction.QueryAsync(
            ct, Sql.Command(LoadCategories), Sql.Command(LoadMappings, Sql.Text(supplier)));
        while (await rows.ReadAsync(ct))
        {
            own.Add(rows.GetGuid(0), new Category(
                rows.GetGuid(0), rows.IsDBNull(1) ? null : rows.GetGuid(1), rows.GetString(2), rows.GetString(3),
                rows.IsDBNull(4) ? null : rows.GetString(4), rows.GetFieldValue<string[]>(5)));
        }

        await rows.NextResultAsync(ct);
        while (await rows.ReadAsync(ct))
        {
            mappings.Add(rows.GetString(0), new Mapping(
                rows.IsDBNull(1) ? null : rows.GetString(1), rows.GetString(2), rows.IsDBNull(3) ? null : rows.GetString(3),
                rows.IsDBNull(4) ? null : rows.GetGuid(4), rows.GetString(5) == "person"));
        }

        return (own, mappings);
    }

    /// <summary>A person may have mapped a supplier's category below its own child: following the supplier there would close a circle.</summary>
    private static bool IsAtOrBelow(Dictionary<Guid, Category> own, Guid? place, Guid categoryId)
    {
        for (var steps = 0; place is { } id && steps <= own.Count; steps++)
        {
            if (id == categoryId)
            {
                return true;
            }

            place = own.TryGetValue(id, out var category) ? category.ParentId : null;
        }

        return false;
    }

    private static string NewSlug(CategoryNode node, string? parentSlug, string supplier, HashSet<string> taken)
    {
        var slug = PlainText.Slug(node.Name);
        if (taken.Add(slug))
        {
            return slug;
        }

        if (parentSlug is not null && taken.Add(parentSlug + "-" + slug))
        {
            return parentSlug + "-" + slug;
        }

        slug += "-" + StableCode.Of(8, supplier, node.ExternalId);
        taken.Add(slug);
        return slug;
    }

    private static IEnumerable<NpgsqlBatchCommand> Write(
        string supplier, List<Category> written, List<(CategoryNode Node, Guid? CategoryId)> mapped)
    {
        if (written.Count > 0)
        {
            yield return Sql.Command(
                UpsertCategories,
                Sql.Uuids([.. written.Select(c => c.Id)]),
                Sql.Uuids([.. written.Select(c => c.ParentId)]),
                Sql.Texts([.. written.Select(c => c.Slug)]),
                Sql.Texts([.. written.Select(c => c.Name)]),
                Sql.Texts([.. written.Select(c => c.NameFr!)]));
            yield return Sql.Command("select catalog.rebuild_category_tree()");
        }

        string[] externalIds = [.. mapped.Select(m => m.Node.ExternalId)];
        yield return Sql.Command(
            UpsertMappings,
            Sql.Text(supplier),
            Sql.Texts(externalIds),
            Sql.Texts([.. mapped.Select(m => m.Node.Parent?.ExternalId!)]),
            Sql.Texts([.. mapped.Select(m => m.Node.Name)]),
            Sql.Texts([.. mapped.Select(m => m.Node.NameFr!)]),
            Sql.Uuids([.. mapped.Select(m => m.CategoryId)]));

        // Products may have come before their category did.
        yield return Sql.Command("select catalog.apply_category_mapping($1, $2, null)", Sql.Text(supplier), Sql.Texts(externalIds));
    }

    /// <param name="Locked">Fields that a person edited.</param>
    private sealed record Category(Guid Id, Guid? ParentId, string Slug, string Name, string? NameFr, string[] Locked)
    {
        public bool Keeps(string field) => Locked.Contains(field, StringComparer.Ordinal);
    }

    private sealed record Mapping(string? ParentExternalId, string Name, string? NameFr, Guid? CategoryId, bool IsByPerson);
}
