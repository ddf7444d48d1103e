using System.Globalization;
using System.Text.Json.Serialization;
using Mallgram.Catalog.Http;
using Mallgram.Catalog.Products;
using Mallgram.Files.Contracts;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Categories;

/// <param name="Path">Names from the root: <c>Hobbies &gt; Trains</c>.</param>
/// <param name="ParentId">Null for a root.</param>
/// <param name="ProductCount">Products in it and below, when asked for.</param>
internal sealed record CategoryView(
    string Id, string Slug, string Name, string Path, string? ParentId, string? Description, string? ImageUrl,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? ProductCount);

internal sealed record CategoryPage(IReadOnlyList<CategoryView> Data, string? NextCursor);

internal static class CategoryEndpoints
{
    public static void MapCategoryEndpoints(this IEndpointRouteBuilder api) =>
        api.MapGet("/categories", ListAsync).WithTags("Categories")
            .WithName("ListCategories")
            .WithSummary("The category tree in its order, each parent before its children; all of it unless limit is given; include=counts adds product_count")
            .Produces<CategoryPage>().Produces(StatusCodes.Status304NotModified)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<IResult> ListAsync(
        [FromQuery] string? limit, [FromQuery] string? cursor, [FromQuery] string? include, CurrentStore store, StoreScope scope,
        AnswerCache cache, CancellationToken ct)
    {
        var errors = new FieldErrors();
        int? count = null;
        if (!string.IsNullOrEmpty(limit))
        {
            count = int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 100
                ? number
                : null;
            if (count is null)
            {
                errors.Add("limit", "must be a whole number from 1 to 100", "doit être un nombre entier de 1 à 100");
            }
        }

        var counts = include == "counts";
        if (!counts && !string.IsNullOrEmpty(include))
        {
            errors.Add("include", "must be counts", "doit être counts");
        }

        errors.ThrowIfAny();
        var shop = Shop.Of(store, scope);
        var source = new ReadingSource(shop, $"categories|{count}|{counts}|{cursor}", async (services, token) =>
            await services.GetRequiredService<CategoryReads>().ListAsync(count, cursor, counts, shop, token));
        return new CachedJson((await cache.GetAsync(source, ct))!);
    }
}

internal sealed class CategoryReads(StoreDatabase database, IImageAddresses images)
{
    /// <summary>
    /// Positions and names from the root down, so that the text sorts as the tree reads. What is below a hidden category is hidden too.
    /// </summary>
    private const string Tree =
        """
        tree as (
            select t.descendant_id as id,
                   string_agg(lpad((a.position::bigint + 2147483648)::text, 10, '0') || a.name || ' ' || a.id, U&'\0001' order by t.depth desc)
                       collate "C" as place
            from catalog.category_closure t join catalog.categories a on a.store_id = t.store_id and a.id = t.ancestor_id
            group by t.descendant_id having bool_and(a.active))
        """;

    private const string Counts =
        """
        , counts as (
            select t.ancestor_id as id, sum(n.n)::bigint as n
            from (select l.category_id, count(*) as n from catalog.listings l where l.currency = $4::char(3) and l.is_primary group by 1) n
            join catalog.category_closure t on t.descendant_id = n.category_id group by t.ancestor_id)
        """;

    /// <param name="limit">Null for all.</param>
    /// <exception cref="ProblemException">400 <c>cursor_invalid</c>.</exception>
    public async Task<CategoryPage> ListAsync(int? limit, string? cursor, bool counts, Shop shop, CancellationToken ct)
    {
        var filters = $"categories|{shop.StoreId}";
        Guid? after = string.IsNullOrEmpty(cursor) ? null
            : Guid.TryParse(ListCursor.Read(cursor, filters, 1)[0], out var id) ? id : throw ListCursor.Invalid();
        var command = Sql.Command(
            $"""
            with {Tree}{(counts ? Counts : "")}
            select c.id, c.slug, case when $1 then coalesce(c.name_fr, c.name) else c.name end,
                   case when $1 then coalesce(c.path_fr, c.path) else c.path end, c.parent_id,
                   case when $1 then coalesce(c.description_fr, c.description) else c.description end, c.image,
                   {(counts ? "coalesce((select n from counts where counts.id = c.id), 0)" : "null::bigint")}
            from tree join catalog.categories c on c.id = tree.id
            where $2::uuid is null or tree.place > (select place from tree where tree.id = $2) order by tree.place limit $3
            """,
            Sql.Bool(shop.French), Sql.Uuid(after), Sql.Int(limit + 1));
        if (counts)
        {
            command.Parameters.Add(Sql.Text(shop.Currency));
        }

        await using var reader = await database.QueryAsync(ct, command);
        var rows = reader.Rows;
        var items = new List<CategoryView>();
        var last = Guid.Empty;
        var more = false;
        while (await rows.ReadAsync(ct))
        {
            if (items.Count == limit)
            {
                more = true;
                break;
            }

            last = rows.GetGuid(0);
            items.Add(new CategoryView(
                PublicId.Format(PublicId.Category, last), rows.GetString(1), rows.GetString(2), rows.GetString(3),
                rows.IsDBNull(4) ? null : PublicId.Format(PublicId.Category, rows.GetGuid(4)),
                rows.IsDBNull(5) ? null : rows.GetString(5),
                images.Of(rows.IsDBNull(6) ? null : rows.GetString(6)),
                rows.IsDBNull(7) ? null : rows.GetInt64(7)));
        }

        return new CategoryPage(items, more ? ListCursor.Write(filters, last.ToString()) : null);
    }
}
