using Mallgram.Catalog.Http;
using Mallgram.Catalog.Text;
using Mallgram.Files.Contracts;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <param name="Slug">Its address; never changes.</param>
internal sealed record BrandView(string Slug, string Name, string? Description, AdminImage? Image, DateTimeOffset UpdatedAt);

internal sealed record BrandPage(IReadOnlyList<BrandView> Data, string? NextCursor);

internal sealed record BrandInput
{
    /// <summary>Made of the name when left out; only where a brand is made.</summary>
    public string? Slug { get; init; }

    public string? Name { get; init; }

    public string? Description { get; init; }

    public string? Image { get; init; }
}

internal sealed record TagView(string Tag, long Products);

internal sealed record TagList(IReadOnlyList<TagView> Data);

/// <param name="To">Products that have it already keep one of it.</param>
internal sealed record TagRename(string? From, string? To);

internal sealed class Brands(StoreDatabase database, StoreScope scope, ProductWrites writes, IImageAddresses images)
{
    public async Task<BrandPage> ListAsync(string? cursor, int? limit, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Between(limit, "limit", 1, 100);
        errors.ThrowIfAny();
        var (size, stamp) = (limit ?? 24, $"admin-brands|{scope.StoreId}");
        var after = string.IsNullOrEmpty(cursor) ? "" : ListCursor.Read(cursor, stamp, 1)[0];
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            "select slug, name, description, image, updated_at from catalog.brands where slug > $1 order by slug limit $2", Sql.Text(after), Sql.Int(size + 1)));
        var rows = reader.Rows;
        var data = new List<BrandView>(size);
        while (await rows.ReadAsync(ct))
        {
            if (data.Count == size)
            {
                return new BrandPage(data, ListCursor.Write(stamp, data[^1].Slug));
            }

            data.Add(new BrandView(
                rows.GetString(0), rows.GetString(1), rows.IsDBNull(2) ? null : rows.GetString(2),
                rows.IsDBNull(3) ? null : new AdminImage(rows.GetString(3), images.Of(rows.GetString(3))), rows.GetFieldValue<DateTimeOffset>(4)));
        }

        return new BrandPage(data, NextCursor: null);
    }

    /// <returns>The slug.</returns>
    /// <exception cref="ProblemException">409 <c>slug_taken</c>; 422.</exception>
    public async Task<string> CreateAsync(BrandInput input, FieldErrors errors, CancellationToken ct)
    {
        var name = errors.Name(input.Name, "name", 120);
        var slug = errors.Slug(input.Slug, "slug") ?? PlainText.Slug(name);
        errors.Image(input.Image, "image");
        var description = errors.Block(input.Description, "description", 5000);
        errors.ThrowIfAny();
        await writes.CheckFilesAsync(input.Image is null ? [] : [("image", input.Image)], ct);
        var made = await database.ExecuteAsync(ct, Sql.Command(
            """
            insert into catalog.brands (store_id, slug, name, description, image) values (kernel.current_store(), $1, $2, $3, $4) on conflict do nothing
            """,
            Sql.Text(slug), Sql.Text(name), Sql.Text(description), Sql.Text(input.Image)));
        return made == 1 ? slug : throw new ProblemException(MerchandisingProblems.SlugTaken);
    }

    /// <summary>A new name is written into the brand's products: searches find them by it.</summary>
    /// <exception cref="ProblemException">404; 422.</exception>
    public async Task EditAsync(string slug, BrandInput input, SentFields sent, FieldErrors errors, CancellationToken ct)
    {
        if (sent.Has("slug"))
        {
            errors.Add("slug", "never changes", "ne change jamais");
        }

        var name = sent.Has("name") ? errors.Name(input.Name, "name", 120) : null;
        errors.Image(input.Image, "image");
        var description = errors.Block(input.Description, "description", 5000);
        errors.ThrowIfAny();
        await writes.CheckFilesAsync(input.Image is null ? [] : [("image", input.Image)], ct);
        await using var transaction = await database.BeginAsync(ct);
        var changed = await transaction.ExecuteAsync(ct, Sql.Command(
            """
            update catalog.brands set name = coalesce($2, name), description = case when $3 then $4 else description end,
                image = case when $5 then $6 else image end
            where slug = $1
            """,
            Sql.Text(slug), Sql.Text(name), Sql.Bool(sent.Has("description")), Sql.Text(description), Sql.Bool(sent.Has("image")), Sql.Text(input.Image)));
        if (changed == 0)
        {
            throw new ProblemException(MerchandisingProblems.BrandNotFound);
        }

        if (name is not null)
        {
            await transaction.ExecuteAsync(ct, Sql.Command(
                """
                with its as (select id from catalog.products where brand_slug = $1 and brand <> $2 order by id for update)
                update catalog.products p set brand = $2 from its where p.id = its.id
                """,
                Sql.Text(slug), Sql.Text(name)));
        }

        await transaction.CommitAsync(ct);
    }

    /// <param name="moveTo">Slug of the brand that its products get; null: it must have none.</param>
    /// <exception cref="ProblemException">404; 409 <c>brand_in_use</c>; 422.</exception>
    public async Task DeleteAsync(string slug, string? moveTo, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var products = new List<Guid>();
        await using (var rows = await transaction.QueryAsync(
            ct,
            Sql.Command("select from catalog.brands where slug = $1 for update", Sql.Text(slug)),
            Sql.Command("select exists (select from catalog.brands where slug = $1 and slug <> $2)", Sql.Text(moveTo), Sql.Text(slug)),
            Sql.Command("select id from catalog.products where brand_slug = $1 order by id for update", Sql.Text(slug))))
        {
            if (!await rows.ReadAsync(ct))
            {
                throw new ProblemException(MerchandisingProblems.BrandNotFound);
            }

            await rows.NextResultAsync(ct);
            await rows.ReadAsync(ct);
            if (moveTo is not null && !rows.GetBoolean(0))
            {
                FieldChecks.Throw("move_to", "is not another brand of this store", "n'est pas une autre marque de cette boutique");
            }

            await rows.NextResultAsync(ct);
            while (await rows.ReadAsync(ct))
            {
                products.Add(rows.GetGuid(0));
            }
        }

        if (products.Count > 0 && moveTo is null)
        {
            throw new ProblemException(MerchandisingProblems.BrandInUse);
        }

        await transaction.ExecuteAsync(
            ct,
            [
                Sql.Command(
                    """
                    update catalog.products set brand_slug = $2, brand = (select name from catalog.brands where slug = $2) where id = any($1)
                    """,
                    Sql.Uuids([.. products]), Sql.Text(moveTo)),
                Sql.Command("delete from catalog.brands where slug = $1", Sql.Text(slug)),
                .. ProductWrites.Finish([.. products]),
            ]);
        await transaction.CommitAsync(ct);
    }
}

internal sealed class Tags(StoreDatabase database)
{
    /// <summary>All tags with the number of their products.</summary>
    public async Task<TagList> ListAsync(CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(
            ct, Sql.Command("select tag, count(*) from catalog.product_tags group by tag order by tag limit 5000"));
        var data = new List<TagView>();
        while (await reader.Rows.ReadAsync(ct))
        {
            data.Add(new TagView(reader.Rows.GetString(0), reader.Rows.GetInt64(1)));
        }

        return new TagList(data);
    }

    /// <exception cref="ProblemException">404; 422.</exception>
    public async Task RenameAsync(TagRename rename, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var from = ProductChange.ReadTags([rename.From ?? ""], "from", errors);
        var to = ProductChange.ReadTags([rename.To ?? ""], "to", errors);
        errors.ThrowIfAny();
        await ReplaceAsync(from[0], to[0], ct);
    }

    /// <exception cref="ProblemException">404.</exception>
    public Task DeleteAsync(string tag, CancellationToken ct) => ReplaceAsync(PlainText.Line(tag, 100).ToLowerInvariant(), to: null, ct);

    private async Task ReplaceAsync(string from, string? to, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var products = new List<Guid>();
        await using (var rows = await transaction.QueryAsync(ct, Sql.Command(
            """
            select p.id from catalog.product_tags t join catalog.products p on p.store_id = t.store_id and p.id = t.product_id
            where t.tag = $1 order by p.id for update of p
            """,
            Sql.Text(from))))
        {
            while (await rows.ReadAsync(ct))
            {
                products.Add(rows.GetGuid(0));
            }
        }

        if (products.Count == 0)
        {
            throw new ProblemException(MerchandisingProblems.TagNotFound);
        }

        var commands = new List<NpgsqlBatchCommand>();
        if (to != from)
        {
            commands.Add(Sql.Command("delete from catalog.product_tags where tag = $1", Sql.Text(from)));
        }

        if (to is not null)
        {
            commands.Add(Sql.Command(
                """
                insert into catalog.product_tags (store_id, tag, product_id) select kernel.current_store(), $1, p from unnest($2) p on conflict do nothing
                """,
                Sql.Text(to), Sql.Uuids([.. products])));
        }

        await transaction.ExecuteAsync(ct, [.. commands, .. ProductWrites.Finish([.. products])]);
        await transaction.CommitAsync(ct);
    }
}
