using System.Collections.Concurrent;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;

namespace Mallgram.Sourcing.Alibaba;

/// <summary>Categories that products have named, for suppliers without a list of them. Of the scope's store.</summary>
internal sealed class SeenCategories(StoreDatabase database, StoreScope scope)
{
    private const int LongestId = 40;
    private const int LongestName = 200;

    private readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);

    public async Task<List<SupplierCategory>> ReadAsync(string supplier, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            "select external_id, name from sourcing.seen_categories where supplier = $1 order by external_id", Sql.Text(supplier)));
        var categories = new List<SupplierCategory>();
        while (await reader.Rows.ReadAsync(ct))
        {
            var category = new SupplierCategory(reader.Rows.GetString(0), ParentExternalId: null, reader.Rows.GetString(1), NameFr: null);
            _known[category.ExternalId] = category.Name;
            categories.Add(category);
        }

        return categories;
    }

    /// <summary>Writes only what is new or has another name now; what cannot be an id or a name is passed over.</summary>
    public async Task RememberAsync(string supplier, string externalId, string name, CancellationToken ct)
    {
        name = name.Replace('\0', ' ').Trim();
        name = name.Length <= LongestName ? name : name[..LongestName];
        if (externalId.Length > LongestId || externalId.Contains('\0', StringComparison.Ordinal) || name.Length == 0
            || (_known.TryGetValue(externalId, out var before) && before == name))
        {
            return;
        }

        _known[externalId] = name;
        await database.ExecuteAsync(ct, Sql.Command(
            """
            insert into sourcing.seen_categories as c (store_id, supplier, external_id, name) values ($1, $2, $3, $4)
            on conflict (store_id, supplier, external_id) do update set name = excluded.name where c.name <> excluded.name
            """,
            Sql.Uuid(scope.StoreId), Sql.Text(supplier), Sql.Text(externalId), Sql.Text(name)));
    }
}
