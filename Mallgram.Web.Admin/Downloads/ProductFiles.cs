using Mallgram.Web.Admin.Api;
using Microsoft.AspNetCore.Http.Extensions;

namespace Mallgram.Web.Admin.Downloads;

/// <summary>Files that the API streams, passed on as they come. What goes wrong before the first byte is shown as a page.</summary>
internal static class ProductFiles
{
    private static readonly string[] Filters = ["format", "category", "status", "supplier", "q"];

    public static void MapProductFiles(this IEndpointRouteBuilder app)
    {
        app.MapGet("/imports/export", ExportAsync);
        app.MapGet("/imports/{id}/failed-rows", FailedRowsAsync);
    }

    private static async Task ExportAsync(HttpContext context, ApiClient api)
    {
        var filters = new QueryBuilder(
            Filters.Select(name => KeyValuePair.Create(name, context.Request.Query[name].ToString())).Where(f => f.Value.Length > 0));
        using var file = await api.OpenExportAsync(filters.ToQueryString(), context.RequestAborted);
        await file.PassOnAsync(context);
    }

    private static async Task FailedRowsAsync(string id, HttpContext context, ApiClient api)
    {
        var import = await api.BulkImportAsync(id, context.RequestAborted);
        using var file = await api.OpenFailedRowsAsync(id, import.Format, context.RequestAborted);
        await file.PassOnAsync(context);
    }

    public static async Task PassOnAsync(this HttpResponseMessage file, HttpContext context)
    {
        context.Response.ContentType = file.Content.Headers.ContentType?.ToString();
        context.Response.Headers.ContentDisposition = file.Content.Headers.ContentDisposition?.ToString();
        await file.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
