using Mallgram.Files.Contracts;
using Mallgram.Files.Images;
using Mallgram.Files.Storage;
using Mallgram.Kernel;
using Microsoft.Extensions.DependencyInjection;

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
        services.AddSingleton<ImageAddresses>();
        services.AddSingleton<IImageAddresses>(provider => provider.GetRequiredService<ImageAddresses>());
        services.AddScoped<StoredFiles>();
        services.AddScoped<IFiles>(provider => provider.GetRequiredService<StoredFiles>());
        return services;
    }
}
