using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Mallgram.Web.Admin.Api;

/// <summary>Products, categories, attributes, collections and stock.</summary>
internal sealed partial class ApiClient
{
    private const string Admin = V1 + "admin/";

    public Task<ListOf<ProductRow>> ProductsAsync(ProductFilter filter, string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<ProductRow>>(
            Admin + "products" + Query(
                ("q", filter.Q), ("status", filter.Status), ("supplier", filter.Supplier), ("category_id", filter.CategoryId), ("channel", filter.Channel),
                ("low_stock", Truth(filter.LowStock)), ("locked", Truth(filter.Locked)), ("below_landed_cost", Truth(filter.BelowLandedCost)),
                ("cursor", cursor), ("limit", Number(limit))),
            ct);

    public Task<ProductDetail> ProductAsync(string id, CancellationToken ct) => GetAsync<ProductDetail>(Admin + "products/" + Part(id), ct);

    public Task<ProductDetail> CreateProductAsync(JsonObject product, CancellationToken ct) => PostAsync<ProductDetail>(Admin + "products", product, ct);

    /// <param name="id">Of the product.</param>
    /// <param name="change">Only what changes: a supplier's product keeps each field that is sent.</param>
    /// <param name="ct">Ends the call.</param>
    public Task<ProductDetail> EditProductAsync(string id, JsonObject change, CancellationToken ct) =>
        PatchAsync<ProductDetail>(Admin + "products/" + Part(id), change, ct);

    public Task<BulkResult> EditProductsAsync(JsonObject change, CancellationToken ct) => PostAsync<BulkResult>(Admin + "products/bulk", change, ct);

    public Task AddVariantAsync(string productId, JsonObject variant, CancellationToken ct) =>
        PostAsync(Admin + $"products/{Part(productId)}/variants", variant, ct);

    public Task EditVariantAsync(string productId, string variantId, JsonObject change, CancellationToken ct) =>
        PatchAsync(Admin + $"products/{Part(productId)}/variants/{Part(variantId)}", change, ct);

    public Task SetOfferAsync(string productId, string channel, JsonObject offer, CancellationToken ct) =>
        PutAsync(Admin + $"products/{Part(productId)}/offers/{Part(channel)}", offer, ct);

    public Task RemoveOfferAsync(string productId, string channel, CancellationToken ct) =>
        DeleteAsync(Admin + $"products/{Part(productId)}/offers/{Part(channel)}", ct);

    public Task<ProductPrices> ProductPricesAsync(string id, CancellationToken ct) => GetAsync<ProductPrices>(Admin + $"products/{Part(id)}/prices", ct);

    public Task SetPriceAsync(string productId, JsonObject price, CancellationToken ct) => PutAsync(Admin + $"products/{Part(productId)}/prices", price, ct);

    public Task UnlockPriceAsync(string productId, string variantId, string currency, int quantity, CancellationToken ct) =>
        DeleteAsync(
            Admin + $"products/{Part(productId)}/prices" + Query(("variant_id", variantId), ("currency", currency), ("min_quantity", Number(quantity))), ct);

    public Task<ListOf<PriceChange>> PriceHistoryAsync(string productId, string? cursor, CancellationToken ct) =>
        GetAsync<ListOf<PriceChange>>(Admin + $"products/{Part(productId)}/price-history" + Query(("cursor", cursor)), ct);

    public Task<ListOf<MarketCurrency>> MarketCurrenciesAsync(CancellationToken ct) => GetAsync<ListOf<MarketCurrency>>(Admin + "markets", ct);

    public Task<ListOf<CategoryRow>> CategoriesAsync(CancellationToken ct) => GetAsync<ListOf<CategoryRow>>(Admin + "categories", ct);

    public Task CreateCategoryAsync(JsonObject category, CancellationToken ct) => PostAsync(Admin + "categories", category, ct);

    public Task EditCategoryAsync(string id, JsonObject change, CancellationToken ct) => PatchAsync(Admin + "categories/" + Part(id), change, ct);

    public Task DeleteCategoryAsync(string id, string? moveTo, CancellationToken ct) =>
        DeleteAsync(Admin + "categories/" + Part(id) + Query(("move_to", moveTo)), ct);

    public Task<ListOf<BrandRow>> BrandsAsync(CancellationToken ct) => GetAsync<ListOf<BrandRow>>(Admin + "brands" + Query(("limit", "100")), ct);

    public Task<ListOf<TagRow>> TagsAsync(CancellationToken ct) => GetAsync<ListOf<TagRow>>(Admin + "tags", ct);

    public Task<ListOf<AttributeRow>> AttributesAsync(CancellationToken ct) => GetAsync<ListOf<AttributeRow>>(Admin + "attributes", ct);

    public Task CreateAttributeAsync(JsonObject attribute, CancellationToken ct) => PostAsync(Admin + "attributes", attribute, ct);

    public Task EditAttributeAsync(string code, JsonObject change, CancellationToken ct) => PatchAsync(Admin + "attributes/" + Part(code), change, ct);

    public Task DeleteAttributeAsync(string code, CancellationToken ct) => DeleteAsync(Admin + "attributes/" + Part(code), ct);

    public Task<ListOf<CollectionDetail>> CollectionsAsync(CancellationToken ct) => GetAsync<ListOf<CollectionDetail>>(Admin + "collections", ct);

    public Task<CollectionDetail> CollectionAsync(string id, CancellationToken ct) => GetAsync<CollectionDetail>(Admin + "collections/" + Part(id), ct);

    public Task<CollectionDetail> CreateCollectionAsync(JsonObject collection, CancellationToken ct) =>
        PostAsync<CollectionDetail>(Admin + "collections", collection, ct);

    public Task EditCollectionAsync(string id, JsonObject change, CancellationToken ct) => PatchAsync(Admin + "collections/" + Part(id), change, ct);

    public Task DeleteCollectionAsync(string id, CancellationToken ct) => DeleteAsync(Admin + "collections/" + Part(id), ct);

    /// <returns>All of them, in order; the API allows a thousand.</returns>
    public async Task<IReadOnlyList<CollectionProduct>> CollectionProductsAsync(string id, CancellationToken ct)
    {
        var products = new List<CollectionProduct>();
        string? cursor = null;
        do
        {
            var page = await GetAsync<ListOf<CollectionProduct>>(
                Admin + $"collections/{Part(id)}/products" + Query(("cursor", cursor), ("limit", "100")), ct);
            products.AddRange(page.Data);
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return products;
    }

    public Task SetCollectionProductsAsync(string id, IEnumerable<string> products, CancellationToken ct) =>
        PutAsync(Admin + $"collections/{Part(id)}/products", new JsonObject { ["ids"] = new JsonArray([.. products.Select(p => (JsonNode)p)]) }, ct);

    public Task<ListOf<StockRow>> StockAsync(bool low, string? q, string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<StockRow>>(
            Admin + "inventory" + Query(("low", low ? "true" : null), ("q", q), ("cursor", cursor), ("limit", Number(limit))), ct);

    public Task<StockDetail> StockOfAsync(string variantId, string? cursor, CancellationToken ct) =>
        GetAsync<StockDetail>(Admin + "inventory/" + Part(variantId) + Query(("cursor", cursor)), ct);

    public Task<StockAdjusted> AdjustStockAsync(string variantId, JsonObject adjustment, CancellationToken ct) =>
        PostAsync<StockAdjusted>(Admin + $"inventory/{Part(variantId)}/adjustments", adjustment, ct);

    /// <summary>Asks for a signed address, then sends the bytes there.</summary>
    /// <param name="name">As the person's device calls it.</param>
    /// <param name="size">Bytes; exactly what <paramref name="content"/> holds.</param>
    /// <param name="purpose"><c>product_image</c>, <c>product_import</c> or <c>document</c>.</param>
    /// <param name="content">Read once, not kept.</param>
    /// <param name="ct">Ends the call.</param>
    /// <returns>Id of the file.</returns>
    public async Task<string> UploadAsync(string name, long size, string purpose, Stream content, CancellationToken ct)
    {
        var started = await PostAsync<UploadStarted>(
            V1 + "files", new JsonObject { ["name"] = name, ["size"] = size, ["purpose"] = purpose }, ct);
        // The address is made for browsers; this server reaches the API by its own name.
        var put = new HttpRequestMessage(HttpMethod.Put, new Uri(started.Upload.Url).PathAndQuery.TrimStart('/'))
        {
            Content = new StreamContent(content) { Headers = { ContentLength = size } },
        };
        put.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        foreach (var (header, value) in started.Upload.Headers)
        {
            if (!put.Headers.TryAddWithoutValidation(header, value))
            {
                put.Content.Headers.Remove(header);
                put.Content.Headers.TryAddWithoutValidation(header, value);
            }
        }

        await DoAsync(put, ct);
        return started.Id;
    }

    private static string? Truth(bool? value) => value switch { true => "true", false => "false", null => null };
}
