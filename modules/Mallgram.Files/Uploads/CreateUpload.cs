using Mallgram.Files.Content;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.Options;

namespace Mallgram.Files.Uploads;

/// <param name="Size">Bytes; the upload may have at most as many.</param>
/// <param name="Purpose"><c>product_image</c>, <c>product_import</c> or <c>document</c>.</param>
/// <param name="ContentType">What the sender takes it for. The content decides.</param>
internal sealed record CreateUploadRequest(string? Name, long? Size, string? Purpose, string? ContentType);

/// <param name="Method">Always <c>PUT</c>, with the bytes as the body.</param>
internal sealed record UploadAddress(string Method, string Url, DateTimeOffset ExpiresAt, IReadOnlyDictionary<string, string> Headers);

internal sealed record CreatedUpload(string Id, UploadAddress Upload);

internal sealed class CreateUpload(
    StoreDatabase database, StoreScope scope, UploadAddresses addresses, IStoreRoom room, IOptions<FilesOptions> options, TimeProvider clock)
{
    private const int MaxNameLength = 200;

    public async Task<CreatedUpload> CreateAsync(CreateUploadRequest request, Guid? person, CancellationToken ct)
    {
        var name = request.Name?[(request.Name.LastIndexOfAny(['/', '\\']) + 1)..].Trim();
        var maxBytes = options.Value.MaxBytesOf(request.Purpose);
        var errors = new FieldErrors();
        errors.Require(name, "name", MaxNameLength);
        if (name?.Any(char.IsControl) == true)
        {
            errors.Add("name", "must not hold control characters", "ne doit pas contenir de caractères de contrôle");
        }

        if (maxBytes is null)
        {
            errors.Add("purpose", "is one of product_image, product_import, document", "est l'un de product_image, product_import, document");
        }

        if (request.Size is not > 0)
        {
            errors.Add("size", "must be the number of bytes, at least 1", "doit être le nombre d'octets, au moins 1");
        }
        else if (request.Size > maxBytes)
        {
            errors.Add("size", $"must be at most {maxBytes} bytes", $"doit être au plus de {maxBytes} octets");
        }

        if (request.ContentType is { } type && maxBytes is not null && !ContentTypes.Fits(type, request.Purpose!))
        {
            errors.Add("content_type", $"is not taken for {request.Purpose}", $"n'est pas accepté pour {request.Purpose}");
        }

        errors.ThrowIfAny();
        await room.RequireAsync(StoreMeters.StorageBytes, request.Size!.Value, ct);
        var id = PublicId.New(clock);
        await database.ExecuteAsync(ct, Sql.Command(
            "insert into files.files (store_id, id, name, purpose, max_size, uploaded_by) values ($1, $2, $3, $4, $5, $6)",
            Sql.Uuid(scope.StoreId), Sql.Uuid(id), Sql.Text(name), Sql.Text(request.Purpose), Sql.Long(request.Size), Sql.Uuid(person)));
        var (url, expires) = addresses.Create(scope.StoreId, id, request.Size.Value);
        return new CreatedUpload(
            PublicId.Format(PublicId.File, id),
            new UploadAddress("PUT", url, expires, new Dictionary<string, string>
            {
                ["Content-Type"] = request.ContentType ?? "application/octet-stream",
            }));
    }
}
