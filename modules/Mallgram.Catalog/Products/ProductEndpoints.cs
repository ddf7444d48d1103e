using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mallgram.Catalog.Http;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Catalog.Products;

internal static class ProductEndpoints
{
    private static readonly ProblemCode ProductNotFound = new("product_not_found", 404,
        "This store has no such product.", "Cette boutique n'a pas ce produit.");

    public static void MapProductEndpoints(this IEndpointRouteBuilder api)
    {
        var products = api.MapGroup("/products").WithTags("Products");
        products.MapGet("/", ([AsParameters] ProductListParameters sent, ProductReads reads, CancellationToken ct) =>
                ListAsync(ProductQuery.Parse(sent), reads, ct))
            .WithName("ListProducts").WithSummary("List products").ProducesList();
        products.MapGet("/search", ([AsParameters] ProductListParameters sent, ProductReads reads, CancellationToken ct) =>
                ListAsync(ProductQuery.Parse(sent, wordsRequired: true), reads, ct))
            .WithName("SearchProducts").WithSummary("Find products by words, best match first").ProducesList();
        products.MapGet("/retailer", ([AsParameters] ProductListParameters sent, ProductReads reads, CancellationToken ct) =>
                ListAsync(ProductQuery.Parse(sent, onlyChannel: "b2b"), reads, ct))
            .WithName("ListRetailerProducts").WithSummary("List products for retailers (b2b)").ProducesList();
        products.MapGet("/{idOrSlug}", FindAsync)
            .WithName("GetProduct").WithSummary("One product with its variants")
            .Produces<ProductView>().Produces(StatusCodes.Status304NotModified)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
    }

    private static async Task<IResult> ListAsync(ProductQuery query, ProductReads reads, CancellationToken ct)
    {
        var page = await reads.ListAsync(query, ct);
        if (query.Fields is not { } fields)
        {
            return new CachedJson(JsonSerializer.SerializeToUtf8Bytes(page, ProductJson.Public.ProductPage));
        }

        var trimmed = JsonSerializer.SerializeToNode(page, ProductJson.Public.ProductPage)!;
        foreach (var item in trimmed["data"]!.AsArray())
        {
            Trim(item!.AsObject(), fields);
        }

        return new CachedJson(Bytes(trimmed));
    }

    private static async Task<IResult> FindAsync(string idOrSlug, [FromQuery] string? fields, ProductReads reads, CancellationToken ct)
    {
        var wanted = ProductQuery.ParseDetailFields(fields);
        var isNoKey = idOrSlug.Length > 200 || idOrSlug.Any(c => char.IsControl(c) || char.IsSurrogate(c));
        var product = isNoKey ? null : await reads.FindAsync(idOrSlug, ct);
        if (product is null)
        {
            throw new ProblemException(ProductNotFound);
        }

        if (wanted is null)
        {
            return new CachedJson(JsonSerializer.SerializeToUtf8Bytes(product, ProductJson.Public.ProductView));
        }

        var trimmed = JsonSerializer.SerializeToNode(product, ProductJson.Public.ProductView)!.AsObject();
        Trim(trimmed, wanted);
        return new CachedJson(Bytes(trimmed));
    }

    private static void Trim(JsonObject item, IReadOnlyList<string> fields)
    {
        foreach (var name in item.Select(m => m.Key).Where(k => k != "id" && !fields.Contains(k, StringComparer.Ordinal)).ToList())
        {
            item.Remove(name);
        }
    }

    private static byte[] Bytes(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = MallgramJson.Options.Encoder }))
        {
            node.WriteTo(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void ProducesList(this RouteHandlerBuilder route) => route
        .Produces<ProductPage>().Produces(StatusCodes.Status304NotModified)
        .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
}
