using Mallgram.Kernel.Jobs;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Bulk;

internal static class BulkSetup
{
    public static IServiceCollection AddBulk(this IServiceCollection services)
    {
        services.AddJob<BulkImportJob>();
        services.AddScoped<BulkImports>();
        services.AddScoped<BulkImportRun>();
        services.AddScoped<BulkExport>();
        services.Configure<ResponseCompressionOptions>(o => o.MimeTypes =
            [.. o.MimeTypes.Any() ? o.MimeTypes : ResponseCompressionDefaults.MimeTypes, "text/csv", "application/x-ndjson"]);
        return services;
    }
}
