using Mallgram.Catalog.Categories;
using Mallgram.Catalog.Http;
using Mallgram.Catalog.Search;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Products;

internal static class ProductReading
{
    /// <summary>Everything behind the public reads. Settings: section <c>Catalog:Cache</c>.</summary>
    public static IServiceCollection AddProductReading(this IServiceCollection services)
    {
        services.AddOptions<AnswerCacheOptions>().BindConfiguration("Catalog:Cache").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<AnswerCache>();
        services.AddSingleton<StoreFacts>();
        services.AddSingleton<SearchLog>();
        services.AddHostedService(provider => provider.GetRequiredService<SearchLog>());
        services.AddScoped<ProductReads>();
        services.AddScoped<CategoryReads>();
        services.AddScoped<Suggestions>();
        return services;
    }
}
