namespace Mallgram.Web.Admin.Api;

/// <summary>What staff do about search.</summary>
internal sealed partial class ApiClient
{
    public Task<ListOf<SynonymGroup>> SynonymsAsync(string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<SynonymGroup>>(V1 + "admin/search/synonyms" + Query(("cursor", cursor), ("limit", Number(limit))), ct);

    /// <param name="id">Null: a new group.</param>
    public Task SaveSynonymsAsync(string? id, IReadOnlyList<string> terms, CancellationToken ct) => id is null
        ? PostAsync(V1 + "admin/search/synonyms", new { Terms = terms }, ct)
        : PutAsync(V1 + "admin/search/synonyms/" + Part(id), new { Terms = terms }, ct);

    public Task DeleteSynonymsAsync(string id, CancellationToken ct) => DeleteAsync(V1 + "admin/search/synonyms/" + Part(id), ct);

    /// <returns>Most often searched first.</returns>
    public Task<ListOf<EmptySearch>> EmptySearchesAsync(int days, string? cursor, int limit, CancellationToken ct) =>
        GetAsync<ListOf<EmptySearch>>(
            V1 + "admin/search/zero-results" + Query(("days", Number(days)), ("cursor", cursor), ("limit", Number(limit))), ct);
}
