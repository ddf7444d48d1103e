using Mallgram.Catalog.Http;
using Mallgram.Catalog.Search;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Catalog.Products;

internal static class ProductEndpoints
{
    public static readonly ProblemCode ProductNotFound = new("product_not_found", 404,
        "This store has no such product.", "Cette boutique n'a pas ce produit.");

    public static void MapProductEndpoints(this IEndpointRouteBuilder api)
    {
        var products = api.MapGroup("/products").WithTags("Products");
        products.MapGet("/", ([AsParameters] ProductListParameters sent, [AsParameters] ListServices services, HttpContext context) =>
                ListAsync(sent, services, context))
            .WithName("ListProducts").WithSummary("List products; attr.{code} filters by an attribute").ProducesList();
        products.MapGet("/search", ([AsParameters] ProductListParameters sent, [AsParameters] ListServices services, HttpContext context) =>
                ListAsync(sent, services, context, wordsRequired: true))
            .WithName("SearchProducts").WithSummary("Find products by words, best match first").ProducesList();
        products.MapGet("/retailer", ([AsParameters] ProductListParameters sent, [AsParameters] ListServices services, HttpContext context) =>
                ListAsync(sent, services, context, onlyChannel: "b2b"))
            .WithName("ListRetailerProducts").WithSummary("List products for retailers (b2b)").ProducesList();
        products.MapGet("/{idOrSlug}", FindAsync)
            .WithName("GetProduct").WithSummary("One product with its variants, by id, slug or former slug")
            .Produces<ProductView>().Produces(StatusCodes.Status304NotModified)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
    }

    private static async Task<IResult> ListAsync(
        ProductListParameters sent, ListServices services, HttpContext context, bool wordsRequired = false, string? onlyChannel = null)
    {
        var shop = Shop.Of(services.Store, services.Scope);
        var query = await ProductQuery.ParseAsync(
            sent, context.Request.Query, shop, services.Facts, context.RequestAborted, wordsRequired, onlyChannel);
        var answer = (await services.Cache.GetAsync(new ProductListSource(query, shop), context.RequestAborted))!;
        if (query is { Words: { } words, Cursor: null })
        {
            services.Log.Searched(shop.StoreId, words, answer.Found);
        }

        return new CachedJson(answer);
    }

    private static async Task<IResult> FindAsync(
        string idOrSlug,
        [FromQuery] string? fields,
        [FromQuery] string? currency,
        CurrentStore store,
        StoreScope scope,
        StoreFacts facts,
        AnswerCache cache,
        CancellationToken ct)
    {
        var shop = Shop.Of(store, scope);
        IReadOnlyList<string>? wanted = null;
        var priced = shop.Currency;
        if (fields is not null || currency is not null)
        {
            var errors = new FieldErrors();
            wanted = ProductQuery.ParseDetailFields(fields, errors);
            priced = await facts.CurrencyAsync(currency, shop, errors, ct);
            errors.ThrowIfAny();
        }

        var isNoKey = idOrSlug.Length > 200 || idOrSlug.Any(c => char.IsControl(c) || char.IsSurrogate(c));
        var answer = isNoKey ? null : await cache.GetAsync(new ProductSource(idOrSlug, shop, priced, wanted), ct);
        return answer is null ? throw new ProblemException(ProductNotFound) : new CachedJson(answer);
    }

    private static void ProducesList(this RouteHandlerBuilder route) => route
        .Produces<ProductPage>().Produces(StatusCodes.Status304NotModified)
        .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status422UnprocessableEntity);

    internal sealed record ListServices(CurrentStore Store, StoreScope Scope, StoreFacts Facts, AnswerCache Cache, SearchLog Log);
}
