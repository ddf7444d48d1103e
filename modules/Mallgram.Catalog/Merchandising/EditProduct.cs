using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <summary>
/// A person's changes to a product. What they set on a supplier's product is theirs from then on: imports leave those fields alone until
/// they are unlocked.
/// </summary>
internal sealed class EditProduct(StoreDatabase database, StoreScope scope, ProductWrites writes, OutboxWriter outbox)
{
    private const string Find =
        """
        select id, supplier, external_id, slug, status, hidden_by, name, name_fr, category_id, attributes::text, updated_at
        from catalog.products where id = $1 for update
        """;

    /// <param name="version">Entity tag of <c>If-Match</c>; null or <c>*</c>: whatever it is now.</param>
    /// <exception cref="ProblemException">
    /// 404; 409 <c>product_changed</c>, <c>slug_taken</c>, <c>hidden_by_supplier</c>; 422 with every field that is wrong.
    /// </exception>
    public async Task EditAsync(string id, ProductInput input, SentFields sent, string? version, FieldErrors errors, CancellationToken ct)
    {
        if (!PublicId.TryParse(PublicId.Product, id, out var productId))
        {
            throw new ProblemException(MerchandisingProblems.ProductNotFound);
        }

        var change = ProductChange.Read(input, sent, isNew: false, errors);
        errors.ThrowIfAny();
        await writes.CheckFilesAsync([.. (change.Images ?? []).Select((source, i) => ($"images[{i}]", source))], ct);
        await using var transaction = await database.BeginAsync(ct);
        var product = await FindAsync(transaction, productId, ct);
        CheckVersion(product, input, version);
        var attributes = await ProductWrites.CheckAsync(
            transaction, input, change, sent.Has("category_id") ? change.CategoryId : product.CategoryId, product.Attributes, ct);
        var commands = new List<NpgsqlBatchCommand>();
        if (attributes is not null)
        {
            change.Column("attributes", () => Sql.Json(attributes));
        }

        if (sent.Has("name") || sent.Has("name_fr"))
        {
            change.NameKeys(change.Name ?? product.Name, sent.Has("name_fr") ? change.NameFr : product.NameFr);
        }

        ChangeStatus(product, change);
        await ChangeSlugAsync(transaction, product, change, commands, ct);
        if (product.Supplier is not null)
        {
            ChangeLocks(product, change, commands);
        }

        if (ProductWrites.Update(productId, change) is { } update)
        {
            commands.Add(update);
        }

        if (sent.Has("brand"))
        {
            var slug = ProductWrites.BrandSlug(change.Brand);
            if (slug is not null)
            {
                commands.Add(ProductWrites.AddBrand(slug, change.Brand!));
            }

            commands.Add(ProductWrites.SetBrand(productId, slug));
        }

        if (change.Tags is { } tags)
        {
            commands.Add(ProductWrites.SetTags(productId, tags));
        }

        try
        {
            await transaction.ExecuteAsync(ct, [.. commands, .. ProductWrites.Finish([productId])]);
            await transaction.CommitAsync(ct);
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "products_store_id_slug_key" })
        {
            throw new ProblemException(MerchandisingProblems.SlugTaken);
        }
    }

    private static async Task<Found> FindAsync(StoreTransaction transaction, Guid productId, CancellationToken ct)
    {
        await using var rows = await transaction.QueryAsync(ct, Sql.Command(Find, Sql.Uuid(productId)));
        return await rows.ReadAsync(ct)
            ? new Found(
                rows.GetGuid(0), rows.IsDBNull(1) ? null : rows.GetString(1), rows.IsDBNull(2) ? null : rows.GetString(2), rows.GetString(3),
                rows.GetString(4), rows.IsDBNull(5) ? null : rows.GetString(5), rows.GetString(6), rows.IsDBNull(7) ? null : rows.GetString(7),
                rows.IsDBNull(8) ? null : rows.GetGuid(8), rows.GetString(9),
                rows.GetFieldValue<DateTimeOffset>(10))
            : throw new ProblemException(MerchandisingProblems.ProductNotFound);
    }

    private static void CheckVersion(Found product, ProductInput input, string? version)
    {
        var now = AdminProduct.Tag(product.UpdatedAt);
        if ((version is not null && version != "*" && version != now && version != "W/" + now)
            || (input.UpdatedAt is { } read && AdminProduct.Tag(read) != now))
        {
            throw new ProblemException(MerchandisingProblems.ProductChanged)
            {
                Members = new Dictionary<string, object?> { ["updated_at"] = product.UpdatedAt },
            };
        }
    }

    private static void ChangeStatus(Found product, ProductChange change)
    {
        if (change.Status is not { } status || status == product.Status)
        {
            return;
        }

        if (status == "active" && product.HiddenBy == "supplier")
        {
            throw new ProblemException(MerchandisingProblems.HiddenBySupplier);
        }

        change.Column("status", () => Sql.Text(status));
        change.Column("hidden_by", () => Sql.Text(status == "hidden" ? "staff" : null));
    }

    private static async Task ChangeSlugAsync(
        StoreTransaction transaction, Found product, ProductChange change, List<NpgsqlBatchCommand> commands, CancellationToken ct)
    {
        if (change.Slug is not { } slug || slug == product.Slug)
        {
            return;
        }

        // An address that led to another product once must not lead here now.
        await using (var rows = await transaction.QueryAsync(ct, Sql.Command(
            "select from catalog.former_slugs where slug = $1 and product_id <> $2", Sql.Text(slug), Sql.Uuid(product.Id))))
        {
            if (await rows.ReadAsync(ct))
            {
                throw new ProblemException(MerchandisingProblems.SlugTaken);
            }
        }

        change.Column("slug", () => Sql.Text(slug));
        commands.Add(Sql.Command(
            """
            with mine as (delete from catalog.former_slugs where slug = $2 and product_id = $1)
            insert into catalog.former_slugs (store_id, slug, product_id) values (kernel.current_store(), $3, $1)
            on conflict (store_id, slug) do update set product_id = excluded.product_id
            """,
            Sql.Uuid(product.Id), Sql.Text(slug), Sql.Text(product.Slug)));
    }

    private void ChangeLocks(Found product, ProductChange change, List<NpgsqlBatchCommand> commands)
    {
        if (change.Set.Count == 0 && change.Unlock.Count == 0)
        {
            return;
        }

        // With a hash that nothing has, the next import writes the product again, with what the supplier says by then.
        commands.Add(Sql.Command(
            """
            update catalog.products set
                locked_fields = array(select f from unnest(locked_fields || $2) f where f <> all($3) group by f order by f),
                content_hash = case when $4 then '' else content_hash end
            where id = $1
            """,
            Sql.Uuid(product.Id), Sql.Texts([.. change.Set]), Sql.Texts([.. change.Unlock]), Sql.Bool(change.Unlock.Count > 0)));
        if (change.Unlock.Count > 0)
        {
            commands.Add(outbox.Add(
                scope.StoreId, CatalogEvents.ProductUnlocked, new ProductUnlocked(product.Id, product.Supplier!, product.ExternalId!)));
        }
    }

    private sealed record Found(
        Guid Id,
        string? Supplier,
        string? ExternalId,
        string Slug,
        string Status,
        string? HiddenBy,
        string Name,
        string? NameFr,
        Guid? CategoryId,
        string Attributes,
        DateTimeOffset UpdatedAt);
}
