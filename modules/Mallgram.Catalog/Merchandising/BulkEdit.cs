using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <summary>Body of <c>POST /admin/products/bulk</c>: which products, and what becomes of all of them.</summary>
/// <param name="Ids">At most 1,000; instead of a filter.</param>
/// <param name="Filter">As the list takes it; an empty one means every product.</param>
internal sealed record BulkEditInput(IReadOnlyList<string>? Ids, ProductFilterInput? Filter, BulkSet? Set);

/// <summary>What is left out stays as it is.</summary>
/// <param name="CategoryId">Empty text: no category.</param>
/// <param name="Brand">Name; empty text: no brand.</param>
/// <param name="Status"><c>hidden</c> and <c>active</c> undo each other. What a supplier delisted stays hidden.</param>
internal sealed record BulkSet(string? CategoryId, BulkTags? Tags, bool? Featured, string? Status, string? Brand);

internal sealed record BulkTags(IReadOnlyList<string>? Add, IReadOnlyList<string>? Remove);

/// <param name="Matched">Products that were meant and exist.</param>
/// <param name="Changed">Of them, those that look different now.</param>
/// <param name="Skipped">Of them, those that cannot be shown because their supplier delisted them.</param>
internal sealed record BulkEditResult(int Matched, int Changed, int Skipped);

/// <summary>One change to many products: a statement a field, whatever the number of products.</summary>
internal sealed class BulkEdit(StoreDatabase database)
{
    public const int MostIds = 1000;
    public const int MostFiltered = 20_000;

    /// <exception cref="ProblemException">422, also <c>too_many_products</c>.</exception>
    public async Task<BulkEditResult> EditAsync(BulkEditInput input, FieldErrors errors, CancellationToken ct)
    {
        var ids = ReadIds(input, errors);
        var filter = input.Filter is null ? null : ProductFilter.Parse(input.Filter, errors, "filter.");
        var set = input.Set;
        if (set is null or { CategoryId: null, Tags: null, Featured: null, Status: null, Brand: null })
        {
            errors.Add("set", "says nothing to change", "n'indique rien à modifier");
        }

        ProductFilter.Word(set?.Status, "set.status", ["active", "hidden"], errors);
        var category = string.IsNullOrEmpty(set?.CategoryId) ? null : errors.Id(PublicId.Category, set.CategoryId, "set.category_id");
        var brand = errors.Line(set?.Brand, "set.brand", 120);
        var add = ProductChange.ReadTags(set?.Tags?.Add ?? [], "set.tags.add", errors);
        var remove = ProductChange.ReadTags(set?.Tags?.Remove ?? [], "set.tags.remove", errors);
        errors.ThrowIfAny();

        await using var transaction = await database.BeginAsync(ct);
        var products = await FindAsync(transaction, ids, filter, ct);
        if (category is not null)
        {
            await using var rows = await transaction.QueryAsync(
                ct, Sql.Command("select from catalog.categories where id = $1", Sql.Uuid(category)));
            if (!await rows.ReadAsync(ct))
            {
                FieldChecks.Throw("set.category_id", "does not exist in this store", "n'existe pas dans cette boutique");
            }
        }

        if (products.Length == 0)
        {
            return new BulkEditResult(0, 0, 0);
        }

        var changed = new HashSet<Guid>();
        foreach (var command in Commands(set!, products, category, brand, add, remove))
        {
            await using var rows = await transaction.QueryAsync(ct, command);
            do
            {
                while (rows.FieldCount > 0 && await rows.ReadAsync(ct))
                {
                    changed.Add(rows.GetGuid(0));
                }
            }
            while (await rows.NextResultAsync(ct));
        }

        var skipped = set!.Status == "active" ? await CountDelistedAsync(transaction, products, ct) : 0;
        await transaction.ExecuteAsync(ct, ProductWrites.Finish([.. changed.Order()]));
        await transaction.CommitAsync(ct);
        return new BulkEditResult(products.Length, changed.Count, skipped);
    }

    private static Guid[]? ReadIds(BulkEditInput input, FieldErrors errors)
    {
        if (input.Ids is null == input.Filter is null)
        {
            errors.Add("ids", "are needed, or a filter, not both", "sont demandés, ou filter, pas les deux");
        }

        if (input.Ids is null)
        {
            return null;
        }

        errors.Between(input.Ids.Count, "ids", 1, MostIds);
        // An id that is none of ours names nothing, as one of another store does.
        return [.. input.Ids.Take(MostIds).Select(i => PublicId.TryParse(PublicId.Product, i, out var id) ? id : Guid.Empty).Distinct()];
    }

    private static async Task<Guid[]> FindAsync(StoreTransaction transaction, Guid[]? ids, ProductFilter? filter, CancellationToken ct)
    {
        NpgsqlBatchCommand command;
        if (ids is not null)
        {
            command = ProductWrites.Lock(ids);
        }
        else
        {
            command = Sql.Command(
                $"select p.id from catalog.products p where {filter!.Where} order by p.id limit {MostFiltered + 1} for update of p");
            foreach (var parameter in filter.Parameters)
            {
                command.Parameters.Add(parameter);
            }
        }

        var found = new List<Guid>();
        await using var rows = await transaction.QueryAsync(ct, command);
        while (await rows.ReadAsync(ct))
        {
            found.Add(rows.GetGuid(0));
        }

        return found.Count <= MostFiltered ? [.. found] : throw new ProblemException(MerchandisingProblems.TooManyProducts, MostFiltered);
    }

    // Each statement returns the ids of what it changed. A supplier's product keeps what a person set: its field is locked.
    private static IEnumerable<NpgsqlBatchCommand> Commands(BulkSet set, Guid[] products, Guid? category, string? brand, string[] add, string[] remove)
    {
        if (set.CategoryId is not null)
        {
            yield return Sql.Command(
                """
                update catalog.products set category_id = $2, locked_fields = case
                    when supplier is null or 'category_id' = any(locked_fields) then locked_fields else locked_fields || array['category_id'] end
                where id = any($1) and (category_id is distinct from $2 or (supplier is not null and 'category_id' <> all(locked_fields))) returning id
                """,
                Sql.Uuids(products), Sql.Uuid(category));
        }

        if (set.Brand is not null)
        {
            var slug = ProductWrites.BrandSlug(brand);
            if (slug is not null)
            {
                yield return ProductWrites.AddBrand(slug, brand!);
            }

            yield return Sql.Command(
                """
                update catalog.products set brand_slug = $2, brand = (select b.name from catalog.brands b where b.slug = $2), locked_fields = case
                    when supplier is null or 'brand' = any(locked_fields) then locked_fields else locked_fields || array['brand'] end
                where id = any($1) and (brand_slug is distinct from $2 or (supplier is not null and 'brand' <> all(locked_fields))) returning id
                """,
                Sql.Uuids(products), Sql.Text(slug));
        }

        if (set.Featured is { } featured)
        {
            yield return Sql.Command(
                "update catalog.products set featured = $2 where id = any($1) and featured <> $2 returning id", Sql.Uuids(products), Sql.Bool(featured));
        }

        if (set.Status is { } status)
        {
            yield return Sql.Command(
                status == "hidden"
                    ? "update catalog.products set status = 'hidden', hidden_by = 'staff' where id = any($1) and status = 'active' returning id"
                    : "update catalog.products set status = 'active', hidden_by = null where id = any($1) and hidden_by <> 'supplier' returning id",
                Sql.Uuids(products));
        }

        if (remove.Length > 0)
        {
            yield return Sql.Command(
                "delete from catalog.product_tags where product_id = any($1) and tag = any($2) returning product_id", Sql.Uuids(products), Sql.Texts(remove));
        }

        if (add.Length > 0)
        {
            yield return Sql.Command(
                """
                insert into catalog.product_tags (store_id, tag, product_id)
                select kernel.current_store(), t, p from unnest($1) p cross join unnest($2) t on conflict do nothing returning product_id
                """,
                Sql.Uuids(products), Sql.Texts(add));
        }
    }

    private static async Task<int> CountDelistedAsync(StoreTransaction transaction, Guid[] products, CancellationToken ct)
    {
        await using var rows = await transaction.QueryAsync(ct, Sql.Command(
            "select count(*)::int from catalog.products where id = any($1) and hidden_by = 'supplier'", Sql.Uuids(products)));
        await rows.ReadAsync(ct);
        return rows.GetInt32(0);
    }
}
