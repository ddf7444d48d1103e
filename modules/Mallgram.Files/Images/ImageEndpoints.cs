using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Mallgram.Files.Images;

internal static class ImageEndpoints
{
    // The address holds all that decides about the content, so it never changes.
    private const string Forever = "public, max-age=31536000, immutable";

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/images/{signature}/{source}", GetAsync).AllowAnonymous().WithTags("Files")
            .WithName("GetImage").WithSummary("A picture at its signed address, in a width of 160, 320, 640 or 1024 pixels")
            .Produces(200, contentType: "image/webp").Produces(304).ProducesProblem(404).ProducesProblem(502);

    private static async Task<IResult> GetAsync(
        string signature,
        string source,
        int? w,
        HttpContext context,
        ImageAddresses addresses,
        ImageCache cache,
        ImageProxy proxy,
        AppDataSource database,
        CancellationToken ct)
    {
        if (!addresses.TryRead(signature, source, out var text))
        {
            throw new ProblemException(CommonProblems.NotFound);
        }

        var storageKey = text.StartsWith(ImageAddresses.FilePrefix, StringComparison.Ordinal)
            ? await FindFileAsync(text[ImageAddresses.FilePrefix.Length..], database, ct) ?? throw new ProblemException(FileProblems.NotFound)
            : null;
        var saveData = string.Equals(context.Request.Headers["Save-Data"], "on", StringComparison.OrdinalIgnoreCase);
        var width = ImageSizes.Snap(w, saveData);
        var key = proxy.KeyOf(storageKey ?? text, width);
        var etag = new EntityTagHeaderValue($"\"{key}\"");

        SafeHeaders.Set(context.Response);
        context.Response.Headers.Vary = "Save-Data";
        context.Response.Headers.CacheControl = Forever;
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(etag, useStrongComparison: false)))
        {
            context.Response.GetTypedHeaders().ETag = etag;
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        }

        if (cache.Open(key) is { } kept)
        {
            return TypedResults.Stream(kept.Content, kept.ContentType, entityTag: etag);
        }

        try
        {
            var making = storageKey is null ? proxy.FetchAsync(key, text, width) : proxy.FromStorageAsync(key, storageKey, width);
            var made = await making.WaitAsync(ct);
            return TypedResults.Bytes(made.Bytes, made.ContentType, entityTag: etag);
        }
        catch (ImageUnavailableException)
        {
            context.Response.Headers.CacheControl = $"public, max-age={ImageProxy.FailureRemembered.TotalSeconds:0}";
            return TypedResults.Json(
                ProblemAnswers.ToMembers(
                    new ProblemException(FileProblems.ImageUnavailable),
                    ProblemAnswers.Language(context.Request),
                    ProblemAnswers.RequestId(context)),
                MallgramJson.Options,
                "application/problem+json; charset=utf-8",
                StatusCodes.Status502BadGateway);
        }
    }

    /// <summary>Asked every time, so that a deleted file is gone at once.</summary>
    private static async Task<string?> FindFileAsync(string id, AppDataSource database, CancellationToken ct)
    {
        if (!PublicId.TryParse(PublicId.File, id, out var fileId))
        {
            return null;
        }

        await using var command = database.Source.CreateCommand("select storage_key from files.public_image($1)");
        command.Parameters.Add(Sql.Uuid(fileId));
        return await command.ExecuteScalarAsync(ct) as string;
    }
}
