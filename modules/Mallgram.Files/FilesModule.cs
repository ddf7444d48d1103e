using Mallgram.Files.Contracts;
using Mallgram.Files.Images;
using Mallgram.Files.Scanning;
using Mallgram.Files.Storage;
using Mallgram.Files.Uploads;
using Mallgram.Kernel;
using Mallgram.Kernel.Cleanup;
using Mallgram.Kernel.Http.Outbound;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Files;

/// <summary>What stores keep outside the database, and pictures as browsers get them. Settings: section <c>Files</c>.</summary>
public static class FilesModule
{
    public static IServiceCollection AddFiles(this IServiceCollection services)
    {
        services.AddMigrations(typeof(FilesModule).Assembly);
        services.AddOptions<FilesOptions>().BindConfiguration("Files").ValidateDataAnnotations()
            .Validate(o => o.HasStrongKey, $"Files:SigningKey needs at least {FilesOptions.MinKeyBytes} bytes.")
            .Validate(o => o.HasPlainAddress, "Files:PublicBaseAddress must be http(s)://host[:port] without a path.")
            .ValidateOnStart();
        services.AddSingleton<IFileStorage, LocalFolder>();
        services.AddSingleton<IFileScanner>(provider =>
            string.IsNullOrEmpty(provider.GetRequiredService<IOptions<FilesOptions>>().Value.Clamd)
                ? new NoScanner()
                : ActivatorUtilities.CreateInstance<ClamdScanner>(provider));
        services.AddSingleton<ImageAddresses>();
        services.AddSingleton<IImageAddresses>(provider => provider.GetRequiredService<ImageAddresses>());
        services.AddKeyedSingleton(ImageProxy.Internet, (provider, _) =>
            new PublicInternet(provider.GetRequiredService<IOptions<FilesOptions>>().Value.Images.AllowedHosts));
        services.AddSingleton<ImageSizes>();
        services.AddSingleton<ImageCache>();
        services.AddSingleton<ImageResizer>();
        services.AddSingleton<ImageProxy>();
        services.AddSingleton<UploadAddresses>();
        services.AddCleanupTask<UnfinishedUploads>();
        services.AddScoped<CreateUpload>();
        services.AddScoped<ReceiveUpload>();
        services.AddScoped<StoredFiles>();
        services.AddScoped<IStorePictures, StorePictures>();
        services.AddSingleton<IStoreErasure, StoreFiles>();
        services.AddStoreMeter(
            StoreMeters.StorageBytes, "select coalesce(sum(size), 0)::bigint from files.files where store_id = $1 and state = 'ready'");
        services.AddScoped<IFiles>(provider => provider.GetRequiredService<StoredFiles>());
        return services;
    }

    /// <summary>Maps <c>/files</c> and <c>/images</c> onto the host's group.</summary>
    public static void MapFiles(this IEndpointRouteBuilder api)
    {
        FileEndpoints.Map(api);
        ImageEndpoints.Map(api);
    }
}
