using System.Security.Claims;
using Mallgram.Catalog.Categories;
using Mallgram.Catalog.Stock;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Merchandising;

/// <summary>What staff do with products, categories, collections and stock. Routes only.</summary>
internal static class MerchandisingEndpoints
{
    public static IServiceCollection AddMerchandising(this IServiceCollection services)
    {
        services.AddSingleton<StoreJobs>();
        services.AddScoped<AdminProductList>();
        services.AddScoped<AdminProductReads>();
        services.AddScoped<ProductWrites>();
        services.AddScoped<CreateProduct>();
        services.AddScoped<EditProduct>();
        services.AddScoped<ProductVariants>();
        services.AddScoped<ProductOffers>();
        services.AddScoped<BulkEdit>();
        services.AddScoped<Attributes>();
        services.AddScoped<Brands>();
        services.AddScoped<Tags>();
        services.AddScoped<Collections>();
        services.AddScoped<MerchandisingDefaults>();
        services.AddScoped<CategoryAdmin>();
        services.AddScoped<BestSellers>();
        services.AddScoped<Inventory>();
        services.AddScoped<HoldRelease>();
        services.AddScoped<LowStockWatch>();
        services.AddJob<FindBestSellers>();
        services.AddJob<RefreshCollections>();
        services.AddJob<ReleaseExpiredHolds>();
        services.AddJob<WatchLowStock>();
        return services;
    }

    /// <param name="admin">A group that asks for a staff role.</param>
    public static void MapMerchandisingAdmin(this IEndpointRouteBuilder admin)
    {
        MapProducts(admin.MapGroup("/products").WithTags("Admin: products"));
        MapCategories(admin.MapGroup("/categories").WithTags("Admin: categories"));
        MapAttributes(admin.MapGroup("/attributes").WithTags("Admin: attributes"));
        MapBrandsAndTags(admin);
        MapCollections(admin.MapGroup("/collections").WithTags("Admin: collections"));
        MapInventory(admin);
    }

    private static void MapProducts(RouteGroupBuilder products)
    {
        products.MapGet("", (AdminProductList list, [AsParameters] AdminProductParameters parameters, CancellationToken ct) => list.ListAsync(parameters, ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListProducts").WithSummary("Products, newest first")
            .Produces<AdminProductPage>().ProducesProblem(400).ProducesProblem(422);
        products.MapGet("/{id}", (string id, AdminProductReads reads, HttpResponse response, CancellationToken ct) => ShowAsync(id, reads, response, 200, ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminGetProduct")
            .WithSummary("A product with all there is; its ETag is its version")
            .Produces<AdminProduct>().ProducesProblem(404);
        products.MapPost(
            "",
            async (JsonBody<NewProductInput> body, CreateProduct create, AdminProductReads reads, ClaimsPrincipal staff, HttpResponse response, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                var id = await create.CreateAsync(body.Value, SentFields.Of(body, errors), errors, Actor(staff), ct);
                response.Headers.Location = "/api/v1/admin/products/" + id;
                return await ShowAsync(id, reads, response, 201, ct);
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminCreateProduct").WithSummary("Make a product of the merchant's own")
            .Produces<AdminProduct>(201).ProducesProblem(409).ProducesProblem(422);
        products.MapPatch(
            "/{id}",
            async (
                string id, JsonBody<ProductInput> body, [FromHeader(Name = "If-Match")] string? version, EditProduct edit, AdminProductReads reads,
                HttpResponse response, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                await edit.EditAsync(id, body.Value, SentFields.Of(body, errors), version, errors, ct);
                return await ShowAsync(id, reads, response, 200, ct);
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminEditProduct")
            .WithSummary("Change a product (JSON merge patch); what is set on a supplier's product, imports leave alone")
            .Produces<AdminProduct>().ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        products.MapPost(
            "/bulk",
            (JsonBody<BulkEditInput> body, BulkEdit edit, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                _ = SentFields.Of(body, errors);
                return edit.EditAsync(body.Value, errors, ct);
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminEditProducts").WithSummary("Change many products at once")
            .Produces<BulkEditResult>().ProducesProblem(422);
        products.MapPost(
            "/{id}/variants",
            async (string id, JsonBody<VariantInput> body, ProductVariants variants, AdminProductReads reads, ClaimsPrincipal staff, HttpResponse response, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                _ = SentFields.Of(body, errors);
                await variants.AddAsync(id, body.Value, errors, Actor(staff), ct);
                return await ShowAsync(id, reads, response, 201, ct);
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminAddVariant")
            .WithSummary("Add a variant to goods of the merchant's own")
            .Produces<AdminProduct>(201).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        products.MapPatch(
            "/{id}/variants/{variantId}",
            async (
                string id, string variantId, JsonBody<VariantInput> body, ProductVariants variants, AdminProductReads reads, ClaimsPrincipal staff,
                HttpResponse response, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                await variants.EditAsync(id, variantId, body.Value, SentFields.Of(body, errors), errors, Actor(staff), ct);
                return await ShowAsync(id, reads, response, 200, ct);
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminEditVariant")
            .WithSummary("Change a variant of the merchant's own goods, its prices, or whether it is sold")
            .Produces<AdminProduct>().ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        products.MapPut(
            "/{id}/offers/{channel}",
            async (
                string id, string channel, JsonBody<OfferInput> body, ProductOffers offers, AdminProductReads reads, ClaimsPrincipal staff,
                HttpResponse response, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                _ = SentFields.Of(body, errors);
                await offers.SetAsync(id, channel, body.Value, errors, Actor(staff), ct);
                return await ShowAsync(id, reads, response, 200, ct);
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminSetOffer")
            .WithSummary("Sell a product singly (b2c) or in bulk (b2b)")
            .Produces<AdminProduct>().ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        products.MapDelete(
            "/{id}/offers/{channel}",
            async (string id, string channel, ProductOffers offers, ClaimsPrincipal staff, CancellationToken ct) =>
            {
                await offers.RemoveAsync(id, channel, Actor(staff), ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminRemoveOffer").WithSummary("No longer sell a product on a channel")
            .ProducesProblem(404).ProducesProblem(409);
    }

    private static void MapCategories(RouteGroupBuilder categories)
    {
        categories.MapGet("", (CategoryAdmin admin, CancellationToken ct) => admin.ListAsync(ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListCategories")
            .WithSummary("The whole tree, parents before their children").Produces<AdminCategoryList>();
        categories.MapPost(
            "",
            async (JsonBody<CategoryInput> body, CategoryAdmin admin, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                var id = await admin.CreateAsync(body.Value, SentFields.Of(body, errors), errors, ct);
                return TypedResults.Created("/api/v1/admin/categories", new Created(id));
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminCreateCategory").ProducesProblem(409).ProducesProblem(422);
        categories.MapPatch(
            "/{id}",
            async (string id, JsonBody<CategoryInput> body, CategoryAdmin admin, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                await admin.EditAsync(id, body.Value, SentFields.Of(body, errors), errors, ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminEditCategory")
            .WithSummary("Rename, move, order or hide a category")
            .ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        categories.MapDelete(
            "/{id}",
            async (string id, [FromQuery(Name = "move_to")] string? moveTo, CategoryAdmin admin, CancellationToken ct) =>
            {
                await admin.DeleteAsync(id, moveTo, ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminDeleteCategory")
            .WithSummary("Delete a category that is empty, or move what is in it")
            .ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    private static void MapAttributes(RouteGroupBuilder attributes)
    {
        attributes.MapGet("", (Attributes all, CancellationToken ct) => all.ListAsync(ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListAttributes").Produces<AttributeList>();
        attributes.MapPost(
            "",
            async (JsonBody<AttributeInput> body, Attributes all, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                _ = SentFields.Of(body, errors);
                await all.CreateAsync(body.Value, errors, ct);
                return TypedResults.Created("/api/v1/admin/attributes", new Created(body.Value.Code!));
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminCreateAttribute").ProducesProblem(409).ProducesProblem(422);
        attributes.MapPatch(
            "/{code}",
            async (string code, JsonBody<AttributeInput> body, Attributes all, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                await all.EditAsync(code, body.Value, SentFields.Of(body, errors), errors, ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminEditAttribute").ProducesProblem(404).ProducesProblem(422);
        attributes.MapDelete(
            "/{code}",
            async (string code, Attributes all, CancellationToken ct) =>
            {
                await all.DeleteAsync(code, ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminDeleteAttribute")
            .WithSummary("Take an attribute away, from products too").ProducesProblem(404);
    }

    private static void MapBrandsAndTags(IEndpointRouteBuilder admin)
    {
        var brands = admin.MapGroup("/brands").WithTags("Admin: brands and tags");
        brands.MapGet("", (string? cursor, int? limit, Brands all, CancellationToken ct) => all.ListAsync(cursor, limit, ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListBrands")
            .Produces<BrandPage>().ProducesProblem(400).ProducesProblem(422);
        brands.MapPost(
            "",
            async (JsonBody<BrandInput> body, Brands all, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                _ = SentFields.Of(body, errors);
                return TypedResults.Created("/api/v1/admin/brands", new Created(await all.CreateAsync(body.Value, errors, ct)));
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminCreateBrand").ProducesProblem(409).ProducesProblem(422);
        brands.MapPatch(
            "/{slug}",
            async (string slug, JsonBody<BrandInput> body, Brands all, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                await all.EditAsync(slug, body.Value, SentFields.Of(body, errors), errors, ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminEditBrand").ProducesProblem(404).ProducesProblem(422);
        brands.MapDelete(
            "/{slug}",
            async (string slug, [FromQuery(Name = "move_to")] string? moveTo, Brands all, CancellationToken ct) =>
            {
                await all.DeleteAsync(slug, moveTo, ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminDeleteBrand")
            .ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);

        var tags = admin.MapGroup("/tags").WithTags("Admin: brands and tags");
        tags.MapGet("", (Tags all, CancellationToken ct) => all.ListAsync(ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListTags").Produces<TagList>();
        tags.MapPost(
            "/rename",
            async (JsonBody<TagRename> body, Tags all, CancellationToken ct) =>
            {
                await all.RenameAsync(body.Value, ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminRenameTag").ProducesProblem(404).ProducesProblem(422);
        tags.MapDelete(
            "/{tag}",
            async (string tag, Tags all, CancellationToken ct) =>
            {
                await all.DeleteAsync(tag, ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminDeleteTag").ProducesProblem(404);
    }

    private static void MapCollections(RouteGroupBuilder collections)
    {
        collections.MapGet("", (Collections all, CancellationToken ct) => all.ListAsync(ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListCollections").Produces<CollectionList>();
        collections.MapGet("/{id}", (string id, Collections all, CancellationToken ct) => all.GetAsync(id, ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminGetCollection").Produces<CollectionView>().ProducesProblem(404);
        collections.MapGet(
            "/{id}/products", (string id, string? cursor, int? limit, Collections all, CancellationToken ct) => all.ListProductsAsync(id, cursor, limit, ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListCollectionProducts")
            .Produces<CollectionProductPage>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(422);
        collections.MapPost(
            "",
            async (JsonBody<CollectionInput> body, Collections all, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                _ = SentFields.Of(body, errors);
                var id = await all.CreateAsync(body.Value, errors, ct);
                return TypedResults.Created("/api/v1/admin/collections/" + id, await all.GetAsync(id, ct));
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminCreateCollection").ProducesProblem(409).ProducesProblem(422);
        collections.MapPatch(
            "/{id}",
            async (string id, JsonBody<CollectionInput> body, Collections all, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                await all.EditAsync(id, body.Value, SentFields.Of(body, errors), errors, ct);
                return await all.GetAsync(id, ct);
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminEditCollection")
            .Produces<CollectionView>().ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        collections.MapPut(
            "/{id}/products",
            async (string id, JsonBody<CollectionProductsInput> body, Collections all, CancellationToken ct) =>
            {
                await all.SetProductsAsync(id, body.Value, ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminSetCollectionProducts")
            .WithSummary("Put a collection together by hand, in this order")
            .ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
        collections.MapDelete(
            "/{id}",
            async (string id, Collections all, CancellationToken ct) =>
            {
                await all.DeleteAsync(id, ct);
                return TypedResults.NoContent();
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminDeleteCollection").ProducesProblem(404);
    }

    private static void MapInventory(IEndpointRouteBuilder admin)
    {
        var inventory = admin.MapGroup("/inventory").WithTags("Admin: inventory");
        inventory.MapGet(
            "", (bool? low, string? q, string? cursor, int? limit, Inventory stock, CancellationToken ct) => stock.ListAsync(low ?? false, q, cursor, limit, ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListInventory")
            .WithSummary("Stock of the variants on sale; low=true: what is at or below its threshold")
            .Produces<InventoryPage>().ProducesProblem(400).ProducesProblem(422);
        inventory.MapGet(
            "/{variantId}", (string variantId, string? cursor, int? limit, Inventory stock, CancellationToken ct) => stock.GetAsync(variantId, cursor, limit, ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminGetInventory")
            .WithSummary("A variant's stock, who holds it, and its movements")
            .Produces<InventoryItem>().ProducesProblem(400).ProducesProblem(404).ProducesProblem(422);
        inventory.MapPost(
            "/{variantId}/adjustments",
            (string variantId, JsonBody<AdjustmentInput> body, Inventory stock, ClaimsPrincipal staff, CancellationToken ct) =>
                stock.AdjustAsync(variantId, body.Value, Actor(staff), ct))
            .RequirePermission(Permissions.StockWrite).WithName("AdminAdjustInventory")
            .WithSummary("What was counted, by difference or by number")
            .Produces<Adjusted>().ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);

        var settings = admin.MapGroup("/merchandising/settings").WithTags("Admin: inventory");
        settings.MapGet("", (MerchandisingDefaults defaults, CancellationToken ct) => defaults.GetAsync(ct))
            .RequirePermission(Permissions.ProductsRead).WithName("AdminGetMerchandisingSettings").Produces<MerchandisingSettings>();
        settings.MapPatch(
            "",
            async (JsonBody<MerchandisingSettings> body, MerchandisingDefaults defaults, CancellationToken ct) =>
            {
                var errors = new FieldErrors();
                _ = SentFields.Of(body, errors);
                errors.ThrowIfAny();
                await defaults.SetAsync(body.Value, ct);
                return await defaults.GetAsync(ct);
            })
            .RequirePermission(Permissions.ProductsWrite).WithName("AdminEditMerchandisingSettings")
            .Produces<MerchandisingSettings>().ProducesProblem(422);
    }

    private static async Task<IResult> ShowAsync(string id, AdminProductReads reads, HttpResponse response, int status, CancellationToken ct)
    {
        var product = await reads.GetAsync(id, ct);
        response.Headers.ETag = AdminProduct.Tag(product.UpdatedAt);
        return TypedResults.Json(product, MallgramJson.Options, statusCode: status);
    }

    // The subject of an access token is the person's public id.
    private static string Actor(ClaimsPrincipal staff) => staff.FindFirst("sub")?.Value ?? "staff";
}

/// <summary>What was made.</summary>
internal sealed record Created(string Id);
