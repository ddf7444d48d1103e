using Mallgram.Catalog.Products;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Search;

/// <param name="Unit">Of numbers, where they have one.</param>
internal sealed record FilterableAttribute(string Code, string Kind, string Name, string? NameFr, string? Unit);

/// <summary>What a store sells in and filters by. At most half a second old.</summary>
internal sealed class StoreFacts(IServiceScopeFactory scopes) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500);

    private readonly MemoryCache _stores = new(new MemoryCacheOptions());

    /// <param name="sent">Null for the store's own.</param>
    public async ValueTask<string> CurrencyAsync(string? sent, Shop shop, FieldErrors errors, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(sent) || sent == shop.Currency)
        {
            return shop.Currency;
        }

        var currencies = (await OfAsync(shop, ct)).Currencies;
        if (!currencies.Contains(sent, StringComparer.Ordinal))
        {
            var list = string.Join(", ", currencies);
            errors.Add("currency", $"must be one of {list}", $"doit être l'un de {list}");
        }

        return sent;
    }

    public async ValueTask<FilterableAttribute?> FilterableAsync(string code, Shop shop, CancellationToken ct) =>
        (await FilterablesAsync(shop, ct)).FirstOrDefault(a => a.Code == code);

    public async ValueTask<IReadOnlyList<FilterableAttribute>> FilterablesAsync(Shop shop, CancellationToken ct) => (await OfAsync(shop, ct)).Attributes;

    public void Dispose() => _stores.Dispose();

    private async ValueTask<Facts> OfAsync(Shop shop, CancellationToken ct)
    {
        if (_stores.TryGetValue(shop.StoreId, out Facts? known))
        {
            return known!;
        }

        await using var scope = scopes.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<StoreScope>().Set(shop.StoreId);
        await using var reader = await scope.ServiceProvider.GetRequiredService<StoreDatabase>().QueryAsync(
            ct,
            Sql.Command("select currency from catalog.markets order by is_default desc, currency"),
            Sql.Command("select code, kind, name, name_fr, unit from catalog.attributes where filterable order by position, code limit 50"));
        var currencies = new List<string>();
        while (await reader.Rows.ReadAsync(ct))
        {
            currencies.Add(reader.Rows.GetString(0));
        }

        await reader.Rows.NextResultAsync(ct);
        var attributes = new List<FilterableAttribute>();
        while (await reader.Rows.ReadAsync(ct))
        {
            attributes.Add(new FilterableAttribute(
                reader.Rows.GetString(0), reader.Rows.GetString(1), reader.Rows.GetString(2),
                reader.Rows.IsDBNull(3) ? null : reader.Rows.GetString(3), reader.Rows.IsDBNull(4) ? null : reader.Rows.GetString(4)));
        }

        return _stores.Set(shop.StoreId, new Facts(currencies, attributes), Fresh);
    }

    private sealed record Facts(IReadOnlyList<string> Currencies, IReadOnlyList<FilterableAttribute> Attributes);
}
