using Mallgram.Catalog.Import;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Catalog.Bulk;

/// <summary>Categories and attributes of the store as cells name them, kept over the batches of one import.</summary>
internal sealed class CatalogNames(StoreDatabase database, TimeProvider clock)
{
    private readonly Dictionary<string, Guid> _categories = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AttributeDefinition> _attributes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _slugs = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, Guid> Categories => _categories;

    public IReadOnlyDictionary<string, AttributeDefinition> Attributes => _attributes;

    /// <summary>Reads them anew; also after a batch was undone, which may have made categories.</summary>
    public async Task LoadAsync(CancellationToken ct)
    {
        _categories.Clear();
        _attributes.Clear();
        _slugs.Clear();
        await using var reader = await database.QueryAsync(
            ct, Sql.Command("select id, slug, path, path_fr from catalog.categories order by id"),
            Sql.Command("select code, kind, choices from catalog.attributes order by position, code"));
        while (await reader.Rows.ReadAsync(ct))
        {
            var id = reader.Rows.GetGuid(0);
            _slugs.Add(reader.Rows.GetString(1));
            for (var column = 1; column <= 3; column++)
            {
                if (!reader.Rows.IsDBNull(column))
                {
                    _categories.TryAdd(CategoryCells.Key(reader.Rows.GetString(column)), id);
                }
            }
        }

        await reader.Rows.NextResultAsync(ct);
        while (await reader.Rows.ReadAsync(ct))
        {
            _attributes[reader.Rows.GetString(0)] = new AttributeDefinition(
                reader.Rows.GetString(0), reader.Rows.GetString(1), reader.Rows.GetFieldValue<string[]>(2));
        }
    }

    /// <summary>Makes the categories of paths that the store does not have, with their parents.</summary>
    public async Task CreateCategoriesAsync(StoreTransaction transaction, IEnumerable<string> cells, bool isDryRun, CancellationToken ct)
    {
        var made = new List<(Guid Id, Guid? ParentId, string Slug, string Name, string Path)>();
        foreach (var cell in cells.Distinct(StringComparer.Ordinal))
        {
            var path = "";
            Guid? parent = null;
            var parts = CategoryCells.Names(cell);
            if (parts.Length is 0 or > 10 || Array.Exists(parts, n => n.Length > 200 || PlainText.Line(n, 200) != n) || _categories.ContainsKey(CategoryCells.Key(cell)))
            {
                // Left for the row to report, or known.
                continue;
            }

            foreach (var name in parts)
            {
                path = path.Length == 0 ? name : path + " > " + name;
                if (!_categories.TryGetValue(CategoryCells.Key(path), out var id))
                {
                    id = PublicId.New(clock);
                    var slug = PlainText.Slug(name);
                    if (!_slugs.Add(slug))
                    {
                        slug += "-" + StableCode.Of(8, "path", path);
                        _slugs.Add(slug);
                    }

                    made.Add((id, parent, slug, name, path));
                    _categories[CategoryCells.Key(path)] = id;
                    _categories.TryAdd(slug, id);
                }

                parent = id;
            }
        }

        if (made.Count > 0 && !isDryRun)
        {
            await transaction.ExecuteAsync(
                ct,
                Sql.Command(
                    """
                    insert into catalog.categories (store_id, id, parent_id, slug, name, path)
                    select kernel.current_store(), c.* from unnest($1, $2, $3, $4, $5) c
                    """,
                    Sql.Uuids([.. made.Select(m => m.Id)]),
                    Sql.Uuids([.. made.Select(m => m.ParentId)]),
                    Sql.Texts([.. made.Select(m => m.Slug)]), Sql.Texts([.. made.Select(m => m.Name)]), Sql.Texts([.. made.Select(m => m.Path)])),
                Sql.Command("select catalog.rebuild_category_tree()"));
        }
    }
}
