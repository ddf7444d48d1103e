using System.Globalization;
using System.Text.Json;
using Mallgram.Catalog.Http;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Catalog.Categories;

/// <param name="Path">Names from the root: <c>Hobbies &gt; Trains</c>.</param>
/// <param name="ParentId">Null for a root.</param>
internal sealed record CategoryView(string Id, string Slug, string Name, string Path, string? ParentId);

internal sealed record CategoryPage(IReadOnlyList<CategoryView> Data, string? NextCursor);

internal static class CategoryEndpoints
{
    public static void MapCategoryEndpoints(this IEndpointRouteBuilder api) =>
        api.MapGet("/categories", ListAsync).WithTags("Categories")
            .WithName("ListCategories").WithSummary("The category tree, each parent before its children; all of it unless limit is given")
            .Produces<CategoryPage>().Produces(StatusCodes.Status304NotModified)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<IResult> ListAsync(
        [FromQuery] string? limit, [FromQuery] string? cursor, CategoryReads reads, CancellationToken ct)
    {
        int? count = null;
        if (!string.IsNullOrEmpty(limit))
        {
            count = int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 100
                ? number
                : null;
            if (count is null)
            {
                var errors = new FieldErrors();
                errors.Add("limit", "must be a whole number from 1 to 100", "doit être un nombre entier de 1 à 100");
                errors.ThrowIfAny();
            }
        }

        var page = await reads.ListAsync(count, cursor, ct);
        return new CachedJson(JsonSerializer.SerializeToUtf8Bytes(page, MallgramJson.Options));
    }
}

internal sealed class CategoryReads(StoreDatabase database, StoreScope scope)
{
    /// <param name="limit">Null for all.</param>
    /// <exception cref="ProblemException">400 <c>cursor_invalid</c>.</exception>
    public async Task<CategoryPage> ListAsync(int? limit, string? cursor, CancellationToken ct)
    {
        var filters = $"categories|{scope.StoreId}";
        string? afterPath = null;
        Guid? afterId = null;
        if (!string.IsNullOrEmpty(cursor))
        {
            var values = ListCursor.Read(cursor, filters, 2);
            afterPath = values[0];
            afterId = Guid.TryParse(values[1], out var id) ? id : throw ListCursor.Invalid();
        }

        var french = scope.Language == "fr";
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            select c.id, c.slug, case when $1 then coalesce(c.name_fr, c.name) else c.name end,
                   case when $1 then coalesce(c.path_fr, c.path) else c.path end, c.parent_id, c.path
            from catalog.categories c where $2::text is null or (c.path, c.id) > ($2, $3) order by c.path, c.id limit $4
            """,
            Sql.Bool(french), Sql.Text(afterPath), Sql.Uuid(afterId), Sql.Int(limit + 1)));
        var rows = reader.Rows;
        var items = new List<CategoryView>();
        var last = (Path: "", Id: Guid.Empty);
        var more = false;
        while (await rows.ReadAsync(ct))
        {
            if (items.Count == limit)
            {
                more = true;
                break;
            }

            last = (rows.GetString(5), rows.GetGuid(0));
            items.Add(new CategoryView(
                PublicId.Format(PublicId.Category, last.Id), rows.GetString(1), rows.GetString(2), rows.GetString(3),
                rows.IsDBNull(4) ? null : PublicId.Format(PublicId.Category, rows.GetGuid(4))));
        }

        return new CategoryPage(items, more ? ListCursor.Write(filters, last.Path, last.Id.ToString()) : null);
    }
}
