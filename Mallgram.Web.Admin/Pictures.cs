using Microsoft.Net.Http.Headers;

namespace Mallgram.Web.Admin;

/// <summary>
/// The API's pictures under this app's own address, so that pages need nothing foreign. Their addresses are signed by the API and open to
/// everybody there too: no session is looked at, and a page of thumbnails does not renew one twenty times.
/// </summary>
internal static class Pictures
{
    private const string Path = "/pictures";
    private const string OnApi = "/api/v1/images/";
    private static readonly string[] Asked = [HeaderNames.Accept, HeaderNames.IfNoneMatch, "Save-Data"];
    private static readonly string[] Told = [HeaderNames.CacheControl, HeaderNames.ETag, HeaderNames.Vary];

    /// <param name="url">As the API gives it.</param>
    /// <param name="width">Pixels.</param>
    /// <returns>Null when it is no picture of the API.</returns>
    public static string? Address(string? url, int width) =>
        url is not null && Uri.TryCreate(url, UriKind.RelativeOrAbsolute, out var uri)
        && (uri.IsAbsoluteUri ? uri.AbsolutePath : url) is { } path && path.IndexOf(OnApi, StringComparison.Ordinal) is >= 0 and var at
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Path}/{path[(at + OnApi.Length)..]}?w={width}")
            : null;

    public static void UsePictures(this WebApplication app) => app.Map(Path, pictures => pictures.Run(SendAsync));

    private static async Task SendAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        var http = context.RequestServices.GetRequiredService<IHttpClientFactory>().CreateClient(nameof(Pictures));
        using var request = new HttpRequestMessage(
            HttpMethod.Get, OnApi.TrimStart('/') + context.Request.Path.ToUriComponent().TrimStart('/') + context.Request.QueryString.ToUriComponent());
        foreach (var header in Asked)
        {
            request.Headers.TryAddWithoutValidation(header, (IEnumerable<string>)context.Request.Headers[header]!);
        }

        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (var header in Told)
            {
                if (answer.Headers.TryGetValues(header, out var values))
                {
                    context.Response.Headers[header] = values.ToArray();
                }
            }

            if (answer.IsSuccessStatusCode && answer.Content.Headers.ContentType?.ToString() is ['i', 'm', 'a', 'g', 'e', '/', ..] type)
            {
                (context.Response.ContentType, context.Response.ContentLength) = (type, answer.Content.Headers.ContentLength);
                await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status502BadGateway;
        }
    }
}
