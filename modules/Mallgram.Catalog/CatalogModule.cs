using Mallgram.Catalog.Bulk;
using Mallgram.Catalog.Categories;
using Mallgram.Catalog.Cleanup;
using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Import;
using Mallgram.Catalog.Merchandising;
using Mallgram.Catalog.Pricing;
using Mallgram.Catalog.Products;
using Mallgram.Catalog.Quality;
using Mallgram.Catalog.Search;
using Mallgram.Catalog.Stock;
using Mallgram.Kernel;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog;

/// <summary>What a store sells: products, prices, stock; reading them fast; taking them in from suppliers.</summary>
public static class CatalogModule
{
    public static IServiceCollection AddCatalog(this IServiceCollection services)
    {
        services.AddMigrations(typeof(CatalogModule).Assembly);
        services.AddCatalogCleanup();
        services.AddStoreMeter(StoreMeters.Products, "select count(*) from catalog.products where store_id = $1");
        services.AddOnboardingStep("first_product", 50, "Put a product on sale", "Mettre un produit en vente",
            "exists (select from catalog.products where store_id = $1 and status = 'active')");
        services.AddScoped<ICatalogImport, CatalogImport>();
        services.AddScoped<IImportRecords, ImportRecords>();
        services.AddScoped<CategoryImport>();
        services.AddOutboxHandler<JudgeProducts>();
        services.AddScoped<IOrderCatalog, OrderCatalog>();
        services.AddPricing();
        services.AddProductReading();
        services.AddBulk();
        services.AddMerchandising();
        return services;
    }

    /// <param name="api">The group of the public API.</param>
    public static IEndpointRouteBuilder MapCatalog(this IEndpointRouteBuilder api)
    {
        api.MapProductEndpoints();
        api.MapSuggestions();
        api.MapShelves();
        api.MapCategoryEndpoints();
        return api;
    }

    /// <param name="admin">A group that lets staff in only.</param>
    public static IEndpointRouteBuilder MapCatalogAdmin(this IEndpointRouteBuilder admin)
    {
        admin.MapBulk();
        admin.MapSearchAdmin();
        admin.MapPricingAdmin();
        admin.MapMerchandisingAdmin();
        admin.MapQualityFilters();
        admin.MapSupplierCategories();
        return admin;
    }
}
