namespace Mallgram.Web.Admin.Api;

/// <summary>Rules, markets and rates.</summary>
internal sealed partial class ApiClient
{
    /// <returns>In the order they are tried.</returns>
    public async Task<IReadOnlyList<PriceRule>> PriceRulesAsync(CancellationToken ct) =>
        (await GetAsync<ListOf<PriceRule>>(V1 + "admin/price-rules", ct)).Data;

    public Task<PriceRule> PriceRuleAsync(string id, CancellationToken ct) => GetAsync<PriceRule>(V1 + "admin/price-rules/" + Part(id), ct);

    /// <param name="id">Null: a new rule.</param>
    public Task SavePriceRuleAsync(string? id, PriceRuleBody body, CancellationToken ct) => id is null
        ? PostAsync(V1 + "admin/price-rules", body, ct)
        : PutAsync(V1 + "admin/price-rules/" + Part(id), body, ct);

    public Task DeletePriceRuleAsync(string id, CancellationToken ct) => DeleteAsync(V1 + "admin/price-rules/" + Part(id), ct);

    public Task<RulePreview> PreviewPriceRuleAsync(RulePreviewBody body, CancellationToken ct) =>
        PostAsync<RulePreview>(V1 + "admin/price-rules/preview", body, ct);

    /// <returns>The store's own market first.</returns>
    public async Task<IReadOnlyList<Market>> MarketsAsync(CancellationToken ct) =>
        (await GetAsync<ListOf<Market>>(V1 + "admin/markets", ct)).Data;

    /// <param name="isNew">False: replaces the one of its currency.</param>
    public Task SaveMarketAsync(MarketBody body, bool isNew, CancellationToken ct) => isNew
        ? PostAsync(V1 + "admin/markets", body, ct)
        : PutAsync(V1 + "admin/markets/" + Part(body.Currency ?? ""), body, ct);

    public Task DeleteMarketAsync(string currency, CancellationToken ct) => DeleteAsync(V1 + "admin/markets/" + Part(currency), ct);

    public async Task<IReadOnlyList<TaxRate>> TaxRatesAsync(CancellationToken ct) =>
        (await GetAsync<ListOf<TaxRate>>(V1 + "admin/tax-rates", ct)).Data;

    public Task<ExchangeRates> ExchangeRatesAsync(CancellationToken ct) => GetAsync<ExchangeRates>(V1 + "admin/exchange-rates", ct);

    public async Task<IReadOnlyList<CategoryChoice>> CategoryChoicesAsync(CancellationToken ct) =>
        (await GetAsync<ListOf<CategoryChoice>>(V1 + "admin/categories", ct)).Data;
}
