using System.Text.Json.Nodes;

namespace Mallgram.Web.Admin.Api;

/// <summary>Runs of the synchronisation, suppliers' categories and what is good enough for the catalogue.</summary>
internal sealed partial class ApiClient
{
    public Task<ListOf<SyncRun>> SyncRunsAsync(string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<SyncRun>>(V1 + "admin/sync-runs" + Query(("cursor", cursor), ("limit", Number(limit))), ct);

    public Task<SyncRun> SyncRunAsync(string id, CancellationToken ct) => GetAsync<SyncRun>(V1 + "admin/sync-runs/" + Part(id), ct);

    /// <summary>Items the run left out: the first hundred of each reason.</summary>
    public Task<ListOf<SyncIssue>> SyncIssuesAsync(string id, string? reason, string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<SyncIssue>>(
            V1 + $"admin/sync-runs/{Part(id)}/issues" + Query(("reason", reason), ("cursor", cursor), ("limit", Number(limit))), ct);

    /// <summary>What the run changed; kept for 30 days.</summary>
    public Task<ListOf<SyncChange>> SyncChangesAsync(string id, string? kind, string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<SyncChange>>(
            V1 + $"admin/sync-runs/{Part(id)}/changes" + Query(("kind", kind), ("cursor", cursor), ("limit", Number(limit))), ct);

    /// <summary>Spends a call of the supplier's daily quota.</summary>
    public Task<SupplierHits> SearchSupplierAsync(string supplier, string words, int page, CancellationToken ct) =>
        GetAsync<SupplierHits>(V1 + $"admin/suppliers/{Part(supplier)}/search" + Query(("q", words), ("page", Number(page))), ct);

    /// <summary>Imports items as a run of their own.</summary>
    public Task<ImportedHits> ImportFromSupplierAsync(string supplier, IReadOnlyList<string> externalIds, CancellationToken ct) =>
        PostAsync<ImportedHits>(
            V1 + $"admin/suppliers/{Part(supplier)}/products",
            new JsonObject { ["external_ids"] = new JsonArray([.. externalIds.Select(id => (JsonNode)id)]) },
            ct);

    public Task RetrySyncRunAsync(string id, CancellationToken ct) => PostAsync(V1 + $"admin/sync-runs/{Part(id)}/retry", body: null, ct);

    public Task RollBackSyncRunAsync(string id, CancellationToken ct) => PostAsync(V1 + $"admin/sync-runs/{Part(id)}/rollback", body: null, ct);

    public Task<ListOf<SupplierCategory>> SupplierCategoriesAsync(
        string? supplier, string? words, bool isUnmapped, string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<SupplierCategory>>(
            V1 + "admin/supplier-categories" + Query(
                ("supplier", supplier), ("q", words), ("unmapped", isUnmapped ? "true" : null), ("cursor", cursor), ("limit", Number(limit))),
            ct);

    /// <param name="categoryId">Null: its products go nowhere.</param>
    public Task MapSupplierCategoryAsync(string supplier, string externalId, string? categoryId, CancellationToken ct) => PatchAsync(
        V1 + $"admin/supplier-categories/{Part(supplier)}/{Part(externalId)}", new JsonObject { ["category_id"] = categoryId }, ct);

    public Task ExcludeSupplierCategoryAsync(string supplier, string externalId, bool isExcluded, CancellationToken ct) => PatchAsync(
        V1 + $"admin/supplier-categories/{Part(supplier)}/{Part(externalId)}", new JsonObject { ["excluded"] = isExcluded }, ct);

    public async Task<IReadOnlyList<QualityFilter>> QualityFiltersAsync(CancellationToken ct) =>
        (await GetAsync<ListOf<QualityFilter>>(V1 + "admin/quality-filters", ct)).Data;

    public Task SaveQualityFilterAsync(QualityFilter filter, CancellationToken ct) =>
        PutAsync(V1 + "admin/quality-filters/" + Part(filter.Country), filter, ct);

    public Task DeleteQualityFilterAsync(string country, CancellationToken ct) => DeleteAsync(V1 + "admin/quality-filters/" + Part(country), ct);

    public Task<QualityPreview> PreviewQualityFilterAsync(QualityFilter filter, CancellationToken ct) =>
        PostAsync<QualityPreview>(V1 + "admin/quality-filters/preview", filter, ct);
}
