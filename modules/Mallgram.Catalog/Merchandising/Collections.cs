using System.Text.Json;
using Mallgram.Catalog.Http;
using Mallgram.Catalog.Text;
using Mallgram.Files.Contracts;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Npgsql;

namespace Mallgram.Catalog.Merchandising;

/// <summary>What belongs in a collection by itself; all that is given must hold. Evaluated when it is saved and once an hour.</summary>
/// <param name="CategoryId">And the categories below it.</param>
/// <param name="Brand">Slug.</param>
/// <param name="MaxPrice">Minor units of the store's currency.</param>
/// <param name="MinRating">0 to 5.</param>
/// <param name="Flag"><c>featured</c>, <c>new</c> or <c>best_seller</c>.</param>
internal sealed record CollectionRules(string? CategoryId, string? Tag, string? Brand, long? MaxPrice, decimal? MinRating, string? Flag);

/// <param name="Sort">Among the collections, lowest first.</param>
/// <param name="Rules">Null: put together by hand.</param>
internal sealed record CollectionView(
    string Id,
    string Slug,
    string Name,
    string? NameFr,
    string? Description,
    string? DescriptionFr,
    AdminImage? Image,
    bool Active,
    int Sort,
    CollectionRules? Rules,
    long ProductCount,
    DateTimeOffset UpdatedAt);

internal sealed record CollectionList(IReadOnlyList<CollectionView> Data);

internal sealed record CollectionProduct(string Id, string Name, string Status, string? ImageUrl, int Position);

internal sealed record CollectionProductPage(IReadOnlyList<CollectionProduct> Data, string? NextCursor);

internal sealed record CollectionInput
{
    /// <summary>Made of the name when left out.</summary>
    public string? Slug { get; init; }

    public string? Name { get; init; }

    public string? NameFr { get; init; }

    public string? Description { get; init; }

    public string? DescriptionFr { get; init; }

    public string? Image { get; init; }

    public bool? Active { get; init; }

    public int? Sort { get; init; }

    public CollectionRules? Rules { get; init; }
}

/// <param name="Ids">All of the collection in order; at most 1,000.</param>
internal sealed record CollectionProductsInput(IReadOnlyList<string>? Ids);

internal sealed class Collections(StoreDatabase database, StoreScope scope, ProductWrites writes, IImageAddresses images, TimeProvider clock)
{
    public const string IdPrefix = "col";
    private const int MostProducts = 1000;

    // Products that are listed in the store's own currency; the best rated first, at most a thousand.
    private const string Evaluate =
        """
        with fitting as materialized (
            select l.product_id, row_number() over (order by l.rating_hundredths desc, l.review_count desc, l.product_id)::int as position
            from catalog.collections c
            join catalog.markets m on m.store_id = c.store_id and m.is_default
            join catalog.listings l on l.store_id = c.store_id and l.currency = m.currency and l.is_primary
            where c.id = $1 and c.rules is not null
              and ($2::uuid is null or l.category_id in (select descendant_id from catalog.category_closure where ancestor_id = $2))
              and ($3::text is null or exists (select from catalog.product_tags t where t.product_id = l.product_id and t.tag = $3))
              and ($4::text is null or l.brand_slug = $4)
              and ($5::bigint is null or l.price <= $5)
              and ($6::int is null or l.rating_hundredths >= $6)
              and case $7 when 'featured' then l.featured when 'new' then l.new_until > now() when 'best_seller' then l.best_seller else true end
            order by 2 limit 1000),
        gone as (
            delete from catalog.collection_products p where p.collection_id = $1 and not exists (select from fitting f where f.product_id = p.product_id))
        insert into catalog.collection_products as p (store_id, collection_id, product_id, position)
        select kernel.current_store(), $1, product_id, position from fitting
        on conflict (store_id, collection_id, product_id) do update set position = excluded.position where p.position <> excluded.position
        """;

    public async Task<CollectionList> ListAsync(CancellationToken ct) => new(await ReadAsync(id: null, ct));

    /// <exception cref="ProblemException">404.</exception>
    public async Task<CollectionView> GetAsync(string id, CancellationToken ct) =>
        await ReadAsync(Id(id), ct) is [var found] ? found : throw new ProblemException(MerchandisingProblems.CollectionNotFound);

    /// <exception cref="ProblemException">404; 400 <c>cursor_invalid</c>; 422.</exception>
    public async Task<CollectionProductPage> ListProductsAsync(string id, string? cursor, int? limit, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Between(limit, "limit", 1, 100);
        errors.ThrowIfAny();
        var (collection, size) = (Id(id), limit ?? 24);
        var stamp = $"collection-products|{scope.StoreId}|{collection}";
        var (position, product) = (int.MinValue, Guid.Empty);
        if (!string.IsNullOrEmpty(cursor))
        {
            var values = ListCursor.Read(cursor, stamp, 2);
            (position, product) = int.TryParse(values[0], System.Globalization.CultureInfo.InvariantCulture, out var p) && Guid.TryParse(values[1], out var g)
                ? (p, g) : throw ListCursor.Invalid();
        }

        await using var reader = await database.QueryAsync(
            ct,
            Sql.Command("select from catalog.collections where id = $1", Sql.Uuid(collection)),
            Sql.Command(
                """
                select p.id, p.name, p.status, p.image_url, m.position
                from catalog.collection_products m join catalog.products p on p.store_id = m.store_id and p.id = m.product_id
                where m.collection_id = $1 and (m.position, m.product_id) > ($2, $3) order by m.position, m.product_id limit $4
                """,
                Sql.Uuid(collection), Sql.Int(position), Sql.Uuid(product), Sql.Int(size + 1)));
        var rows = reader.Rows;
        if (!await rows.ReadAsync(ct))
        {
            throw new ProblemException(MerchandisingProblems.CollectionNotFound);
        }

        await rows.NextResultAsync(ct);
        var data = new List<CollectionProduct>(size);
        var last = Guid.Empty;
        while (await rows.ReadAsync(ct))
        {
            if (data.Count == size)
            {
                return new CollectionProductPage(
                    data, ListCursor.Write(stamp, data[^1].Position.ToString(System.Globalization.CultureInfo.InvariantCulture), last.ToString()));
            }

            last = rows.GetGuid(0);
            data.Add(new CollectionProduct(
                PublicId.Format(PublicId.Product, last), rows.GetString(1), rows.GetString(2),
                images.Of(rows.IsDBNull(3) ? null : rows.GetString(3)), rows.GetInt32(4)));
        }

        return new CollectionProductPage(data, NextCursor: null);
    }

    /// <returns>Public id.</returns>
    /// <exception cref="ProblemException">409 <c>slug_taken</c>; 422.</exception>
    public async Task<string> CreateAsync(CollectionInput input, FieldErrors errors, CancellationToken ct)
    {
        var name = errors.Name(input.Name, "name", 200);
        var read = Check(input, errors);
        errors.ThrowIfAny();
        await CheckCategoryAsync(input.Rules, errors, ct);
        await writes.CheckFilesAsync(input.Image is null ? [] : [("image", input.Image)], ct);
        var id = PublicId.New(clock);
        await using var transaction = await database.BeginAsync(ct);
        await RunAsync(
            transaction,
            [
                Sql.Command(
                    """
                    insert into catalog.collections (store_id, id, slug, name, name_fr, description, description_fr, image, active, sort, rules)
                    values (kernel.current_store(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                    """,
                    Sql.Uuid(id), Sql.Text(input.Slug ?? PlainText.Slug(name)), Sql.Text(name), Sql.Text(read.NameFr), Sql.Text(read.Description),
                    Sql.Text(read.DescriptionFr), Sql.Text(input.Image), Sql.Bool(input.Active ?? true), Sql.Int(input.Sort ?? 0),
                    Sql.Json(input.Rules is null ? null : MallgramJson.ToJson(input.Rules))),
                .. EvaluateWhenRuled(id, input.Rules),
            ],
            ct);
        return PublicId.Format(IdPrefix, id);
    }

    /// <exception cref="ProblemException">404; 409 <c>slug_taken</c>; 422.</exception>
    public async Task EditAsync(string id, CollectionInput input, SentFields sent, FieldErrors errors, CancellationToken ct)
    {
        var name = sent.Has("name") ? errors.Name(input.Name, "name", 200) : null;
        var read = Check(input, errors);
        errors.ThrowIfAny();
        await CheckCategoryAsync(input.Rules, errors, ct);
        await writes.CheckFilesAsync(input.Image is null ? [] : [("image", input.Image)], ct);
        var collection = Id(id);
        await using var transaction = await database.BeginAsync(ct);
        await using (var rows = await transaction.QueryAsync(ct, Sql.Command("select from catalog.collections where id = $1 for update", Sql.Uuid(collection))))
        {
            if (!await rows.ReadAsync(ct))
            {
                throw new ProblemException(MerchandisingProblems.CollectionNotFound);
            }
        }

        await RunAsync(
            transaction,
            [
                Sql.Command(
                    """
                    update catalog.collections set
                        slug = coalesce($2, slug), name = coalesce($3, name), name_fr = case when $4 then $5 else name_fr end,
                        description = case when $6 then $7 else description end, description_fr = case when $8 then $9 else description_fr end,
                        image = case when $10 then $11 else image end, active = coalesce($12, active), sort = coalesce($13, sort),
                        rules = case when $14 then $15 else rules end
                    where id = $1
                    """,
                    Sql.Uuid(collection), Sql.Text(input.Slug), Sql.Text(name), Sql.Bool(sent.Has("name_fr")), Sql.Text(read.NameFr),
                    Sql.Bool(sent.Has("description")), Sql.Text(read.Description), Sql.Bool(sent.Has("description_fr")), Sql.Text(read.DescriptionFr),
                    Sql.Bool(sent.Has("image")), Sql.Text(input.Image), Sql.Bool(input.Active), Sql.Int(input.Sort), Sql.Bool(sent.Has("rules")),
                    Sql.Json(input.Rules is null ? null : MallgramJson.ToJson(input.Rules))),
                .. EvaluateWhenRuled(collection, input.Rules),
            ],
            ct);
    }

    /// <summary>Puts a collection together by hand, in this order.</summary>
    /// <exception cref="ProblemException">404; 409 <c>collection_has_rules</c>; 422 for products that are not the store's.</exception>
    public async Task SetProductsAsync(string id, CollectionProductsInput input, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var sent = input.Ids ?? [];
        errors.Between(sent.Count, "ids", 0, MostProducts);
        if (input.Ids is null)
        {
            errors.Add("ids", "are required", "sont obligatoires");
        }

        var ids = sent.Take(MostProducts).Select((text, i) => errors.Id(PublicId.Product, text ?? "", $"ids[{i}]") ?? Guid.Empty).ToArray();
        if (ids.Distinct().Count() < ids.Length)
        {
            errors.Add("ids", "name a product twice", "nomment un produit deux fois");
        }

        errors.ThrowIfAny();
        var collection = Id(id);
        await using var transaction = await database.BeginAsync(ct);
        await using (var rows = await transaction.QueryAsync(
            ct,
            Sql.Command("select rules is not null from catalog.collections where id = $1 for update", Sql.Uuid(collection)),
            Sql.Command(
                "select w.n::int from unnest($1) with ordinality w(id, n) where not exists (select from catalog.products p where p.id = w.id)", Sql.Uuids(ids))))
        {
            if (!await rows.ReadAsync(ct))
            {
                throw new ProblemException(MerchandisingProblems.CollectionNotFound);
            }

            if (rows.GetBoolean(0))
            {
                throw new ProblemException(MerchandisingProblems.RulesDecide);
            }

            await rows.NextResultAsync(ct);
            while (await rows.ReadAsync(ct))
            {
                errors.Add($"ids[{rows.GetInt32(0) - 1}]", "does not exist in this store", "n'existe pas dans cette boutique");
            }
        }

        errors.ThrowIfAny();
        await transaction.ExecuteAsync(
            ct,
            Sql.Command("delete from catalog.collection_products where collection_id = $1 and product_id <> all($2)", Sql.Uuid(collection), Sql.Uuids(ids)),
            Sql.Command(
                """
                insert into catalog.collection_products (store_id, collection_id, product_id, position)
                select kernel.current_store(), $1, w.id, w.n from unnest($2) with ordinality w(id, n)
                on conflict (store_id, collection_id, product_id) do update set position = excluded.position
                """,
                Sql.Uuid(collection), Sql.Uuids(ids)),
            Sql.Command("update catalog.collections set updated_at = now() where id = $1", Sql.Uuid(collection)));
        await transaction.CommitAsync(ct);
    }

    /// <exception cref="ProblemException">404.</exception>
    public async Task DeleteAsync(string id, CancellationToken ct)
    {
        if (await database.ExecuteAsync(ct, Sql.Command("delete from catalog.collections where id = $1", Sql.Uuid(Id(id)))) == 0)
        {
            throw new ProblemException(MerchandisingProblems.CollectionNotFound);
        }
    }

    /// <summary>Evaluates every collection of the store that has rules.</summary>
    /// <returns>How many.</returns>
    public async Task<int> EvaluateAllAsync(CancellationToken ct)
    {
        var ruled = (await ReadAsync(id: null, ct)).Where(c => c.Rules is not null).ToList();
        foreach (var collection in ruled)
        {
            await database.ExecuteAsync(ct, [.. EvaluateWhenRuled(Id(collection.Id), collection.Rules)]);
        }

        return ruled.Count;
    }

    private static IEnumerable<NpgsqlBatchCommand> EvaluateWhenRuled(Guid id, CollectionRules? rules) => rules is null
        ? []
        : [
            Sql.Command(
                Evaluate,
                Sql.Uuid(id), Sql.Uuid(PublicId.TryParse(PublicId.Category, rules.CategoryId, out var category) ? category : (Guid?)null),
                Sql.Text(rules.Tag), Sql.Text(rules.Brand), Sql.Long(rules.MaxPrice),
                Sql.Int(rules.MinRating is { } rating ? (int)decimal.Ceiling(rating * 100) : (int?)null), Sql.Text(rules.Flag)),
        ];

    private static Guid Id(string id) =>
        PublicId.TryParse(IdPrefix, id, out var found) ? found : throw new ProblemException(MerchandisingProblems.CollectionNotFound);

    private static (string? NameFr, string? Description, string? DescriptionFr) Check(CollectionInput input, FieldErrors errors)
    {
        errors.Slug(input.Slug, "slug");
        errors.Image(input.Image, "image");
        errors.Between(input.Sort, "sort", -1_000_000, 1_000_000);
        if (input.Rules is { } rules)
        {
            if (rules is { CategoryId: null, Tag: null, Brand: null, MaxPrice: null, MinRating: null, Flag: null })
            {
                errors.Add("rules", "say nothing", "n'indiquent rien");
            }

            errors.Id(PublicId.Category, rules.CategoryId, "rules.category_id");
            errors.AtMost(PlainText.Line(rules.Tag, 61), "rules.tag", 60);
            errors.Slug(rules.Brand, "rules.brand");
            errors.Between(rules.MaxPrice, "rules.max_price", 1, 1_000_000_000_000);
            if (rules.MinRating is < 0 or > 5)
            {
                errors.Add("rules.min_rating", "must be 0 to 5", "doit être de 0 à 5");
            }

            ProductFilter.Word(rules.Flag, "rules.flag", ["featured", "new", "best_seller"], errors);
        }

        return (
            errors.Line(input.NameFr, "name_fr", 200), errors.Block(input.Description, "description", 5000),
            errors.Block(input.DescriptionFr, "description_fr", 5000));
    }

    /// <exception cref="ProblemException">422.</exception>
    private async Task CheckCategoryAsync(CollectionRules? rules, FieldErrors errors, CancellationToken ct)
    {
        if (!PublicId.TryParse(PublicId.Category, rules?.CategoryId, out var category))
        {
            return;
        }

        await using var reader = await database.QueryAsync(ct, Sql.Command("select from catalog.categories where id = $1", Sql.Uuid(category)));
        if (!await reader.Rows.ReadAsync(ct))
        {
            errors.Add("rules.category_id", "does not exist in this store", "n'existe pas dans cette boutique");
        }

        errors.ThrowIfAny();
    }

    private static async Task RunAsync(StoreTransaction transaction, IReadOnlyList<NpgsqlBatchCommand> commands, CancellationToken ct)
    {
        try
        {
            await transaction.ExecuteAsync(ct, commands);
            await transaction.CommitAsync(ct);
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "collections_store_id_slug_key" })
        {
            throw new ProblemException(MerchandisingProblems.SlugTaken);
        }
    }

    private async Task<List<CollectionView>> ReadAsync(Guid? id, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            select c.id, c.slug, c.name, c.name_fr, c.description, c.description_fr, c.image, c.active, c.sort, c.rules::text, coalesce(n.products, 0), c.updated_at
            from catalog.collections c
            left join (select collection_id, count(*) as products from catalog.collection_products where $1::uuid is null or collection_id = $1
                       group by collection_id) n on n.collection_id = c.id
            where $1::uuid is null or c.id = $1 order by c.sort, c.name, c.id
            """,
            Sql.Uuid(id)));
        var rows = reader.Rows;
        string? Text(int column) => rows.IsDBNull(column) ? null : rows.GetString(column);
        var found = new List<CollectionView>();
        while (await rows.ReadAsync(ct))
        {
            found.Add(new CollectionView(
                PublicId.Format(IdPrefix, rows.GetGuid(0)), rows.GetString(1), rows.GetString(2), Text(3), Text(4), Text(5),
                Text(6) is { } image ? new AdminImage(image, images.Of(image)) : null, rows.GetBoolean(7), rows.GetInt32(8),
                Text(9) is { } rules ? JsonSerializer.Deserialize<CollectionRules>(rules, MallgramJson.Options) : null, rows.GetInt64(10),
                rows.GetFieldValue<DateTimeOffset>(11)));
        }

        return found;
    }
}
