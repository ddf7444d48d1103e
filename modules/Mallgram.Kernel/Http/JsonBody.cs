using System.Buffers;
using System.Reflection;
using System.Text.Json;
using Mallgram.Kernel.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Mallgram.Kernel.Http;

/// <summary>A JSON request body with its raw bytes, for endpoints that hash or verify what was really sent.</summary>
/// <remarks>At most 64 KiB; larger is 413 <c>body_too_large</c>. Anything but one JSON object of the right shape is 400 <c>malformed_json</c>.</remarks>
public sealed class JsonBody<T>(T value, byte[] bytes) : IEndpointParameterMetadataProvider
    where T : class
{
    private const int MaxBytes = 64 * 1024;

    public T Value { get; } = value;

    public byte[] Bytes { get; } = bytes;

    /// <exception cref="ProblemException">400, 413 or 415.</exception>
    public static async ValueTask<JsonBody<T>> BindAsync(HttpContext context)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new ProblemException(CommonProblems.UnsupportedMediaType);
        }

        var bytes = await RawBody.ReadAsync(context.Request, MaxBytes);
        try
        {
            var value = JsonSerializer.Deserialize<T>(bytes, MallgramJson.Options)
                ?? throw new ProblemException(CommonProblems.MalformedJson, "null");
            return new JsonBody<T>(value, bytes);
        }
        catch (JsonException e)
        {
            // The message of the parser may quote what was sent; the path says enough and holds no values.
            throw new ProblemException(CommonProblems.MalformedJson, e.Path ?? "$");
        }
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));
}

/// <summary>Reads request bodies with a limit, whatever the length header claims.</summary>
public static class RawBody
{
    /// <exception cref="ProblemException">413 when the body is larger than <paramref name="maxBytes"/>.</exception>
    public static async Task<byte[]> ReadAsync(HttpRequest request, int maxBytes)
    {
        if (request.ContentLength > maxBytes)
        {
            throw new ProblemException(CommonProblems.BodyTooLarge, maxBytes);
        }

        var buffer = new ArrayBufferWriter<byte>((int)Math.Min(request.ContentLength ?? 1024, maxBytes) + 1);
        int read;
        while ((read = await request.Body.ReadAsync(buffer.GetMemory(1024), request.HttpContext.RequestAborted)) > 0)
        {
            buffer.Advance(read);
            if (buffer.WrittenCount > maxBytes)
            {
                throw new ProblemException(CommonProblems.BodyTooLarge, maxBytes);
            }
        }

        return buffer.WrittenSpan.ToArray();
    }
}
