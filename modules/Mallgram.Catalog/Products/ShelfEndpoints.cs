using System.Globalization;
using Mallgram.Catalog.Http;
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

namespace Mallgram.Catalog.Products;

internal sealed record BrandView(string Slug, string Name, string? Description, string? ImageUrl);

internal sealed record BrandPage(IReadOnlyList<BrandView> Data, string? NextCursor);

internal sealed record CollectionView(string Id, string Slug, string Name, string? Description, string? ImageUrl);

internal sealed record CollectionPage(IReadOnlyList<CollectionView> Data, string? NextCursor);

/// <summary>Ways into the catalogue besides categories: brands and curated collections. Their products: <c>/products?brand=</c>, <c>?collection=</c>.</summary>
internal static class ShelfEndpoints
{
    private const string CollectionPrefix = "col";

    private static readonly ProblemCode CollectionNotFound = new("collection_not_found", 404,
        "This store has no such collection.", "Cette boutique n'a pas cette collection.");

    public static void MapShelves(this IEndpointRouteBuilder api)
    {
        api.MapGet("/brands", BrandsAsync).WithTags("Products").WithName("ListBrands").WithSummary("Brands by name")
            .Produces<BrandPage>().Produces(StatusCodes.Status304NotModified)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        api.MapGet("/collections", CollectionsAsync).WithTags("Products").WithName("ListCollections").WithSummary("Curated collections in their order")
            .Produces<CollectionPage>().Produces(StatusCodes.Status304NotModified)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        api.MapGet("/collections/{slug}", CollectionAsync).WithTags("Products").WithName("GetCollection").WithSummary("One collection")
            .Produces<CollectionView>().Produces(StatusCodes.Status304NotModified).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> BrandsAsync(
        [FromQuery] string? limit, [FromQuery] string? cursor, CurrentStore store, StoreScope scope, AnswerCache cache, CancellationToken ct)
    {
        var shop = Shop.Of(store, scope);
        var count = Limit(limit);
        var filters = $"brands|{shop.StoreId}";
        var after = string.IsNullOrEmpty(cursor) ? null : ListCursor.Read(cursor, filters, 2);
        return new CachedJson((await cache.GetAsync(new ReadingSource(shop, $"brands|{count}|{cursor}", async (services, token) =>
        {
            var images = services.GetRequiredService<IImageAddresses>();
            await using var reader = await services.GetRequiredService<StoreDatabase>().QueryAsync(token, Sql.Command(
                """
                select slug, name, description, image from catalog.brands
                where $1::text is null or (name, slug) > ($1, $2) order by name, slug limit $3
                """,
                Sql.Text(after?[0]), Sql.Text(after?[1]), Sql.Int(count + 1)));
            var found = new List<BrandView>();
            while (await reader.Rows.ReadAsync(token))
            {
                var row = reader.Rows;
                found.Add(new BrandView(row.GetString(0), row.GetString(1), row.TextOrNull(2), images.Of(row.TextOrNull(3))));
            }

            var page = found.Take(count).ToList();
            return new BrandPage(page, found.Count > count ? ListCursor.Write(filters, page[^1].Name.ReplaceLineEndings(" "), page[^1].Slug) : null);
        }), ct))!);
    }

    private static async Task<IResult> CollectionsAsync(
        [FromQuery] string? limit, [FromQuery] string? cursor, CurrentStore store, StoreScope scope, AnswerCache cache, CancellationToken ct)
    {
        var shop = Shop.Of(store, scope);
        var count = Limit(limit);
        var filters = $"collections|{shop.StoreId}";
        var after = string.IsNullOrEmpty(cursor) ? null : ListCursor.Read(cursor, filters, 2);
        int? afterSort = after is null ? null
            : int.TryParse(after[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var sort) ? sort : throw ListCursor.Invalid();
        return new CachedJson((await cache.GetAsync(new ReadingSource(shop, $"collections|{count}|{cursor}", async (services, token) =>
        {
            await using var reader = await services.GetRequiredService<StoreDatabase>().QueryAsync(token, Sql.Command(
                $"""
                select {CollectionColumns}, sort from catalog.collections
                where active and ($2::int is null or (sort, slug) > ($2, $3)) order by sort, slug limit $4
                """,
                Sql.Bool(shop.French), Sql.Int(afterSort), Sql.Text(after?[1]), Sql.Int(count + 1)));
            var found = new List<(int Sort, CollectionView View)>();
            while (await reader.Rows.ReadAsync(token))
            {
                found.Add((reader.Rows.GetInt32(5), Collection(reader, services)));
            }

            return new CollectionPage(
                [.. found.Take(count).Select(f => f.View)],
                found.Count > count
                    ? ListCursor.Write(filters, found[count - 1].Sort.ToString(CultureInfo.InvariantCulture), found[count - 1].View.Slug)
                    : null);
        }), ct))!);
    }

    private static async Task<IResult> CollectionAsync(string slug, CurrentStore store, StoreScope scope, AnswerCache cache, CancellationToken ct)
    {
        var shop = Shop.Of(store, scope);
        var isNoKey = slug.Length > 200 || slug.Any(c => char.IsControl(c) || char.IsSurrogate(c));
        var answer = isNoKey ? null : await cache.GetAsync(new ReadingSource(shop, "collection|" + slug, async (services, token) =>
        {
            await using var reader = await services.GetRequiredService<StoreDatabase>().QueryAsync(token, Sql.Command(
                $"select {CollectionColumns} from catalog.collections where active and slug = $2", Sql.Bool(shop.French), Sql.Text(slug)));
            return await reader.Rows.ReadAsync(token) ? Collection(reader, services) : null;
        }), ct);
        return answer is null ? throw new ProblemException(CollectionNotFound) : new CachedJson(answer);
    }

    private const string CollectionColumns =
        """
        id, slug, case when $1 then coalesce(name_fr, name) else name end,
        case when $1 then coalesce(description_fr, description) else description end, image
        """;

    private static CollectionView Collection(StoreReader reader, IServiceProvider services) => new(
        PublicId.Format(CollectionPrefix, reader.Rows.GetGuid(0)), reader.Rows.GetString(1), reader.Rows.GetString(2), reader.Rows.TextOrNull(3),
        services.GetRequiredService<IImageAddresses>().Of(reader.Rows.TextOrNull(4)));

    private static int Limit(string? sent)
    {
        if (string.IsNullOrEmpty(sent))
        {
            return 24;
        }

        if (int.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 100)
        {
            return number;
        }

        var errors = new FieldErrors();
        errors.Add("limit", "must be a whole number from 1 to 100", "doit être un nombre entier de 1 à 100");
        throw new ProblemException(CommonProblems.ValidationFailed) { Fields = errors };
    }
}
