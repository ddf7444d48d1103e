using Mallgram.Files.Contracts;
using Mallgram.Files.Images;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Files;

/// <summary>A store's logo: an uploaded product image, public through the image proxy.</summary>
internal sealed class StorePictures(IFiles files, ImageAddresses addresses) : IStorePictures
{
    public async Task<string?> FindAddressAsync(Guid fileId, CancellationToken ct) =>
        await files.FindAsync(fileId, ct) is { Purpose: FilePurposes.ProductImage } ? AddressOf(fileId) : null;

    public string AddressOf(Guid fileId) => addresses.Of(ImageAddresses.FilePrefix + PublicId.Format(PublicId.File, fileId))!;
}

/// <summary>Deletes the bytes of a store that is being closed; what is known of each goes with its bytes.</summary>
internal sealed class StoreFiles(IServiceScopeFactory scopes) : IStoreErasure
{
    private const int BatchFiles = 500;

    public async Task EraseAsync(Guid storeId, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<StoreScope>().Set(storeId);
        var (database, files) = (scope.ServiceProvider.GetRequiredService<StoreDatabase>(), scope.ServiceProvider.GetRequiredService<StoredFiles>());
        while (await NextAsync(database, storeId, ct) is { Count: > 0 } ids)
        {
            foreach (var id in ids)
            {
                await files.DeleteAsync(id, ct);
            }
        }
    }

    private static async Task<List<Guid>> NextAsync(StoreDatabase database, Guid storeId, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            "select id from files.files where store_id = $1 limit $2", Sql.Uuid(storeId), Sql.Int(BatchFiles)));
        var ids = new List<Guid>();
        while (await answer.Rows.ReadAsync(ct))
        {
            ids.Add(answer.Rows.GetGuid(0));
        }

        return ids;
    }
}
