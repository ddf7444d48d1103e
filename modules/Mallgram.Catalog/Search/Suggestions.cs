using Mallgram.Catalog.Http;
using Mallgram.Catalog.Products;
using Mallgram.Catalog.Text;
using Mallgram.Files.Contracts;
using Mallgram.Kernel;
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

namespace Mallgram.Catalog.Search;

/// <summary>What somebody may mean who has typed so far.</summary>
/// <param name="Queries">What others searched and found something with, most searched first.</param>
internal sealed record SuggestionView(
    IReadOnlyList<SuggestedProduct> Products,
    IReadOnlyList<SuggestedCategory> Categories,
    IReadOnlyList<SuggestedBrand> Brands,
    IReadOnlyList<string> Queries);

internal sealed record SuggestedProduct(string Id, string Slug, string Name, Money Price, string? ImageUrl);

internal sealed record SuggestedCategory(string Id, string Slug, string Name);

internal sealed record SuggestedBrand(string Slug, string Name);

internal static class SuggestionEndpoints
{
    public static void MapSuggestions(this IEndpointRouteBuilder api) =>
        api.MapGet("/products/suggest", SuggestAsync).WithTags("Products")
            .WithName("SuggestProducts").WithSummary("Products, categories, brands and popular searches for what is being typed")
            .Produces<SuggestionView>().Produces(StatusCodes.Status304NotModified).ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    private static async Task<IResult> SuggestAsync(
        [FromQuery] string? q, CurrentStore store, StoreScope scope, AnswerCache cache, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(q, "q", 100);
        errors.ThrowIfAny();
        var shop = Shop.Of(store, scope);
        var typed = PlainText.Words(PlainText.Typed(q!) ?? "");
        return new CachedJson((await cache.GetAsync(new ReadingSource(shop, "suggest|" + typed, async (services, token) =>
            await services.GetRequiredService<Suggestions>().OfAsync(typed, shop, token)), ct))!);
    }
}

internal sealed class Suggestions(StoreDatabase database, IImageAddresses images, TimeProvider clock)
{
    private const int Most = 5;
    private const int DaysRemembered = 30;

    /// <summary>Products whose titles have all words, the last of them completed in up to five ways; the best rated of some hundreds first.</summary>
    private const string ProductsSql =
        """
        with words as (
            select word from catalog.search_words where word >= $2 and word < $2 || U&'\FFFD' order by length(word), word limit 5),
        parts as (
            select (select string_agg(t::text, ' | ') from words
                    cross join lateral (values (plainto_tsquery('catalog.en', word)), (plainto_tsquery('catalog.fr', word))) v(t)
                    where numnode(t) > 0)::tsquery as last,
                   plainto_tsquery('catalog.en', $1) || plainto_tsquery('catalog.fr', $1) as before),
        found as materialized (
            select m.product_id from parts
            cross join lateral catalog.match_products(case when numnode(before) > 0 then before && last else last end, false, 300) m
            where last is not null)
        select p.id, p.slug, case when $3 then coalesce(p.name_fr, p.name) else p.name end, l.price, l.currency, p.image_url
        from (select l.* from found m join catalog.listings l on l.product_id = m.product_id and l.currency = $4::char(3) and l.is_primary
              order by l.rating_hundredths desc, l.review_count desc, l.product_id desc limit 5) l
        join catalog.products p on p.store_id = l.store_id and p.id = l.product_id
        order by l.rating_hundredths desc, l.review_count desc, l.product_id desc
        """;

    /// <param name="typed">Folded words; the last may be unfinished.</param>
    public async Task<SuggestionView> OfAsync(string typed, Shop shop, CancellationToken ct)
    {
        if (typed.Length == 0)
        {
            return new SuggestionView([], [], [], []);
        }

        var space = typed.LastIndexOf(' ');
        var last = typed[(space + 1)..];
        await using var reader = await database.QueryAsync(
            ct,
            Sql.Command(ProductsSql, Sql.Text(space < 0 ? "" : typed[..space]), Sql.Text(last), Sql.Bool(shop.French), Sql.Text(shop.Currency)),
            Sql.Command(
                $"""
                select c.id, c.slug, c.name from (
                    select id, slug, case when $2 then coalesce(name_fr, name) else name end as name, position from catalog.categories where active) c
                where (' ' || lower(unaccent(c.name))) like '% ' || $1 || '%' order by c.position, length(c.name), c.slug limit {Most}
                """,
                Sql.Text(Literal(typed)), Sql.Bool(shop.French)),
            Sql.Command(
                $"select b.slug, b.name from catalog.brands b where lower(unaccent(b.name)) like $1 || '%' order by length(b.name), b.slug limit {Most}",
                Sql.Text(Literal(typed))),
            Sql.Command(
                $"""
                select query from catalog.search_log where query >= $1 and query < $1 || U&'\FFFD' and day >= $2::timestamptz::date and results > 0
                group by query order by sum(searches) desc, query limit {Most}
                """,
                Sql.Text(typed), Sql.Time(clock.GetUtcNow().AddDays(-DaysRemembered))));
        var rows = reader.Rows;
        var products = new List<SuggestedProduct>(Most);
        while (await rows.ReadAsync(ct))
        {
            products.Add(new SuggestedProduct(
                PublicId.Format(PublicId.Product, rows.GetGuid(0)), rows.GetString(1), rows.GetString(2),
                Money.Of(rows.GetInt64(3), rows.GetString(4)), images.Of(rows.IsDBNull(5) ? null : rows.GetString(5))));
        }

        await rows.NextResultAsync(ct);
        var categories = new List<SuggestedCategory>(Most);
        while (await rows.ReadAsync(ct))
        {
            categories.Add(new SuggestedCategory(PublicId.Format(PublicId.Category, rows.GetGuid(0)), rows.GetString(1), rows.GetString(2)));
        }

        await rows.NextResultAsync(ct);
        var brands = new List<SuggestedBrand>(Most);
        while (await rows.ReadAsync(ct))
        {
            brands.Add(new SuggestedBrand(rows.GetString(0), rows.GetString(1)));
        }

        await rows.NextResultAsync(ct);
        var queries = new List<string>(Most);
        while (await rows.ReadAsync(ct))
        {
            queries.Add(rows.GetString(0));
        }

        return new SuggestionView(products, categories, brands, queries);
    }

    private static string Literal(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
}
