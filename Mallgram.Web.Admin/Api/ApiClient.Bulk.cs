using System.Net.Http.Headers;
using System.Text.Json;
using Mallgram.Kernel.Http;

namespace Mallgram.Web.Admin.Api;

/// <summary>Products in and out in bulk.</summary>
internal sealed partial class ApiClient
{
    public Task<ListOf<BulkImport>> BulkImportsAsync(string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<BulkImport>>(V1 + "admin/bulk-imports" + Query(("cursor", cursor), ("limit", Number(limit))), ct);

    public Task<BulkImport> BulkImportAsync(string id, CancellationToken ct) => GetAsync<BulkImport>(V1 + "admin/bulk-imports/" + Part(id), ct);

    public Task<ListOf<BulkError>> BulkErrorsAsync(string id, string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<BulkError>>(V1 + $"admin/bulk-imports/{Part(id)}/errors" + Query(("cursor", cursor), ("limit", Number(limit))), ct);

    public Task CancelBulkImportAsync(string id, CancellationToken ct) => PostAsync(V1 + $"admin/bulk-imports/{Part(id)}/cancel", body: null, ct);

    /// <param name="mediaType"><c>text/csv</c> or <c>application/x-ndjson</c>.</param>
    public Task<BulkImport> StartBulkImportAsync(Stream file, string mediaType, BulkImportOptions options, CancellationToken ct)
    {
        var content = new StreamContent(file);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return SendAsync<BulkImport>(
            new HttpRequestMessage(HttpMethod.Post, V1 + "admin/bulk-imports" + Query(
                ("mode", options.Mode),
                ("dry_run", options.DryRun ? "true" : "false"),
                ("create_missing_categories", options.CreateMissingCategories ? "true" : "false"),
                ("mapping", options.Mapping.Count == 0 ? null : JsonSerializer.Serialize(options.Mapping, MallgramJson.Options)),
                ("defaults", options.Defaults.Count == 0 ? null : JsonSerializer.Serialize(options.Defaults, MallgramJson.Options))))
            {
                Content = content,
            },
            ct);
    }

    /// <summary>The failed rows as they were sent, with the error beside them.</summary>
    /// <returns>To be disposed of; its content streams.</returns>
    public Task<HttpResponseMessage> OpenFailedRowsAsync(string id, string format, CancellationToken ct) =>
        OpenAsync(V1 + $"admin/bulk-imports/{Part(id)}/errors" + Query(("format", format)), ct);

    /// <inheritdoc cref="OpenFailedRowsAsync" />
    /// <param name="filters">As a query string of the export.</param>
    public Task<HttpResponseMessage> OpenExportAsync(QueryString filters, CancellationToken ct) =>
        OpenAsync(V1 + "admin/products/export" + filters.ToUriComponent(), ct);

    private async Task<HttpResponseMessage> OpenAsync(string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await ExchangeAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
    }
}
