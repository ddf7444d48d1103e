using Mallgram.Files.Contracts;
using Mallgram.Files.Images;
using Mallgram.Files.Storage;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Mallgram.Files.Uploads;

/// <param name="State"><c>pending</c> until its bytes are there and were looked at, then <c>ready</c> or <c>refused</c>.</param>
/// <param name="RefusedReason"><c>type</c>, or <c>infected: …</c>.</param>
/// <param name="ContentType">By content; null before it is ready, as are <c>size</c> and <c>sha256</c> (hexadecimal).</param>
/// <param name="ImageUrl">Public address of a ready <c>product_image</c>.</param>
internal sealed record FileView(
    string Id,
    string Name,
    string Purpose,
    string State,
    string? RefusedReason,
    string? ContentType,
    long? Size,
    string? Sha256,
    string? ImageUrl,
    DateTimeOffset CreatedAt);

internal static class FileEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var files = api.MapGroup("/files").WithTags("Files");
        files.MapPost("", CreateAsync).RequirePermission(Permissions.FilesWrite).WithName("CreateFile")
            .WithSummary("Announce a file and get the address to upload it to")
            .Produces<CreatedUpload>(201).ProducesProblem(401).ProducesProblem(403).ProducesProblem(422);
        files.MapPut("/{id}/content", UploadAsync).AllowAnonymous().WithName("UploadFile")
            .WithSummary("Upload a file to its signed address; takes no token")
            .Produces<FileView>().ProducesProblem(403).ProducesProblem(409).ProducesProblem(413).ProducesProblem(422);
        files.MapGet("/{id}", GetAsync).RequirePermission(Permissions.FilesWrite).WithName("GetFile")
            .WithSummary("What is known of a file")
            .Produces<FileView>().ProducesProblem(404);
        files.MapGet("/{id}/content", DownloadAsync).RequirePermission(Permissions.FilesWrite).WithName("DownloadFile")
            .WithSummary("A file's bytes, always as an attachment")
            .Produces(200).Produces(206).Produces(304).ProducesProblem(404).ProducesProblem(409);
        files.MapDelete("/{id}", DeleteAsync).RequirePermission(Permissions.FilesWrite).WithName("DeleteFile")
            .WithSummary("Delete a file for good")
            .Produces(204).ProducesProblem(404);
    }

    private static async Task<IResult> CreateAsync(
        JsonBody<CreateUploadRequest> body, HttpContext context, CreateUpload createUpload, CancellationToken ct)
    {
        var person = PublicId.TryParse(PublicId.User, context.User.FindFirst("sub")?.Value, out var user) ? user : (Guid?)null;
        var created = await createUpload.CreateAsync(body.Value, person, ct);
        return TypedResults.Created("/api/v1/files/" + created.Id, created);
    }

    private static async Task<FileView> UploadAsync(
        string id,
        string? store,
        long? expires,
        long? max,
        string? signature,
        HttpContext context,
        UploadAddresses addresses,
        IServiceScopeFactory scopes,
        CancellationToken ct)
    {
        if (!PublicId.TryParse(PublicId.File, id, out var fileId) || !PublicId.TryParse(PublicId.Store, store, out var storeId)
            || expires is not { } until || max is not { } maxBytes || signature is null
            || !addresses.IsGood(storeId, fileId, until, maxBytes, signature))
        {
            throw new ProblemException(FileProblems.UploadAddressInvalid);
        }

        if (context.Request.ContentLength > maxBytes)
        {
            throw new ProblemException(CommonProblems.BodyTooLarge, maxBytes);
        }

        // The server's own limit is for JSON. One byte more than allowed, so that the count below is the one that answers.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = maxBytes + 1;
        }

        // The signed store, not the one that the request's host or header names.
        await using var scope = scopes.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<StoreScope>().Set(storeId);
        await scope.ServiceProvider.GetRequiredService<ReceiveUpload>().ReceiveAsync(fileId, context.Request.Body, maxBytes, ct);
        var database = scope.ServiceProvider.GetRequiredService<StoreDatabase>();
        var images = scope.ServiceProvider.GetRequiredService<IImageAddresses>();
        return await ReadAsync(fileId, database, images, ct)
            ?? throw new ProblemException(FileProblems.NotFound);
    }

    private static async Task<FileView> GetAsync(string id, StoreDatabase database, IImageAddresses images, CancellationToken ct) =>
        await ReadAsync(Parse(id), database, images, ct) ?? throw new ProblemException(FileProblems.NotFound);

    private static async Task<IResult> DownloadAsync(
        string id, StoreDatabase database, StoreScope scope, IFileStorage storage, HttpContext context, CancellationToken ct)
    {
        string name, contentType, key, etag;
        DateTimeOffset changed;
        await using (var reader = await database.QueryAsync(ct, Sql.Command(
            "select name, content_type, storage_key, encode(sha256, 'hex'), updated_at, state from files.files where store_id = $1 and id = $2",
            Sql.Uuid(scope.StoreId), Sql.Uuid(Parse(id)))))
        {
            var row = reader.Rows;
            if (!await row.ReadAsync(ct))
            {
                throw new ProblemException(FileProblems.NotFound);
            }

            if (row.GetString(5) != "ready")
            {
                throw new ProblemException(FileProblems.NotReady);
            }

            (name, contentType, key, etag, changed) =
                (row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4));
        }

        Stream content;
        try
        {
            content = await storage.OpenAsync(key, ct);
        }
        catch (FileNotFoundException)
        {
            throw new ProblemException(FileProblems.NotFound);
        }

        SafeHeaders.Set(context.Response);
        context.Response.Headers.CacheControl = "private, no-cache";
        return TypedResults.Stream(content, contentType, name, changed, new EntityTagHeaderValue($"\"{etag}\""), enableRangeProcessing: true);
    }

    private static async Task<IResult> DeleteAsync(string id, StoredFiles files, CancellationToken ct) =>
        await files.TryDeleteAsync(Parse(id), ct) ? TypedResults.NoContent() : throw new ProblemException(FileProblems.NotFound);

    private static Guid Parse(string id) =>
        PublicId.TryParse(PublicId.File, id, out var fileId) ? fileId : throw new ProblemException(FileProblems.NotFound);

    private static async Task<FileView?> ReadAsync(Guid id, StoreDatabase database, IImageAddresses images, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            "select name, purpose, state, refused_reason, content_type, size, encode(sha256, 'hex'), created_at from files.files where id = $1",
            Sql.Uuid(id)));
        var row = reader.Rows;
        if (!await row.ReadAsync(ct))
        {
            return null;
        }

        var file = PublicId.Format(PublicId.File, id);
        var (purpose, state) = (row.GetString(1), row.GetString(2));
        return new FileView(
            file,
            row.GetString(0),
            purpose,
            state,
            await row.IsDBNullAsync(3, ct) ? null : row.GetString(3),
            await row.IsDBNullAsync(4, ct) ? null : row.GetString(4),
            await row.IsDBNullAsync(5, ct) ? null : row.GetInt64(5),
            await row.IsDBNullAsync(6, ct) ? null : row.GetString(6),
            purpose == FilePurposes.ProductImage && state == "ready" ? images.Of(ImageAddresses.FilePrefix + file) : null,
            row.GetFieldValue<DateTimeOffset>(7));
    }
}
