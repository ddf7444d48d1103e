using Npgsql;

namespace Mallgram.Stores.Lifecycle;

/// <summary>A table with rows of stores.</summary>
/// <param name="Name">With its schema, quoted where needed.</param>
/// <param name="RefersToItself">Its rows have to leave together.</param>
internal sealed record StoreTable(string Name, IReadOnlyList<string> Columns, bool Walled, bool RefersToItself);

/// <summary>
/// What the database itself knows of its tables: every one that has a <c>store_id</c>, whoever made it. A new module's tables are exported
/// and deleted with the others without a word here.
/// </summary>
internal static class StoreTables
{
    /// <summary>The row that says that the store is being closed; it goes last.</summary>
    public const string Stores = "stores.stores";

    /// <returns>Referring tables before those they refer to.</returns>
    /// <exception cref="InvalidOperationException">Tables refer to each other in a circle.</exception>
    public static async Task<IReadOnlyList<StoreTable>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken ct)
    {
        var tables = new Dictionary<string, StoreTable>(StringComparer.Ordinal);
        var refersTo = new List<(string From, string To)>();
        await using (var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(
                    """
                    select format('%I.%I', n.nspname, c.relname), c.relrowsecurity,
                           array(select a.attname::text from pg_attribute a
                                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum)
                    from pg_class c join pg_namespace n on n.oid = c.relnamespace
                    where c.relkind = 'r' and c.relpersistence = 'p' and pg_get_userbyid(c.relowner) = 'mallgram_owner'
                      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'store_id' and not a.attisdropped)
                    order by 1
                    """),
                new NpgsqlBatchCommand(
                    """
                    select format('%I.%I', fn.nspname, f.relname), format('%I.%I', tn.nspname, t.relname)
                    from pg_constraint k join pg_class f on f.oid = k.conrelid join pg_namespace fn on fn.oid = f.relnamespace
                    join pg_class t on t.oid = k.confrelid join pg_namespace tn on tn.oid = t.relnamespace
                    where k.contype = 'f'
                    """),
            },
        })
        {
            await using var reader = await batch.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                tables.Add(
                    reader.GetString(0),
                    new StoreTable(reader.GetString(0), reader.GetFieldValue<string[]>(2), reader.GetBoolean(1), RefersToItself: false));
            }

            await reader.NextResultAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                refersTo.Add((reader.GetString(0), reader.GetString(1)));
            }
        }

        foreach (var (name, _) in refersTo.Where(r => r.From == r.To && tables.ContainsKey(r.From)))
        {
            tables[name] = tables[name] with { RefersToItself = true };
        }

        return Order(tables, [.. refersTo.Where(r => r.From != r.To && tables.ContainsKey(r.From) && tables.ContainsKey(r.To))]);
    }

    private static List<StoreTable> Order(Dictionary<string, StoreTable> tables, List<(string From, string To)> refersTo)
    {
        var ordered = new List<StoreTable>();
        var left = new SortedSet<string>(tables.Keys, StringComparer.Ordinal);
        while (left.Count > 0)
        {
            var free = left.Where(name => !refersTo.Exists(r => r.To == name && left.Contains(r.From))).ToList();
            if (free.Count == 0)
            {
                throw new InvalidOperationException("Tables refer to each other in a circle: " + string.Join(", ", left));
            }

            foreach (var name in free)
            {
                ordered.Add(tables[name]);
                left.Remove(name);
            }
        }

        return ordered;
    }
}
