using Mallgram.Kernel.Http;

namespace Mallgram.Web.Admin.Api;

/// <summary>Calls that change something. A body is a record, a dictionary or a <c>JsonObject</c>; names become snake_case.</summary>
internal sealed partial class ApiClient
{
    private Task<T> PostAsync<T>(string path, object? body, CancellationToken ct) => SendAsync<T>(With(HttpMethod.Post, path, body), ct);

    private Task PostAsync(string path, object? body, CancellationToken ct) => DoAsync(With(HttpMethod.Post, path, body), ct);

    private Task<T> PutAsync<T>(string path, object body, CancellationToken ct) => SendAsync<T>(With(HttpMethod.Put, path, body), ct);

    private Task PutAsync(string path, object body, CancellationToken ct) => DoAsync(With(HttpMethod.Put, path, body), ct);

    private Task<T> PatchAsync<T>(string path, object body, CancellationToken ct) => SendAsync<T>(With(HttpMethod.Patch, path, body), ct);

    private Task PatchAsync(string path, object body, CancellationToken ct) => DoAsync(With(HttpMethod.Patch, path, body), ct);

    private Task DeleteAsync(string path, CancellationToken ct) => DoAsync(new HttpRequestMessage(HttpMethod.Delete, path), ct);

    private static HttpRequestMessage With(HttpMethod method, string path, object? body) => new(method, path)
    {
        Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: MallgramJson.Options),
    };

    /// <summary>For answers whose body, if any, is of no interest.</summary>
    private async Task DoAsync(HttpRequestMessage message, CancellationToken ct)
    {
        using var request = message;
        using var answer = await ExchangeAsync(request, ct);
    }

    /// <summary>A part of a path.</summary>
    private static string Part(string id) => Uri.EscapeDataString(id);
}
